"""The steps of an activity's life: each is one press and one service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import event_services as life
from .credit_services import entries_beside, minutes_allowed
from .event_models import Activity, ActivityHost, ActivityState, ParticipationState
from .event_rules import may_run
from .forms_events import FinishForm, MoveForm, ReasonForm
from .models import LogEntry
from .views_events import visible_activity


def require(is_allowed: bool) -> None:
    if not is_allowed:
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))


def _may_edit(found: Activity, scope: Scope) -> bool:
    """Whoever may change or call it off while that is possible; the state is the service's business."""
    return may_run(found, scope) or (found.created_by_id == scope.user_id and found.state == ActivityState.DRAFT)


def _approves(found: Activity, scope: Scope) -> bool:
    hosts = ActivityHost.objects.visible_to(scope).filter(activity=found)
    return hosts.filter(party_branch_id__in=scope.managed_branch_ids).exists()


def _press(request: HttpRequest, pk: int, service: Callable[..., object], done: str) -> HttpResponse:
    """Do one step and say it, or say why not."""
    scope, found = visible_activity(request, pk)
    require(_approves(found, scope) if service is life.approve_activity else may_run(found, scope))
    try:
        service(activity=found, scope=scope, by=request.user, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, done)
    return redirect("activity", pk=pk)


@require_POST
def activity_send(request: HttpRequest, pk: int) -> HttpResponse:
    """To the other side, for its yes."""
    return _press(
        request, pk, life.send_for_approval, _("Sent. The other side reads it and says yes or sends it back.")
    )


@require_POST
def activity_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The yes of a branch that hosts along."""
    return _press(request, pk, life.approve_activity, _("Approved. The other side is told."))


@require_POST
def activity_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite."""
    return _press(request, pk, life.publish_activity, _("Published. Everybody invited is told."))


