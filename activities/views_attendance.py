"""What the organiser keeps: the list, leave, people entered afterwards, the code on the projector."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import segno
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import attend_services as attending
from .check_in_codes import SECONDS, code_now
from .credit_services import adjust_credit, credited_minutes, entries_beside
from .event_models import Activity, ActivityState, Participation, ParticipationState
from .event_page import GROUPS, PERSON_TONES, counts_of, shows_code
from .event_rules import may_keep_list, may_run
from .forms_events import AfterwardsForm, CreditForm
from .person_choice import person_meant
from .views_events import visible_activity

LIST_AT_MOST = 1000
IN_ADDRESS = 100


def kept_activity(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    """A visible activity for who keeps its list: 404 for strangers, 403 for those who merely take part."""
    scope, found = visible_activity(request, pk)
    if not may_keep_list(found, scope):
        raise PermissionDenied(_("The committee of the hosts keeps the list."))
    return scope, found


@require_GET
def activity_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody of the activity; tick who is here. As good as the code, and for those without a phone."""
    scope, found = kept_activity(request, pk)
    return _list_page(request, scope, found, AfterwardsForm())


def _list_page(request: HttpRequest, scope: Scope, found: Activity, form: AfterwardsForm) -> HttpResponse:
    words, state = request.GET.get("q", "")[:50].strip(), request.GET.get("state", "")
    state = state if state in ParticipationState.values else ""
    every = Participation.objects.visible_to(scope).filter(activity=found)
    rows = every.select_related("person__party_branch", "person__school_class", "recorded_by")
    if words:
        key = words.lower().replace(" ", "")
        rows = rows.filter(
            Q(person__name__icontains=words) | Q(person__name_key__icontains=key) | Q(person__number__startswith=words)
        )
    rows = rows.filter(state=state) if state else rows
    counts = counts_of(found)
    totals = _totals(every)
    now = timezone.now()
    shown = list(rows.order_by("person__name_key", "pk")[:LIST_AT_MOST])
    _add_credit(shown, found, scope)
    context = {
        "activity": found,
        "rows": [(row, PERSON_TONES[ParticipationState(row.state)]) for row in shown],
        "counts": counts,
        "states": [(value, value.label, totals[value]) for value in GROUPS if totals.get(value)],
        "state": state,
        "words": words,
        "may_tick": found.state == ActivityState.PUBLISHED and now >= found.starts_at - attending.EARLY,
        "may_answer": may_run(found, scope),
        "may_enter": may_run(found, scope) and found.state in (ActivityState.PUBLISHED, ActivityState.FINISHED) and found.starts_at <= now,
        "shows_code": shows_code(found, now),
        "form": form,
    }  # fmt: skip
    return render(request, "activities/activity_people.html", context, status=400 if form.errors else 200)


def _add_credit(shown: list[Participation], found: Activity, scope: Scope) -> None:
    """On a finished activity: the minutes of each, who may be given others, and whose own entry lies at the same time."""
    is_over = found.state == ActivityState.FINISHED
    minutes = credited_minutes(found) if is_over else {}
    beside = {row.person_id for row in entries_beside(found, list(minutes))} if minutes else set()
    may_change = is_over and may_run(found, scope)
    for row in shown:
        row.credited = minutes.get(row.person_id)
        row.may_change_credit = may_change and row.credited is not None and row.person_id != scope.person_id
        row.has_own_entry = row.person_id in beside


