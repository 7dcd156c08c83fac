"""Logging of talks: one's own links and League branches, what the day and focus must be, and who confirms."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.log_services import return_log, submit_log
from activities.models import LogEntry
from members.access import scope_for
from mentoring.guidance_services import end_guidance
from mentoring.services import end_link
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Talks, talk_records
from tests.mentoring.crew import TODAY, act, activists, as_person, classmates, guide, link, new_members


def form(target, **changes):
    values = {
        "target": target, "minutes": "60", "summary": "谈心谈话", "on": "2026-10-28", "idempotency_key": "key-1",
    }  # fmt: skip
    return values | changes


@pytest.fixture
def chain(cast):
    """Liu's member helps liu_activist and is a guide of League branch One."""
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    return row, guide(cast, cast.person("liu_member"))


def choices(client):
    return [
        (choice.key, choice.label, choice.hint) for choice in client.get(reverse("quick_log")).context["choices"]
    ]  # fmt: skip


def test_both_roles_stand_before_study_and_the_guided_branch_among_them(cast, sign_in, chain):
    row, guidance = chain
    assert choices(sign_in("liu_member"))[:2] == [
        (f"link-{row.pk}", row.mentee.name, "我帮扶的人"),
        (f"guidance-{guidance.pk}", cast.one.name, "我指导的团支部"),
    ]
    assert choices(sign_in("liu_activist"))[0] == (f"link-{row.pk}", row.mentor.name, "帮扶我的人")
    assert [key for key, _label, _hint in choices(sign_in("liu_secretary"))] == ["study", "service", "other"]


def test_the_address_taps_a_choice_and_a_strange_one_taps_the_first(cast, sign_in, chain):
    row, guidance = chain
    client = sign_in("liu_member")
    for asked, chosen in ((f"guidance-{guidance.pk}", f"guidance-{guidance.pk}"), ("link-999999", f"link-{row.pk}")):
        page = client.get(reverse("quick_log"), {"for": asked})
        assert page.context["form"]["target"].value() == chosen


def test_a_talk_hangs_on_its_link_and_counts_once_confirmed(cast, sign_in, chain):
    row, _guidance = chain
    sign_in("liu_member").post(reverse("quick_log"), form(f"link-{row.pk}"))
    entry = LogEntry.objects.get()
    assert (entry.purpose, entry.mentorship, entry.league_branch, entry.focus_area) == ("mentoring", row, None, "")
    assert talk_records.get("link")([row.pk]) == {row.pk: Talks(0, 0, None, 1)}
    sign_in("liu_activist").post(reverse("log_confirm"), {"entry": entry.pk, "back": "my_mentoring"})
    assert talk_records.get("link")([row.pk]) == {row.pk: Talks(1, 60, TODAY, 0)}


def test_guidance_names_its_focus_area(cast, sign_in, chain):
    _row, guidance = chain
    client = sign_in("liu_member")
    refused = client.post(reverse("quick_log"), form(f"guidance-{guidance.pk}"))
    assert (refused.status_code, LogEntry.objects.count()) == (400, 0)
    assert "请选择这次帮扶涉及的重点。" in refused.content.decode()
    assert client.post(reverse("quick_log"), form(f"guidance-{guidance.pk}", focus_area="gossip")).status_code == 400
    client.post(reverse("quick_log"), form(f"guidance-{guidance.pk}", focus_area="safety"))
    entry = LogEntry.objects.get()
    assert (entry.purpose, entry.league_branch, entry.league_guidance, entry.focus_area) == (
        "league_branch", cast.one, guidance, "safety",
    )  # fmt: skip
    page = client.get(reverse("log_entry", args=[entry.pk])).content.decode()
    assert "安全教育" in page
    client.post(
        reverse("log_entry", args=[entry.pk]),
        {"on": "2026-10-28", "minutes": 45, "summary": "安全教育班会", "focus_area": "study_climate"},
    )
    entry.refresh_from_db()
    assert (entry.minutes, entry.focus_area) == (45, "study_climate")


