"""Transfers of affiliation: between branches of the college, out with a letter, staying, abroad. One transaction each.

Nothing of what a person holds ends before they have really gone: a transfer to a branch ends it when it is taken, a letter
when its receipt is here, staying and abroad on the day they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.models import User
from branches.models import PartyBranch
from branches.policy import Policy
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import SuccessorIdea, leave_effects, move_effects
from pairing_portal.common.scope import Scope

from . import notices_transfers as notices
from .invitations import close_accounts
from .models import AffiliationTransfer, Person, Post, Stage, TransferKind, TransferState
from .office_models import LEAGUE_POSTS, MANAGING_POSTS
from .services import leave_people, save_person
from .stages import MEMBER_STAGES
from .successors import ideas_for

# How far back a day that is entered afterwards may lie, and how far ahead a planned one.
BACK, AHEAD = timedelta(days=366), timedelta(days=366)
STAYING: Final = (TransferKind.STAYS, TransferKind.ABROAD)


@dataclass(frozen=True)
class Holdings:
    """What somebody holds and what would happen to it: lines by what ends, and names for what needs somebody else."""

    endings: list[tuple[str, list[str]]] = field(default_factory=list)
    ideas: list[SuccessorIdea] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.endings and not self.ideas


# --- Who may -------------------------------------------------------------------------------------


def runs(scope: Scope, branch: PartyBranch | None) -> bool:
    """Runs the branch, or oversees its department as staff; administrators set up and move nobody."""
    return branch is not None and (scope.manages(branch.pk) or scope.oversees(branch.department_id))


def may_answer(row: AffiliationTransfer, scope: Scope) -> bool:
    """The side that did not ask takes or lets go; the department may do either."""
    if row.state != TransferState.OPEN or row.kind != TransferKind.BRANCH:
        return False
    return any(runs(scope, branch) for branch in answering_branches(row))


def answering_branches(row: AffiliationTransfer) -> list[PartyBranch]:
    """The branches that did not ask; the receiving one where the department asked."""
    asked = set(
        Post.objects.filter(
            person__user_id=row.recorded_by_id, party_branch__isnull=False, ended_on=None, kind__in=MANAGING_POSTS
        ).values_list("party_branch_id", flat=True)
    ) if row.recorded_by_id else set()  # fmt: skip
    sides = [branch for branch in (row.from_branch, row.to_branch) if branch is not None]
    others = [branch for branch in sides if branch.pk not in asked]
    return others if 0 < len(others) < len(sides) else [branch for branch in (row.to_branch,) if branch is not None]


def keeps(row: AffiliationTransfer, scope: Scope) -> bool:
    """Who may write on a transfer: either side's branch and their departments."""
    return runs(scope, row.from_branch) or runs(scope, row.to_branch)


# --- What is shown before ------------------------------------------------------------------------


def moving_preview(*, people: Sequence[Person], branch_id: int | None, on: date) -> Holdings:
    """What these people hold in the branch they leave, and who could take it over. Writes nothing."""
    if branch_id is None:
        return Holdings()
    ids = [person.pk for person in people]
    endings = [(str(_("Posts end")), [str(post) for post in _posts(ids, branch_id)])]
    endings += [(str(effect.label), list(effect.preview(ids, branch_id))) for effect in move_effects]
    ideas = [idea for person in people for idea in ideas_for(person.pk, branch_id, on)]
    return Holdings([(label, lines) for label, lines in endings if lines], ideas)


def leaving_preview(*, people: Sequence[Person], on: date) -> Holdings:
    """What ends on the day these people leave the college, and who could take it over. Writes nothing."""
    ids = [person.pk for person in people]
    posts = Post.objects.filter(person_id__in=ids, ended_on=None).select_related("party_branch", "league_branch")
    endings = [(str(_("Posts end")), [str(post) for post in posts])]
    endings += [(str(effect.label), list(effect.preview(ids))) for effect in leave_effects if effect.preview and ids]
    ideas = [
        idea for person in people if person.party_branch_id for idea in ideas_for(person.pk, person.party_branch_id, on)
    ]
    return Holdings([(label, lines) for label, lines in endings if lines], ideas)


def _posts(person_ids: Sequence[int], branch_id: int) -> list[Post]:
    """Open posts in a Party branch; those in League branches hang on the class and stay."""
    rows = Post.objects.filter(person_id__in=person_ids, party_branch_id=branch_id, ended_on=None)
    return list(rows.exclude(kind__in=LEAGUE_POSTS).select_related("person", "party_branch").order_by("kind", "pk"))


