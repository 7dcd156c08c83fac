"""Opinions: of sponsors, of others the committee heard, of the partner branch; and what notices ask for them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from evaluations import conversion_services, notices_conversion, opinion_services
from evaluations.models import PartnerOpinion, ReviewOpinion
from members.access import scope_for
from notifications.models import Notice
from notifications.services import compute_reminders, retire_obsolete
from tests.evaluations.conversion_crew import (
    TODAY,
    act,
    act_now,
    approve,
    day,
    decided,
    heard,
    meet,
    opened,
    prepared,
)
from tests.mentoring.saying import refused, said
from tests.pairings.deeds import agreed, pair

pytestmark = pytest.mark.django_db


def give(cast, review, who="er_deputy", text="同意按期转正。"):
    return opinion_services.give_sponsor_opinion(review=review, text=text, **act_now(cast, who))


def record(cast, review, kind="group", author=None, who="er_secretary", **changes):
    values = {"text": "表现良好。", "given_on": TODAY} | act_now(cast, who) | changes
    return opinion_services.record_opinion(review=review, kind=kind, author=author, **values)


# --- In a review ---------------------------------------------------------------------------------


def test_a_sponsor_gives_one_opinion_and_may_correct_it_until_the_meeting(cast):
    review = opened(cast)
    give(cast, review)
    row = give(cast, review, text="同意转正,望继续努力。")
    assert list(ReviewOpinion.objects.values_list("author", "text", "given_on")) == [
        (cast.person("er_deputy").pk, "同意转正,望继续努力。", TODAY)
    ]
    assert row.history.count() == 2
    meet(cast, heard(cast, prepared(cast, review)))
    assert refused(give, cast=cast, review=review)[0].startswith("支部大会已作出决议")


@pytest.mark.parametrize("who", ["er_probationary", "er_secretary", "san_member", "administrator"])
def test_only_the_sponsors_on_record_are_asked(cast, who):
    review = opened(cast)
    assert refused(give, cast=cast, review=review, who=who)[1] == "R08"
    assert who == "er_secretary" or opinion_services.asked_reviews(scope_for(cast.user(who))) == []


@pytest.mark.parametrize(("text", "field"), [("", "text"), ("  ", "text"), ("好" * 2001, "text")])
def test_an_opinion_has_words_and_not_too_many(cast, text, field):
    review = opened(cast)
    assert refused(give, cast=cast, review=review, text=text)[2] == field
    assert refused(record, cast=cast, review=review, text=text)[2] == field


def test_the_committee_records_what_others_said_and_a_sponsor_only_once(cast):
    review, sponsor = opened(cast), cast.person("er_deputy")
    record(cast, review, "masses")
    record(cast, review, "masses", text="乐于助人。")
    record(cast, review, "sponsor", sponsor)
    assert refused(record, cast=cast, review=review, kind="sponsor", author=sponsor)[2] == "author"
    assert refused(record, cast=cast, review=review, kind="sponsor", author=cast.person("er_secretary"))[1:] == (
        "R08",
        "author",
    )
    assert refused(record, cast=cast, review=review, kind="sponsor")[2] == "author"
    assert refused(record, cast=cast, review=review, kind="friends")[2] == "kind"
    assert refused(record, cast=cast, review=review, given_on=TODAY + dt.timedelta(days=1))[2] == "given_on"
    assert refused(record, cast=cast, review=review, author=cast.person("er_probationary"))[2] == "author"
    assert refused(record, cast=cast, review=review, who="er_member")[0] != ""
    assert ReviewOpinion.objects.count() == 3


def test_what_the_committee_recorded_it_corrects_and_a_sponsors_own_words_it_does_not(cast):
    review = opened(cast)
    row = record(cast, review)
    opinion_services.correct_opinion(opinion=row, text="表现优秀。", given_on=day("2026-10-20"), **act(cast))
    row.refresh_from_db()
    assert (row.text, row.given_on, row.history.count()) == ("表现优秀。", day("2026-10-20"), 2)
    own = give(cast, review)
    arguments = {"opinion": own, "text": "改", "given_on": TODAY, **act(cast)}
    assert refused(opinion_services.correct_opinion, **arguments)[0].startswith("这是入党介绍人本人的意见")


def test_the_person_reads_no_opinion_whatever_post_they_hold(cast):
    review = opened(cast, "er_deputy")
    record(cast, review)
    for who, count in (
        ("er_deputy", 0),
        ("er_secretary", 1),
        ("mech_organiser", 1),
        ("administrator", 0),
        ("er_member", 0),
    ):
        assert ReviewOpinion.objects.visible_to(scope_for(cast.user(who))).count() == count


# --- Of the partner branch -----------------------------------------------------------------------


@pytest.fixture
def paired(cast):
    row = pair(cast, agreed(cast), helper="er_member", partner="san_member")
    type(row).objects.filter(pk=row.pk).update(published_at=timezone.now())
    row.refresh_from_db()
    return row


def write(cast, name="san_member", branch="er", who="er_secretary", **changes):
    values = {"text": "积极参加联学。", "given_on": TODAY} | act_now(cast, who) | changes
    return opinion_services.write_partner_opinion(person=cast.person(name), by_branch=getattr(cast, branch), **values)


def test_a_branch_writes_about_those_it_is_paired_with(cast, paired):
    write(cast)
    write(cast, "er_member", "san", "san_secretary")
    assert sorted(PartnerOpinion.objects.values_list("person__name", "by_branch")) == [
        ("罗杰", cast.er.pk), ("罗萍妍", cast.san.pk),
    ]  # fmt: skip
    assert refused(write, cast=cast)[2] == "given_on"
    assert refused(write, cast=cast, name="san_activist")[0].startswith("蓝敏佳与")
    assert refused(write, cast=cast, branch="si", who="si_secretary")[0] != ""
    assert refused(write, cast=cast, who="san_secretary")[0] != ""
    assert refused(write, cast=cast, given_on=TODAY + dt.timedelta(days=1))[2] == "given_on"


def test_a_pair_that_ended_lately_is_written_about_and_an_old_one_is_not(cast, paired):
    type(paired).objects.filter(pk=paired.pk).update(
        ended_on=TODAY - dt.timedelta(days=180), starts_on=day("2026-01-10"), end_reason="实习"
    )
    assert [row[1].name for row in opinion_services.paired_with(frozenset({cast.er.pk}), TODAY)] == ["罗杰"]
    type(paired).objects.filter(pk=paired.pk).update(ended_on=TODAY - dt.timedelta(days=181))
    assert opinion_services.paired_with(frozenset({cast.er.pk}), TODAY) == []


def test_an_opinion_is_corrected_by_its_branch_with_every_version_kept(cast, paired):
    row = write(cast)
    arguments = {"opinion": row, "text": "更正后的意见。"}
    by = {"scope": scope_for(cast.user("er_secretary")), "by": cast.user("er_secretary")}
    assert opinion_services.correct_partner_opinion(**arguments, **by).text == "更正后的意见。"
    assert row.history.count() == 2
    other = {"scope": scope_for(cast.user("san_secretary")), "by": cast.user("san_secretary")}
    assert refused(opinion_services.correct_partner_opinion, **arguments, **other)[0] != ""


def test_who_reads_what_a_partner_branch_wrote(cast, paired):
    write(cast)
    found = {
        who: PartnerOpinion.objects.visible_to(scope_for(cast.user(who))).count()
        for who in (
            "er_secretary",
            "san_secretary",
            "mech_organiser",
            "san_member",
            "er_member",
            "si_secretary",
            "administrator",
        )
    }
    assert found == {
        "er_secretary": 1, "san_secretary": 1, "mech_organiser": 1, "san_member": 0, "er_member": 0, "si_secretary": 0,
        "administrator": 0,
    }  # fmt: skip


# --- Notices -------------------------------------------------------------------------------------


def at(text: str) -> dt.datetime:
    return timezone.make_aware(dt.datetime.fromisoformat(f"{text}T10:00"))


def ticked(text: str) -> list[tuple[str, str]]:
    """(kind, user name) of what a tick at that day says anew, of this room."""
    known = set(Notice.objects.values_list("pk", flat=True))
    compute_reminders(now=at(text))
    rows = Notice.objects.exclude(pk__in=known).filter(kind__startswith="evaluations.")
    return sorted((row.kind.removeprefix("evaluations."), row.user.display_name) for row in rows.select_related("user"))


def test_an_open_review_tells_the_branch_the_person_and_the_sponsors_once(cast):
    opened(cast, until="2026-11-20")
    assert ticked("2026-10-28") == [
        ("conversion_opened", "张红"), ("conversion_opened", "潘桂"), ("conversion_opened", "甘杰怡"),
        ("opinion_wanted", "张红"), ("opinion_wanted", "罗萍妍"),
    ]  # fmt: skip
    assert ticked("2026-10-29") == []
    assert ticked("2026-11-13") == [("conversion_meeting", "张红"), ("conversion_meeting", "甘杰怡")]
    assert ticked("2026-11-21") == [
        ("conversion_meeting", "张红"), ("conversion_meeting", "甘杰怡"), ("opinion_wanted", "张红"), ("opinion_wanted", "罗萍妍"),
    ]  # fmt: skip
    assert ticked("2026-11-27") == []
    assert ticked("2026-11-28") == [("conversion_meeting", "张红"), ("conversion_meeting", "甘杰怡")]


def test_what_is_done_leaves_the_bell(cast):
    review = opened(cast)
    ticked("2026-10-28")
    asked = Notice.objects.filter(kind=notices_conversion.OPINION, obsolete_at=None)
    assert asked.count() == 2
    give(cast, review)
    assert [row.user.display_name for row in asked.all()] == ["罗萍妍"]
    meet(cast, heard(cast, prepared(cast, review)))
    retire_obsolete(now=at("2026-10-28"))
    left = Notice.objects.filter(kind__startswith="evaluations.", obsolete_at=None)
    assert {row.kind for row in left} == {notices_conversion.OPENED}
    approve(cast, review)
    assert [(row.kind, row.user.display_name) for row in left.all()] == [(notices_conversion.DECIDED, "潘桂")]


def test_a_notice_that_is_over_and_a_late_approval_are_said_to_the_branch(cast):
    review = prepared(cast, opened(cast))
    found = ticked("2026-10-24")
    assert [row for row in found if row[0] == "notice_over"] == [("notice_over", "张红"), ("notice_over", "甘杰怡")]
    meet(cast, heard(cast, review))
    assert [row for row in ticked("2027-01-26") if row[0] == "conversion_approval"] == []
    assert ticked("2027-01-27") == [("conversion_approval", "张红"), ("conversion_approval", "甘杰怡")]
    assert ticked("2027-04-12") == [("conversion_approval", "张红"), ("conversion_approval", "甘杰怡")]
    assert ticked("2027-04-13") == []


def test_no_text_names_anybody(cast):
    review = prepared(cast, opened(cast))
    ticked("2026-10-28")
    ticked("2026-11-30")
    meet(cast, heard(cast, review))
    ticked("2027-02-01")
    approve(cast, review, note="换届", approved_on=TODAY)
    rows = Notice.objects.filter(kind__startswith="evaluations.")
    assert {row.kind for row in rows} >= {notices_conversion.OPENED, notices_conversion.OPINION, notices_conversion.MEETING, notices_conversion.APPROVAL, notices_conversion.DECIDED}  # fmt: skip
    names = [person.name for person in cast.people.values()]
    assert [text for row in rows for text in said(row) if any(name in text for name in names)] == []


def test_the_partner_branch_is_asked_once_near_the_end_of_term(cast, paired):
    assert [row for row in ticked("2026-12-12") if row[0] == "partner_opinion"] == []
    both = [("partner_opinion", "张红"), ("partner_opinion", "潘晨"), ("partner_opinion", "甘杰怡")]
    assert [row for row in ticked("2026-12-14") if row[0] == "partner_opinion"] == both
    assert [row for row in ticked("2026-12-30") if row[0] == "partner_opinion"] == []
    write(cast)
    waiting = Notice.objects.filter(kind=notices_conversion.PARTNER, obsolete_at=None)
    assert [row.user.display_name for row in waiting] == ["潘晨"]


def test_a_review_without_an_account_says_nothing_to_the_person(cast):
    review = decided(cast)
    person = review.person
    person.user = None
    person.save()
    before = Notice.objects.count()
    approve(cast, review)
    assert Notice.objects.count() == before
    assert conversion_services.close_settled_reviews(today=TODAY, now=timezone.now()) == 0
