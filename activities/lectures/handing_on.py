"""What the pages of duties show beside the duties: who might follow, what is planned, what has ended, who was chosen when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from branches.models import AcademicYear, PartyBranch
from members.models import ExcellentMember, Person
from pairing_portal.common.scope import Scope

from ..models import LectureDuty, LectureSpeaker, LectureState
from . import duty_proposal as proposal
from .duty_board import DutyBoard, SpeakerChoice, read_duties

HISTORY_SHOWN, ENDED_SHOWN, LIST_AT_MOST = 20, 10, 60


def successors(duty: LectureDuty, *, scope: Scope, today: date) -> list[tuple[Any, str]]:
    """Who may take a duty over, the best by the solver's reasons first; those who are full or there already are left out."""
    board = read_duties(year=duty.academic_year, scope=scope, today=today, department=duty.league_branch.department)
    there = set(
        LectureDuty.objects.filter(
            academic_year=duty.academic_year, league_branch=duty.league_branch, ended_on=None
        ).values_list("person_id", flat=True)
    )
    free = [
        choice for choice in board.choices if not choice.is_full and choice.person.pk not in there | {duty.person_id}
    ]
    free.sort(key=lambda choice: _nearness(choice, duty))
    return [(choice.person.pk, choice.label) for choice in free[:LIST_AT_MOST]]


def _nearness(choice: SpeakerChoice, duty: LectureDuty) -> tuple[Any, ...]:
    person = choice.person
    return (
        not choice.is_excellent, choice.load, choice.ahead.total - choice.ahead.present,
        person.party_branch_id != duty.league_branch.party_branch_id, -min(choice.study_year or 0, proposal.YEARS_COUNTED + 1),
        person.name_key, person.number,
    )  # fmt: skip


def ahead_of(duty: LectureDuty, today: date) -> int:
    """Lectures the speaker still has planned for the League branch: they stay theirs until somebody else takes them."""
    rows = LectureSpeaker.objects.filter(
        person_id=duty.person_id, lecture__state=LectureState.PLANNED, lecture__on__gte=today,
        lecture__audiences__league_branch_id=duty.league_branch_id,
    )  # fmt: skip
    return int(rows.values("lecture").distinct().count())


@dataclass(frozen=True)
class EndedDuty:
    duty: LectureDuty
    reason: str


def ended_duties(board: DutyBoard, year: AcademicYear) -> list[EndedDuty]:
    """The duties of these League branches that ended last, with the reasons in their history. Two queries."""
    leagues = [row.league_branch.pk for row in board.rows]
    duties = list(
        LectureDuty.objects.filter(academic_year=year, league_branch_id__in=leagues, ended_on__isnull=False)
        .select_related("person", "league_branch").order_by("-ended_on", "-pk")[:ENDED_SHOWN]
    )  # fmt: skip
    versions = LectureDuty.history.filter(id__in=[duty.pk for duty in duties]).exclude(history_change_reason=None)
    reasons = dict(versions.order_by("history_date", "history_id").values_list("id", "history_change_reason"))
    return [EndedDuty(duty, reasons.get(duty.pk) or "") for duty in duties]


@dataclass(frozen=True)
class Choosing:
    """One line of the history: somebody was chosen, or was no more."""

    at: datetime
    name: str
    is_chosen: bool
    by: str
    why: str


def history_of(branch: PartyBranch, year: AcademicYear) -> list[Choosing]:
    """Who was chosen and taken back for a year, the newest first."""
    ids = Person.objects.filter(party_branch=branch).values("pk")
    rows: Sequence[Any] = (
        ExcellentMember.history.filter(academic_year=year, person_id__in=ids)
        .select_related("person", "history_user").order_by("-history_date", "-history_id")[:HISTORY_SHOWN]
    )  # fmt: skip
    return [
        Choosing(
            row.history_date, row.person.name, row.history_type != "-", str(row.history_user or ""),
            row.history_change_reason or ("" if row.history_type == "-" else row.note),
        )
        for row in rows
    ]  # fmt: skip