def _ask_reason(
    request: HttpRequest, pk: int, service: Callable[..., object], done: str, words: dict[str, Any], *, back: str = ""
) -> HttpResponse:
    """A page that asks why; `words` are those of confirm.html. The right was checked."""
    scope, found = visible_activity(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            service(activity=found, reason=reason, scope=scope, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.add_error("reason" if refusal.field == "reason" else None, refusal)
        else:
            say_done(request, done)
            return redirect(back or reverse("activity", args=[pk]))
    context = {"cancel_url": reverse("activity", args=[pk]), "form": form, **words}
    return render(request, "confirm.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def activity_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """No, with a reason: it is a draft again."""
    scope, found = visible_activity(request, pk)
    require(_approves(found, scope))
    words = {
        "title": _("Send it back"),
        "text": _("Please say why: the other side will read it."),
        "consequences": [_("“%(title)s” is a draft of the other side again.") % {"title": found.title}],
        "submit": _("Send it back"),
    }
    # A draft of the other side is not seen any more.
    done = _("Sent back. The other side reads your reason.")
    return _ask_reason(request, pk, life.decline_activity, done, words, back=reverse("activities"))


@require_http_methods(["GET", "POST"])
def activity_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it off with a reason; a draft is deleted and nobody reads why."""
    scope, found = visible_activity(request, pk)
    require(_may_edit(found, scope))
    if found.state == ActivityState.DRAFT:
        return _delete(request, found, scope)
    words = {
        "title": _("Call it off"),
        "text": _("Please say why: those invited will read it."),
        "consequences": [
            _("Everybody who is expected is told."),
            _("“%(title)s” stays on record as cancelled; nothing is counted.") % {"title": found.title},
        ],
        "submit": _("Call it off"),
    }
    return _ask_reason(request, pk, life.cancel_activity, _("Called off. Those concerned are told."), words)


def _delete(request: HttpRequest, found: Activity, scope: Scope) -> HttpResponse:
    if request.method == "POST":
        try:
            life.cancel_activity(activity=found, reason="", scope=scope, by=request.user, now=timezone.now())
        except Refused as refusal:
            say_refused(request, refusal.text)
            return redirect("activity", pk=found.pk)
        say_done(request, _("The draft is deleted."))
        return redirect("activities")
    context = {
        "title": _("Delete the draft"),
        "text": _("“%(title)s” was shown to nobody yet.") % {"title": found.title},
        "consequences": [_("The draft is gone; it cannot be brought back.")],
        "submit": _("Delete the draft"),
        "cancel_url": reverse("activity", args=[found.pk]),
    }
    return render(request, "confirm.html", context)


@require_http_methods(["GET", "POST"])
def activity_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of it, and the minutes that count; those present are credited."""
    scope, found = visible_activity(request, pk)
    require(may_run(found, scope))
    initial = {"counted_minutes": FinishForm.planned_minutes(found)}
    form = FinishForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            life.finish_activity(
                activity=found, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Finished. Those who were present are credited."))
            _say_overlaps(request, found, scope)
            return redirect("activity", pk=pk)
    present = found.participations.filter(state="present").count()
    context = {
        "title": _("Finish “%(title)s”") % {"title": found.title},
        "text": _("Tick everybody who came on the list first."),
        "consequences": [
            _("%(count)d present are credited with the minutes below.") % {"count": present}
            if present
            else _("Nobody is ticked as present yet: nobody is credited. Go back to the list first."),
            _("Who signed up and did not come is absent; who was merely invited is not.")
            if found.needs_sign_up
            else _("Who was invited and did not come is absent; leave granted stays leave."),
            _("Up to %(most)d minutes; for one person they can be changed on the list afterwards.")
            % {"most": minutes_allowed(found)[1]},
        ],
        "submit": _("Finish"),
        "cancel_url": reverse("activity_list", args=[pk]),
        "form": form,
    }
    return render(request, "confirm.html", context, status=400 if form.errors else 200)


def _say_overlaps(request: HttpRequest, found: Activity, scope: Scope) -> None:
    """Who had logged the same time themselves; of people whose entries the user does not see, only how many."""
    people = list(found.participations.filter(state=ParticipationState.PRESENT).values_list("person_id", flat=True))
    beside = entries_beside(found, people)
    if not beside:
        return
    seen = set(
        LogEntry.objects.visible_to(scope).filter(pk__in=[row.pk for row in beside]).values_list("pk", flat=True)
    )
    named = [entry_words(row) for row in beside if row.pk in seen]
    if len(named) < len(beside):
        hidden = len(beside) - len(named)
        named.append(ngettext("%(count)d of another branch", "%(count)d of other branches", hidden) % {"count": hidden})
    words = _("Logged for the same time by the people themselves, and marked for whoever confirms it: %(entries)s")
    messages.warning(request, words % {"entries": "; ".join(named)})


def entry_words(entry: LogEntry) -> str:
    """An entry as its owner would find it: name, day, hour, minutes. Not what it was about."""
    on = date_format(entry.on, "MONTH_DAY_FORMAT")
    when = f"{on} {entry.starts_at:%H:%M}" if entry.starts_at else on
    return _("%(name)s, %(when)s, %(minutes)d min") % {
        "name": entry.person.name, "when": when, "minutes": entry.minutes,
    }  # fmt: skip


@require_POST
def activity_move(request: HttpRequest, pk: int) -> HttpResponse:
    """A new time, from the calendar: `starts` and `ends` as 2026-10-30T15:00, in the form or in the address (the way back).

    Who asks for JSON gets {ok, text, undo}, or 409 with the words of the refusal; others a page.
    """
    scope, found = visible_activity(request, pk)
    require(_may_edit(found, scope))
    form = MoveForm({name: request.POST.get(name) or request.GET.get(name, "") for name in ("starts", "ends")})
    before = (found.starts_at, found.ends_at)
    if not form.is_valid():
        return _not_moved(request, pk, next(iter(form.errors.values()))[0])
    starts, ends = form.cleaned_data["starts"], form.cleaned_data["ends"]
    try:
        life.move_activity(
            activity=found, starts_at=starts, ends_at=ends, scope=scope, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        return _not_moved(request, pk, refusal.text)
    undo = f"{reverse('activity_move', args=[pk])}?{urlencode(dict(zip(('starts', 'ends'), map(_iso, before), strict=True)))}"
    when = date_format(timezone.localtime(starts), "DATETIME_FORMAT")
    text = _("“%(title)s” is on %(when)s now.") % {"title": found.title, "when": when}
    if _wants_json(request):
        return JsonResponse({"ok": True, "text": text, "undo": undo})
    say_done(request, text, undo_url="" if request.GET else undo)
    return redirect("activity", pk=pk)


def _iso(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M:%S")


def _not_moved(request: HttpRequest, pk: int, words: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"ok": False, "text": str(words)}, status=409)
    say_refused(request, words)
    return redirect("activity", pk=pk)


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
