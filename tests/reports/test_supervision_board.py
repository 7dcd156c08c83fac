"""The supervision board: who sees it, who is reminded, and what is kept for the trend."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from activities.models import LogEntry
from branches.models import PartyBranch
from members.access import scope_for
from members.models import Post
from notifications.models import Notice
from notifications.services import retire_obsolete
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import daily_jobs, notice_kinds
from reports.models import SupervisionSnapshot
from reports.supervision.remind_services import REMINDED, remind
from reports.supervision.snapshot_services import take_snapshot
from reports.supervision.sources import BY_KEY, SOURCES, find_overdue
from reports.supervision.trend import Trend, sparkline, trends
from tests.reports.watching import DAY, TODAY, old_log, watch_of

# --- Who sees what -------------------------------------------------------------------------------


def test_a_watch_goes_over_what_the_scope_answers_for(cast):
    def names(name):
        return [branch.short_name for branch in watch_of(cast, name).branches.values()]

    assert names("er_secretary") == ["第二党支部"]
    assert names("mech_organiser") == ["第二党支部", "第三党支部", "第四党支部"]
    assert names("college_organiser") == ["第二党支部", "第三党支部", "第四党支部", "第六党支部"]
    for name in ("administrator", "er_member", "league_secretary", "counsellor", "stranger"):
        assert names(name) == []


@pytest.mark.parametrize("address", ["", "list/", "remind/", "rules/"])
@pytest.mark.parametrize("name", ["administrator", "counsellor", "er_member", "league_secretary", "stranger"])
def test_who_supervises_nothing_is_refused(sign_in, address, name):
    assert sign_in(name).get(f"/reports/supervision/{address}").status_code == 403


def test_nobody_finds_a_judgement_of_themselves(cast):
    Post.objects.create(person=cast.person("er_probationary"), party_branch=cast.er, kind="organization_officer")
    on = dt.date(2026, 11, 20)
    watch = watch_of(cast, "er_probationary", on)
    key = "probation_review"
    assert len(find_overdue(watch, [BY_KEY[key]])[key]) == 1
    me = cast.person("er_probationary").pk
    assert find_overdue(watch, [BY_KEY[key]], viewer_id=me)[key] == []


def test_the_board_counts_by_branch_and_opens_its_rows(sign_in, cast):
    client = sign_in("mech_organiser")
    old_log(cast)
    page = client.get("/reports/supervision/")
    row = next(row for row in page.context["board"].rows if row.source.key == "logs_waiting")
    assert [(cell.count, cell.oldest) for cell in row.cells] == [(1, 2), (0, 0), (0, 0)]
    listed = client.get(row.cells[0].url)
    assert [(row.person, row.branch.pk, row.days, row.recipients) for row in listed.context["page"]] == [
        ("罗萍妍", cast.er.pk, 2, ("张红", "甘杰怡"))
    ]
    assert "第六党支部" not in page.content.decode()


def test_a_filter_stands_in_words_and_nothing_outside_can_be_asked_for(sign_in, cast):
    client = sign_in("mech_organiser")
    old_log(cast)
    asked = {"branch": cast.er.pk, "rule": "logs_waiting", "person": "luo"}
    page = client.get("/reports/supervision/list/", asked)
    assert page.context["words"] == ["日志待确认", "第二党支部", "“luo”"]
    assert page.context["page"].paginator.count == 1
    assert client.get("/reports/supervision/list/", asked | {"person": "zhang"}).context["page"].paginator.count == 0
    for bad in (
        {"branch": cast.liu.pk},
        {"rule": "nothing"},
        {"department": cast.civil.pk},
        {"by": "x"},
        {"branch": "x" * 30},
    ):
        page = client.get("/reports/supervision/list/", bad)
        assert (page.status_code, page.context["page"].paginator.count) == (400, 0)
        assert client.get("/reports/supervision/", bad).status_code == 400


def test_a_college_of_many_branches_stands_by_department(sign_in, cast):
    for number in range(10):
        PartyBranch.objects.create(department=cast.civil, name=f"土木系党总支第{number + 20}党支部")
    client = sign_in("college_organiser")
    board = client.get("/reports/supervision/").context["board"]
    assert [(column.label, len(column.branch_ids)) for column in board.across] == [("机械系", 3), ("土木系", 11)]
    board = client.get("/reports/supervision/", {"department": cast.mech.pk}).context["board"]
    assert [column.label for column in board.across] == ["第二党支部", "第三党支部", "第四党支部"]
    assert sign_in("er_secretary").get("/reports/supervision/").context["board"].across == []


def test_all_rules_are_shown_when_asked_for(sign_in):
    client = sign_in("er_secretary")
    some = client.get("/reports/supervision/").context["board"]
    assert 0 < len(some.rows) < len(SOURCES)
    assert len(client.get("/reports/supervision/?show=all").context["board"].rows) == len(SOURCES)
    assert client.get("/reports/supervision/rules/").context["checked"] > 40


def test_rows_stand_by_person_too(sign_in, cast):
    old_log(cast, "er_deputy", days=9)
    for days in (5, 6):
        old_log(cast, days=days)
    asked = {"rule": "logs_waiting", "by": "person"}
    page = sign_in("er_secretary").get("/reports/supervision/list/", asked)
    assert [row.person for row in page.context["page"]] == ["罗萍妍", "罗萍妍", "张红"]


def test_an_overseer_is_led_to_a_page_they_may_open(sign_in, cast):
    """The review is written by the secretary; the department looks at the list of what is due."""
    client = sign_in("mech_organiser")
    row = client.get("/reports/supervision/list/?rule=activist_review").context["page"][0]
    assert row.url == f"/mentoring/observations/?branch={cast.san.pk}"
    own = sign_in("san_secretary").get("/reports/supervision/list/?rule=activist_review").context["page"][0]
    assert (own.url, own.is_mine) == (f"/mentoring/review/{cast.person('san_activist').pk}/", True)


# --- Reminding -----------------------------------------------------------------------------------


def reminders(cast) -> list[tuple[str, int]]:
    users = {user.pk: key for key, user in cast.users.items()}
    rows = Notice.objects.filter(kind=REMINDED).order_by("pk")
    return [(users[row.user_id], row.subject["count"]) for row in rows]


def test_one_row_reminds_who_is_to_act_and_not_twice_a_day(sign_in, cast, fixed_clock):
    entry = old_log(cast)
    client, address = sign_in("mech_organiser"), "/reports/supervision/remind/?rule=logs_waiting"
    answer = client.post(address, {"row": f"log-{entry.pk}"}, follow=True)
    assert "张红、甘杰怡" in next(str(message) for message in answer.context["messages"])
    assert reminders(cast) == [("er_secretary", 1), ("er_deputy", 1)]
    answer = client.post(address, {"row": f"log-{entry.pk}"}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert len(reminders(cast)) == 2
    fixed_clock.shift(dt.timedelta(days=1))
    sign_in("mech_organiser").post(address, {"row": f"log-{entry.pk}"})
    assert len(reminders(cast)) == 4


def test_a_list_is_asked_about_first_and_bundled(sign_in, cast):
    entry = old_log(cast)
    old_log(cast, "er_probationary")
    client, address = sign_in("mech_organiser"), "/reports/supervision/remind/?rule=logs_waiting"
    page = client.get(address)
    assert page.context["consequences"][0] == "张红、甘杰怡 共 2 人将收到通知。"
    assert reminders(cast) == []
    client.post(address)
    assert reminders(cast) == [("er_secretary", 2), ("er_deputy", 2)]
    # Told of both today: one of them is not said again.
    client.post(address, {"row": f"log-{entry.pk}"})
    assert len(reminders(cast)) == 2


def test_a_reminder_names_nobody_and_goes_away_when_it_is_done(sign_in, cast):
    entry = old_log(cast)
    # Another branch has one too, which keeps no reminder of this branch alive.
    old_log(cast, "san_member")
    sign_in("mech_organiser").post("/reports/supervision/remind/?rule=logs_waiting", {"row": f"log-{entry.pk}"})
    notice = Notice.objects.filter(kind=REMINDED).first()
    title, text = notice_kinds.get(REMINDED).text(notice.subject)
    assert (title, text) == (
        "催办：日志待确认", "第二党支部：有 1 项尚未完成。请及时处理，处理后本提醒自动消失。已逾期 2 天。"
    )  # fmt: skip
    assert notice.link == f"/log/{entry.pk}/"
    retire_obsolete(now=timezone.now())
    assert Notice.objects.filter(kind=REMINDED, obsolete_at=None).count() == 2
    LogEntry.objects.filter(pk=entry.pk).update(state="returned", return_reason="请补充")
    retire_obsolete(now=timezone.now())
    assert Notice.objects.filter(kind=REMINDED, obsolete_at=None).count() == 0


def test_a_bundled_reminder_asks_its_own_branch_alone(cast):
    old_log(cast)
    for branch, name in ((cast.er, "er_secretary"), (cast.san, "san_secretary")):
        Notice.objects.create(
            user=cast.user(name), kind=REMINDED, dedupe_key=name, created_at=timezone.now(),
            subject={"source": "logs_waiting", "branch": branch.pk, "person": 0, "count": 2, "branch_name": branch.short_name},
        )  # fmt: skip
    retire_obsolete(now=timezone.now())
    assert [row.dedupe_key for row in Notice.objects.filter(kind=REMINDED, obsolete_at=None)] == ["er_secretary"]


def test_nobody_reminds_themselves_or_other_branches(cast):
    old_log(cast, "liu_member")
    watch = watch_of(cast, "college_organiser")
    row = find_overdue(watch, [BY_KEY["logs_waiting"]])["logs_waiting"][0]
    pairs = [(BY_KEY["logs_waiting"], row)]
    for name, words in (("er_secretary", "只能提醒"), ("liu_secretary", "没有其他"), ("administrator", "只能提醒")):
        asked = {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}
        with pytest.raises(Refused, match=words):
            remind(pairs=pairs, watch=watch, **asked)
    assert reminders(cast) == []


def test_a_row_that_is_done_meanwhile_is_said_so(sign_in):
    client = sign_in("mech_organiser")
    answer = client.post("/reports/supervision/remind/?rule=logs_waiting", {"row": "log-1"}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]


# --- Trend ---------------------------------------------------------------------------------------


def kept(cast) -> list[tuple[str, int, int]]:
    rows = SupervisionSnapshot.objects.filter(rule="logs_waiting").order_by("on", "party_branch_id")
    return [(row.on.isoformat(), row.overdue, row.oldest_days) for row in rows]


def test_a_day_is_kept_once_and_two_years(cast):
    old_log(cast)
    SupervisionSnapshot.objects.create(on=dt.date(2024, 10, 27), rule="logs_waiting", party_branch=cast.er, overdue=9)
    SupervisionSnapshot.objects.create(on=dt.date(2024, 10, 28), rule="logs_waiting", party_branch=cast.er, overdue=9)
    number = take_snapshot(today=TODAY)
    assert take_snapshot(today=TODAY) == number == SupervisionSnapshot.objects.filter(on=TODAY).count()
    assert kept(cast) == [("2024-10-28", 9, 0), ("2026-10-28", 1, 2)]
    LogEntry.objects.update(state="returned", return_reason="请补充")
    take_snapshot(today=TODAY)
    assert kept(cast) == [("2024-10-28", 9, 0)]


def test_the_first_tick_of_a_day_keeps_it(cast):
    old_log(cast)
    daily_jobs.get("supervision")(TODAY)
    assert kept(cast) == [("2026-10-28", 1, 2)]


def test_the_trend_takes_the_last_day_of_each_week(cast):
    def keep(days_ago, count, branch=cast.er):
        on = TODAY - days_ago * DAY
        SupervisionSnapshot.objects.create(on=on, rule="tasks", party_branch=branch, overdue=count)

    keep(1, 50)
    keep(8, 4)
    keep(8, 3, cast.san)
    keep(9, 60)
    keep(15, 2)
    keep(8, 100, cast.liu)
    scope = scope_for(cast.user("mech_organiser"))
    moved = trends(
        scope=scope, branch_ids=[cast.er.pk, cast.san.pk], now_overdue={"tasks": 5, "term": 1, "quiet": 0}, today=TODAY
    )
    assert moved == {"tasks": Trend((2, 7, 5), -2), "term": Trend((0, 0, 1), 1), "quiet": Trend(())}
    assert trends(scope=scope_for(cast.user("er_secretary")), branch_ids=[cast.er.pk], now_overdue={"tasks": 5}, today=TODAY) == {
        "tasks": Trend((2, 4, 5), 1)
    }  # fmt: skip


def test_a_trend_needs_two_days(cast):
    scope = scope_for(cast.user("er_secretary"))
    moved = trends(scope=scope, branch_ids=[cast.er.pk], now_overdue={"tasks": 5}, today=TODAY)
    assert (moved["tasks"], moved["tasks"].points) == (Trend((5,), None), "")
    assert sparkline([0, 0]) == "0.0,22.0 100.0,22.0"
    assert sparkline([2, 4]) == "0.0,12.0 100.0,2.0"
