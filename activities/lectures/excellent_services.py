"""Excellent members of an academic year: proposed by the evidence, decided by the branch, taken back where it was a mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditAction, User
from accounts.services import record_audit
from branches.models import AcademicYear, PartyBranch
from branches.services import load_calendar
from members.models import ExcellentMember, Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Role, Scope

from .excellent import leaving_words
from .season import months_ahead, teaching_middles

NOTE_LENGTH = 200


@dataclass(frozen=True)
class ChosenReport:
    """Who was chosen now (not those who were before), and what to look at again."""

    made: list[ExcellentMember]
    warnings: list[Problem]


def may_choose(branch: PartyBranch, scope: Scope) -> bool:
    """Who runs the branch, and the staff of its department."""
    return scope.manages(branch.pk) or (scope.has(Role.STAFF) and scope.oversees(branch.department_id))


@transaction.atomic
def choose_excellent(
    *,
    branch: PartyBranch,
    year: AcademicYear,
    person_ids: Collection[int],
    notes: Mapping[int, str] | None = None,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> ChosenReport:
    """Choose members of the branch for a year, all or nothing; who is chosen already stays as they are.

    Raises `Refused` for others than members of the branch (R74), for a year that is over and without anybody to choose.
    Who leaves during the season is chosen with a warning.
    """
    _open(branch, year, scope, today)
    if not person_ids:
        raise Refused(_("Tick at least one member."), field="person")
    people = list(Person.objects.filter(pk__in=set(person_ids)).order_by("name_key", "pk"))
    for person in people:
        if person.party_branch_id != branch.pk or person.stage not in MEMBER_STAGES:
            words = _("%(name)s is no member of this branch. Only probationary and full members can be chosen.")
            raise Refused(words % {"name": person}, rule="R74", field="person")
    if len(people) != len(set(person_ids)):
        raise Refused(_("Somebody you ticked is in the roster no more. Reload the page."), field="person")
    known = set(
        ExcellentMember.objects.filter(academic_year=year, person__in=people).values_list("person_id", flat=True)
    )
    made = []
    for person in people:
        if person.pk in known:
            continue
        row = ExcellentMember(
            person=person, academic_year=year, note=(notes or {}).get(person.pk, "").strip()[:NOTE_LENGTH]
        )
        row._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
        row.save()
        made.append(row)
    _audit(branch, year, by, now, {"chosen": len(made)})
    return ChosenReport(made, _warnings([row.person for row in made], year, today))


@transaction.atomic
def withdraw_excellent(
    *,
    branch: PartyBranch,
    year: AcademicYear,
    person_ids: Collection[int],
    reason: str = "",
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> list[ExcellentMember]:
    """Take back who was chosen. Their lecture duties stay and are flagged (R74) until they end. Raises `Refused`."""
    _open(branch, year, scope, today)
    rows = list(
        ExcellentMember.objects.filter(
            academic_year=year, person_id__in=set(person_ids), person__party_branch=branch
        ).select_related("person")
    )
    if not rows:
        raise Refused(_("Nobody of these is chosen for this year any more. Reload the page."))
    for row in rows:
        row._history_user = by  # type: ignore[attr-defined]  # the names simple_history reads
        row._change_reason = reason.strip()[:100]  # type: ignore[attr-defined]  # a column of the history
        row.delete()
    _audit(branch, year, by, now, {"withdrawn": len(rows)})
    return rows


def _open(branch: PartyBranch, year: AcademicYear, scope: Scope, today: date) -> None:
    """Two people who decide at once come one after the other."""
    locked = PartyBranch.objects.select_for_update(no_key=True).get(pk=branch.pk)
    if not may_choose(locked, scope):
        raise Refused(_("Excellent members are chosen by who runs the branch and by its department."))
    if year.ends_on < today:
        raise Refused(_("This academic year is over; its excellent members stay as they were."))


def _audit(branch: PartyBranch, year: AcademicYear, by: User, now: datetime, detail: dict[str, int]) -> None:
    record_audit(
        action=AuditAction.APPOINTED, user=by, now=now, object_type="excellent_members", object_id=branch.pk,
        detail={"year": year.start_year, **detail},
    )  # fmt: skip


def _warnings(people: list[Person], year: AcademicYear, today: date) -> list[Problem]:
    ahead = months_ahead(people, teaching_middles(load_calendar(), year, today))
    return [
        Problem(f"{person}: {words}", severity="warn", field="person")
        for person in people
        if (words := leaving_words(ahead[person.pk]))
    ]
