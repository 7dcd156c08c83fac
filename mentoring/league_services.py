"""The yearly plan of a League branch and its milestones. The row of the League branch is the one lock of both."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, LeagueBranch, LeagueModelType, TermSeason
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_work
from .league_template import planned_milestones
from .models import LeagueGuidance, LeagueMilestone, LeaguePlan
from .tiers import FocusArea
from .work_rules import milestone_problems


def may_plan(league_branch: LeagueBranch, scope: Scope) -> bool:
    """The League secretary, a guide, who runs the responsible Party branch, the department (as `LeaguePlanQuerySet`)."""
    if league_branch.pk in scope.league_branch_ids or league_branch.department_id in scope.department_ids:
        return True
    return scope.manages(league_branch.party_branch_id) or guides(league_branch, scope)


def may_see_plan(league_branch: LeagueBranch, scope: Scope) -> bool:
    """Besides those the committee of the responsible branch, the class's counsellor and the whole college's people."""
    if scope.whole_college or league_branch.party_branch_id in scope.branch_ids:
        return True
    return league_branch.school_class_id in scope.class_ids or may_plan(league_branch, scope)


def guides(league_branch: LeagueBranch, scope: Scope) -> bool:
    if scope.person_id is None:
        return False
    mine = LeagueGuidance.objects.running().filter(person_id=scope.person_id, league_branch=league_branch)
    return bool(mine.exists())


@transaction.atomic
def make_plan(
    *, league_branch: LeagueBranch, academic_year: AcademicYear, model_type: str, aim: str = "", from_template: bool = True,
    scope: Scope, by: User, today: date, now: datetime,
) -> LeaguePlan:  # fmt: skip
    """Begin the plan of an academic year, with the milestones of the model type unless told otherwise.

    Raises `Refused` when there is one already. The template's milestones lie between today and the end of the spring term.
    """
    league_branch = _hold(league_branch, scope)
    if model_type not in LeagueModelType.values:
        raise Refused(_("Choose one of the four model types."), field="model_type")
    if LeaguePlan.objects.filter(league_branch=league_branch, academic_year=academic_year).exists():
        words = _("%(name)s has a plan for %(year)s already. Change that one.")
        raise Refused(words % {"name": league_branch.name, "year": academic_year})
    if today > academic_year.ends_on:
        raise Refused(
            _("The academic year %(year)s is over. Make a plan for the current one.") % {"year": academic_year}
        )
    plan = LeaguePlan.objects.create(
        league_branch=league_branch, academic_year=academic_year, model_type=model_type, aim=aim.strip()[:300], made_by=by,
        created_at=now,
    )  # fmt: skip
    if from_template:
        first = max(today, academic_year.starts_on)
        last = _last_day_of_teaching(academic_year)
        if last <= first:
            last = academic_year.ends_on
        for line in planned_milestones(model_type, starts_on=first, ends_on=last):
            LeagueMilestone.objects.create(plan=plan, what=line.what, focus_area=line.area, due_on=line.due_on)
    return plan


@transaction.atomic
def change_plan(*, plan: LeaguePlan, model_type: str, aim: str, scope: Scope) -> LeaguePlan:
    """Another type or aim; the milestones stay as they are."""
    _hold(plan.league_branch, scope)
    row: LeaguePlan = LeaguePlan.objects.get(pk=plan.pk)
    if model_type not in LeagueModelType.values:
        raise Refused(_("Choose one of the four model types."), field="model_type")
    row.model_type, row.aim = model_type, aim.strip()[:300]
    row.save()
    return row


@transaction.atomic
def add_milestone(*, plan: LeaguePlan, what: str, focus_area: str, due_on: date, scope: Scope) -> LeagueMilestone:
    """One more thing to reach. Raises `Refused` for a day outside the academic year."""
    _hold(plan.league_branch, scope)
    _check(plan, focus_area, due_on)
    return LeagueMilestone.objects.create(plan=plan, what=what.strip()[:200], focus_area=focus_area, due_on=due_on)


@transaction.atomic
def change_milestone(
    *, milestone: LeagueMilestone, what: str, focus_area: str, due_on: date, result: str, scope: Scope, now: datetime
) -> LeagueMilestone:
    """Correct a milestone; another day takes back what was said about the old one."""
    row = _held_milestone(milestone, scope)
    _check(row.plan, focus_area, due_on)
    if row.due_on != due_on:
        retire_notices(prefix=notices_work.milestone_prefix(row), now=now)
    row.what, row.focus_area, row.due_on, row.result = what.strip()[:200], focus_area, due_on, result.strip()[:300]
    row.save()
    return row


@transaction.atomic
def toggle_milestone(
    *, milestone: LeagueMilestone, result: str = "", scope: Scope, today: date, now: datetime
) -> LeagueMilestone:
    """Done (with a sentence on what came of it), or to be done again; the sentence stays."""
    row = _held_milestone(milestone, scope)
    if row.done_on is None:
        row.done_on, row.result = today, result.strip()[:300] or row.result
        retire_notices(prefix=notices_work.milestone_prefix(row), now=now)
    else:
        row.done_on = None
    row.save()
    return row


@transaction.atomic
def delete_milestone(*, milestone: LeagueMilestone, scope: Scope, now: datetime) -> None:
    """Take out what was never done; the history keeps it."""
    row = _held_milestone(milestone, scope)
    if row.done_on is not None:
        raise Refused(_("This milestone is done. Open it again before taking it out."))
    retire_notices(prefix=notices_work.milestone_prefix(row), now=now)
    row.delete()


def _last_day_of_teaching(year: AcademicYear) -> date:
    """The end of the spring term's teaching; 30 June while that term is not entered."""
    spring = year.terms.filter(season=TermSeason.SPRING).first()
    if spring is None:
        return min(date(year.start_year + 1, 6, 30), year.ends_on)
    return min(spring.teaching_ends_on, year.ends_on)


def _hold(league_branch: LeagueBranch, scope: Scope) -> LeagueBranch:
    row: LeagueBranch = LeagueBranch.objects.select_for_update(of=("self",)).get(pk=league_branch.pk)
    if not may_plan(row, scope):
        raise Refused(
            _("The plan is made by the League secretary, the guides and the secretary of the responsible Party branch.")
        )
    return row


def _held_milestone(milestone: LeagueMilestone, scope: Scope) -> LeagueMilestone:
    _hold(milestone.plan.league_branch, scope)
    rows = LeagueMilestone.objects.select_related("plan__academic_year", "plan__league_branch")
    row: LeagueMilestone | None = rows.filter(pk=milestone.pk).first()
    if row is None:
        raise Refused(_("This milestone has been taken out meanwhile. Reload the page."))
    return row


def _check(plan: LeaguePlan, focus_area: str, due_on: date) -> None:
    if focus_area and focus_area not in FocusArea.values:
        raise Refused(_("Choose one of the focus areas in the list."), field="focus_area")
    year = plan.academic_year
    refuse_blocked(milestone_problems(due_on=due_on, year_starts_on=year.starts_on, year_ends_on=year.ends_on))
