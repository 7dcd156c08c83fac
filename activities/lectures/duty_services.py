"""Who is responsible for the lectures of a League branch: assigned for a year, ended with a reason, handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, LeagueBranch
from branches.policy import Policy
from branches.services import load_calendar
from members.models import ExcellentMember, Person
from members.stages import MEMBER_STAGES
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Role, Scope

from ..models import LectureDuty
from .excellent import leaving_words
from .notices_duties import tell_duty_changed
from .season import months_ahead, teaching_middles

ASSIGNED, ENDED = "assigned", "ended"
REASON_LENGTH = 100


class NeedsConfirmation(Refused):
    """Nothing forbids it, but somebody has to say that they mean it: `warnings` says what."""

    def __init__(self, warnings: Sequence[Problem]) -> None:
        super().__init__(_("Look at what is said below and confirm it."))
        self.warnings = list(warnings)


@dataclass(frozen=True)
class Pick:
    """A person for a League branch, not stored yet."""

    person_id: int
    league_branch_id: int


@dataclass(frozen=True)
class DutyNumbers:
    """The numbers of the rules on the day duties of a year are looked at."""

    wanted: int
    most: int

    @classmethod
    def in_force(cls, year: AcademicYear, today: date, policy: Policy | None = None) -> DutyNumbers:
        policy, on = policy or Policy(), min(max(today, year.starts_on), year.ends_on)
        return cls(policy.number("speakers_per_league_branch", on), policy.number("league_branches_per_speaker", on))


def may_assign(league_branch: LeagueBranch, scope: Scope) -> bool:
    """Who runs the responsible Party branch, and the staff of the League branch's department."""
    runs = league_branch.party_branch_id is not None and scope.manages(league_branch.party_branch_id)
    return runs or (scope.has(Role.STAFF) and scope.oversees(league_branch.department_id))


@transaction.atomic
def assign_duties(
    *,
    picks: Collection[Pick],
    year: AcademicYear,
    is_confirmed: bool = False,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> list[LectureDuty]:
    """Assign all picks for a year or none; what stands already stays. Returns the new duties; everybody concerned is told.

    Raises `Refused` for what the scope may not assign, others than Party members and more League branches than a speaker may
    have (R74); `NeedsConfirmation` unless `is_confirmed` where somebody is not chosen as excellent, leaves, or is one too many.
    """
    people, leagues = lock_duties([pick.person_id for pick in picks], [pick.league_branch_id for pick in picks])
    _check_picks(picks, people, leagues, year, scope, today)
    standing = set(_open(year, people).values_list("person_id", "league_branch_id"))
    fresh = [pick for pick in sorted(set(picks), key=_order) if (pick.person_id, pick.league_branch_id) not in standing]
    if not fresh:
        raise Refused(_("These duties stand already. Nothing was changed."))
    numbers = DutyNumbers.in_force(year, today)
    _refuse_overload(fresh, people, standing, numbers.most)
    warnings = _warnings(fresh, people, leagues, year, numbers, today)
    if warnings and not is_confirmed:
        raise NeedsConfirmation(warnings)
    made = [_assign(people[pick.person_id], leagues[pick.league_branch_id], year, by=by, now=now) for pick in fresh]
    for duty in made:
        tell_duty_changed(duty=duty, what=ASSIGNED, by=by, now=now)
    return made


def _order(pick: Pick) -> tuple[int, int]:
    return pick.league_branch_id, pick.person_id


def lock_duties(
    person_ids: Collection[int], league_branch_ids: Collection[int]
) -> tuple[dict[int, Person], dict[int, LeagueBranch]]:
    """Lock people, then League branches, both in the order of their ids: under it the duties of a speaker are counted."""
    people = Person.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=set(person_ids)).order_by("pk")
    leagues = LeagueBranch.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=set(league_branch_ids))
    return {row.pk: row for row in people}, {row.pk: row for row in leagues.order_by("pk")}


def _open(year: AcademicYear, person_ids: Collection[int]) -> Any:
    return LectureDuty.objects.filter(academic_year=year, ended_on=None, person_id__in=person_ids)