# --- Between branches ----------------------------------------------------------------------------


@transaction.atomic
def ask_move(
    *,
    person: Person,
    to_branch: PartyBranch,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    reason: str = "",
) -> AffiliationTransfer:
    """One of the two branches asks, or the department moves the person at once when the day has come.

    Raises `Refused`: no branch yet, the same branch, somebody who left, a transfer under way, a day out of reach, no right.
    """
    person = _lock(person)
    source = person.party_branch
    if source is None:
        raise Refused(
            _("%(name)s belongs to no Party branch yet. Enter the branch in the roster.") % {"name": person.name}
        )
    _check_person(person)
    if to_branch.pk == source.pk:
        raise Refused(
            _("%(name)s belongs to this branch already. Choose another.") % {"name": person.name}, field="to_branch"
        )
    if not to_branch.is_active:
        raise Refused(_("This branch is no longer active. Choose another."), field="to_branch")
    if not (runs(scope, source) or runs(scope, to_branch)):
        raise Refused(_("A transfer is asked by one of the two branches or done by the department."), field="to_branch")
    if on < today:
        raise Refused(_("A move begins today or later: what is held until then was held."), field="starts_on")
    _check_day(on, today)
    row = AffiliationTransfer(
        person=person, kind=TransferKind.BRANCH, from_branch=source, to_branch=to_branch, starts_on=on, reason=reason[:200],
        recorded_by=by,
    )  # fmt: skip
    _save(row, by)
    both = scope.oversees(source.department_id) and scope.oversees(to_branch.department_id)
    mine = scope.manages(source.pk) and scope.manages(to_branch.pk)
    if on <= today and (both or mine):
        _complete_move(row, by=by, today=today, now=now)
    else:
        post_notices(notices=notices.move_asked(row, answering_branches(row), but=by.pk), now=now)
    return row


@transaction.atomic
def take_move(*, transfer: AffiliationTransfer, scope: Scope, by: User, today: date, now: datetime) -> list[str]:
    """The other side takes (or lets go): from today the person belongs to the new branch. Returns what ended, in lines."""
    row = _lock_row(transfer)
    _require_open(row, TransferKind.BRANCH)
    if not may_answer(row, scope):
        raise Refused(_("The other branch or the department answers this; who asked may call it off."))
    if row.starts_on > today:
        words = _("This move is planned for %(day)s. Take it on that day: until then everything stays as it is.")
        raise Refused(words % {"day": date_format(row.starts_on)})
    return _complete_move(row, by=by, today=today, now=now)


def _complete_move(row: AffiliationTransfer, *, by: User, today: date, now: datetime) -> list[str]:
    """The person changes branch; what hangs on the old one ends, in every room."""
    person, source, target = _lock(row.person), row.from_branch, row.to_branch
    if source is None or target is None or person.party_branch_id != source.pk or person.stage == Stage.LEFT:
        raise Refused(_("The person is no longer in the branch this transfer starts from. Call it off and ask again."))
    lines = []
    for post in _posts([person.pk], source.pk):
        post.ended_on = max(today, post.since or today)
        post._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
        post.save()
        lines.append(_("%(name)s: %(post)s ends.") % {"name": person.name, "post": post})
    for effect in move_effects:
        lines += effect.apply([person.pk], source.pk, today, by.pk)
    person.party_branch = target
    if person.department_id != target.department_id:
        # A class belongs to its department; the new one is entered in the roster.
        person.department = target.department
        person.school_class = None
    save_person(person=person, today=today, by=by)
    row.person, row.starts_on, row.state = person, today, TransferState.DONE
    _save(row, by)
    retire_notices(prefix=notices.asked_prefix(row), now=now)
    post_notices(notices=notices.move_done(row, but=by.pk), now=now)
    return lines


# --- Out, staying, abroad ------------------------------------------------------------------------


