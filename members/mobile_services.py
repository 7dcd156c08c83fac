"""Mobile members (流动党员): who is registered, who keeps in touch, when they spoke, when somebody is back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .models import Absence, MobileMember, Person, Stage
from .querysets import MobileQuerySet
from .stages import MEMBER_STAGES

BACK, AHEAD = timedelta(days=3 * 366), timedelta(days=366)
# An absence that began longer ago is a matter of the roster, not a proposal.
PROPOSED_BACK: Final = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Proposal:
    """A member whose absence lasts long enough to make them mobile."""

    person: Person
    absence: Absence


def lasts(from_on: date, to_on: date | None, months: int, today: date) -> bool:
    """Whether a time away is at least so many calendar months long; an open end counts as far as today."""
    end = to_on if to_on is not None else today
    return from_on + relativedelta(months=months) <= end + timedelta(days=1)


def may_keep(person: Person, scope: Scope) -> bool:
    """Runs the member's branch or oversees the department; administrators do not."""
    return scope.manages(person.party_branch_id) or scope.oversees(person.department_id)


def proposals(scope: Scope, today: date) -> list[Proposal]:
    """Members away for six months and more whom nobody registered yet, by name. Two queries and the policy's."""
    months = Policy().number("mobile_from_months", today)
    open_rows = MobileMember.objects.open().values("person")
    absences = (
        Absence.objects.changeable_by(scope)
        .filter(
            Q(to_on=None) | Q(to_on__gte=today), from_on__gte=today - PROPOSED_BACK, person__stage__in=MEMBER_STAGES
        )
        .exclude(person__in=open_rows)
        .select_related("person__party_branch")
        .order_by("person__name_key", "person_id", "from_on")
        .distinct()
    )
    found: dict[int, Proposal] = {}
    for absence in absences:
        if may_keep(absence.person, scope) and lasts(absence.from_on, absence.to_on, months, today):
            found.setdefault(absence.person_id, Proposal(absence.person, absence))
    return list(found.values())


@transaction.atomic
def register_mobile(
    *,
    person: Person,
    from_on: date,
    to_on: date | None,
    cause: str,
    contact: Person | None,
    talked_on: date | None,
    scope: Scope,
    by: User,
    today: date,
    place: str = "",
) -> MobileMember:
    """Enter a member as mobile, with who keeps in touch. Raises `Refused`: no member, no right, registered, too short."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    if not may_keep(person, scope):
        raise Refused(_("Mobile members are registered by the branch's secretary or the department."))
    if person.stage not in MEMBER_STAGES:
        raise Refused(_("%(name)s is no Party member.") % {"name": person.name})
    if MobileMember.objects.open().filter(person=person).exists():
        raise Refused(_("%(name)s is registered as mobile already.") % {"name": person.name})
    row = MobileMember(person=person)
    _fill(
        row, from_on=from_on, to_on=to_on, cause=cause, place=place, contact=contact, talked_on=talked_on, today=today
    )
    months = Policy().number("mobile_from_months", today)
    if to_on is not None and not lasts(from_on, to_on, months, today):
        words = _("Mobile is who is away for %(months)d months and more. For a shorter time the absence is enough.")
        raise Refused(words % {"months": months}, field="to_on")
    _save(row, by)
    return row


@transaction.atomic
def change_mobile(
    *,
    mobile: MobileMember,
    from_on: date,
    to_on: date | None,
    cause: str,
    contact: Person | None,
    talked_on: date | None,
    scope: Scope,
    by: User,
    today: date,
    place: str = "",
) -> MobileMember:
    """Correct an entry, or name another who keeps in touch."""
    row = _kept(mobile, scope)
    _fill(
        row, from_on=from_on, to_on=to_on, cause=cause, place=place, contact=contact, talked_on=talked_on, today=today
    )
    _save(row, by)
    return row


def _fill(
    row: MobileMember, *, from_on: date, to_on: date | None, cause: str, place: str, contact: Person | None,
    talked_on: date | None, today: date,
) -> None:  # fmt: skip
    if not today - BACK <= from_on <= today + AHEAD:
        raise Refused(_("This day is too far away. Check the year."), field="from_on")
    if to_on is not None and to_on < from_on:
        raise Refused(_("The last day lies before the first. Choose a later day."), field="to_on")
    if not cause.strip():
        raise Refused(_("Say why the member is away."), field="cause")
    if talked_on is not None and talked_on > today:
        raise Refused(_("The talk has not been held yet. Enter it afterwards."), field="talked_on")
    if contact is not None and contact.pk == row.person_id:
        raise Refused(_("Nobody keeps in touch with themselves. Choose somebody who is here."), field="contact")
    if contact is not None and contact.stage == Stage.LEFT:
        raise Refused(_("%(name)s has left. Choose somebody who is here.") % {"name": contact.name}, field="contact")
    if contact is not None and contact.party_branch_id != row.person.party_branch_id:
        raise Refused(_("Who keeps in touch is of the member's own branch."), field="contact")
    row.from_on, row.to_on, row.cause, row.place = from_on, to_on, cause.strip()[:100], place.strip()[:100]
    row.contact, row.talked_on = contact, talked_on


@transaction.atomic
def log_contact(*, mobile: MobileMember, on: date, scope: Scope, by: User, today: date) -> MobileMember:
    """Somebody spoke with the member: the one named for it, or who runs the branch."""
    row = _locked(mobile)
    if row.contact_id != scope.person_id and not may_keep(row.person, scope):
        raise Refused(_("A contact is logged by who keeps in touch, or by the branch's secretary."))
    if row.ended_on is not None:
        raise Refused(_("%(name)s is back since %(day)s.") % _back(row))
    if on < row.from_on or on > today:
        raise Refused(_("A contact lies between the first day away and today."), field="on")
    row.last_contact_on = max(on, row.last_contact_on or on)
    _save(row, by)
    return row


@transaction.atomic
def take_back_contact(*, mobile: MobileMember, scope: Scope, by: User) -> MobileMember:
    """Undo the contact that was logged last, as long as nothing else happened to the entry since and it was by the same user."""
    row = _locked(mobile)
    newest = list(row.history.all()[:2])
    if len(newest) < 2 or newest[0].history_user_id != by.pk or newest[0].last_contact_on == newest[1].last_contact_on:
        raise Refused(_("Something happened since. The contact stays as it is."))
    if row.contact_id != scope.person_id and not may_keep(row.person, scope):
        raise Refused(_("A contact is logged by who keeps in touch, or by the branch's secretary."))
    row.last_contact_on = newest[1].last_contact_on
    _save(row, by)
    return row


@transaction.atomic
def come_back(*, mobile: MobileMember, on: date, scope: Scope, by: User, today: date) -> MobileMember:
    """The member is back: the entry ends on that day."""
    row = _kept(mobile, scope)
    if on < row.from_on or on > today:
        raise Refused(_("The day of the return lies between the first day away and today."), field="on")
    row.ended_on = on
    _save(row, by)
    return row


def end_mobile_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect: entries of who leaves end, and who keeps in touch is free to be named anew."""
    by = User.objects.filter(pk=by_user_id).first() if by_user_id else None
    lines = []
    for row in MobileMember.objects.open().filter(person_id__in=person_ids).with_names():
        row.ended_on = max(left_on, row.from_on)
        _save(row, by)
        lines.append(_("%(name)s: registered as mobile no longer.") % {"name": row.person.name})
    return lines + _release(MobileMember.objects.open().filter(contact_id__in=person_ids), by)