def _totals(every: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in every.order_by().values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@require_POST
def activity_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick those chosen as present, or take the tick back; the way back carries the same people in its address."""
    scope, found = kept_activity(request, pk)
    given = request.POST if "person" in request.POST else request.GET
    ids, present = _ids(given.getlist("person")), (request.POST.get("here") or request.GET.get("here")) != "no"
    back = _back_to_list(request, pk)
    if not ids:
        say_refused(request, _("Tick at least one person."))
        return redirect(back)
    try:
        changed = attending.mark_present(
            activity=found, person_ids=ids, present=present, scope=scope, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect(back)
    words = (
        ngettext("%(count)d person is present.", "%(count)d people are present.", changed)
        if present
        else ngettext("%(count)d tick taken back.", "%(count)d ticks taken back.", changed)
    )
    undo = ""
    if present and changed == len(ids) <= IN_ADDRESS and not request.GET:
        query = urlencode({"here": "no", "person": ids}, doseq=True)
        undo = f"{reverse('activity_mark', args=[pk])}?{query}"
    say_done(request, words % {"count": changed}, undo_url=undo)
    return redirect(back)


def _back_to_list(request: HttpRequest, pk: int) -> str:
    """The list with the search as it was."""
    query = urlencode({key: value for key in ("q", "state") if (value := request.POST.get(key, "")[:50])})
    return reverse("activity_list", args=[pk]) + (f"?{query}" if query else "")


def _ids(values: list[str]) -> list[int]:
    """Ids of a form: forged text is ignored, repeats are one."""
    found: dict[int, None] = {}
    for value in values[:LIST_AT_MOST]:
        if value.isascii() and value.isdigit() and len(value) < 18:
            found[int(value)] = None
    return list(found)


@require_POST
def activity_afterwards(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody was there and is not ticked: entered with a reason, also after the end."""
    scope, found = kept_activity(request, pk)
    if not may_run(found, scope):
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))
    form = AfterwardsForm(request.POST)
    if form.is_valid():
        try:
            person = person_meant(form.cleaned_data["number"], found, scope)
        except Refused as refusal:
            form.add_error("number", refusal)
            return _list_page(request, scope, found, form)
        try:
            attending.enter_afterwards(
                activity=found, person=person, reason=form.cleaned_data["reason"], scope=scope, by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("%(name)s is entered as present.") % {"name": person.name})
            return redirect("activity_list", pk=pk)
    return _list_page(request, scope, found, form)


@require_POST
def participation_leave_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Excuse, or ask to come after all."""
    scope = scope_of(request)
    rows = Participation.objects.visible_to(scope).select_related(
        "activity__party_branch", "activity__league_branch", "person"
    )
    row = get_visible_or_404(rows, pk=pk)
    if not may_run(row.activity, scope):
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))
    answer = request.POST.get("answer")
    if answer not in ("accept", "decline"):
        say_refused(request, _("Say yes or no."))
        return redirect("activity_list", pk=row.activity_id)
    try:
        attending.answer_leave(
            participation=row, accept=answer == "accept", scope=scope, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        words = _("%(name)s is excused.") if answer == "accept" else _("%(name)s is asked to come after all.")
        say_done(request, words % {"name": row.person.name})
    return redirect("activity_list", pk=row.activity_id)


@require_POST
def participation_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Other minutes for one person of a finished activity, with a reason."""
    scope = scope_of(request)
    rows = Participation.objects.visible_to(scope).select_related(
        "activity__party_branch", "activity__league_branch", "person"
    )
    row = get_visible_or_404(rows, pk=pk)
    if not may_run(row.activity, scope):
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))
    form, back = CreditForm(request.POST), redirect("activity_list", pk=row.activity_id)
    if not form.is_valid():
        say_refused(request, _("Enter the minutes and why they differ."))
        return back
    try:
        entry = adjust_credit(
            participation=row, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        values = {"name": row.person.name, "minutes": entry.minutes}
        say_done(request, _("%(name)s is credited with %(minutes)d minutes.") % values)
    return back


@never_cache
@require_GET
def activity_projector(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole screen: the code, and how many are here."""
    _scope, found = kept_activity(request, pk)
    context = {"activity": found, "may_open": shows_code(found, timezone.now())} | _shown(request, found)
    return render(request, "activities/activity_projector.html", context)


@never_cache
@require_GET
def activity_projector_code(request: HttpRequest, pk: int) -> HttpResponse:
    """What the screen fetches every few seconds: the picture, the seconds it has left, who is here."""
    _scope, found = kept_activity(request, pk)
    return JsonResponse(_shown(request, found))


def _shown(request: HttpRequest, found: Activity) -> dict[str, Any]:
    now, counts = timezone.now(), counts_of(found)
    is_open = found.is_check_in_open and found.state == ActivityState.PUBLISHED
    return {
        "svg": _picture(request, found) if is_open else "",
        "seconds": SECONDS - int(now.timestamp()) % SECONDS,
        "present": counts.present,
        "expected": counts.expected,
        "is_open": is_open,
    }


def _picture(request: HttpRequest, found: Activity) -> str:
    """segno writes shapes and numbers only."""
    code = code_now(found.check_in_secret, found.pk, timezone.now())
    address = request.build_absolute_uri(reverse("activity_check_in", args=[found.pk, code]))
    picture = segno.make(address, error="m").svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True)
    return mark_safe(picture)  # no text of anybody's in it


@require_POST
def activity_check_in_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the code, or stop it."""
    scope, found = kept_activity(request, pk)
    is_open = request.POST.get("open") == "yes"
    try:
        attending.open_check_in(activity=found, is_open=is_open, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    return redirect("activity_projector", pk=pk)