@transaction.atomic
def start_going(
    *,
    person: Person,
    kind: str,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    to_unit: str = "",
    letter_number: str = "",
    until: date | None = None,
    reason: str = "",
) -> AffiliationTransfer:
    """Begin a transfer with a letter, a stay at the college, or a time abroad. Nothing the person holds ends by it yet.

    A letter is valid as long as policy says; a stay lasts two years from that day at most (`until` shortens it).
    """
    person = _lock(person)
    _check_person(person)
    if person.stage not in MEMBER_STAGES:
        raise Refused(
            _("%(name)s is no Party member: only members have an affiliation to transfer.") % {"name": person.name}
        )
    if not runs(scope, person.party_branch):
        raise Refused(_("The branch's secretary or the department transfers the affiliation of its members."))
    if kind not in (TransferKind.OUT, *STAYING):
        raise Refused(_("Choose how the affiliation goes on."), field="kind")
    _check_day(on, today)
    to_unit, letter_number = to_unit.strip()[:120], letter_number.strip()[:40]
    if kind == TransferKind.OUT and not to_unit:
        raise Refused(_("A letter names the unit it is written to."), field="to_unit")
    row = AffiliationTransfer(
        person=person, kind=kind, from_branch=person.party_branch, to_unit=to_unit, letter_number=letter_number, starts_on=on,
        valid_until_on=_valid_until(kind, on, until), last_contact_on=on if kind in STAYING else None, reason=reason[:200],
        recorded_by=by,
    )  # fmt: skip
    _save(row, by)
    return row


def _valid_until(kind: str, on: date, until: date | None) -> date | None:
    policy = Policy()
    if kind == TransferKind.OUT:
        return on + timedelta(days=policy.number("transfer_letter_days", on))
    if kind == TransferKind.ABROAD:
        return _after(on, until)
    years = policy.number("affiliation_stays_years", on)
    latest = on + relativedelta(years=years)
    if until is not None and until > latest:
        words = _("The affiliation may stay %(years)d years at most, until %(day)s.")
        raise Refused(words % {"years": years, "day": date_format(latest)}, field="until")
    return _after(on, until) or latest


def _after(on: date, until: date | None) -> date | None:
    if until is not None and until < on:
        raise Refused(_("The last day lies before the first. Choose a later day."), field="until")
    return until


@transaction.atomic
def record_receipt(
    *,
    transfer: AffiliationTransfer,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    request: HasMeta | None = None,
) -> list[str]:
    """The receipt is here: the transfer is done and the person leaves that day. Returns what ended, in lines."""
    row = _kept(transfer, scope, TransferKind.OUT)
    if on < row.starts_on or on > today:
        words = _("The receipt comes between the day of the letter (%(first)s) and today.")
        raise Refused(words % {"first": date_format(row.starts_on)}, field="on")
    row.receipt_on, row.state = on, TransferState.DONE
    return _leave(row, on=on, by=by, today=today, now=now, request=request)


