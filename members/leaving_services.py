"""Somebody leaves by hand: outside the September turn, from the roster or from the page that hands over first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.addresses import HasMeta
from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .hand_over import carry_out, lock_for, make_plan
from .invitations import close_accounts
from .models import Person
from .services import leave_people, save_person
from .transfer_base import lock_person, runs


@transaction.atomic
def save_leaver(
    *, person: Person, by: User | None, today: date, now: datetime, request: HasMeta | None = None
) -> list[str]:
    """Save a person whose `left_on` was typed: posts, pairs and duties end that day, the account closes. Returns lines.

    Raises `Refused` for a day that has not come: until then nothing ends, and an account closed early is missed.
    """
    left_on = person.left_on
    if left_on is None or left_on > today:
        raise Refused(not_yet_text(), field="left_on")
    known = Person.objects.select_for_update().filter(pk=person.pk).first()
    if known is None or known.left_on is None:
        person.left_on = None
    save_person(person=person, today=today, by=by)
    lines = leave_people(people=[person], left_on=left_on, today=today, by=by)
    closed = close_accounts(people=[person], by=by, now=now, request=request)
    if closed:
        lines.append(ngettext("%(count)d account closed.", "%(count)d accounts closed.", closed) % {"count": closed})
    person.refresh_from_db(fields=["left_on", "stage"])
    return lines


@transaction.atomic
def leave_person(
    *,
    person: Person,
    on: date,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    successors: Mapping[str, int | None] | None = None,
    request: HasMeta | None = None,
) -> list[str]:
    """Somebody leaves without a transfer: what was chosen is handed over, the rest ends, the account closes. Returns lines.

    Raises `Refused` for who left already, a day that has not come, and without the right.
    """
    plan = make_plan({}, successors, scope=scope, by=by)
    lock_for(plan)
    person = lock_person(person, *plan.people)
    if not runs(scope, person.party_branch):
        raise Refused(_("Who leaves is entered by the branch's secretary or the department."))
    if person.left_on is not None:
        raise Refused(_("%(name)s has left.") % {"name": person.name})
    if on > today:
        raise Refused(not_yet_text(), field="on")
    lines = carry_out(plan, person_id=person.pk, on=on, today=today, now=now)
    person.refresh_from_db()
    person.left_on = on
    return lines + save_leaver(person=person, by=by, today=today, now=now, request=request)


def not_yet_text() -> str:
    return _("This day has not come. Enter it when the person has left; then posts, pairs and duties end with it.")
