"""What two paired branches may write down together, who may, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import PartyBranch
from members.models import Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Scope

from .models import BranchPairing, InspectionMaterial, MemberPairing, PairingState, PairingTask, Side
from .rules import runs_a_side
from .work_models import PAIR_AREAS, PLAN_AREAS


@dataclass(frozen=True)
class FindingEntry:
    """One row of an inspection as it was written. `gap_accepted`: fewer were found, and that is no problem."""

    material: InspectionMaterial
    expected: int | None = None
    found: int | None = None
    problem: str = ""
    mend_by_on: date | None = None
    gap_accepted: bool = False

    @property
    def is_empty(self) -> bool:
        """Nobody looked at this kind of record."""
        return self.expected is None and self.found is None and not self.problem and self.mend_by_on is None

    @property
    def has_gap(self) -> bool:
        return self.expected is not None and self.found is not None and self.found < self.expected


def may_change_pair(pair: MemberPairing, scope: Scope) -> bool:
    """The two people themselves, and who runs one of the branches."""
    is_one_of_them = scope.person_id is not None and scope.person_id in (pair.helper_id, pair.partner_id)
    return is_one_of_them or runs_a_side(pair.pairing, scope)


def may_change_task(task: PairingTask, scope: Scope) -> bool:
    return may_change_pair(task.member_pairing, scope) if task.member_pairing else runs_a_side(task.pairing, scope)


def may_tick(task: PairingTask, scope: Scope) -> bool:
    """Who may change a task, and whose task it is."""
    is_mine = task.who_id is not None and task.who_id == scope.person_id
    return is_mine or may_change_task(task, scope)


def is_at_work(pairing: BranchPairing) -> bool:
    return pairing.state == PairingState.ACTIVE


def branch_ids(pairing: BranchPairing) -> tuple[int, int]:
    return pairing.helping_branch_id, pairing.partner_branch_id


def people_of(pairing: BranchPairing, today: date, *, known: Iterable[int] = ()) -> Any:
    """Members of the two branches who may take part, and who (`known`) takes part already.

    Of the other branch's people only name, class, major and stage are shown.
    """
    members = Q(stage__in=MEMBER_STAGES, party_branch_id__in=branch_ids(pairing))
    here = members & (Q(graduates_on=None) | Q(graduates_on__gte=today))
    people = Person.objects.filter(here | Q(pk__in=list(known))).select_related("school_class", "party_branch")
    return people.order_by("party_branch_id", "name_key", "number")


def two_of(pair: MemberPairing) -> Any:
    """The two people of a pair."""
    people = Person.objects.filter(pk__in=[pair.helper_id, pair.partner_id])
    return people.select_related("school_class", "party_branch").order_by("party_branch_id")


def within_pairing(pairing: BranchPairing, on: date | None, field: str) -> list[Problem]:
    """R90: what is agreed for a pairing lies in its time."""
    if on is None or pairing.starts_on <= on <= pairing.ends_on:
        return []
    words = _("The pairing runs from %(first)s to %(last)s. Choose a day in between.")
    return [
        Problem(words % {"first": day_words(pairing.starts_on), "last": day_words(pairing.ends_on)}, "R90", field=field)
    ]


def task_problems(
    *,
    pairing: BranchPairing,
    pair: MemberPairing | None,
    area: str,
    side: str,
    who: Person | None,
    starts_on: date | None,
    due_on: date | None,
) -> list[Problem]:
    """R90: days in the time of the pairing and in order; a person of the side that does it, or of the pair."""
    problems = []
    if area not in (PAIR_AREAS if pair else PLAN_AREAS):
        problems.append(Problem(_("Choose one of the areas in the list."), field="area"))
    if starts_on and due_on and due_on < starts_on:
        problems.append(Problem(_("A task cannot be due before it starts. Choose a later day."), "R90", field="due_on"))
    problems += within_pairing(pairing, starts_on, "starts_on")
    problems += within_pairing(pairing, due_on, "due_on")
    if who is not None and pair is not None and who.pk not in (pair.helper_id, pair.partner_id):
        problems.append(Problem(_("A task of a pair is for one of the two. Choose one of them."), "R90", field="who"))
    elif who is not None and pair is None:
        problems += _who_problems(pairing, side, who)
    return problems


def _who_problems(pairing: BranchPairing, side: str, who: Person) -> list[Problem]:
    if who.party_branch_id not in branch_ids(pairing):
        return [_stranger(who, "who")]
    own = {Side.HELPING: pairing.helping_branch_id, Side.PARTNER: pairing.partner_branch_id}.get(Side(side))
    if own is None or who.party_branch_id == own:
        return []
    words = _("%(name)s belongs to the other side. Choose “both branches”, or somebody of the side that does it.")
    return [Problem(words % {"name": who.name}, "R90", field="who")]


def inspection_problems(
    *,
    pairing: BranchPairing,
    inspecting_branch: PartyBranch,
    inspected_branch: PartyBranch,
    on: date,
    today: date,
) -> list[Problem]:
    """R90: one branch of the pairing looks through the records of the other, on a day of the pairing that has come."""
    problems = []
    if {inspecting_branch.pk, inspected_branch.pk} != set(branch_ids(pairing)):
        words = _(
            "An inspection is between the two branches of the pairing. Inspect a third branch in its own pairing."
        )
        problems.append(Problem(words, "R90", field="inspecting_branch"))
    if on > today:
        problems.append(
            Problem(_("An inspection is written down once it has taken place. Choose today or an earlier day."), "R90", field="on")
        )  # fmt: skip
    return problems + within_pairing(pairing, on, "on")


def finding_problems(pairing: BranchPairing, entry: FindingEntry, on: date) -> list[Problem]:
    """A problem has a day to be mended by, not before the inspection of `on`; what is missing is named as one."""
    problems = []
    if entry.expected is not None and entry.found is None:
        problems.append(Problem(_("How many were found? Write 0 if there were none."), field="found"))
    if entry.problem and entry.mend_by_on is None:
        problems.append(Problem(_("A problem needs a day to be mended by."), "R90", field="mend_by_on"))
    if entry.mend_by_on and not entry.problem:
        problems.append(Problem(_("State the problem, or leave the day empty."), field="problem"))
    if entry.mend_by_on and entry.mend_by_on < on:
        problems.append(Problem(_("The day to mend by cannot be before the inspection."), "R90", field="mend_by_on"))
    else:
        problems += within_pairing(pairing, entry.mend_by_on, "mend_by_on")
    if entry.has_gap and not entry.problem and not entry.gap_accepted:
        words = _("Only %(found)d of %(expected)d were found. State the problem, or tick that it is none.")
        problems.append(Problem(words % {"found": entry.found, "expected": entry.expected}, field="problem"))
    return problems


def participant_problems(
    pairing: BranchPairing, *, lead: Person | None, members: Iterable[Person], known: Sequence[int] = ()
) -> list[Problem]:
    """R90: a joint project is of people of the two branches. `known`: who took part before may have left since."""
    allowed = branch_ids(pairing)
    problems = []
    if lead is not None and lead.party_branch_id not in allowed and lead.pk not in known:
        problems.append(_stranger(lead, "lead"))
    problems += [
        _stranger(person, "members")
        for person in members
        if person.party_branch_id not in allowed and person.pk not in known
    ]
    return problems


def _stranger(person: Person, field: str) -> Problem:
    words = _("%(name)s belongs to neither of the two branches. Choose somebody of the helping or the partner branch.")
    return Problem(words % {"name": person.name}, "R90", field=field)


def day_words(on: date | None) -> str:
    """A day as people write it; "" for none."""
    return date_format(on, "DATE_FORMAT")
