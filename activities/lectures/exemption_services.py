"""Days without a quota: asked for by the League branch, granted or refused, granted in bulk by grade, taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from branches.calendar import Calendar, weeks_between
from branches.models import Department, LeagueBranch
from branches.services import load_calendar
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Role, Scope

from ..models import ExemptionReason, ExemptionState, QuotaExemption
from . import notices_exemptions as notices

FAR = timedelta(days=366)


class UnusualDates(Refused):
    """Nothing forbids these dates, but somebody has to say that they mean them: `warnings` says what is unusual."""

    def __init__(self, warnings: Sequence[Problem]) -> None:
        super().__init__(_("Look at the dates again and confirm them."), field="from_on")
        self.warnings = list(warnings)


@dataclass(frozen=True)
class Span:
    """First and last day of an exemption, and why."""

    from_on: date
    to_on: date
    reason: str
    note: str = ""


def may_ask(league_branch: LeagueBranch, scope: Scope) -> bool:
    """The League branch's own secretary or deputy."""
    return league_branch.pk in scope.league_branch_ids


def may_decide(league_branch: LeagueBranch, scope: Scope) -> bool:
    """Who runs the responsible Party branch, and the staff of the department."""
    runs = league_branch.party_branch_id is not None and scope.manages(league_branch.party_branch_id)
    return runs or may_grant_in_bulk(scope, league_branch.department_id)


def may_grant_in_bulk(scope: Scope, department_id: int) -> bool:
    return scope.has(Role.STAFF) and scope.oversees(department_id)


def span_problems(span: Span, *, today: date, calendar: Calendar) -> list[Problem]:
    """What forbids these days, and what is unusual about them."""
    if span.to_on < span.from_on:
        return [Problem(_("An exemption cannot end before it begins."), field="to_on")]
    if span.from_on < today - FAR or span.to_on > today + FAR:
        words = _("These days lie more than a year away. Check the year of the date.")
        return [Problem(words, field="from_on" if span.from_on < today - FAR else "to_on")]
    if span.reason not in ExemptionReason.values:
        return [Problem(_("Choose a reason."), field="reason")]
    if span.reason == ExemptionReason.OTHER and not span.note.strip():
        return [Problem(_("Write in a few words why; nobody knows what “other” means."), field="note")]
    return _unusual(span, today, calendar)


def _unusual(span: Span, today: date, calendar: Calendar) -> list[Problem]:
    terms = [term for term in calendar.terms if term.start_monday <= span.to_on and term.ends_on >= span.from_on]
    found = []
    if not terms:
        found.append(_("No term of the calendar touches these days: nothing is owed then anyway."))
    elif any(span.from_on <= term.start_monday and span.to_on >= term.ends_on for term in terms):
        found.append(_("These days span a whole term: no lecture is owed in all of it."))
    if span.from_on < today - timedelta(days=today.weekday()):
        found.append(_("Weeks that are over are among these days: what was missed then becomes exempt."))
    return [Problem(words, severity="warn", field="from_on") for words in found]


def _check(span: Span, *, today: date, is_confirmed: bool) -> None:
    problems = span_problems(span, today=today, calendar=load_calendar())
    for problem in problems:
        if problem.severity == "block":
            raise Refused(problem.message, rule=problem.rule, field=problem.field)
    if problems and not is_confirmed:
        raise UnusualDates(problems)


def days_in_words(from_on: date, to_on: date) -> str:
    """2 November 2026, or from – to."""
    if from_on == to_on:
        return date_format(from_on)
    return _("%(first)s to %(last)s") % {"first": date_format(from_on), "last": date_format(to_on)}


