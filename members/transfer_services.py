"""Transfers between branches of the college: asked, taken, called off. One transaction each.

Nothing of what a person holds ends before they have really gone: it ends, or is handed to who was chosen, when the move is taken.
Letters and stays are in `letter_services`, the way back in `take_back_services`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import move_effects
from pairing_portal.common.scope import Scope

from . import notices_transfers as notices
from .hand_over import Plan, carry_out, lock_for, make_plan
from .holdings import Holdings, leaving_preview, moving_preview, open_posts
from .letter_services import (
    end_stay,
    letter_after_stay,
    record_contact,
    record_receipt,
    renew_letter,
    start_going,
)
from .models import AffiliationTransfer, Person, Stage, TransferKind, TransferState
from .restoring import held_by
from .services import save_person
from .transfer_base import (
    STAYING,
    answering_branches,
    check_day,
    check_person,
    keeps,
    lock_person,
    lock_row,
    may_answer,
    require_open,
    runs,
    save_row,
    settle,
    side_of,
)

# One door for pages: the other steps, rights and previews.
__all__ = [
    "STAYING", "Holdings", "answering_branches", "ask_move", "call_off", "choose_successors", "end_stay", "keeps", "leaving_preview",
    "letter_after_stay", "may_answer", "moving_preview", "preview_transfers_of", "record_contact", "record_receipt", "renew_letter",
    "runs", "settle_transfers_of", "start_going", "take_move",
]  # fmt: skip

Choices = Mapping[str, int | None]


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
    successors: Choices | None = None,
) -> AffiliationTransfer:
    """One of the two branches asks, or the department moves the person at once when the day has come.

    `successors`: key of what is held -> who takes it over when the move is done.
    Raises `Refused`: no branch yet, the same branch, somebody who left, a transfer under way, a day out of reach, no right.
    """
    plan = make_plan({}, successors, scope=scope, by=by)
    lock_for(plan)
    person = lock_person(person, *plan.people)
    source = person.party_branch
    if source is None:
        raise Refused(
            _("%(name)s belongs to no Party branch yet. Enter the branch in the roster.") % {"name": person.name}
        )
    check_person(person)
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
    check_day(on, today)
    row = AffiliationTransfer(
        person=person, kind=TransferKind.BRANCH, from_branch=source, to_branch=to_branch, starts_on=on, reason=reason[:200],
        asked_by=side_of(scope, source, to_branch), successors=plan.kept(), recorded_by=by,
    )  # fmt: skip
    save_row(row, by)
    both = scope.oversees(source.department_id) and scope.oversees(to_branch.department_id)
    mine = scope.manages(source.pk) and scope.manages(to_branch.pk)
    if on <= today and (both or mine):
        _complete_move(row, plan, by=by, today=today, now=now)
    else:
        post_notices(notices=notices.move_asked(row, answering_branches(row), but=by.pk), now=now)
    return row


@transaction.atomic
def take_move(
    *,
    transfer: AffiliationTransfer,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    successors: Choices | None = None,
) -> list[str]:
    """The other side takes (or lets go): from today the person belongs to the new branch.

    What was chosen is handed over, the rest ends. Returns what happened, in lines.
    """
    plan = make_plan(transfer.successors, successors, scope=scope, by=by)
    lock_for(plan)
    row = lock_row(transfer, plan.people)
    require_open(row, TransferKind.BRANCH)
    if not may_answer(row, scope):
        raise Refused(_("The other branch or the department answers this; who asked may call it off."))
    if row.starts_on > today:
        words = _("This move is planned for %(day)s. Take it on that day: until then everything stays as it is.")
        raise Refused(words % {"day": date_format(row.starts_on)})
    return _complete_move(row, plan, by=by, today=today, now=now)


@transaction.atomic
def choose_successors(
    *, transfer: AffiliationTransfer, successors: Choices, scope: Scope, by: User, now: datetime
) -> AffiliationTransfer:
    """Say beforehand who takes over what; it is carried out when the transfer is done. Nothing changes until then."""
    row = lock_row(transfer)
    require_open(row)
    if not keeps(row, scope):
        raise Refused(_("The branch's secretary or the department keeps this transfer."))
    row.successors = make_plan(row.successors, successors, scope=scope, by=by).kept()
    save_row(row, by)
    return row


def _complete_move(row: AffiliationTransfer, plan: Plan, *, by: User, today: date, now: datetime) -> list[str]:
    """The person changes branch; what hangs on the old one is handed over or ends, in every room."""
    person, source, target = lock_person(row.person), row.from_branch, row.to_branch
    if source is None or target is None or person.party_branch_id != source.pk or person.stage == Stage.LEFT:
        raise Refused(_("The person is no longer in the branch this transfer starts from. Call it off and ask again."))
    before = {"held": held_by(person.pk, source.pk), "class": person.school_class_id}
    lines = carry_out(plan, person_id=person.pk, on=today, today=today, now=now)
    for post in open_posts([person.pk], source.pk):
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
    row.person, row.starts_on = person, today
    row.successors, row.outcome = plan.kept(), before | {"lines": lines}
    settle(row, by=by, now=now)
    save_row(row, by)
    retire_notices(prefix=notices.asked_prefix(row), now=now)
    post_notices(notices=notices.move_done(row, but=by.pk), now=now)
    return lines


@transaction.atomic
def call_off(
    *, transfer: AffiliationTransfer, reason: str, scope: Scope, by: User, now: datetime
) -> AffiliationTransfer:
    """Take an open transfer back, with a reason. Nothing had ended by it."""
    row = lock_row(transfer)
    require_open(row)
    if not keeps(row, scope):
        raise Refused(_("A transfer is called off by one of its branches or by the department."))
    if not reason.strip():
        raise Refused(_("Say why the transfer is called off; the other side reads it."), field="reason")
    row.state, row.reason = TransferState.CALLED_OFF, reason.strip()[:200]
    save_row(row, by)
    retire_notices(prefix=notices.row_prefix(row), now=now)
    retire_notices(prefix=notices.asked_prefix(row), now=now)
    if row.kind == TransferKind.BRANCH:
        post_notices(notices=notices.move_called_off(row, but=by.pk), now=now)
    return row


# --- When people leave ---------------------------------------------------------------------------


def settle_transfers_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect: moves between branches fall away, stays are done. A letter stays open until its receipt is here."""
    by = User.objects.filter(pk=by_user_id).first() if by_user_id else None
    lines = []
    for row in _unsettled(person_ids):
        if row.kind == TransferKind.BRANCH:
            row.state, row.reason = TransferState.CALLED_OFF, _("left the college")
        else:
            row.state = TransferState.DONE
        save_row(row, by)
        lines.append(_("%(name)s: %(transfer)s is closed.") % _words(row))
    return lines


def preview_transfers_of(person_ids: Sequence[int]) -> list[str]:
    return [_("%(name)s: %(transfer)s is closed.") % _words(row) for row in _unsettled(person_ids)]


def _unsettled(person_ids: Sequence[int]) -> list[AffiliationTransfer]:
    rows = AffiliationTransfer.objects.open().filter(person_id__in=person_ids).exclude(kind=TransferKind.OUT)
    return list(rows.with_names())


def _words(row: AffiliationTransfer) -> dict[str, object]:
    return {"name": row.person.name, "transfer": row.get_kind_display()}
