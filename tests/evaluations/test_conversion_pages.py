"""The pages of conversion reviews: who sees what, the whole way by hand, what is shown when something is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.models import ConversionReview, PartnerOpinion, ReviewOpinion
from members.models import Person
from tests.evaluations.conversion_crew import (
    approve,
    day,
    decided,
    fresh,
    heard,
    on_probation,
    opened,
    prepared,
    with_sponsors,
)
from tests.pairings.deeds import agreed, pair

pytestmark = pytest.mark.django_db
WORDS = "思想进步\uff0c团结同学"


def body(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def page(client, name, *arguments):
    return body(client.get(reverse(name, args=arguments)))


# --- The way by hand -----------------------------------------------------------------------------


def test_a_secretary_walks_from_opening_to_the_approval(cast, sign_in):
    person = on_probation(cast)
    with_sponsors(cast, person)
    client = sign_in("er_secretary")
    assert "潘桂" in page(client, "conversion_new")
    client.post(reverse("conversion_new"), {"person": person.pk})
    review = ConversionReview.objects.get(person=person)

    def do(step, **values):
        response = client.post(reverse(f"conversion_{step}", args=[review.pk]), values)
        assert response.status_code == 302, response.context["form"].errors

    do("application", applied_on="2026-10-15")
    for kind in ("group", "masses"):
        do("opinion_new", kind=kind, text=WORDS, given_on="2026-10-16")
    do("opinion_new", kind="sponsor", author=cast.person("er_deputy").pk, text=WORDS, given_on="2026-10-16")
    phone = sign_in("er_member")
    assert phone.post(reverse("sponsor_opinion", args=[review.pk]), {"text": WORDS}).status_code == 302
    do("committee", committee_reviewed_on="2026-10-17")
    do("notice", notice_from_on="2026-10-19", notice_to_on="2026-10-23", notice_result="无异议")
    counts = {
        "eligible_count": 3,
        "present_count": 3,
        "written_count": 0,
        "yes_count": 3,
        "no_count": 0,
        "abstained_count": 0,
    }
    do("meeting", meeting_on="2026-10-26", decision="convert", reason="", **counts)
    assert "3 张同意" in page(client, "conversion", review.pk) or "同意3票" in page(client, "conversion", review.pk)
    do("approval", approved_on="2026-10-27", is_approved="1", note="")
    person.refresh_from_db()
    assert (person.stage, person.converted_on) == ("full", day("2026-10-20"))
    assert ReviewOpinion.objects.filter(review=review, kind="sponsor").count() == 2


def test_the_meeting_form_proposes_the_full_members_and_shows_a_refusal_beside_its_field(cast, sign_in):
    review = heard(cast, prepared(cast, opened(cast)))
    client, url = sign_in("er_secretary"), reverse("conversion_meeting", args=[review.pk])
    assert client.get(url).context["form"].initial["eligible_count"] == 3
    values = {"meeting_on": "2026-10-26", "eligible_count": 3, "present_count": 3, "written_count": 0, "yes_count": 1, "no_count": 2, "abstained_count": 0, "decision": "convert"}  # fmt: skip
    response = client.post(url, values)
    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["yes_count"]
    assert fresh(review).meeting_on is None


@pytest.mark.parametrize("field", ["meeting_on", "eligible_count", "present_count", "yes_count", "decision"])
def test_a_meeting_without_a_field_says_which(cast, sign_in, field):
    review = heard(cast, prepared(cast, opened(cast)))
    values = {"meeting_on": "2026-10-26", "eligible_count": 3, "present_count": 3, "written_count": 0, "yes_count": 3, "no_count": 0, "abstained_count": 0, "decision": "convert"}  # fmt: skip
    del values[field]
    response = sign_in("er_secretary").post(reverse("conversion_meeting", args=[review.pk]), values)
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])


def test_the_last_step_is_taken_back_with_one_press(cast, sign_in):
    review = prepared(cast, opened(cast))
    client, url = sign_in("er_secretary"), reverse("conversion_undo", args=[review.pk]) + "?step=notice"
    response, again = client.post(url), client.post(url)
    assert [response.url, again.url] == [reverse("conversion", args=[review.pk])] * 2
    # Pressed twice, the step before it stays.
    assert (fresh(review).notice_from_on, fresh(review).committee_reviewed_on) == (None, day("2026-10-17"))


@pytest.mark.parametrize("person", ["", "0", "x", "99999999999999999999999"])
def test_opening_for_nobody_is_a_404(cast, sign_in, person):
    assert sign_in("er_secretary").post(reverse("conversion_new"), {"person": person}).status_code == 404


def test_opening_for_a_full_member_says_why_not(cast, sign_in):
    response = sign_in("er_secretary").post(reverse("conversion_new"), {"person": cast.person("er_member").pk})
    assert response.status_code == 400
    assert "不是支部的预备党员" in response.content.decode()


# --- Who sees what -------------------------------------------------------------------------------


def test_the_person_sees_dates_and_evidence_but_no_opinion_and_no_vote(cast, sign_in):
    review = decided(cast)
    ReviewOpinion.objects.filter(kind="group").update(text=WORDS)
    PartnerOpinion.objects.create(
        person=review.person, by_branch=cast.san, text="结对支部的话", given_on=day("2026-10-01"), recorded_by=cast.user("san_secretary"),
        recorded_at=timezone.now(),
    )  # fmt: skip
    own, committee = sign_in("er_probationary"), sign_in("er_deputy")
    for name in ("conversion", "conversion_pack", "conversion_pack_print"):
        text = page(own, name, review.pk)
        assert [word for word in (WORDS, "结对支部的话", "实到", "赞成", "入党介绍人意见") if word in text] == []
        assert "2025年10月20日" in text
    assert "2026年10月20日" in page(own, "conversion", review.pk)
    assert WORDS in page(committee, "conversion", review.pk)
    assert "赞成" in page(committee, "conversion", review.pk)
    assert own.get(reverse("conversion_pack_xlsx", args=[review.pk])).status_code == 403
    assert own.get(reverse("conversion_application", args=[review.pk])).status_code == 403
    assert own.post(reverse("conversion_undo", args=[review.pk])).status_code == 403


@pytest.mark.parametrize(
    "who", ["san_secretary", "er_member", "administrator", "counsellor", "league_secretary", "stranger"]
)
def test_others_find_no_review(cast, sign_in, who):
    review = opened(cast)
    client = sign_in(who)
    for name in ("conversion", "conversion_pack", "conversion_pack_docx", "conversion_meeting"):
        assert client.get(reverse(name, args=[review.pk])).status_code == 404
    assert "潘桂" not in page(client, "conversions")


def test_a_committee_member_reads_and_does_not_record(cast, sign_in):
    from members.models import Post

    review = opened(cast)
    Post.objects.create(
        person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer", since=dt.date(2026, 9, 1)
    )
    client = sign_in("er_member")
    assert reverse("conversion_application", args=[review.pk]) not in page(client, "conversion", review.pk)
    assert client.get(reverse("conversion_application", args=[review.pk])).status_code == 403
    assert client.get(reverse("conversion_new")).status_code == 403


def test_a_sponsor_is_asked_on_the_front_page_and_sees_only_their_own_page(cast, sign_in):
    review = opened(cast)
    client = sign_in("er_member")
    assert reverse("sponsor_opinion", args=[review.pk]) in page(client, "evaluations")
    client.post(reverse("sponsor_opinion", args=[review.pk]), {"text": WORDS})
    assert reverse("sponsor_opinion", args=[review.pk]) not in page(client, "evaluations")
    assert WORDS in page(client, "sponsor_opinion", review.pk)
    response = client.post(reverse("sponsor_opinion", args=[review.pk]), {"text": " "})
    assert response.status_code == 400
    assert sign_in("er_secretary").get(reverse("sponsor_opinion", args=[review.pk])).status_code == 404


# --- Lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_for_one_and_three(cast, sign_in, count, django_assert_max_num_queries):
    for name in ("er_probationary", "er_deputy", "er_member")[:count]:
        on_probation(cast, name)
        ConversionReview.objects.create(
            person=cast.person(name), party_branch=cast.er, due_on=day("2026-10-20"), opened_at=timezone.now()
        )
    client = sign_in("er_secretary")
    client.get(reverse("conversions"))
    with django_assert_max_num_queries(16) as queries:
        text = page(client, "conversions")
    assert sum(cast.person(name).name in text for name in ("er_probationary", "er_deputy", "er_member")) == count
    assert len(queries) == 16


def test_open_and_closed_reviews_stand_apart_and_what_is_missing_is_named(cast, sign_in):
    review = opened(cast)
    client = sign_in("er_secretary")
    assert "书面转正申请" in page(client, "conversions")
    from evaluations import conversion_services

    conversion_services.close_review(
        review=review, reason="误开", scope=client_scope(cast), by=cast.user("er_secretary"), now=timezone.now()
    )
    assert "潘桂" not in page(client, "conversions")
    assert "潘桂" in body(client.get(reverse("conversions"), {"state": "closed"}))
    assert "误开" in page(client, "conversion", review.pk)


def client_scope(cast):
    from members.access import scope_for

    return scope_for(cast.user("er_secretary"))


def test_a_closed_review_offers_nothing_to_do(cast, sign_in):
    review = approve(cast, decided(cast))
    text = page(sign_in("er_secretary"), "conversion", review.pk)
    assert [
        name
        for name in ("application", "undo", "approval", "close")
        if reverse(f"conversion_{name}", args=[review.pk]) in text
    ] == []


# --- Packs ---------------------------------------------------------------------------------------


def test_a_pack_stays_as_it_lay_before_the_meeting(cast, sign_in):
    review = decided(cast)
    person = review.person
    Person.objects.filter(pk=person.pk).update(graduates_on=dt.date(2031, 7, 1))
    assert "2031年7月1日" not in page(sign_in("er_secretary"), "conversion_pack", review.pk)
    assert "2031年7月1日" in page(sign_in("er_secretary"), "person_pack", person.pk)


@pytest.mark.parametrize("name", ["san_activist", "san_member"])
def test_every_stage_has_its_pack_for_the_committee_and_the_department(cast, sign_in, name):
    person = cast.person(name)
    for who, status in (
        ("san_secretary", 200),
        ("mech_organiser", 200),
        (name, 403),
        ("er_secretary", 404),
        ("administrator", 403),
    ):
        assert sign_in(who).get(reverse("person_pack", args=[person.pk])).status_code == status


@pytest.mark.parametrize(("form", "start"), [("xlsx", b"PK"), ("docx", b"PK")])
def test_a_pack_is_taken_away_as_a_file(cast, sign_in, form, start):
    review = opened(cast)
    for name, pk in ((f"conversion_pack_{form}", review.pk), (f"person_pack_{form}", review.person_id)):
        response = sign_in("er_secretary").get(reverse(name, args=[pk]))
        assert response.content[:2] == start
        assert "no-store" in response.headers["Cache-Control"]
        assert f".{form}" in response.headers["Content-Disposition"]


def test_a_broken_template_is_said_on_the_page(cast, sign_in, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/conversion_review.docx").write_bytes(b"x")
    review = opened(cast)
    response = sign_in("er_secretary").get(reverse("conversion_pack_docx", args=[review.pk]), follow=True)
    assert "conversion_review.docx" in response.content.decode()


# --- Partner branch ------------------------------------------------------------------------------


def test_the_partner_branch_writes_and_corrects(cast, sign_in):
    row = pair(cast, agreed(cast), helper="er_member", partner="san_member")
    type(row).objects.filter(pk=row.pk).update(published_at=timezone.now())
    client, address = (
        sign_in("er_secretary"),
        reverse("partner_opinion_new", args=[cast.er.pk, cast.person("san_member").pk]),
    )
    assert address in page(client, "partner_opinions")
    assert client.post(address, {"text": "", "given_on": "2026-10-28"}).status_code == 400
    assert client.post(address, {"text": WORDS, "given_on": "2026-10-28"}).status_code == 302
    opinion = PartnerOpinion.objects.get()
    client.post(reverse("partner_opinion_edit", args=[opinion.pk]), {"text": "更正"})
    assert fresh(opinion).text == "更正"
    assert "更正" in page(sign_in("san_secretary"), "person_pack", cast.person("san_member").pk)
    assert sign_in("san_secretary").get(reverse("partner_opinion_edit", args=[opinion.pk])).status_code == 403
    assert sign_in("si_secretary").get(address).status_code == 404
    assert sign_in("san_secretary").get(address).status_code == 404
    assert sign_in("er_member").get(reverse("partner_opinions")).status_code == 403


def test_the_front_page_of_somebody_without_anything_says_what_it_is_for(cast, sign_in):
    assert "没有需要评价或答复的事项" in page(sign_in("stranger"), "evaluations")


def test_a_persons_page_leads_to_the_pack(cast, sign_in):
    person = cast.person("er_probationary")
    assert reverse("person_pack", args=[person.pk]) in page(sign_in("er_secretary"), "person", person.pk)
    assert reverse("person_pack", args=[person.pk]) not in page(sign_in("er_probationary"), "person", person.pk)
