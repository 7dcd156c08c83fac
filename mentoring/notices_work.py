"""What is said about goals and milestones: proposed, agreed, overdue, due. No text names a mentee, a goal or why somebody is helped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Post
from members.office_models import LEAGUE_POSTS
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from . import notices_observations
from .models import LeagueGuidance, LeagueMilestone, MentoringGoal
from .tiers import LinkState

GOAL_PROPOSED: Final = "mentoring.goal_proposed"
GOAL_AGREED: Final = "mentoring.goal_agreed"
GOAL_OVERDUE: Final = "mentoring.goal_overdue"
MILESTONE_DUE: Final = "mentoring.milestone_due"
DAYS_BETWEEN: Final = 7
MILESTONE_SOON: Final = timedelta(days=7)


def register() -> None:
    for kind in (
        NoticeKind(
            GOAL_PROPOSED,
            gettext_lazy("A goal is proposed"),
            lambda subject: (
                _("A goal is proposed to you"),
                _("Read it and agree, or change it: it holds once both have said yes."),
            ),
            obsolete_among=_no_longer_proposed,
        ),
        NoticeKind(
            GOAL_AGREED,
            gettext_lazy("A goal is agreed"),
            lambda subject: (_("Your goal is agreed"), _("Both have said yes. Its steps can be ticked off now.")),
        ),
        NoticeKind(
            GOAL_OVERDUE,
            gettext_lazy("A goal is overdue"),
            lambda subject: (
                _("A goal of yours is past its day"),
                _("Mark it as reached, agree on another day, or give it up with a reason."),
            ),
            obsolete_among=_no_longer_overdue,
        ),
        NoticeKind(
            MILESTONE_DUE, gettext_lazy("Milestone of a League branch"), _milestone_text,
            obsolete_among=_milestones_settled,
        ),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(GOAL_OVERDUE, ReminderSource(GOAL_OVERDUE, compute_goals_overdue))
    reminder_sources.register(MILESTONE_DUE, ReminderSource(MILESTONE_DUE, compute_milestones_due))
    notices_observations.register()


# --- Goals ---------------------------------------------------------------------------------------


def goal_prefix(goal: MentoringGoal) -> str:
    return f"{GOAL_PROPOSED}:{goal.pk}:"


def overdue_prefix(goal: MentoringGoal) -> str:
    return f"{GOAL_OVERDUE}:{goal.pk}:"


def goals_page(link_id: int) -> str:
    return f"/mentoring/links/{link_id}/goals/"


def goal_proposed(goal: MentoringGoal) -> list[DueNotice]:
    """To the one who has not agreed yet; each proposal and each change of it is said once."""
    link = goal.mentorship
    other = link.other(goal.proposed_by_id)
    agreed_at = goal.mentor_agreed_at or goal.mentee_agreed_at
    return _to(
        other.user_id, GOAL_PROPOSED, f"{goal_prefix(goal)}{agreed_at:%Y%m%d%H%M%S%f}", goal,
        at=agreed_at.isoformat() if agreed_at else "",
    )  # fmt: skip


def goal_agreed(goal: MentoringGoal) -> list[DueNotice]:
    """To the one who proposed it."""
    agreed_at = max(filter(None, (goal.mentor_agreed_at, goal.mentee_agreed_at)))
    return _to(goal.proposed_by.user_id, GOAL_AGREED, f"{GOAL_AGREED}:{goal.pk}:{agreed_at:%Y%m%d%H%M%S%f}", goal)


def _to(user_id: int | None, kind: str, key: str, goal: MentoringGoal, **more: Any) -> list[DueNotice]:
    if user_id is None:
        return []
    return [DueNotice(
        kind=kind, user_id=user_id, dedupe_key=f"{key}:{user_id}", subject={"goal": goal.pk} | more,
        link=goals_page(goal.mentorship_id) + f"#goal-{goal.pk}",
    )]  # fmt: skip


def compute_goals_overdue(now: datetime) -> Iterable[DueNotice]:
    """Agreed goals of running links past their day: to both, on the day after and then every week."""
    today = timezone.localdate(now)
    goals: Any = MentoringGoal.objects.overdue(today).filter(mentorship__state=LinkState.ACTIVE)
    for goal in goals.select_related("mentorship__mentor", "mentorship__mentee"):
        week = ((today - goal.due_on).days - 1) // DAYS_BETWEEN
        for person in (goal.mentorship.mentor, goal.mentorship.mentee):
            yield from _to(
                person.user_id, GOAL_OVERDUE, f"{overdue_prefix(goal)}{goal.due_on.isoformat()}:{week}", goal,
                due=goal.due_on.isoformat(),
            )  # fmt: skip


def _no_longer_proposed(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("goal") for subject in subjects]
    open_goals = MentoringGoal.objects.open().filter(pk__in=ids, mentorship__state=LinkState.ACTIVE)
    waiting = {goal.pk: goal.mentor_agreed_at or goal.mentee_agreed_at for goal in open_goals if not goal.is_agreed}
    return [
        subject.get("goal") not in waiting or waiting[subject["goal"]].isoformat() != subject.get("at")
        for subject in subjects
    ]


def _no_longer_overdue(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("goal") for subject in subjects]
    goals = MentoringGoal.objects.overdue(timezone.localdate(now)).filter(pk__in=ids)
    late = dict(goals.filter(mentorship__state=LinkState.ACTIVE).values_list("pk", "due_on"))
    return [
        subject.get("goal") not in late or late[subject["goal"]].isoformat() != subject.get("due")
        for subject in subjects
    ]


# --- Milestones ----------------------------------------------------------------------------------


def milestone_prefix(milestone: LeagueMilestone) -> str:
    return f"{MILESTONE_DUE}:{milestone.pk}:"


def compute_milestones_due(now: datetime) -> Iterator[DueNotice]:
    """To the guides and the League secretaries: a week ahead, on the day after, then every week; of years not yet over."""
    today = timezone.localdate(now)
    due: Any = LeagueMilestone.objects.open().filter(
        due_on__lte=today + MILESTONE_SOON, plan__academic_year__ends_on__gte=today
    )
    milestones = list(due.select_related("plan__league_branch"))
    if not milestones:
        return
    users = _users_of({milestone.plan.league_branch_id for milestone in milestones}, today)
    for milestone in milestones:
        late = (today - milestone.due_on).days
        said = "soon" if late <= 0 else f"late{(late - 1) // DAYS_BETWEEN}"
        until = milestone.due_on + timedelta(days=1) if late <= 0 else today + timedelta(days=DAYS_BETWEEN)
        branch = milestone.plan.league_branch
        for user_id in users.get(branch.pk, []):
            yield DueNotice(
                kind=MILESTONE_DUE, user_id=user_id,
                dedupe_key=f"{milestone_prefix(milestone)}{milestone.due_on.isoformat()}:{said}:{user_id}",
                subject={"milestone": milestone.pk, "due": milestone.due_on.isoformat(), "name": branch.name, "said": said},
                link=f"/mentoring/league/{branch.pk}/#milestone-{milestone.pk}",
                due_at=timezone.make_aware(datetime.combine(milestone.due_on, time.max)),
                expires_at=timezone.make_aware(datetime.combine(until, time.min)),
            )  # fmt: skip


def _users_of(league_branch_ids: set[int], on: date) -> dict[int, list[int]]:
    """League branch -> accounts of its guides and secretaries; two queries."""
    guides = LeagueGuidance.objects.running().filter(league_branch_id__in=league_branch_ids, person__user__isnull=False)
    posts = Post.objects.current(on).filter(
        league_branch_id__in=league_branch_ids, kind__in=LEAGUE_POSTS,
        person__user__isnull=False,
    )  # fmt: skip
    found: dict[int, set[int]] = defaultdict(set)
    for branch_id, user_id in [
        *guides.values_list("league_branch_id", "person__user_id"),
        *posts.values_list("league_branch_id", "person__user_id"),
    ]:
        found[branch_id].add(user_id)
    return {branch_id: sorted(users) for branch_id, users in found.items()}


def _milestone_text(subject: dict[str, Any]) -> tuple[str, str]:
    values = {"name": subject.get("name", ""), "on": date_format(date.fromisoformat(str(subject["due"])))}
    if subject.get("said") == "soon":
        return (
            _("%(name)s: a milestone is due on %(on)s") % values,
            _("Look at the plan, and tick it off when it is done."),
        )
    return (
        _("%(name)s: a milestone was due on %(on)s") % values,
        _("Tick it off if it is done, or set another day in the plan."),
    )


def _milestones_settled(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("milestone") for subject in subjects]
    waiting = dict(LeagueMilestone.objects.open().filter(pk__in=ids).values_list("pk", "due_on"))
    return [
        subject.get("milestone") not in waiting or waiting[subject["milestone"]].isoformat() != subject.get("due")
        for subject in subjects
    ]
