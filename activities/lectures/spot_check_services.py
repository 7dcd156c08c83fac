"""Spot checks: staff ask somebody who was there about a few lectures of last week, instead of wanting a photo of each."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import Department
from branches.policy import Policy
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope

from ..models import AudienceState, LectureAudience, SpotCheck, SpotCheckState
from ..quota import monday_of
from . import notices_plan
from .spot_draw import draw

UNDO_WITHIN = timedelta(minutes=10)
WEEKS_BACK = 4


def may_check(scope: Scope) -> bool:
    """Staff of a department or of the college; an administrator judges nobody."""
    return scope.has(Role.STAFF)


def draw_spot_checks(*, on: date, seed: str = "", scope: Scope, by: User, now: datetime) -> list[SpotCheck]:
    """Draw from the confirmed lectures of the week of `on`, for each department the user answers for that has no draw yet.

    Drawing again adds nothing. The seed is kept with each check. Returns what was drawn now. Raises `Refused` for a week that is
    not over or long ago, for others than staff, and when the policy switches the checks off.
    """
    monday, this_week = monday_of(on), monday_of(timezone.localdate(now))
    if not may_check(scope):
        raise Refused(_("Only staff of the department draw spot checks."))
    if not this_week - timedelta(weeks=WEEKS_BACK) <= monday < this_week:
        raise Refused(_("Spot checks are drawn from one of the last four weeks, once the week is over."))
    percent = Policy().number("spot_check_percent", monday)
    if percent <= 0:
        raise Refused(_("Spot checks are switched off: the policy draws 0 percent."), rule="R70")
    departments = Department.objects.all() if scope.college_staff else Department.objects.filter(pk__in=scope.department_ids)  # fmt: skip
    drawn = []
    for department in departments.order_by("pk"):
        drawn += _draw_for(department.pk, monday, seed or secrets.token_hex(8), percent, by=by, now=now)
    return drawn


@transaction.atomic
def _draw_for(department_id: int, monday: date, seed: str, percent: int, *, by: User, now: datetime) -> list[SpotCheck]:
    # The department's row is the lock: of two who draw at once the second finds the draw of the first.
    Department.objects.select_for_update().get(pk=department_id)
    week = SpotCheck.objects.filter(monday=monday, audience__league_branch__department_id=department_id)
    if week.exists():
        return []
    confirmed = LectureAudience.objects.filter(
        state=AudienceState.CONFIRMED, league_branch__department_id=department_id,
        lecture__on__range=(monday, monday + timedelta(days=6)), spot_check=None,
    )  # fmt: skip
    chosen = draw(confirmed.values_list("pk", flat=True), seed, percent)
    return [
        SpotCheck.objects.create(audience_id=pk, monday=monday, seed=seed, drawn_by=by, drawn_at=now) for pk in chosen
    ]


def _lock(check: SpotCheck, scope: Scope) -> SpotCheck:
    rows = SpotCheck.objects.visible_to(scope).select_for_update(of=("self",))
    row: SpotCheck | None = rows.select_related("audience__league_branch", "audience__lecture").filter(pk=check.pk).first()  # fmt: skip
    if row is None or not may_check(scope):
        raise Refused(_("Only staff of the department settle spot checks."))
    return row


@transaction.atomic
def settle_spot_check(
    *, check: SpotCheck, as_recorded: bool, note: str = "", scope: Scope, by: User, now: datetime
) -> SpotCheck:
    """What was found. Not as recorded needs a note, and the League branch, its Party branch and the department are told.

    Raises `Refused` when it was settled already.
    """
    check = _lock(check, scope)
    if check.state != SpotCheckState.OPEN:
        raise Refused(_("This check is settled already: %(state)s.") % {"state": check.get_state_display()})
    if not as_recorded and not note.strip():
        raise Refused(_("Please say what was found: the League branch and its Party branch read it."), field="note")
    check.state = SpotCheckState.CLEAR if as_recorded else SpotCheckState.DOUBTFUL
    check.note, check.checked_by, check.checked_at = note.strip()[:300], by, now
    check.save()
    if not as_recorded:
        notices_plan.tell_doubtful(check=check, by=by, now=now)
    return check


@transaction.atomic
def reopen_spot_check(*, check: SpotCheck, scope: Scope, by: User, now: datetime) -> SpotCheck:
    """Undo what one settled a moment ago; who was told is told no more. Raises `Refused`."""
    check = _lock(check, scope)
    is_fresh = check.checked_by_id == by.pk and (check.checked_at or now) >= now - UNDO_WITHIN
    if check.state == SpotCheckState.OPEN or not is_fresh:
        raise Refused(_("Only who settled a check takes it back, within ten minutes."))
    check.state, check.note, check.checked_by, check.checked_at = SpotCheckState.OPEN, "", None, None
    check.save()
    retire_notices(prefix=notices_plan.doubtful_prefix(check), now=now)
    return check
