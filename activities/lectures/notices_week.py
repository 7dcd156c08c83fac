"""What the week brings: Monday's plan to the speakers, last week's misses to secretaries, staff and chat robots.

Sums and names of League branches, never of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.models import LeagueBranch
from members.models import StaffRole
from members.office_models import PostKind, StaffKind
from notifications.models import Robot
from notifications.services import post_notice_set, post_notices
from notifications.writing_services import SET_COLUMNS
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from ..models import LectureDuty, LectureSpeaker, LectureState
from ..quota import monday_of
from .behind import audiences_planned, behind, key_of, lacking, unexplained
from .board import QuotaContext
from .notices import THURSDAY, Subject, midnight, source_of

WEEK_PLAN = "activities.lecture_week_plan"
LECTURES_MISSED = "activities.lectures_missed"
# A week is judged at this time of its following Monday, neither on the hour nor on the half (RULES.md 4.2).
JUDGED_AT = time(8, 7)


def register() -> None:
    for kind in (
        NoticeKind(WEEK_PLAN, gettext_lazy("Lectures to plan this week"), _plan_text, **asked_together(_planned)),
        NoticeKind(
            LECTURES_MISSED,
            gettext_lazy("Lectures missed last week"),
            _missed_text,
            to_office=True,
            **asked_together(_made_up),
        ),
    ):
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(WEEK_PLAN, source_of(WEEK_PLAN, plan_rows))
    reminder_sources.register(LECTURES_MISSED, ReminderSource(LECTURES_MISSED, compute_missed, write_missed))


def judged_monday(now: datetime) -> date | None:
    """This week's Monday from 08:07 of it until Wednesday night; None at other times, when nothing of a Monday is said."""
    local = timezone.localtime(now)
    monday = monday_of(local.date())
    is_time = local >= timezone.make_aware(datetime.combine(monday, JUDGED_AT))
    return monday if is_time and local.weekday() < THURSDAY else None


# --- Monday's plan -------------------------------------------------------------------------------


def plan_rows(now: datetime) -> list[QuerySet[Any, Any]]:
    """One notice a speaker whose League branches owe lectures this week: how many are planned, how many are left to plan."""
    monday = judged_monday(now)
    if monday is None:
        return []
    context = QuotaContext.load()
    own = LectureSpeaker.objects.filter(
        person=OuterRef("person_id"),
        lecture__on__range=(monday, monday + timedelta(days=6)),
        lecture__state__in=(LectureState.PLANNED, LectureState.DELIVERED),
    )
    planned = Coalesce(
        Subquery(own.order_by().values("person").annotate(number=Count("pk")).values("number")),
        0,
        output_field=IntegerField(),
    )
    user = F("person__user_id")
    duties = _duties_behind(monday, timezone.localdate(now), context).filter(person__user__isnull=False)
    return [
        duties.order_by()
        .values("person_id", "person__user_id")
        .annotate(to_plan=Sum(lacking(audiences_planned(monday), context.owed(monday), "league_branch_id")))
        .values(
            user_id=user,
            dedupe_key=key_of(f"{WEEK_PLAN}:{monday.isoformat()}:", user),
            subject=JSONObject(
                person=F("person_id"), monday=Value(monday.isoformat()), planned=planned, to_plan=F("to_plan")
            ),
            link=Value("/lectures/"),
            expires_at=Value(midnight(monday + timedelta(days=THURSDAY)), output_field=DateTimeField()),
        )
    ]  # fmt: skip


def _duties_behind(monday: date, today: date, context: QuotaContext) -> QuerySet[LectureDuty]:
    branches = unexplained(behind(monday, context), monday).values("pk")
    return LectureDuty.objects.filter_active(today).filter(league_branch__in=branches)


def _plan_text(subject: Subject) -> tuple[str, str]:
    planned, to_plan = int(subject.get("planned", 0)), int(subject.get("to_plan", 0))
    said = ngettext(
        "%(count)d lecture of yours is planned this week.", "%(count)d lectures of yours are planned this week.", planned
    ) % {"count": planned}  # fmt: skip
    if not to_plan:
        return _("Your lectures of this week"), said
    title = ngettext(
        "%(count)d lecture is left to plan this week", "%(count)d lectures are left to plan this week", to_plan
    )
    return title % {"count": to_plan}, said