@transaction.atomic
def ask_exemption(
    *,
    league_branch: LeagueBranch,
    span: Span,
    is_confirmed: bool = False,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> QuotaExemption:
    """Ask for days without a quota. A request for the same reason that touches these days becomes one with it.

    Raises `Refused` without the right, for impossible days, and where days are exempt or asked for already; `UnusualDates`
    unless `is_confirmed`. The responsible branch is told.
    """
    branch = LeagueBranch.objects.select_for_update(no_key=True).get(pk=league_branch.pk)
    if not may_ask(branch, scope):
        raise Refused(_("An exemption is asked for by the League branch's own secretary or deputy."))
    if not branch.is_active:
        raise Refused(_("%(branch)s is no longer active.") % {"branch": branch})
    _check(span, today=today, is_confirmed=is_confirmed)
    touching = list(_touching(branch, span))
    _refuse_exempt(touching, span)
    waiting = [row for row in touching if row.state == ExemptionState.ASKED]
    for row in waiting:
        if row.reason != span.reason:
            words = _("A request for %(days)s (%(reason)s) waits already. Take it back first, or ask for other days.")
            days = days_in_words(row.from_on, row.to_on)
            raise Refused(words % {"days": days, "reason": row.get_reason_display()}, field="from_on")
    row = _merged(waiting, span) if waiting else QuotaExemption(league_branch=branch, **vars(span))
    row.state, row.asked_by, row.asked_at = ExemptionState.ASKED, by, now
    _save(row, by)
    notices.tell_asked(exemption=row, by=by, now=now)
    return row


def _touching(branch: LeagueBranch, span: Span) -> Any:
    return QuotaExemption.objects.filter(
        league_branch=branch, state__in=[ExemptionState.ASKED, ExemptionState.GRANTED],
        from_on__lte=span.to_on, to_on__gte=span.from_on,
    ).order_by("from_on", "pk")  # fmt: skip


def _refuse_exempt(rows: Sequence[QuotaExemption], span: Span) -> None:
    for row in rows:
        if row.state != ExemptionState.GRANTED:
            continue
        days = days_in_words(row.from_on, row.to_on)
        if row.from_on <= span.from_on and row.to_on >= span.to_on:
            raise Refused(_("These days are exempt already: %(days)s.") % {"days": days}, field="from_on")
        words = _("Some of these days are exempt already: %(days)s. Ask for the other days only.")
        raise Refused(words % {"days": days}, field="from_on")


def _merged(waiting: Sequence[QuotaExemption], span: Span) -> QuotaExemption:
    """The earliest of the requests, grown over the days of all; the others are taken back."""
    first, *others = waiting
    first.from_on = min(span.from_on, *(row.from_on for row in waiting))
    first.to_on = max(span.to_on, *(row.to_on for row in waiting))
    first.note = span.note.strip() or first.note
    for row in others:
        row.state = ExemptionState.WITHDRAWN
        row.save(update_fields=["state"])
    return first


def _save(row: QuotaExemption, by: User, why: str = "") -> None:
    row.note, row.answer = row.note.strip()[:200], row.answer.strip()[:200]
    row._history_user = by  # type: ignore[attr-defined]  # the names simple_history reads
    row._change_reason = why[:100] or None  # type: ignore[attr-defined]  # a column of the history
    row.save()


def _lock(exemption: QuotaExemption) -> QuotaExemption:
    """The League branch first, as everywhere, then the row."""
    LeagueBranch.objects.select_for_update(no_key=True).get(pk=exemption.league_branch_id)
    rows = QuotaExemption.objects.select_related("league_branch").select_for_update(of=("self",))
    row: QuotaExemption = rows.get(pk=exemption.pk)
    return row


@transaction.atomic
def decide_exemption(
    *, exemption: QuotaExemption, is_granted: bool, answer: str, scope: Scope, by: User, now: datetime
) -> QuotaExemption:
    """Grant or refuse a request; a refusal says why. The League branch is told. Raises `Refused`, also when somebody was quicker."""
    row = _lock(exemption)
    if not may_decide(row.league_branch, scope):
        raise Refused(_("Exemptions are decided by the responsible Party branch and by the department."))
    if row.state != ExemptionState.ASKED:
        words = _("This request does not wait any more; it is “%(state)s”. Reload the page.")
        raise Refused(words % {"state": row.get_state_display()})
    if not is_granted and not answer.strip():
        raise Refused(_("Say why it is refused; the League branch reads it."), field="answer")
    row.state = ExemptionState.GRANTED if is_granted else ExemptionState.REFUSED
    row.answer, row.decided_by, row.decided_at = answer, by, now
    _save(row, by)
    notices.tell_decided(exemptions=[row], by=by, now=now)
    return row


@transaction.atomic
def withdraw_exemption(*, exemption: QuotaExemption, scope: Scope, by: User, now: datetime) -> QuotaExemption:
    """Take a request back (the League branch), or what was granted (who decides): the days count again."""
    row = _lock(exemption)
    decides = may_decide(row.league_branch, scope)
    if not decides and not (row.state == ExemptionState.ASKED and may_ask(row.league_branch, scope)):
        raise Refused(_("You cannot take this back. Ask the responsible branch or the department."))
    if row.state not in (ExemptionState.ASKED, ExemptionState.GRANTED):
        words = _("Nothing has to be taken back: it is “%(state)s” already.")
        raise Refused(words % {"state": row.get_state_display()})
    was_granted = row.state == ExemptionState.GRANTED
    row.state = ExemptionState.WITHDRAWN
    _save(row, by)
    if was_granted:
        notices.tell_decided(exemptions=[row], by=by, now=now)
    return row


@transaction.atomic
def restore_exemption(*, exemption: QuotaExemption, scope: Scope, by: User, now: datetime) -> QuotaExemption:
    """Undo of taking back or deciding: the row is again what it was before its last change. Raises `Refused`."""
    row = _lock(exemption)
    before = _state_before(row)
    decides = may_decide(row.league_branch, scope)
    if before is None or not (decides or (before == ExemptionState.ASKED and may_ask(row.league_branch, scope))):
        raise Refused(_("Nothing is left to take back."))
    span = Span(row.from_on, row.to_on, row.reason, row.note)
    clash = _touching(row.league_branch, span).exclude(pk=row.pk).first()
    if clash is not None:
        words = _("Other days were asked for or granted meanwhile: %(days)s.")
        raise Refused(words % {"days": days_in_words(clash.from_on, clash.to_on)})
    row.state = before
    if before == ExemptionState.ASKED:
        row.decided_by, row.decided_at, row.answer = None, None, ""
    _save(row, by)
    return row


def _state_before(row: QuotaExemption) -> str | None:
    """The state before the last change, when that change ended a request or an exemption."""
    if row.state == ExemptionState.ASKED:
        return None
    for version in QuotaExemption.history.filter(id=row.pk).order_by("-history_date", "-history_id"):
        if version.state != row.state:
            return str(version.state) if version.state in (ExemptionState.ASKED, ExemptionState.GRANTED) else None
    return None


# --- In bulk ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BulkPreview:
    """What granting in bulk would do: League branches that get it, those exempt already, and how many weeks are touched."""

    branches: list[LeagueBranch]
    exempt_already: list[LeagueBranch]
    weeks: int
    warnings: list[Problem]


def grade_of(department: Department, enrolment_year: int) -> Any:
    """The active League branches of an enrolment year of a department."""
    rows = LeagueBranch.objects.active().filter(department=department, enrolment_year=enrolment_year)
    return rows.order_by("pk")


def preview_bulk(
    *, departments: Collection[Department], enrolment_year: int, span: Span, scope: Scope, today: date
) -> BulkPreview:
    """What `grant_in_bulk` would write. Raises `Refused` as it would."""
    for department in departments:
        if not may_grant_in_bulk(scope, department.pk):
            raise Refused(_("Exemptions for a whole grade are granted by the department."))
    problems = span_problems(span, today=today, calendar=load_calendar())
    for problem in problems:
        if problem.severity == "block":
            raise Refused(problem.message, field=problem.field)
    branches = [branch for department in departments for branch in grade_of(department, enrolment_year)]
    covered = set(
        QuotaExemption.objects.granted()
        .filter(league_branch__in=branches, from_on__lte=span.from_on, to_on__gte=span.to_on)
        .values_list("league_branch_id", flat=True)
    )
    return BulkPreview(
        [branch for branch in branches if branch.pk not in covered],
        [branch for branch in branches if branch.pk in covered],
        len(weeks_between(span.from_on, span.to_on)),
        problems,
    )


@transaction.atomic
def grant_in_bulk(
    *,
    departments: Collection[Department],
    enrolment_year: int,
    span: Span,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> list[QuotaExemption]:
    """Exempt all League branches of an enrolment year of these departments; requests within these days are granted by it.

    The rows share the moment they were decided at, by which `withdraw_bulk` finds them. Raises `Refused`.
    """
    locked = LeagueBranch.objects.select_for_update(no_key=True, of=("self",)).filter(
        department__in=departments, enrolment_year=enrolment_year
    )
    list(locked.order_by("pk"))
    preview = preview_bulk(departments=departments, enrolment_year=enrolment_year, span=span, scope=scope, today=today)
    if not preview.branches:
        raise Refused(
            _("No League branch is left to exempt: there is none of this grade, or all are exempt on these days.")
        )
    _grant_waiting(preview.branches, span, by, now)
    rows = grant_exemption(
        league_branches=preview.branches, from_on=span.from_on, to_on=span.to_on, reason=span.reason, note=span.note,
        by=by, now=now,
    )  # fmt: skip
    notices.tell_decided(exemptions=rows, by=by, now=now)
    return rows


def _grant_waiting(branches: Sequence[LeagueBranch], span: Span, by: User, now: datetime) -> None:
    """What was asked for within days that are granted anyway does not wait any longer."""
    waiting = QuotaExemption.objects.waiting().filter(
        league_branch__in=branches, from_on__gte=span.from_on, to_on__lte=span.to_on
    )
    for row in waiting:
        row.state, row.decided_by, row.decided_at = ExemptionState.GRANTED, by, now
        row.answer = _("Granted for the whole grade.")
        _save(row, by)


@transaction.atomic
def withdraw_bulk(*, decided_at: datetime, scope: Scope, by: User, now: datetime) -> list[QuotaExemption]:
    """Take back what was granted for a grade at one moment, as far as the scope decides on it. Raises `Refused`."""
    found = QuotaExemption.objects.granted().filter(decided_at=decided_at, asked_by=None)
    leagues = LeagueBranch.objects.select_for_update(no_key=True, of=("self",)).filter(
        pk__in=list(found.values_list("league_branch_id", flat=True))
    )
    list(leagues.order_by("pk"))
    rows = [
        row
        for row in found.select_related("league_branch").select_for_update(of=("self",)).order_by("pk")
        if may_grant_in_bulk(scope, row.league_branch.department_id)
    ]
    if not rows:
        raise Refused(_("Nothing is left to take back."))
    for row in rows:
        row.state = ExemptionState.WITHDRAWN
        _save(row, by)
    notices.tell_decided(exemptions=rows, by=by, now=now)
    return rows


@transaction.atomic
def grant_exemption(
    *,
    league_branches: Sequence[LeagueBranch],
    from_on: date,
    to_on: date,
    reason: str,
    note: str = "",
    by: User | None = None,
    now: datetime | None = None,
) -> list[QuotaExemption]:
    """Exempt League branches from the quota between two days, rights being the caller's business; every week touched is exempt."""
    if to_on < from_on:
        raise Refused(_("An exemption cannot end before it begins."), field="to_on")
    rows = [
        QuotaExemption(
            league_branch=branch, from_on=from_on, to_on=to_on, reason=reason, note=note.strip()[:200],
            state=ExemptionState.GRANTED, decided_by=by, decided_at=now,
        )
        for branch in league_branches
    ]  # fmt: skip
    return list(bulk_create_with_history(rows, QuotaExemption, default_user=by))
