"""Out with a letter, staying at the college, abroad: how the affiliation of who graduates goes on. One transaction each.

Nothing a person holds ends before they have gone: a letter ends it when its receipt is here, staying and abroad on the day they end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.models import User
from branches.policy import Policy
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import notices_transfers as notices
from .hand_over import Plan, carry_out, lock_for, make_plan
from .models import AffiliationTransfer, Person, TransferKind
from .restoring import held_by
from .stages import MEMBER_STAGES
from .transfer_base import (
    STAYING,
    check_day,
    check_person,
    leave_by,
    lock_kept,
    lock_person,
    runs,
    save_row,
    settle,
)

Choices = Mapping[str, int | None]


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
    person = lock_person(person)
    check_person(person)
    if person.stage not in MEMBER_STAGES:
        raise Refused(
            _("%(name)s is no Party member: only members have an affiliation to transfer.") % {"name": person.name}
        )
    if not runs(scope, person.party_branch):
        raise Refused(_("The branch's secretary or the department transfers the affiliation of its members."))
    if kind not in (TransferKind.OUT, *STAYING):
        raise Refused(_("Choose how the affiliation goes on."), field="kind")
    check_day(on, today)
    to_unit, letter_number = to_unit.strip()[:120], letter_number.strip()[:40]
    if kind == TransferKind.OUT and not to_unit:
        raise Refused(_("A letter names the unit it is written to."), field="to_unit")
    row = AffiliationTransfer(
        person=person, kind=kind, from_branch=person.party_branch, to_unit=to_unit, letter_number=letter_number, starts_on=on,
        valid_until_on=_valid_until(kind, on, until), last_contact_on=on if kind in STAYING else None, reason=reason[:200],
        recorded_by=by,
    )  # fmt: skip
    save_row(row, by)
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
    successors: Choices | None = None,
) -> list[str]:
    """The receipt is here: the transfer is done and the person leaves that day. Returns what ended, in lines."""
    plan = make_plan(transfer.successors, successors, scope=scope, by=by)
    lock_for(plan)
    row = lock_kept(transfer, scope, TransferKind.OUT, more=plan.people)
    if on < row.starts_on or on > today:
        words = _("The receipt comes between the day of the letter (%(first)s) and today.")
        raise Refused(words % {"first": date_format(row.starts_on)}, field="on")
    row.receipt_on = on
    return _leave(row, plan, on=on, by=by, today=today, now=now, request=request)


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
    row = lock_kept(transfer, scope, TransferKind.OUT)
    check_day(on, today)
    if on < row.starts_on:
        raise Refused(_("The new letter is not older than the one before it."), field="on")
    if not to_unit.strip():
        raise Refused(_("A letter names the unit it is written to."), field="to_unit")
    row.starts_on, row.letter_number, row.to_unit = on, letter_number.strip()[:40], to_unit.strip()[:120]
    row.valid_until_on = _valid_until(TransferKind.OUT, on, None)
    save_row(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    return row


@transaction.atomic
def record_contact(
    *, transfer: AffiliationTransfer, on: date, scope: Scope, by: User, today: date, now: datetime
) -> AffiliationTransfer:
    """Somebody spoke with a member who stays or is abroad."""
    row = lock_kept(transfer, scope, *STAYING)
    if on < row.starts_on or on > today:
        raise Refused(_("A contact lies between the first day and today."), field="on")
    row.last_contact_on = max(on, row.last_contact_on or on)
    save_row(row, by)
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
    successors: Choices | None = None,
) -> list[str]:
    """Staying or being abroad is over and the person leaves the college's roster that day. Returns what ended, in lines."""
    plan = make_plan(transfer.successors, successors, scope=scope, by=by)
    lock_for(plan)
    row = lock_kept(transfer, scope, *STAYING, more=plan.people)
    if on < row.starts_on or on > today:
        raise Refused(_("This day lies between the first day and today. Enter it when it has come."), field="on")
    return _leave(row, plan, on=on, by=by, today=today, now=now, request=request)


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
    row = lock_kept(transfer, scope, *STAYING)
    settle(row, by=by, now=now)
    save_row(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    return start_going(
        person=row.person, kind=TransferKind.OUT, on=on, to_unit=to_unit, letter_number=letter_number, scope=scope, by=by, today=today
    )  # fmt: skip


def _leave(
    row: AffiliationTransfer, plan: Plan, *, on: date, by: User, today: date, now: datetime, request: HasMeta | None
) -> list[str]:
    """What was chosen is handed over, then the person leaves and the rest ends; the row keeps both."""
    is_here = row.person.left_on is None
    has_account = User.objects.filter(pk=row.person.user_id, is_active=True).exists()
    held = held_by(row.person_id, None) if is_here else {}
    lines = carry_out(plan, person_id=row.person_id, on=on, today=today, now=now)
    settle(row, by=by, now=now)
    lines += leave_by(row, on=on, by=by, today=today, now=now, request=request)
    row.successors = plan.kept()
    row.outcome = {"held": held, "lines": lines, "left_by_this": is_here, "account": has_account}
    save_row(row, by)
    return lines
