"""What a pairing may be, who may do what with it, and why not. Problems are in words, with the rule's id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import AcademicYear, PartyBranch
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Scope

from .models import BranchPairing
from .plan_template import PlannedTask
from .states import PairingState


def runs_a_side(pairing: BranchPairing, scope: Scope) -> bool:
    """Secretary (or deputy, or committee member for organisation) of one of the two branches."""
    return scope.manages(pairing.helping_branch_id) or scope.manages(pairing.partner_branch_id)


def wrote_it(pairing: BranchPairing, scope: Scope) -> bool:
    """Runs the branch that proposed: a draft is that branch's alone."""
    return scope.manages(pairing.author_branch_id)


def oversees_it(pairing: BranchPairing, scope: Scope) -> bool:
    """Staff of a department of the two branches, or of the whole college."""
    sides = (pairing.helping_branch, pairing.partner_branch)
    return any(scope.oversees(branch.department_id) for branch in sides)


def sits_beside_it(pairing: BranchPairing, scope: Scope) -> bool:
    """On one of the two committees, or staff who oversee it: these see drafts of pairs on the board."""
    own = {pairing.helping_branch_id, pairing.partner_branch_id} & scope.branch_ids
    return bool(own) or oversees_it(pairing, scope)


def is_over(pairing: BranchPairing, today: date) -> bool:
    """From its last day on a pairing is completed rather than ended early."""
    return today >= pairing.ends_on


def branch_pairing_problems(
    *,
    academic_year: AcademicYear,
    helping_branch: PartyBranch,
    partner_branch: PartyBranch,
    starts_on: date,
    ends_on: date,
    pairing_id: int | None = None,
    author_branch_id: int | None = None,
) -> list[Problem]:
    """R90: two different active branches, dates within the academic year, no other open pairing of the couple.

    `pairing_id` is the pairing itself when it is revised; `author_branch_id` decides which words are used for a draft that
    only the other branch sees.
    """
    problems = []
    if helping_branch.pk == partner_branch.pk:
        problems.append(
            Problem(_("A branch cannot be paired with itself. Choose another partner."), "R90", field="partner_branch")
        )
    for branch, field in ((helping_branch, "helping_branch"), (partner_branch, "partner_branch")):
        if not branch.is_active:
            problems.append(
                Problem(
                    _("%(branch)s is no longer active. Choose an active branch.") % {"branch": branch},
                    "R90",
                    field=field,
                )
            )
    problems += _period_problems(academic_year, starts_on, ends_on)
    other = _open_pairing(academic_year, helping_branch, partner_branch, pairing_id)
    if not problems and other is not None:
        problems.append(Problem(_why_taken(other, author_branch_id), "R90", field="partner_branch"))
    return problems


def _period_problems(academic_year: AcademicYear, starts_on: date, ends_on: date) -> list[Problem]:
    if ends_on <= starts_on:
        return [Problem(_("The pairing must end after it starts."), "R90", field="ends_on")]
    if starts_on < academic_year.starts_on or ends_on > academic_year.ends_on:
        words = _("The dates must lie within the academic year, %(first)s to %(last)s.") % {
            "first": _spoken(academic_year.starts_on),
            "last": _spoken(academic_year.ends_on),
        }
        return [Problem(words, "R90", field="starts_on" if starts_on < academic_year.starts_on else "ends_on")]
    return []


def _open_pairing(
    year: AcademicYear, one: PartyBranch, other: PartyBranch, but_for: int | None
) -> BranchPairing | None:
    couple = [one.pk, other.pk]
    rows = BranchPairing.objects.open().filter(academic_year=year, helping_branch__in=couple, partner_branch__in=couple)
    found: BranchPairing | None = rows.exclude(pk=but_for).select_related("author_branch").first()
    return found


def _why_taken(other: BranchPairing, author_branch_id: int | None) -> str:
    author = other.author_branch
    if other.state == PairingState.DRAFT and author is not None and author.pk != author_branch_id:
        return _("%(branch)s has begun a draft of this pairing. Ask its secretary to send or discard it.") % {
            "branch": author.short_name
        }
    return _("These two branches have an open pairing for that year. Open it in the list of pairings instead.")


def task_problem(task: PlannedTask, *, starts_on: date, ends_on: date) -> Problem | None:
    """R90: a task of the work plan is due while the pairing runs."""
    if task.due_on is None or starts_on <= task.due_on <= ends_on:
        return None
    words = _(
        "“%(what)s” is due on %(due)s, outside the pairing's time (%(first)s to %(last)s). Choose a day within it."
    )
    values = {
        "what": task.what, "due": _spoken(task.due_on), "first": _spoken(starts_on), "last": _spoken(ends_on),
    }  # fmt: skip
    return Problem(words % values, "R90", field="tasks")


def plan_problems(tasks: Iterable[PlannedTask], *, starts_on: date, ends_on: date) -> list[Problem]:
    found = [task_problem(task, starts_on=starts_on, ends_on=ends_on) for task in tasks]
    return [problem for problem in found if problem is not None]


def _spoken(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
