"""Taking back a transfer that is done: within a few days, as long as nothing was built on it. History is kept.

A move: the person is of the old branch again. A receipt or the end of a stay: the person is here again and the transfer is under
way as before. Rooms give back what may stand; the rest is said plainly and stays to be done by hand.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.models import User
from accounts.services import reopen_users
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing
from pairing_portal.common.scope import Role, Scope

from . import notices_transfers as notices
from .holdings import moving_preview
from .models import AffiliationTransfer, Person, TransferKind, TransferState
from .restoring import lock_rooms, restore
from .services import save_person
from .transfer_base import keeps, lock_person, lock_row, save_row

DAYS: Final = 7
# Rooms give back what was theirs, whoever of the two sides takes the transfer back.
RESTORING: Final = Scope(roles=frozenset({Role.STAFF}), college_staff=True, whole_college=True)


def may_take_back(row: AffiliationTransfer, scope: Scope, today: date) -> bool:
    """Offered at all: done not long ago, to either side and the department."""
    return (
        keeps(row, scope) and row.state == TransferState.DONE and last_day(row) is not None and not _is_late(row, today)
    )


def last_day(row: AffiliationTransfer) -> date | None:
    """Until when it may be taken back; None where nobody wrote down when it was done."""
    return timezone.localdate(row.settled_at) + timedelta(days=DAYS) if row.settled_at else None


def _is_late(row: AffiliationTransfer, today: date) -> bool:
    until = last_day(row)
    return until is None or until < today


@transaction.atomic
def take_back(
    *,
    transfer: AffiliationTransfer,
    reason: str,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    request: HasMeta | None = None,
) -> AffiliationTransfer:
    """Undo a transfer that is done. Raises `Refused` with what stands in the way and what to do instead."""
    lock_rooms(transfer.outcome.get("held", {}))
    row = lock_row(transfer)
    if not keeps(row, scope):
        raise Refused(_("A transfer is taken back by one of its branches or by the department."))
    if not reason.strip():
        raise Refused(_("Say why the transfer is taken back; the other side reads it."), field="reason")
    if problem := obstacle(row, today):
        raise Refused(problem)
    row.taken_back_why = reason.strip()[:200]
    person = lock_person(row.person)
    if row.kind == TransferKind.BRANCH:
        _return_to_branch(row, person, by=by, today=today)
        row.state = TransferState.TAKEN_BACK
    else:
        if row.outcome.get("left_by_this"):
            _return_to_college(row, person, by=by, today=today, now=now, request=request)
        row.state, row.receipt_on = TransferState.OPEN, None
    settled_on = timezone.localdate(row.settled_at) if row.settled_at else today
    handing = Handing(person.pk, RESTORING, by, min(settled_on, row.starts_on), today, now)
    back, by_hand = restore(row.outcome.get("held", {}), handing)
    if row.kind == TransferKind.BRANCH and person.school_class_id != row.outcome.get("class"):
        by_hand.append(_("Enter the class of %(name)s in the roster again.") % {"name": person.name})
    if row.outcome.get("left_by_this"):
        # Said of everybody: whether there was anything confidential is nobody's business.
        by_hand.append(
            _("Support needs and open feedback were removed with the leaving; who wants to enters them again.")
        )
    row.outcome = {"lines": row.outcome.get("lines", []), "back": back, "by_hand": by_hand}
    row.settled_at = row.settled_by = None
    save_row(row, by)
    retire_notices(prefix=notices.done_prefix(row), now=now)
    post_notices(notices=notices.taken_back(row, but=by.pk, now=now), now=now)
    return row


def obstacle(row: AffiliationTransfer, today: date) -> str:
    """Why it cannot be taken back, with what to do instead; "" when it can."""
    if row.state != TransferState.DONE:
        return _("Only a transfer that is done is taken back; this one is %(state)s.") % {
            "state": row.get_state_display()
        }
    until = last_day(row)
    if until is None or until < today:
        words = _("A transfer is taken back within %(days)d days. Enter a new transfer the other way instead.")
        return words % {"days": DAYS}
    person: Person = row.person
    newer = AffiliationTransfer.objects.filter(person=person, pk__gt=row.pk).exclude(state=TransferState.CALLED_OFF)
    if newer.exclude(state=TransferState.TAKEN_BACK).exists():
        return _("Another transfer of %(name)s was entered since. Call that one off or take it back first.") % {
            "name": person.name
        }
    if row.kind == TransferKind.BRANCH:
        return _moved_on(row, person, today)
    if row.outcome.get("left_by_this") and person.left_on is None:
        return _("%(name)s is in the roster again already.") % {"name": person.name}
    return ""


def _moved_on(row: AffiliationTransfer, person: Person, today: date) -> str:
    if person.left_on is not None:
        return _("%(name)s has left.") % {"name": person.name}
    if row.from_branch is None or row.to_branch is None or person.party_branch_id != row.to_branch_id:
        return _("%(name)s is no longer in the branch this transfer led to.") % {"name": person.name}
    if not row.from_branch.is_active:
        return _("The old branch is no longer active. Enter a transfer to another branch instead.")
    built = [
        line
        for _label, lines in moving_preview(people=[person], branch_id=row.to_branch_id, on=today).endings
        for line in lines
    ]
    if built:
        words = _("In %(branch)s %(name)s holds by now: %(what)s. End that first, or enter a transfer back.")
        return words % {"branch": row.to_branch.short_name, "name": person.name, "what": _(", ").join(built)}
    return ""


def _return_to_branch(row: AffiliationTransfer, person: Person, *, by: User, today: date) -> None:
    source = row.from_branch
    if source is None:  # `obstacle` has said so.
        return
    person.party_branch = source
    if person.department_id != source.department_id:
        person.department, person.school_class = source.department, None
        known = source.department.classes.filter(pk=row.outcome.get("class") or 0).first()
        person.school_class = known
    save_person(person=person, today=today, by=by)
    row.person = person


def _return_to_college(
    row: AffiliationTransfer, person: Person, *, by: User, today: date, now: datetime, request: HasMeta | None
) -> None:
    """Here again; the account opens with the password it had, if this closed it."""
    person.left_on = None
    save_person(person=person, today=today, by=by)
    row.person = person
    if row.outcome.get("account") and person.user_id:
        reopen_users(users=[User.objects.get(pk=person.user_id)], by=by, now=now, request=request)


def told(row: AffiliationTransfer) -> dict[str, Any] | None:
    """What a page says of a transfer that is done or was taken back; None while it is under way and was never done."""
    outcome = row.outcome or {}
    if not outcome:
        return None
    return {
        "lines": outcome.get("lines", []), "back": outcome.get("back", []), "by_hand": outcome.get("by_hand", []),
        "is_taken_back": bool(row.taken_back_why and "back" in outcome), "until": last_day(row),
    }  # fmt: skip
