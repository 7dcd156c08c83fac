"""The minutes of a meeting: one page to read and print, one to write, one press to sign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.services import load_calendar
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import minutes_services as services
from .event_models import Activity, Participation
from .event_page import host_name, when_words
from .forms_records import MinutesForm, VoteFormSet
from .record_models import MeetingMinutes, Motion

VERSIONS_SHOWN = 20


def _meeting(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    """A meeting the user sees; what is no meeting has no minutes and is 404."""
    scope = scope_of(request)
    found = get_visible_or_404(Activity.objects.visible_to(scope).with_names(), pk=pk)
    if not services.has_minutes(found):
        raise Http404
    return scope, found


@require_GET
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    scope, activity = _meeting(request, pk)
    if not services.may_read(activity, scope):
        raise PermissionDenied(_("Minutes are read by those invited, once they are signed."))
    now = timezone.now()
    rows = MeetingMinutes.objects.visible_to(scope).filter(activity=activity)
    found = rows.select_related("chair", "recorder", "signed_by", "written_by").first()
    may_write = services.may_write(activity, scope)
    context = {
        "activity": activity,
        "minutes": found,
        "when": when_words(activity, load_calendar()),
        "host": host_name(activity),
        "may_write": may_write and activity.state in services.HELD_STATES and activity.starts_at <= now,
        "due_on": services.due_on(activity),
        "is_late": found is None and services.due_on(activity) < timezone.localdate(now),
        "quorum": services.quorum_words(found.eligible_count, found.present_count) if found else (False, ""),
        "votes": _votes(found, scope) if found else [],
        "changes": list(_changes(found)) if found and may_write else [],
        "has_list": may_write,
    }
    if may_write:
        people = Participation.objects.visible_to(scope).filter(activity=activity).select_related("person")
        context["present"], context["absent"] = services.attendance(list(people.order_by("person__name_key", "pk")))
    return render(request, "activities/minutes.html", context)


def _votes(found: MeetingMinutes, scope: Scope) -> list[dict[str, Any]]:
    rows = []
    for row in Motion.objects.visible_to(scope).filter(minutes=found):
        is_carried, words = services.outcome_words(row, found.eligible_count, found.present_count)
        rows.append({"motion": row, "is_carried": is_carried, "words": words})
    return rows


def _changes(found: MeetingMinutes) -> Iterator[tuple[datetime, str, str]]:
    """(when, who, what) of each version, the newest first; two queries."""
    versions = list(found.history.select_related("history_user")[: VERSIONS_SHOWN + 1])
    for newer, older in zip(versions, [*versions[1:], None], strict=True):
        if older is None:
            if len(versions) <= VERSIONS_SHOWN:
                yield newer.history_date, str(newer.history_user or ""), _("written")
            return
        changed = [
            str(field.verbose_name)
            for field in MeetingMinutes._meta.fields
            if getattr(newer, field.attname) != getattr(older, field.attname) and field.name != "signed_by"
        ]
        what = "、".join([*changed, *([newer.history_change_reason] if newer.history_change_reason else [])])
        yield newer.history_date, str(newer.history_user or ""), what or _("saved without a change")


@require_http_methods(["GET", "POST"])
def minutes_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write them, or correct them: numbers and guests are filled in from the list of the meeting."""
    scope, activity = _meeting(request, pk)
    if not services.may_write(activity, scope):
        raise PermissionDenied(_("Minutes are written by the committee of the host."))
    found = MeetingMinutes.objects.visible_to(scope).filter(activity=activity).first()
    text = found or services.proposed_text(activity)
    initial = {name: getattr(text, name) for name in services.TEXT_FIELDS}
    initial["seen"] = found.history.count() if found else 0
    motions = Motion.objects.visible_to(scope).filter(minutes=found) if found else []
    sent = request.POST if request.method == "POST" else None
    form = MinutesForm(sent, scope=scope, activity=activity, initial=initial)
    votes = VoteFormSet(
        sent, prefix="votes",
        initial=[{"what": row.what, "yes": row.yes, "no": row.no, "abstained": row.abstained} for row in motions],
    )  # fmt: skip
    if sent is not None and all([form.is_valid(), votes.is_valid()]):
        try:
            services.write_minutes(
                activity=activity, text=form.text(), votes=votes.votes(), seen=form.cleaned_data["seen"], scope=scope,
                by=request.user, now=timezone.now(),  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Saved. The version before stays in the history.") if found else _("Saved."))
            return redirect("minutes", pk=pk)
    has_faults = bool(sent is not None and (form.errors or not votes.is_valid()))
    context = {
        "form": form, "votes": votes, "activity": activity, "is_signed": bool(found and found.signed_at),
        "back": reverse("minutes", args=[pk]),
    }  # fmt: skip
    return render(request, "activities/minutes_form.html", context, status=400 if has_faults else 200)


@require_POST
def minutes_sign(request: HttpRequest, pk: int) -> HttpResponse:
    scope, activity = _meeting(request, pk)
    if not services.may_write(activity, scope):
        raise PermissionDenied(_("Minutes are written by the committee of the host."))
    try:
        services.sign_minutes(activity=activity, scope=scope, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Signed. Those invited can read the minutes now."))
    return redirect("minutes", pk=pk)
