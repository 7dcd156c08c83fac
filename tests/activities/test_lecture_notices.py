"""What is said about lectures: to whom, when, and until when. The database finds who is behind; the board says the same."""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest
from django.utils import timezone

from activities.lectures.behind import behind, owing
from activities.lectures.board import QuotaContext, week_statuses
from activities.lectures.notices import LECTURE_TO_CONFIRM, LECTURES_BEHIND
from activities.lectures.notices_duties import DUTY_ASSIGNED, DUTY_ENDED, tell_duty_changed
from activities.lectures.notices_week import LECTURES_MISSED, WEEK_PLAN
from activities.models import Lecture, LectureAudience, LectureDuty, LectureSpeaker, NoLecture, QuotaExemption, Textbook
from branches.models import LeagueBranch, PolicyValue
from members.models import Post, StaffRole
from notifications.models import Notice, Robot
from notifications.services import compute_reminders, retire_obsolete
from pairing_portal.common.registries import notice_kinds, reminder_sources
from tests.activities.talks import answer, heard_by, record, second_league_branch

MONDAY = dt.date(2026, 10, 26)
CHINA = dt.timezone(dt.timedelta(hours=8))


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def on_duty(cast, name="liu_member", league_branch=None) -> LectureDuty:
    return LectureDuty.objects.create(
        academic_year=cast.year, league_branch=league_branch or cast.one, person=cast.person(name)
    )


def said(kind: str) -> list[tuple[str, dict]]:
    """(who, what) of one kind, in the order of names."""
    rows = Notice.objects.filter(kind=kind).select_related("user", "robot")
    return sorted((str(row.user or row.robot), row.subject) for row in rows)


@pytest.fixture(autouse=True)
def plan_source(quiet_reminders, monkeypatch):
    """Monday's plan, which other tests do not want to hear."""
    from activities.lectures.notices import source_of
    from activities.lectures.notices_week import plan_rows

    monkeypatch.setitem(reminder_sources._items, WEEK_PLAN, (100, source_of(WEEK_PLAN, plan_rows)))


@pytest.fixture
def missed_source(quiet_reminders, monkeypatch):
    """The source the cast always has something for."""
    from activities.lectures.notices_week import compute_missed, write_missed
    from pairing_portal.common.registries import ReminderSource

    source = ReminderSource(LECTURES_MISSED, compute_missed, write_missed)
    monkeypatch.setitem(reminder_sources._items, LECTURES_MISSED, (100, source))


# --- The set is what the board says --------------------------------------------------------------


def random_season(chance: random.Random, cast) -> None:
    """League branches of all years and programmes, lectures of all states in two weeks, exemptions of all states."""
    prescribed = Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)
    other = Textbook.objects.create(title="其他读本")
    user = cast.user("liu_member")
    branches = [
        LeagueBranch.objects.create(
            department=cast.civil,
            name=f"团支部{number}",
            enrolment_year=chance.choice([2024, 2025, 2026, 2026, 2027, 2028]),
            programme=chance.choice(["bachelor", "bachelor", "diploma", "upgrade"]),
            party_branch=chance.choice([cast.liu, cast.liu, cast.liu, None]),
            is_active=chance.random() < 0.9,
        )
        for number in range(14)
    ]
    for _number in range(50):
        lecture = Lecture.objects.create(
            on=MONDAY + dt.timedelta(days=chance.randrange(-7, 8)), minutes=chance.choice([20, 30, 45]),
            textbook=chance.choice([prescribed, prescribed, other, None]),
            state=chance.choice(["delivered", "delivered", "delivered", "planned", "cancelled"]), cancel_reason="停电",
            recorded_by=user, recorded_at=timezone.now(),
        )  # fmt: skip
        for branch in chance.sample(branches, chance.choice([1, 1, 2])):
            state = chance.choice(["confirmed", "confirmed", "waiting", "denied"])
            more = {} if state == "waiting" else {"confirmed_by": user, "confirmed_at": timezone.now()}
            LectureAudience.objects.create(
                lecture=lecture, league_branch=branch, state=state, minutes_heard=chance.choice([None, None, 10, 40]), **more
            )  # fmt: skip
    for branch in chance.sample(branches, 5):
        start = MONDAY + dt.timedelta(days=chance.randrange(-9, 9))
        state = chance.choice(["granted", "granted", "asked", "refused", "withdrawn"])
        QuotaExemption.objects.create(
            league_branch=branch, from_on=start, to_on=start + dt.timedelta(days=chance.randrange(5)), reason="exams",
            state=state, answer="否",
        )  # fmt: skip


