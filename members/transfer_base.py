"""What every step of a transfer shares: who may, the locks, what is refused, saving."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.models import User
from branches.models import PartyBranch
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import notices_transfers as notices
from .invitations import close_accounts
from .models import AffiliationTransfer, AskedBy, Person, Post, Stage, TransferKind, TransferState
from .office_models import MANAGING_POSTS
from .services import leave_people

# How far back a day that is entered afterwards may lie, and how far ahead a planned one.
BACK, AHEAD = timedelta(days=366), timedelta(days=366)
STAYING: Final = (TransferKind.STAYS, TransferKind.ABROAD)


# --- Who may -------------------------------------------------------------------------------------


def runs(scope: Scope, branch: PartyBranch | None) -> bool:
    """Runs the branch, or oversees its department as staff; administrators set up and move nobody."""
    return branch is not None and (scope.manages(branch.pk) or scope.oversees(branch.department_id))


def side_of(scope: Scope, from_branch: PartyBranch, to_branch: PartyBranch) -> AskedBy:
    """Which side somebody asks for who asks for a move: the branch they run, else the department."""
    if scope.manages(from_branch.pk):
        return AskedBy.FROM_BRANCH
    return AskedBy.TO_BRANCH if scope.manages(to_branch.pk) else AskedBy.DEPARTMENT


def may_answer(row: AffiliationTransfer, scope: Scope) -> bool:
    """The side that did not ask takes or lets go; the department may do either."""
    if row.state != TransferState.OPEN or row.kind != TransferKind.BRANCH:
        return False
    return any(runs(scope, branch) for branch in answering_branches(row))


def answering_branches(row: AffiliationTransfer) -> list[PartyBranch]:
    """The branches that did not ask; the receiving one where the department asked."""
    if row.asked_by:
        answers = row.from_branch if row.asked_by == AskedBy.TO_BRANCH else row.to_branch
        return [answers] if answers is not None else []
    return _guess_answering(row)


def _guess_answering(row: AffiliationTransfer) -> list[PartyBranch]:
    """Rows from before the side was kept: by the posts of who entered them, as they are now."""
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


# --- Locks ---------------------------------------------------------------------------------------


def lock_person(person: Person, *more: int) -> Person:
    """The person as they are now; `more` people are locked along, all in the order of their ids."""
    rows = Person.objects.select_for_update(of=("self",)).select_related("party_branch", "department")
    return {row.pk: row for row in rows.filter(pk__in={person.pk, *more}).order_by("pk")}[person.pk]


def lock_row(transfer: AffiliationTransfer, more: Collection[int] = ()) -> AffiliationTransfer:
    """Lock order: the people, then the transfer."""
    lock_person(transfer.person, *more)
    row: AffiliationTransfer = (
        AffiliationTransfer.objects.select_for_update(of=("self",))
        .select_related("person__party_branch", "from_branch", "to_branch__department")
        .get(pk=transfer.pk)
    )
    return row


def lock_kept(
    transfer: AffiliationTransfer, scope: Scope, *kinds: str, more: Collection[int] = ()
) -> AffiliationTransfer:
    row = lock_row(transfer, more)
    require_open(row, *kinds)
    if not keeps(row, scope):
        raise Refused(_("The branch's secretary or the department keeps this transfer."))
    return row


# --- What is refused -----------------------------------------------------------------------------


def require_open(row: AffiliationTransfer, *kinds: str) -> None:
    if row.state != TransferState.OPEN:
        raise Refused(_("This transfer is %(state)s already.") % {"state": row.get_state_display()})
    if kinds and row.kind not in kinds:
        raise Refused(_("This step does not belong to a transfer of this kind."))


def check_person(person: Person) -> None:
    if person.stage == Stage.LEFT or person.left_on is not None:
        raise Refused(_("%(name)s has left.") % {"name": person.name})
    if AffiliationTransfer.objects.open().filter(person=person).exists():
        words = _("A transfer of %(name)s is under way already. Finish it or call it off first.")
        raise Refused(words % {"name": person.name})


def check_day(on: date, today: date) -> None:
    if not today - BACK <= on <= today + AHEAD:
        raise Refused(_("This day is more than a year away. Check the year."), field="starts_on")


# --- Writing -------------------------------------------------------------------------------------


def save_row(row: AffiliationTransfer, by: User | None) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    row.save()


def settle(row: AffiliationTransfer, *, by: User | None, now: datetime) -> None:
    """The transfer is done: by whom and when."""
    row.state, row.settled_by, row.settled_at = TransferState.DONE, by, now


@transaction.atomic
def leave_by(
    row: AffiliationTransfer, *, on: date, by: User, today: date, now: datetime, request: HasMeta | None
) -> list[str]:
    """The person leaves the college by this transfer. Returns what ended, in lines."""
    save_row(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    lines = leave_people(people=[row.person], left_on=on, today=today, by=by)
    close_accounts(people=[row.person], by=by, now=now, request=request)
    return lines