def test_a_focus_area_sent_without_a_guidance_is_not_kept(cast, sign_in, chain):
    row, _guidance = chain
    sign_in("liu_member").post(reverse("quick_log"), form(f"link-{row.pk}", focus_area="safety"))
    assert LogEntry.objects.get().focus_area == ""


def submit(person, **what):
    values = {"on": TODAY, "minutes": 30, "summary": "谈心", "today": TODAY, "now": timezone.now()}
    return submit_log(person=person, **values | what)


def begun(row):
    type(row).objects.filter(pk=row.pk).update(starts_on=dt.date(2026, 10, 20))
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("who", "on", "message"),
    [
        ("liu_secretary", TODAY, "请选择自己的帮扶关系。"),
        ("liu_member", dt.date(2026, 10, 21), None),
        ("liu_member", dt.date(2026, 10, 20), None),
        ("liu_member", dt.date(2026, 10, 19), "那一天这个帮扶关系并不存在。请检查日期。"),
    ],
)
def test_a_talk_belongs_to_ones_own_link_and_its_days(cast, chain, who, on, message):
    row = begun(chain[0])
    values = {"purpose": "mentoring", "mentorship": row, "on": on, "late_reason": "补录"}
    if message is None:
        assert submit(cast.person(who), **values).mentorship == row
        return
    with pytest.raises(Refused) as refusal:
        submit(cast.person(who), **values)
    assert refusal.value.text == message


def test_after_the_end_no_talk_and_an_unanswered_offer_has_none(cast, chain):
    row = begun(chain[0])
    ended = end_link(link=row, reason="调整", **act(cast, "liu_secretary"))
    type(ended).objects.filter(pk=ended.pk).update(ended_on=dt.date(2026, 10, 27))
    ended.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        submit(cast.person("liu_member"), purpose="mentoring", mentorship=ended)
    assert refusal.value.text == "那一天这个帮扶关系并不存在。请检查日期。"
    assert submit(cast.person("liu_member"), purpose="mentoring", mentorship=ended, on=ended.ended_on)
    activist = activists(cast, 1, school_class=cast.class_26)[0]
    offer = link(cast, activist, classmates(cast, 1)[0], tier=1, accept=False)
    with pytest.raises(Refused) as refusal:
        submit(activist, purpose="mentoring", mentorship=offer)
    assert refusal.value.text == "请选择自己的帮扶关系。"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"who": "liu_secretary"}, "请选择自己指导的团支部。"),
        ({"where": "old"}, "请选择自己指导的团支部。"),
        ({"on": dt.date(2026, 10, 27)}, "那一天您并未指导这个团支部。请检查日期。"),
        ({"focus": ""}, "请选择这次帮扶涉及的重点。"),
        ({"focus": "gossip"}, "请选择这次帮扶涉及的重点。"),
    ],
)
def test_guidance_is_ones_own_on_its_days_with_a_known_focus(cast, chain, changes, message):
    values = {"who": "liu_member", "where": "one", "on": TODAY, "focus": "safety"} | changes
    with pytest.raises(Refused) as refusal:
        submit(
            cast.person(values["who"]), purpose="league_branch", league_branch=getattr(cast, values["where"]),
            league_guidance=chain[1], focus_area=values["focus"], on=values["on"],
        )  # fmt: skip
    assert refusal.value.text == message


def test_an_ended_guidance_is_no_longer_offered(cast, sign_in, chain):
    end_guidance(guidance=chain[1], reason="调整", **act(cast, "liu_secretary"))
    assert f"guidance-{chain[1].pk}" not in [key for key, _l, _h in choices(sign_in("liu_member"))]


def confirmers(cast, entry):
    return {
        name
        for name, user in cast.users.items()
        if LogEntry.objects.confirmable_by(scope_for(user)).filter(pk=entry.pk)
    }