POLICIES = [{}, {"junior_study_years": "2"}, {"lecture_textbook_required": "0", "lecture_min_minutes": "40"}, {"lectures_a_week": "3"}]  # fmt: skip


@pytest.mark.parametrize(("seed", "policy"), list(itertools.product(range(3), range(len(POLICIES)))))
def test_the_database_finds_behind_exactly_whom_the_board_finds(cast, seed, policy):
    for key, value in POLICIES[policy].items():
        PolicyValue.objects.create(key=key, value=value, source="t", effective_from=dt.date(2026, 9, 1))
    random_season(random.Random(seed), cast)
    context, everybody = QuotaContext.load(), list(LeagueBranch.objects.order_by("pk"))
    # The week of the national holiday, a running week, a week that is over, one that has not begun.
    for monday in (dt.date(2026, 10, 5), MONDAY - dt.timedelta(weeks=1), MONDAY, MONDAY + dt.timedelta(weeks=1)):
        for today in (monday, monday + dt.timedelta(days=8)):
            rows = week_statuses(league_branches=everybody, on=monday, today=today)
            short = {row.league_branch.pk: row.status.missing for row in rows if row.status.missing}
            owe = {row.league_branch.pk for row in rows if row.status.required}
            assert dict(behind(monday, context).values_list("pk", "missing")) == short
            assert set(owing(monday, context).values_list("pk", flat=True)) == owe


# --- Thursday ------------------------------------------------------------------------------------


def test_from_thursday_on_secretary_and_speakers_of_a_branch_behind_are_told_once(cast):
    on_duty(cast)
    assert compute_reminders(now=at(28, 23, 59)) == 1  # Monday's plan to the speaker, until Wednesday night
    assert compute_reminders(now=at(29, 0, 0)) == 2
    assert compute_reminders(now=at(29, 0, 1)) == 0
    subject = {"league_branch": cast.one.pk, "name": cast.one.name, "missing": 2}
    assert said(LECTURES_BEHIND) == [("周鑫", subject), ("张轩丽", subject)]
    notice = Notice.objects.filter(kind=LECTURES_BEHIND).first()
    assert notice.expires_at == at(2, 0, month=11)
    assert notice.dedupe_key == f"{LECTURES_BEHIND}:{cast.one.pk}:2026-10-26:{notice.user_id}"
    assert set(Notice.objects.filter(kind=LECTURES_BEHIND).values_list("deliveries__state", flat=True)) == {"sent"}


def test_of_a_week_without_a_lecture_for_a_reason_only_the_miss_is_told(cast, missed_source):
    """Said before anybody was asked: no plan on Monday, no reminder on Thursday; taken back, it is asked for again."""
    duty = on_duty(cast)
    row = NoLecture.objects.create(
        league_branch=cast.one, monday=MONDAY, reason="校运动会", recorded_by=duty.person.user, recorded_at=at(25, 9)
    )
    compute_reminders(now=at(26, 9))
    compute_reminders(now=at(29, 9))
    assert (said(WEEK_PLAN), said(LECTURES_BEHIND)) == ([], [])
    row.delete()
    compute_reminders(now=at(29, 10))
    assert len(said(LECTURES_BEHIND)) == 2
    NoLecture.objects.create(
        league_branch=cast.one, monday=MONDAY, reason="校运动会", recorded_by=duty.person.user, recorded_at=at(30, 9)
    )
    retire_obsolete(now=at(30, 10))
    assert Notice.objects.filter(kind=LECTURES_BEHIND, obsolete_at=None).count() == 0
    compute_reminders(now=at(2, 9, month=11))
    missed = Notice.objects.filter(kind=LECTURES_MISSED, dedupe_key__contains=":2026-10-26:")
    assert set(missed.values_list("subject__count", flat=True)) == {1}


def test_the_set_written_is_the_set_read_one_by_one(cast):
    on_duty(cast)
    source = reminder_sources.get(LECTURES_BEHIND)
    found = {
        notice.dedupe_key: (notice.user_id, notice.subject, notice.expires_at) for notice in source.compute(at(29, 9))
    }
    source.write(at(29, 9))
    rows = Notice.objects.filter(kind=LECTURES_BEHIND).values_list("dedupe_key", "user_id", "subject", "expires_at")
    assert {key: rest for key, *rest in rows} == {key: list(rest) for key, rest in found.items()}
    assert len(found) == 2