def _check_picks(
    picks: Collection[Pick],
    people: dict[int, Person],
    leagues: dict[int, LeagueBranch],
    year: AcademicYear,
    scope: Scope,
    today: date,
) -> None:
    if not picks:
        raise Refused(_("Choose at least one speaker first."))
    if year.ends_on < today:
        raise Refused(_("This academic year is over; its duties stay as they were."))
    nameable = set(
        Person.objects.visible_to(scope).changeable_by(scope).filter(pk__in=people).values_list("pk", flat=True)
    )
    for pick in picks:
        person, league = people.get(pick.person_id), leagues.get(pick.league_branch_id)
        if league is None or not may_assign(league, scope):
            raise Refused(_("You do not arrange the lectures of one of these League branches. Reload the page."))
        if not league.is_active:
            raise Refused(_("%(branch)s is no longer active.") % {"branch": league})
        if person is None or person.pk not in nameable:
            raise Refused(_("One of these people is outside what you manage. Reload the page."))
        refuse_others_than_members(person)


def refuse_others_than_members(person: Person) -> None:
    """R74: a theory lecture is given by a Party member."""
    if person.stage not in MEMBER_STAGES:
        words = _("%(name)s is not a Party member and cannot give a theory lecture.")
        raise Refused(words % {"name": person}, rule="R74")


def _refuse_overload(
    picks: Sequence[Pick], people: dict[int, Person], standing: Collection[tuple[int, int]], most: int
) -> None:
    """Right only under the lock on the people."""
    has = Counter(person_id for person_id, _league in standing)
    has.update(pick.person_id for pick in picks)
    for pk in sorted(people):
        if has[pk] > most:
            words = _(
                "%(name)s would speak to %(count)d League branches; at most %(most)d are allowed. Choose somebody else, or end a duty first."
            )
            raise Refused(words % {"name": people[pk], "count": has[pk], "most": most}, rule="R74")


def _warnings(
    picks: Sequence[Pick],
    people: dict[int, Person],
    leagues: dict[int, LeagueBranch],
    year: AcademicYear,
    numbers: DutyNumbers,
    today: date,
) -> list[Problem]:
    chosen = set(
        ExcellentMember.objects.filter(academic_year=year, person__in=people).values_list("person_id", flat=True)
    )
    named = [people[pk] for pk in sorted({pick.person_id for pick in picks})]
    ahead = months_ahead(named, teaching_middles(load_calendar(), year, today))
    found = [
        Problem(_("%(name)s is not chosen as an excellent member for this year.") % {"name": person}, "R74", "warn")
        for person in named
        if person.pk not in chosen
    ]
    for person in named:
        if words := leaving_words(ahead[person.pk]):
            found.append(Problem(f"{person}: {words}", severity="warn"))
    return found + _one_too_many(picks, leagues, year, numbers.wanted)


def _one_too_many(
    picks: Sequence[Pick], leagues: dict[int, LeagueBranch], year: AcademicYear, wanted: int
) -> list[Problem]:
    rows = LectureDuty.objects.filter(academic_year=year, ended_on=None, league_branch__in=leagues)
    has = Counter(rows.values_list("league_branch_id", flat=True))
    has.update(pick.league_branch_id for pick in picks)
    words = _("%(branch)s would have %(count)d speakers; %(wanted)d are wanted.")
    return [
        Problem(words % {"branch": leagues[pk], "count": has[pk], "wanted": wanted}, "R74", "warn")
        for pk in sorted({pick.league_branch_id for pick in picks})
        if has[pk] > wanted
    ]


def _assign(
    person: Person, league_branch: LeagueBranch, year: AcademicYear, *, by: User | None, now: datetime | None
) -> LectureDuty:
    duty = LectureDuty(person=person, league_branch=league_branch, academic_year=year, assigned_by=by, assigned_at=now)
    duty._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    duty.save()
    return duty


@transaction.atomic
def assign_duty(
    *,
    person: Person,
    league_branch: LeagueBranch,
    academic_year: AcademicYear,
    by: User | None = None,
    now: datetime | None = None,
) -> LectureDuty:
    """Make a Party member responsible for the lectures of a League branch, rights being the caller's business.

    A duty that stands is returned as it is. Raises `Refused` (R74) for others than members and beyond what a speaker may have.
    """
    people, leagues = lock_duties([person.pk], [league_branch.pk])
    refuse_others_than_members(person)
    rows = _open(academic_year, [person.pk])
    known: LectureDuty | None = rows.filter(league_branch=league_branch).first()
    if known is not None:
        return known
    on = academic_year.starts_on if now is None else now.date()
    standing = set(rows.values_list("person_id", "league_branch_id"))
    most = DutyNumbers.in_force(academic_year, on).most
    _refuse_overload([Pick(person.pk, league_branch.pk)], people, standing, most)
    duty = _assign(people[person.pk], leagues[league_branch.pk], academic_year, by=by, now=now)
    if by is not None and now is not None:
        tell_duty_changed(duty=duty, what=ASSIGNED, by=by, now=now)
    return duty