def preview_mobile_of(person_ids: Sequence[int]) -> list[str]:
    rows = MobileMember.objects.open().filter(person_id__in=person_ids).with_names()
    kept = MobileMember.objects.open().filter(contact_id__in=person_ids).with_names()
    return [_("%(name)s: registered as mobile no longer.") % {"name": row.person.name} for row in rows] + [
        _("%(name)s needs somebody else who keeps in touch.") % {"name": row.person.name} for row in kept
    ]


def release_contacts_of_movers(
    person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None
) -> list[str]:
    """Move effect: who keeps in touch is of the member's own branch; where that no longer holds, nobody is named."""
    by = User.objects.filter(pk=by_user_id).first() if by_user_id else None
    return _release(_parted(person_ids, from_branch_id), by)


def preview_contacts_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    rows = _parted(person_ids, from_branch_id).with_names()
    return [_("%(name)s needs somebody else who keeps in touch.") % {"name": row.person.name} for row in rows]


def _parted(person_ids: Sequence[int], branch_id: int) -> MobileQuerySet:
    """Entries that a move parts: the member goes and the contact stays, or the other way round."""
    theirs = Q(person_id__in=person_ids, contact__party_branch_id=branch_id) | Q(
        contact_id__in=person_ids, person__party_branch_id=branch_id
    )
    rows: MobileQuerySet = MobileMember.objects.open().filter(theirs)
    return rows


def _release(rows: MobileQuerySet, by: User | None) -> list[str]:
    lines = []
    for row in rows.with_names():
        row.contact = None
        _save(row, by)
        lines.append(_("%(name)s needs somebody else who keeps in touch.") % {"name": row.person.name})
    return lines


def _locked(mobile: MobileMember) -> MobileMember:
    row: MobileMember = (
        MobileMember.objects.select_for_update(of=("self",)).select_related("person", "contact").get(pk=mobile.pk)
    )
    return row


def _kept(mobile: MobileMember, scope: Scope) -> MobileMember:
    row = _locked(mobile)
    if not may_keep(row.person, scope):
        raise Refused(_("Mobile members are kept by the branch's secretary or the department."))
    if row.ended_on is not None:
        raise Refused(_("%(name)s is back since %(day)s.") % _back(row))
    return row


def _back(row: MobileMember) -> dict[str, str]:
    return {"name": row.person.name, "day": date_format(row.ended_on) if row.ended_on else ""}


def _save(row: MobileMember, by: User | None) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    row.save()