def test_nobody_is_told_of_an_ended_duty_or_an_ended_post(cast):
    duty = on_duty(cast)
    duty.ended_on = dt.date(2026, 10, 29)
    duty.save()
    Post.objects.filter(league_branch=cast.one).update(ended_on=dt.date(2026, 10, 29))
    assert compute_reminders(now=at(29, 9)) == 0


def test_a_quota_met_on_friday_takes_the_notice_out_of_the_bell(cast):
    compute_reminders(now=at(29, 9))
    for chapter in ("第一章", "第二章"):
        answer(cast, heard_by(record(cast, chapter=chapter), cast.one))
    retire_obsolete(now=at(30, 9))
    assert Notice.objects.filter(kind=LECTURES_BEHIND, obsolete_at=None).count() == 0


# --- Monday --------------------------------------------------------------------------------------


def test_nothing_of_a_monday_is_said_before_seven_past_eight(cast, missed_source):
    on_duty(cast)
    assert compute_reminders(now=at(26, 8, 6)) == 0
    assert compute_reminders(now=at(26, 8, 7)) == 4
    assert compute_reminders(now=at(28, 23, 59)) == 0


def test_a_portal_that_was_down_on_monday_says_it_on_wednesday_but_not_on_thursday(cast, missed_source):
    assert compute_reminders(now=at(28, 23, 59)) == 3
    Notice.objects.all().delete()
    compute_reminders(now=at(29, 0, 0))
    assert said(LECTURES_MISSED) == []


def test_the_speaker_reads_what_is_planned_and_what_is_left(cast):
    on_duty(cast)
    second = second_league_branch(cast)
    on_duty(cast, league_branch=second)
    lecture = record(cast, on=MONDAY)
    Lecture.objects.filter(pk=lecture.pk).update(state="planned")
    compute_reminders(now=at(26, 9))
    subject = {"person": cast.person("liu_member").pk, "monday": "2026-10-26", "planned": 1, "to_plan": 3}
    assert said(WEEK_PLAN) == [("周鑫", subject)]
    title, body = notice_kinds.get(WEEK_PLAN).text(subject)
    assert "3" in title
    assert "1" in body
    assert Notice.objects.get(kind=WEEK_PLAN).expires_at == at(29, 0)


def test_the_plan_is_done_when_nothing_is_left_to_plan(cast):
    on_duty(cast)
    compute_reminders(now=at(26, 9))
    for day in (27, 28):
        lecture = record(cast, on=dt.date(2026, 10, day))
        Lecture.objects.filter(pk=lecture.pk).update(state="planned")
    retire_obsolete(now=at(27, 9))
    assert Notice.objects.get(kind=WEEK_PLAN).obsolete_at == at(27, 9)


def test_a_missed_week_is_one_notice_for_secretary_department_and_college(cast, missed_source):
    second_league_branch(cast)
    StaffRole.objects.create(user=cast.user("civil_organiser"), kind="organiser", department=None)
    compute_reminders(now=at(26, 9))
    # The organiser of a department and of the college reads it once; the mechanical department has no League branch here.
    expected = [
        (name, {"user": cast.user(key).pk, "monday": "2026-10-19", "count": 2})
        for name, key in (("上官涵", "liu_secretary"), ("卢主任", "civil_organiser"), ("组织部", "college_organiser"))
    ]
    assert said(LECTURES_MISSED) == sorted(expected)


def test_robots_read_out_a_number_and_no_name(cast, missed_source):
    everywhere = Robot.objects.create(name="全院", kind="wecom", key="k")
    civil = Robot.objects.create(name="土木", kind="wecom", key="k", department=cast.civil)
    Robot.objects.create(name="机械", kind="wecom", key="k", department=cast.mech)
    Robot.objects.create(name="停用", kind="wecom", key="k", is_active=False)
    compute_reminders(now=at(26, 9))
    notices = Notice.objects.filter(robot__isnull=False).order_by("robot_id")
    assert [(row.robot_id, row.user_id, row.subject["count"]) for row in notices] == [
        (everywhere.pk, None, 1),
        (civil.pk, None, 1),
    ]
    assert [list(row.deliveries.values_list("channel", "state")) for row in notices] == [[("robot", "pending")]] * 2
    title, body = notice_kinds.get(LECTURES_MISSED).text(notices[0].subject)
    names = [str(person) for person in cast.people.values()] + [cast.one.name]
    assert [name for name in names if name in title + body] == []