def _planned(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """Nothing is left to plan for the speaker's League branches, or the week is over."""
    today, context = timezone.localdate(now), QuotaContext.load()
    monday = monday_of(today)
    open_ones = (
        _duties_behind(monday, today, context)
        .filter(person_id__in={subject.get("person") for subject in subjects})
        .annotate(left=lacking(audiences_planned(monday), context.owed(monday), "league_branch_id"))
    )
    on_duty: set[int] = set()
    planning: set[int] = set()
    for person_id, left in open_ones.values_list("person_id", "left"):
        on_duty.add(person_id)
        if left:
            planning.add(person_id)
    return [
        subject.get("monday") != monday.isoformat()
        or subject.get("person") not in (planning if subject.get("to_plan") else on_duty)
        for subject in subjects
    ]


# --- The week that was missed --------------------------------------------------------------------


def missed_rows(monday: date, today: date) -> list[QuerySet[Any, Any]]:
    """How many League branches missed the week of `monday`, one row a recipient: college, departments, branch secretaries.

    Who is told of the college is not told of a department too: keys are the recipient's.
    """
    branches = behind(monday, QuotaContext.load()).order_by()
    college = StaffRole.objects.filter(kind=StaffKind.ORGANISER, department=None)
    post = "party_branch__posts"
    run = branches.filter(
        Q(**{f"{post}__ended_on": None}) | Q(**{f"{post}__ended_on__gt": today}),
        Q(**{f"{post}__since": None}) | Q(**{f"{post}__since__lte": today}),
        **{f"{post}__kind": PostKind.BRANCH_SECRETARY, f"{post}__person__user__isnull": False},
    )
    organised = branches.filter(department__staff_roles__kind=StaffKind.ORGANISER)
    everybody = college.annotate(number=Value(branches.count())).filter(number__gt=0)
    return [
        _missed(everybody.order_by(), monday),
        _missed(_by(organised, "department__staff_roles__user_id"), monday),
        _missed(_by(run, f"{post}__person__user_id"), monday),
    ]


def _by(branches: QuerySet[LeagueBranch], user: str) -> QuerySet[Any, Any]:
    return branches.values(user_id=F(user)).annotate(number=Count("pk", distinct=True))


def _missed(rows: QuerySet[Any, Any], monday: date) -> QuerySet[Any, Any]:
    """The notices of rows with `user_id` and `number`."""
    return rows.annotate(
        dedupe_key=key_of(f"{LECTURES_MISSED}:{monday.isoformat()}:", F("user_id")),
        subject=JSONObject(user=F("user_id"), monday=Value(monday.isoformat()), count=F("number")),
        link=Value(f"/lectures/?week={monday.isoformat()}"),
        expires_at=Value(midnight(monday + timedelta(days=14)), output_field=DateTimeField()),
    ).values(*SET_COLUMNS)


def compute_missed(now: datetime) -> Iterator[DueNotice]:
    """On Monday from 08:07: what `write_missed` says, read one by one."""
    this_monday = judged_monday(now)
    if this_monday is None:
        return
    monday = this_monday - timedelta(weeks=1)
    for rows in missed_rows(monday, timezone.localdate(now)):
        for row in rows:
            yield DueNotice(kind=LECTURES_MISSED, **row)
    yield from _robots_missed(monday)


def write_missed(now: datetime) -> int:
    """On Monday from 08:07: to secretaries and staff, set-wise, and to the robots of departments and college."""
    this_monday = judged_monday(now)
    if this_monday is None:
        return 0
    monday, today = this_monday - timedelta(weeks=1), timezone.localdate(now)
    written = sum(post_notice_set(kind=LECTURES_MISSED, rows=rows, now=now) for rows in missed_rows(monday, today))
    return written + post_notices(notices=_robots_missed(monday), now=now)


def _robots_missed(monday: date) -> Iterator[DueNotice]:
    counts = _missed_counts(monday) if Robot.objects.filter(is_active=True).exists() else {}
    for robot in Robot.objects.filter(is_active=True).order_by("pk"):
        count = sum(counts.values()) if robot.department_id is None else counts.get(robot.department_id, 0)
        if count:
            yield DueNotice(
                kind=LECTURES_MISSED,
                user_id=None,
                robot_id=robot.pk,
                dedupe_key=f"{LECTURES_MISSED}:{monday.isoformat()}:robot:{robot.pk}",
                subject={"robot": robot.pk, "monday": monday.isoformat(), "count": count},
                link=f"/lectures/?week={monday.isoformat()}",
                expires_at=midnight(monday + timedelta(days=14)),
            )


def _missed_counts(monday: date) -> dict[int, int]:
    rows = behind(monday, QuotaContext.load()).order_by().values("department_id").annotate(number=Count("pk"))
    return dict(rows.values_list("department_id", "number"))


def _missed_text(subject: Subject) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext(
        "%(count)d League branch missed last week's lectures", "%(count)d League branches missed last week's lectures", count
    )  # fmt: skip
    return title % {"count": count}, _("The board says which, and why. Ask what is in the way, and agree on this week.")


def _made_up(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """Late entries made up for it, or the recipient answers for none of these League branches any more."""
    today = timezone.localdate(now)
    still: dict[str, tuple[set[int], set[int]]] = {}
    for text in sorted({str(subject.get("monday")) for subject in subjects}):
        monday = date.fromisoformat(text)
        users = {row["user_id"] for rows in missed_rows(monday, today) for row in rows}
        robots = {notice.robot_id for notice in _robots_missed(monday) if notice.robot_id is not None}
        still[text] = users, robots
    return [
        subject.get("robot") not in still[str(subject.get("monday"))][1]
        if "robot" in subject
        else subject.get("user") not in still[str(subject.get("monday"))][0]
        for subject in subjects
    ]