@dataclass(frozen=True)
class Handover:
    """The duty that ended, and the one of the successor."""

    ended: LectureDuty
    successor: LectureDuty | None


@transaction.atomic
def end_duty(
    *,
    duty: LectureDuty,
    reason: str,
    successor_id: int | None = None,
    is_confirmed: bool = False,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> Handover:
    """End a duty today, for a reason that stays in its history; with a successor, whose duty begins at the same moment.

    Raises `Refused` without the right or a reason, for a duty that has ended, and for whatever `assign_duties` refuses.
    """
    row = _lock_duty(duty, scope, [successor_id] if successor_id else [])
    if row.ended_on is not None:
        raise Refused(_("This duty has ended already."))
    if not reason.strip():
        raise Refused(_("Say why the duty ends; the speaker reads it."), field="reason")
    row.ended_on = today
    row._history_user = by  # type: ignore[attr-defined]  # the names simple_history reads
    row._change_reason = reason.strip()[:REASON_LENGTH]  # type: ignore[attr-defined]  # a column of the history
    row.save(update_fields=["ended_on"])
    tell_duty_changed(duty=row, what=ENDED, by=by, now=now)
    if successor_id is None:
        return Handover(row, None)
    if successor_id == row.person_id:
        raise Refused(_("The successor is somebody else."), field="successor")
    made = assign_duties(
        picks=[Pick(successor_id, row.league_branch_id)], year=row.academic_year, is_confirmed=is_confirmed,
        scope=scope, by=by, today=today, now=now,
    )  # fmt: skip
    return Handover(row, made[0])


@transaction.atomic
def reopen_duty(*, duty: LectureDuty, scope: Scope, by: User, today: date, now: datetime) -> LectureDuty:
    """The end was a mistake: the same duty stands again, if the speaker may still have it. Raises `Refused`."""
    row = _lock_duty(duty, scope, [])
    if row.ended_on is None:
        raise Refused(_("This duty stands. Nothing has to be taken back."))
    if row.academic_year.ends_on < today:
        raise Refused(_("This academic year is over; its duties stay as they were."))
    refuse_others_than_members(row.person)
    standing = set(_open(row.academic_year, [row.person_id]).values_list("person_id", "league_branch_id"))
    if (row.person_id, row.league_branch_id) in standing:
        raise Refused(_("This person has that duty already."))
    most = DutyNumbers.in_force(row.academic_year, today).most
    _refuse_overload([Pick(row.person_id, row.league_branch_id)], {row.person_id: row.person}, standing, most)
    row.ended_on = None
    row._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    row.save(update_fields=["ended_on"])
    tell_duty_changed(duty=row, what=ASSIGNED, by=by, now=now)
    return row


def _lock_duty(duty: LectureDuty, scope: Scope, more: Collection[int]) -> LectureDuty:
    """The duty as it is under the lock of its people and its League branch, for who may arrange it."""
    lock_duties([duty.person_id, *more], [duty.league_branch_id])
    rows = LectureDuty.objects.select_related("person", "league_branch", "academic_year")
    row: LectureDuty = rows.select_for_update(of=("self",)).get(pk=duty.pk)
    if not may_assign(row.league_branch, scope):
        raise Refused(_("Duties are arranged by the responsible branch and by the department."))
    return row


def end_duties_of(person_ids: list[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Somebody left: their lecture duties end that day. Returns a line a duty."""
    lines = []
    for duty in LectureDuty.objects.filter(person_id__in=person_ids, ended_on=None).select_related(
        "person", "league_branch"
    ):
        duty.ended_on = left_on
        duty.save()
        lines.append(_("The lecture duty %(duty)s ends.") % {"duty": duty})
    return lines
