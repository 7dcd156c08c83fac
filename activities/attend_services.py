"""Taking part: sign up, wait, ask for leave, check in with the code or on the list, enter afterwards with a reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person
from notifications.services import post_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import notices_events as notices
from .check_in_codes import is_valid
from .credit_services import credit_people
from .event_models import Activity, ActivityState, Audience, CheckInWay, Participation, ParticipationState
from .event_rules import may_keep_list, may_run
from .event_services import lock_activity

# The code is shown from half an hour before to two hours after the planned time.
EARLY, LATE = timedelta(minutes=30), timedelta(hours=2)
HERE = ParticipationState.PRESENT


@transaction.atomic
def sign_up(*, activity: Activity, person: Person, now: datetime) -> Participation:
    """Take a place, or the last one of the waiting list when none is free. Pressing twice changes nothing."""
    activity = lock_activity(activity)
    row = activity.participations.select_for_update().filter(person=person).first()
    if row is not None and row.state in (ParticipationState.SIGNED_UP, ParticipationState.WAITING, HERE):
        return row
    _refuse_closed(activity, now)
    if row is None:
        if activity.audience != Audience.OPEN:
            raise Refused(_("You are not among those invited. Ask the host to invite you."))
        row = Participation(activity=activity, person=person)
    return _take_place(activity, row, now)


def _take_place(activity: Activity, row: Participation, now: datetime) -> Participation:
    """A free place, or the end of the line. The activity is locked by the caller."""
    taken = activity.participations.coming().count()
    is_free = activity.capacity is None or taken < activity.capacity
    row.state = ParticipationState.SIGNED_UP if is_free else ParticipationState.WAITING
    row.signed_up_at, row.leave_reason = now, ""
    row.save()
    return row


def _refuse_closed(activity: Activity, now: datetime) -> None:
    if activity.state != ActivityState.PUBLISHED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if not activity.needs_sign_up:
        raise Refused(_("No sign-up is needed here: just come."))
    if (activity.sign_up_until or activity.starts_at) <= now:
        raise Refused(_("Sign-up has ended. Ask the host whether there is still room."))


@transaction.atomic
def withdraw(*, activity: Activity, person: Person, now: datetime) -> Participation:
    """Give the place back; the first of the waiting list gets it and is told."""
    activity = lock_activity(activity)
    row = activity.participations.select_for_update().filter(person=person).first()
    if row is None or row.state not in (ParticipationState.SIGNED_UP, ParticipationState.WAITING):
        raise Refused(_("You are not signed up. Reload the page."))
    if activity.starts_at <= now:
        raise Refused(_("It has begun already. Tell the host instead."))
    row.state = ParticipationState.WITHDRAWN
    row.save()
    promote_waiting(activity, now=now)
    return row


def promote_waiting(activity: Activity, *, now: datetime) -> list[Participation]:
    """Fill free places from the waiting list, first come first served. The activity is locked by the caller."""
    waiting = activity.participations.filter(state=ParticipationState.WAITING).order_by("signed_up_at", "pk")
    free = (
        waiting.count() if activity.capacity is None else activity.capacity - activity.participations.coming().count()
    )
    moved = list(waiting.select_related("person")[: max(0, free)])
    for row in moved:
        row.state = ParticipationState.SIGNED_UP
        row.save()
    post_notices(notices=notices.place_free(activity, [row.person for row in moved]), now=now)
    return moved


@transaction.atomic
def ask_leave(*, activity: Activity, person: Person, reason: str, now: datetime) -> Participation:
    """Ask to be excused; a place held goes back to the waiting list."""
    activity = lock_activity(activity)
    row = activity.participations.select_for_update().filter(person=person).first()
    if row is None or activity.state != ActivityState.PUBLISHED:
        raise Refused(_("There is nothing to be excused from. Reload the page."))
    if row.state == HERE or activity.ends_at <= now:
        raise Refused(_("It is over, or you were present. Speak with the host if that is wrong."))
    if not reason.strip():
        raise Refused(_("Please say why you cannot come."), field="reason")
    row.state, row.leave_reason = ParticipationState.LEAVE_ASKED, reason.strip()[:200]
    row.save()
    promote_waiting(activity, now=now)
    post_notices(notices=notices.leave_asked(activity, row), now=now)
    return row


@transaction.atomic
def come_after_all(*, activity: Activity, person: Person, now: datetime) -> Participation:
    """Take one's request for leave back, answered or not. While sign-up is open a place is asked for again.

    Afterwards the person is invited as before: the host ticks who comes, or the code does.
    """
    activity = lock_activity(activity)
    row = activity.participations.select_for_update().filter(person=person).first()
    if row is None or row.state not in (ParticipationState.LEAVE_ASKED, ParticipationState.LEAVE):
        raise Refused(_("You have not asked for leave. Reload the page."))
    if activity.state != ActivityState.PUBLISHED or activity.ends_at <= now:
        raise Refused(_("It is over. Speak with the host if you were there."))
    if activity.needs_sign_up and (activity.sign_up_until or activity.starts_at) > now:
        return _take_place(activity, row, now)
    row.state, row.leave_reason, row.signed_up_at = ParticipationState.INVITED, "", None
    row.save()
    return row


@transaction.atomic
def answer_leave(*, participation: Participation, accept: bool, scope: Scope, by: User, now: datetime) -> Participation:
    """Who runs the host excuses, or asks to come after all."""
    activity = lock_activity(participation.activity)
    row = Participation.objects.select_for_update(of=("self",)).select_related("person").get(pk=participation.pk)
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    if row.state != ParticipationState.LEAVE_ASKED:
        raise Refused(_("This was answered already. Reload the page."))
    row.state, row.recorded_by = ParticipationState.LEAVE if accept else ParticipationState.INVITED, by
    row.save()
    post_notices(notices=notices.leave_answered(activity, row, accept), now=now)
    return row


@transaction.atomic
def open_check_in(*, activity: Activity, is_open: bool, scope: Scope, now: datetime) -> Activity:
    """Show the rotating code, or stop it."""
    activity = lock_activity(activity)
    if not may_keep_list(activity, scope):
        raise Refused(_("The committee of the hosts keeps the list."))
    if is_open and activity.state != ActivityState.PUBLISHED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if is_open and not activity.starts_at - EARLY <= now <= activity.ends_at + LATE:
        raise Refused(_("The code is shown from half an hour before the start to two hours after the end."))
    activity.is_check_in_open = is_open
    activity.save()
    return activity


def check_in(*, activity: Activity, person: Person, code: str, now: datetime) -> Participation:
    """Present, by the code on the projector. No lock on the activity: two hundred people do this within a minute.

    Twice is once. Raises `Refused` when the code is old, the check-in closed, or the person not invited.
    """
    if activity.state != ActivityState.PUBLISHED or not activity.is_check_in_open:
        raise Refused(_("Check-in is closed. The host can open it, or tick you on the list."))
    if not is_valid(code, activity.check_in_secret, activity.pk, now):
        raise Refused(_("This code is too old. Scan the one that is on the screen now."))
    row = activity.participations.filter(person=person).first()
    if row is None:
        if activity.audience != Audience.OPEN:
            raise Refused(_("You are not among those invited. Ask the host to tick you on the list."))
        row = _come_unasked(activity, person)
    with transaction.atomic():
        row = Participation.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if row.state != HERE:
            row.state, row.checked_in_at, row.way = HERE, now, CheckInWay.CODE
            row.save()
    return row


def _come_unasked(activity: Activity, person: Person) -> Participation:
    """A row for somebody who comes to an open activity; two presses at once make one."""
    try:
        with transaction.atomic():
            return Participation.objects.create(activity=activity, person=person)
    except IntegrityError:
        return Participation.objects.get(activity=activity, person=person)


@transaction.atomic
def mark_present(
    *, activity: Activity, person_ids: Collection[int], present: bool, scope: Scope, by: User, now: datetime
) -> int:
    """The organiser's list: tick people, or take a tick back, before the activity is finished. Returns how many changed."""
    activity = lock_activity(activity)
    if not may_keep_list(activity, scope):
        raise Refused(_("The committee of the hosts keeps the list."))
    if activity.state != ActivityState.PUBLISHED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if present and now < activity.starts_at - EARLY:
        raise Refused(_("It has not begun yet."))
    wanted = Q(person_id__in=person_ids)
    rows = activity.participations.select_for_update().filter(wanted)
    rows = rows.exclude(state=HERE) if present else rows.filter(state=HERE)
    changed = 0
    for row in rows:
        if present:
            row.state, row.checked_in_at, row.way = HERE, now, CheckInWay.LIST
        else:
            row.state = ParticipationState.SIGNED_UP if row.signed_up_at else ParticipationState.INVITED
            row.checked_in_at, row.checked_out_at, row.way = None, None, ""
        row.recorded_by = by
        row.save()
        changed += 1
    return changed


@transaction.atomic
def enter_afterwards(
    *, activity: Activity, person: Person, reason: str, scope: Scope, by: User, now: datetime
) -> Participation:
    """Somebody was there and is not on the list: entered with a reason, credited as the others. Nobody enters themselves."""
    activity = lock_activity(activity)
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    if person.pk == scope.person_id:
        raise Refused(_("Nobody enters themselves afterwards. Ask another member of the committee."))
    if activity.state not in (ActivityState.PUBLISHED, ActivityState.FINISHED) or activity.starts_at > now:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if not reason.strip():
        raise Refused(_("Please say why this is entered afterwards."), field="reason")
    row, _made = Participation.objects.select_for_update(of=("self",)).get_or_create(activity=activity, person=person)
    if row.state == HERE:
        raise Refused(_("%(name)s is on the list as present already.") % {"name": person.name})
    row.state, row.checked_in_at, row.way = HERE, activity.starts_at, CheckInWay.BACK
    row.back_reason, row.recorded_by = reason.strip()[:200], by
    row.save()
    if activity.state == ActivityState.FINISHED:
        credit_people(activity, [person], by=by, now=now)
    return row