def test_the_other_side_and_the_secretary_confirm_never_the_author(cast, chain):
    row, guidance = chain
    by_mentor = submit(cast.person("liu_member"), purpose="mentoring", mentorship=row)
    by_mentee = submit(cast.person("liu_activist"), purpose="mentoring", mentorship=row)
    guided = submit(
        cast.person("liu_member"), purpose="league_branch", league_branch=cast.one, league_guidance=guidance,
        focus_area="safety",
    )  # fmt: skip
    assert confirmers(cast, by_mentor) == {"liu_activist", "liu_secretary"}
    assert confirmers(cast, by_mentee) == {"liu_member", "liu_secretary"}
    assert confirmers(cast, guided) == {"league_secretary", "liu_secretary"}


def test_the_other_side_returns_what_waits_and_not_what_was_confirmed(cast, sign_in, chain):
    row, _guidance = chain
    entry = submit(cast.person("liu_member"), purpose="mentoring", mentorship=row)
    mentee = sign_in("liu_activist")
    page = mentee.get(reverse("log_entry", args=[entry.pk]))
    assert (page.context["may_confirm"], page.context["may_return"]) == (True, True)
    answer = mentee.post(reverse("log_return", args=[entry.pk]), {"reason": "那天没有谈"})
    entry.refresh_from_db()
    assert (entry.state, entry.return_reason, answer.url) == ("returned", "那天没有谈", reverse("log_confirm"))
    assert Notice.objects.filter(user=cast.user("liu_member"), kind="activities.log_returned").count() == 1
    LogEntry.objects.filter(pk=entry.pk).update(
        state="confirmed", return_reason="", confirmed_by=cast.user("liu_secretary"), confirmed_at=timezone.now()
    )
    with pytest.raises(Refused) as refusal:
        return_log(
            entry=entry, reason="x", scope=scope_for(cast.user("liu_activist")), by=cast.user("liu_activist"),
            now=timezone.now(),
        )  # fmt: skip
    assert refusal.value.text == "只有本人所在支部的书记或对方可以退回这条记录。"


def test_an_outsider_neither_sees_nor_confirms(cast, sign_in, chain):
    entry = submit(cast.person("liu_member"), purpose="mentoring", mentorship=chain[0])
    assert sign_in("classmate").get(reverse("log_entry", args=[entry.pk])).status_code == 404
    assert sign_in("er_member").get(reverse("log_confirm")).status_code == 403
    sign_in("er_secretary").post(reverse("log_confirm"), {"entry": entry.pk})
    entry.refresh_from_db()
    assert entry.state == "submitted"


def test_the_own_page_shows_what_waits_and_one_tap_confirms_it(cast, sign_in, chain):
    entry = submit(cast.person("liu_member"), purpose="mentoring", mentorship=chain[0], summary="谈入党动机")
    mentee = sign_in("liu_activist")
    page = mentee.get(reverse("my_mentoring")).content.decode()
    assert "待我确认" in page
    assert "谈入党动机" in page
    answer = mentee.post(reverse("log_confirm"), {"entry": entry.pk, "back": "my_mentoring"})
    entry.refresh_from_db()
    assert (entry.state, entry.confirmed_by, answer.url) == (
        "confirmed", cast.user("liu_activist"), reverse("my_mentoring"),
    )  # fmt: skip
    assert "待我确认" not in mentee.get(reverse("my_mentoring")).content.decode()
    assert "待我确认" not in sign_in("liu_member").get(reverse("my_mentoring")).content.decode()


def test_the_page_of_links_costs_the_same_for_one_and_three_waiting_entries(cast, sign_in):
    mentees = new_members(cast, 2)
    first = link(cast, cast.person("liu_member"), mentees[0])
    second = link(cast, cast.person("liu_member"), mentees[1])
    client, counts = sign_in("liu_member"), []
    client.get(reverse("my_mentoring"))
    for rows in ([(first, 0)], [(first, 0), (second, 1)]):
        for row, index in rows:
            submit(mentees[index], purpose="mentoring", mentorship=row)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("my_mentoring"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert LogEntry.objects.confirmable_by(as_person(cast.person("liu_member"))).count() == 3