@transaction.atomic
def renew_letter(
    *,
    transfer: AffiliationTransfer,
    on: date,
    letter_number: str,
    to_unit: str,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> AffiliationTransfer:
    """Write the letter anew: the old one expired or went to the wrong unit."""
    row = _kept(transfer, scope, TransferKind.OUT)
    _check_day(on, today)
    if on < row.starts_on:
        raise Refused(_("The new letter is not older than the one before it."), field="on")
    if not to_unit.strip():
        raise Refused(_("A letter names the unit it is written to."), field="to_unit")
    row.starts_on, row.letter_number, row.to_unit = on, letter_number.strip()[:40], to_unit.strip()[:120]
    row.valid_until_on = _valid_until(TransferKind.OUT, on, None)
    _save(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    return row


@transaction.atomic
def record_contact(
    *, transfer: AffiliationTransfer, on: date, scope: Scope, by: User, today: date, now: datetime
) -> AffiliationTransfer:
    """Somebody spoke with a member who stays or is abroad."""
    row = _kept(transfer, scope, *STAYING)
    if on < row.starts_on or on > today:
        raise Refused(_("A contact lies between the first day and today."), field="on")
    row.last_contact_on = max(on, row.last_contact_on or on)
    _save(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    return row


@transaction.atomic
def end_stay(
    *,
    transfer: AffiliationTransfer,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    request: HasMeta | None = None,
) -> list[str]:
    """Staying or being abroad is over and the person leaves the college's roster that day. Returns what ended, in lines."""
    row = _kept(transfer, scope, *STAYING)
    if on < row.starts_on or on > today:
        raise Refused(_("This day lies between the first day and today. Enter it when it has come."), field="on")
    row.state = TransferState.DONE
    return _leave(row, on=on, by=by, today=today, now=now, request=request)


@transaction.atomic
def letter_after_stay(
    *,
    transfer: AffiliationTransfer,
    to_unit: str,
    letter_number: str,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> AffiliationTransfer:
    """Somebody who stayed or was abroad found a unit: the stay is done, a letter is written."""
    row = _kept(transfer, scope, *STAYING)
    row.state = TransferState.DONE
    _save(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    return start_going(
        person=row.person, kind=TransferKind.OUT, on=on, to_unit=to_unit, letter_number=letter_number, scope=scope, by=by, today=today
    )  # fmt: skip


@transaction.atomic
def call_off(
    *, transfer: AffiliationTransfer, reason: str, scope: Scope, by: User, now: datetime
) -> AffiliationTransfer:
    """Take an open transfer back, with a reason. Nothing had ended by it."""
    row = _lock_row(transfer)
    _require_open(row)
    if not keeps(row, scope):
        raise Refused(_("A transfer is called off by one of its branches or by the department."))
    if not reason.strip():
        raise Refused(_("Say why the transfer is called off; the other side reads it."), field="reason")
    row.state, row.reason = TransferState.CALLED_OFF, reason.strip()[:200]
    _save(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    retire_notices(prefix=notices.asked_prefix(row), now=now)
    if row.kind == TransferKind.BRANCH:
        post_notices(notices=notices.move_called_off(row, but=by.pk), now=now)
    return row


# --- When people leave ---------------------------------------------------------------------------


def settle_transfers_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect: moves between branches fall away, stays are done. A letter stays open until its receipt is here."""
    rows = (
        AffiliationTransfer.objects.open().filter(person_id__in=person_ids).exclude(kind=TransferKind.OUT).with_names()
    )
    lines = []
    for row in rows:
        if row.kind == TransferKind.BRANCH:
            row.state, row.reason = TransferState.CALLED_OFF, _("left the college")
        else:
            row.state = TransferState.DONE
        row._history_user = User.objects.filter(pk=by_user_id).first() if by_user_id else None
        row.save()
        lines.append(_("%(name)s: %(transfer)s is closed.") % _words(row))
    return lines


def preview_transfers_of(person_ids: Sequence[int]) -> list[str]:
    rows = (
        AffiliationTransfer.objects.open().filter(person_id__in=person_ids).exclude(kind=TransferKind.OUT).with_names()
    )
    return [_("%(name)s: %(transfer)s is closed.") % _words(row) for row in rows]


def _words(row: AffiliationTransfer) -> dict[str, object]:
    return {"name": row.person.name, "transfer": row.get_kind_display()}


# --- Shared --------------------------------------------------------------------------------------


def _leave(
    row: AffiliationTransfer, *, on: date, by: User, today: date, now: datetime, request: HasMeta | None
) -> list[str]:
    _save(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    lines = leave_people(people=[row.person], left_on=on, today=today, by=by)
    close_accounts(people=[row.person], by=by, now=now, request=request)
    return lines


def _lock(person: Person) -> Person:
    locked: Person = (
        Person.objects.select_for_update(of=("self",)).select_related("party_branch", "department").get(pk=person.pk)
    )
    return locked


def _lock_row(transfer: AffiliationTransfer) -> AffiliationTransfer:
    """Lock order: the person, then their transfer."""
    _lock(transfer.person)
    row: AffiliationTransfer = (
        AffiliationTransfer.objects.select_for_update(of=("self",))
        .select_related("person__party_branch", "from_branch", "to_branch__department")
        .get(pk=transfer.pk)
    )
    return row


def _kept(transfer: AffiliationTransfer, scope: Scope, *kinds: str) -> AffiliationTransfer:
    row = _lock_row(transfer)
    _require_open(row, *kinds)
    if not keeps(row, scope):
        raise Refused(_("The branch's secretary or the department keeps this transfer."))
    return row


def _require_open(row: AffiliationTransfer, *kinds: str) -> None:
    if row.state != TransferState.OPEN:
        raise Refused(_("This transfer is %(state)s already.") % {"state": row.get_state_display()})
    if kinds and row.kind not in kinds:
        raise Refused(_("This step does not belong to a transfer of this kind."))


def _check_person(person: Person) -> None:
    if person.stage == Stage.LEFT or person.left_on is not None:
        raise Refused(_("%(name)s has left.") % {"name": person.name})
    if AffiliationTransfer.objects.open().filter(person=person).exists():
        words = _("A transfer of %(name)s is under way already. Finish it or call it off first.")
        raise Refused(words % {"name": person.name})


def _check_day(on: date, today: date) -> None:
    if not today - BACK <= on <= today + AHEAD:
        raise Refused(_("This day is more than a year away. Check the year."), field="starts_on")


def _save(row: AffiliationTransfer, by: User | None) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    row.save()
