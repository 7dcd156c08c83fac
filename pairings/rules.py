"""What a pairing may be, and why not. Each returns problems in words; the rule's id and source stand beside it."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from branches.models import AcademicYear, PartyBranch
from pairing_portal.common.problems import Problem

from .models import BranchPairing


def branch_pairing_problems(
    *,
    academic_year: AcademicYear,
    helping_branch: PartyBranch,
    partner_branch: PartyBranch,
    starts_on: date,
    ends_on: date,
) -> list[Problem]:
    """R90: two different active branches, dates within the academic year, no other open pairing of the couple."""
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
    if ends_on <= starts_on:
        problems.append(Problem(_("The pairing must end after it starts."), "R90", field="ends_on"))
    elif starts_on < academic_year.starts_on or ends_on > academic_year.ends_on:
        problems.append(
            Problem(
                _("The dates must lie within the academic year, %(first)s to %(last)s.")
                % {"first": academic_year.starts_on, "last": academic_year.ends_on},
                "R90",
                field="starts_on",
            )
        )
    if not problems and _has_open_pairing(academic_year, helping_branch, partner_branch):
        problems.append(
            Problem(
                _("These two branches have an open pairing for that year. Open it in the list of pairings instead."),
                "R90",
                field="partner_branch",
            )
        )
    return problems


def _has_open_pairing(year: AcademicYear, one: PartyBranch, other: PartyBranch) -> bool:
    couple = [one.pk, other.pk]
    return (
        BranchPairing.objects.open()
        .filter(academic_year=year, helping_branch__in=couple, partner_branch__in=couple)
        .exists()
    )