def test_late_entries_make_up_for_a_missed_week(cast, missed_source):
    robot = Robot.objects.create(name="全院", kind="wecom", key="k")
    compute_reminders(now=at(26, 9))
    for day in (20, 21):
        answer(cast, heard_by(record(cast, on=dt.date(2026, 10, day)), cast.one))
    retire_obsolete(now=at(27, 9))
    assert Notice.objects.filter(kind=LECTURES_MISSED, obsolete_at=None).count() == 0
    assert Notice.objects.filter(robot=robot).count() == 1


def test_a_secretary_of_the_branch_who_answers_no_more_is_asked_no_more(cast, missed_source):
    compute_reminders(now=at(26, 9))
    Post.objects.filter(party_branch=cast.liu).update(ended_on=dt.date(2026, 10, 27))
    retire_obsolete(now=at(27, 9))
    gone = Notice.objects.filter(kind=LECTURES_MISSED).exclude(obsolete_at=None)
    assert [row.user for row in gone] == [cast.user("liu_secretary")]


# --- Waiting, duties -----------------------------------------------------------------------------


def test_a_lecture_nobody_answered_is_asked_about_again_after_two_days(cast):
    Post.objects.create(
        person=cast.person("classmate"), league_branch=cast.one, kind="league_deputy", since=dt.date(2026, 10, 29)
    )
    lecture = record(cast, on=dt.date(2026, 10, 27))
    Lecture.objects.filter(pk=lecture.pk).update(recorded_at=at(27, 20))
    first = {"lecture": lecture.pk, "league_branch": cast.one.pk, "on": "2026-10-27"}
    before = len(said(LECTURE_TO_CONFIRM))
    compute_reminders(now=at(29, 19, 59))
    assert len(said(LECTURE_TO_CONFIRM)) == before
    compute_reminders(now=at(29, 20))
    compute_reminders(now=at(30, 20))
    again = Notice.objects.filter(dedupe_key__contains=":again:")
    assert sorted((str(row.user), row.subject == first, row.is_urgent) for row in again) == [
        ("农军", True, True),
        ("张轩丽", True, True),
    ]


def test_an_answer_retires_both_questions(cast):
    lecture = record(cast, on=dt.date(2026, 10, 26))
    Lecture.objects.filter(pk=lecture.pk).update(recorded_at=at(26, 9))
    compute_reminders(now=at(28, 10))
    assert Notice.objects.filter(kind=LECTURE_TO_CONFIRM, obsolete_at=None).count() == 2
    answer(cast, heard_by(lecture, cast.one))
    assert Notice.objects.filter(kind=LECTURE_TO_CONFIRM, obsolete_at=None).count() == 0


def test_what_waits_for_two_weeks_is_not_asked_about_any_more(cast):
    lecture = record(cast, on=dt.date(2026, 10, 13))
    Lecture.objects.filter(pk=lecture.pk).update(recorded_at=at(13, 9))
    compute_reminders(now=at(28, 10))
    assert Notice.objects.filter(dedupe_key__contains=":again:").count() == 0


def test_a_duty_is_told_to_who_gets_it_and_to_who_loses_it_but_not_to_who_did_it(cast):
    duty, own, secretary = on_duty(cast), on_duty(cast, "liu_secretary"), cast.user("liu_secretary")
    subject = {"duty": duty.pk, "name": cast.one.name}
    for number, what in enumerate(("assigned", "ended", "assigned")):
        for changed in (duty, own):
            tell_duty_changed(duty=changed, what=what, by=secretary, now=timezone.now() + dt.timedelta(seconds=number))
    assert said(DUTY_ASSIGNED) == [("周鑫", subject)] * 2
    assert said(DUTY_ENDED) == [("周鑫", subject)]
    assert [row.kind for row in Notice.objects.filter(obsolete_at=None)] == [DUTY_ASSIGNED]
    LectureDuty.objects.filter(pk=duty.pk).update(ended_on=timezone.localdate())
    retire_obsolete(now=timezone.now())
    assert Notice.objects.filter(obsolete_at=None).count() == 0


def test_speakers_of_a_lecture_are_counted_once(cast):
    """Two speakers share a planned lecture: each reads of one."""
    on_duty(cast)
    on_duty(cast, "liu_secretary")
    lecture = record(cast, on=MONDAY)
    LectureSpeaker.objects.create(lecture=lecture, person=cast.person("liu_secretary"))
    compute_reminders(now=at(26, 9))
    assert [(who, subject["planned"], subject["to_plan"]) for who, subject in said(WEEK_PLAN)] == [
        ("上官涵", 1, 1),
        ("周鑫", 1, 1),
    ]
