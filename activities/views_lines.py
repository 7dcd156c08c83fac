"""What the lines beside the contest have of their own: talks, viewpoints, classics, what a service was."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from members.stages import DEVELOPING_STAGES, MEMBER_STAGES
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import line_services as lines
from .event_models import Activity, OwnFields
from .event_rules import may_keep_list
from .forms_lines import ServiceForm, TalkForm, ViewingForm, ViewpointForm
from .line_models import ActivityTalk, Classic, ClassicViewing, Horizon, ServiceDetail, Viewpoint
from .views_events import visible_activity

PAGE = 30


def _of_line(request: HttpRequest, pk: int, *own_fields: str) -> tuple[Scope, Activity]:
    scope, found = visible_activity(request, pk)
    if found.kind.own_fields not in own_fields:
        raise Http404
    return scope, found


def _require_keeper(found: Activity, scope: Scope) -> None:
    if not may_keep_list(found, scope):
        raise PermissionDenied(_("The committee of the hosts writes this down."))


def _me(scope: Scope) -> Person | None:
    return Person.objects.visible_to(scope).filter(pk=scope.person_id or 0).first()


def _to_own_fields(pk: int) -> HttpResponse:
    return redirect(reverse("activity", args=[pk]) + "#own-fields")


def _form_page(request: HttpRequest, found: Activity, form: Any, title: str) -> HttpResponse:
    context = {"activity": found, "form": form, "title": title, "back": reverse("activity", args=[found.pk])}
    return render(request, "activities/line_form.html", context, status=400 if form.errors else 200)


# --- Talks ------------------------------------------------------------------------------------------------


def _visible_talk(request: HttpRequest, pk: int) -> tuple[Scope, ActivityTalk]:
    row = get_visible_or_404(ActivityTalk.objects.visible_to(scope_of(request)).select_related("speaker"), pk=pk)
    scope, row.activity = visible_activity(request, row.activity_id)
    return scope, row


@require_http_methods(["GET", "POST"])
def activity_talk_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a talk down."""
    scope, found = _of_line(request, pk, *lines.TALK_LINES)
    _require_keeper(found, scope)
    return _talk_page(request, scope, found, None)


@require_http_methods(["GET", "POST"])
def talk_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a talk."""
    scope, row = _visible_talk(request, pk)
    _require_keeper(row.activity, scope)
    return _talk_page(request, scope, row.activity, row)


def _talk_page(request: HttpRequest, scope: Scope, found: Activity, row: ActivityTalk | None) -> HttpResponse:
    form = TalkForm(request.POST if request.method == "POST" else None, scope=scope, activity=found, talk=row)
    if request.method == "POST" and form.is_valid():
        try:
            made = lines.save_talk(activity=found, talk=form.talk_given(), scope=scope, talk_id=row.pk if row else None)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("“%(title)s” is written down.") % {"title": made.title})
            return _to_own_fields(found.pk)
    return _form_page(request, found, form, _("Change the talk") if row else _("Add a talk"))


@require_POST
def talk_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """While nobody rated it."""
    scope, row = _visible_talk(request, pk)
    _require_keeper(row.activity, scope)
    found, title = row.activity_id, row.title
    try:
        lines.remove_talk(talk=row, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("“%(title)s” is removed.") % {"title": title})
    return _to_own_fields(found)


@require_POST
def talk_rate(request: HttpRequest, pk: int) -> HttpResponse:
    """One to five, by those who were present."""
    scope, row = _visible_talk(request, pk)
    stars = request.POST.get("stars", "")
    try:
        lines.rate_talk(talk=row, person=_me(scope), stars=int(stars) if stars in {"1", "2", "3", "4", "5"} else 0)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Thank you. Others see the average only, from three ratings on."))
    return _to_own_fields(row.activity_id)


# --- Viewpoints ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def activity_viewpoints(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody's viewpoints, and a form for one's own while the reading month runs."""
    scope, found = _of_line(request, pk, OwnFields.READING)
    form = ViewpointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            lines.post_viewpoint(activity=found, person=_me(scope), **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Your viewpoint is posted."))
            return redirect("activity_viewpoints", pk=pk)
    every = Viewpoint.objects.visible_to(scope).filter(activity=found)
    counts = Counter(every.order_by().values_list("horizon", flat=True))
    horizon = request.GET.get("horizon", "")
    rows = every.filter(horizon=horizon) if horizon in Horizon.values else every
    context = {
        "activity": found,
        "form": form,
        "may_post": lines.may_post(found, scope.person_id, timezone.now()),
        "may_remove": may_keep_list(found, scope),
        "own_id": scope.person_id,
        "horizons": [(value, label, counts[value]) for value, label in Horizon.choices],
        "horizon": horizon,
        "page": Paginator(rows.select_related("person"), PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "activities/line_viewpoints.html", context, status=400 if form.errors else 200)


@require_POST
def activity_viewpoint_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own, or any by the committee of the hosts."""
    scope, found = _of_line(request, pk, OwnFields.READING)
    try:
        lines.remove_viewpoint(activity=found, viewpoint_id=_number(request.POST.get("viewpoint", "")), scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("The viewpoint is removed."))
    return redirect("activity_viewpoints", pk=pk)


def _number(text: str) -> int:
    """0 for what is no id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


# --- Classics -----------------------------------------------------------------------------------------------


def _sees_others(scope: Scope) -> bool:
    return bool(scope.branch_ids or scope.department_ids or scope.college_staff)


@require_GET
def classics(request: HttpRequest) -> HttpResponse:
    """The list; each with what I wrote, or the form for it. Committees see how many of theirs saw each."""
    return _classics_page(request, scope_of(request), None)


def _classics_page(request: HttpRequest, scope: Scope, form: ViewingForm | None) -> HttpResponse:
    person = _me(scope)
    seen = ClassicViewing.objects.visible_to(scope)
    own = {row.classic_id: row for row in seen.filter(person_id=scope.person_id or 0)}
    others = dict(seen.order_by().values_list("classic_id").annotate(Count("pk"))) if _sees_others(scope) else {}
    rows = [
        {"classic": row, "own": own.get(row.pk), "count": others.get(row.pk, 0), "form": form if form and form.data.get("classic") == str(row.pk) else None}
        for row in Classic.objects.visible_to(scope)
        if row.is_active or row.pk in own
    ]  # fmt: skip
    context = {
        "rows": rows,
        "seen": len(own),
        "may_mark": person is not None and person.stage in (*MEMBER_STAGES, *DEVELOPING_STAGES),
        "sees_others": _sees_others(scope),
        "today": timezone.localdate(),
        "activity": request.GET.get("activity", "")[:18],
        "form": form,
    }
    return render(request, "activities/line_classics.html", context, status=400 if form else 200)


@require_POST
def classic_seen(request: HttpRequest) -> HttpResponse:
    """“I have seen it”, or another day and thought."""
    scope = scope_of(request)
    form = ViewingForm(request.POST, scope=scope)
    if not form.is_valid():
        return _classics_page(request, scope, form)
    data = form.cleaned_data
    try:
        lines.record_viewing(
            classic=data["classic"], person=_me(scope), on=data["on"], thought=data["thought"], activity=data["activity"],
            today=timezone.localdate(),
        )  # fmt: skip
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        return _classics_page(request, scope, form)
    undo = f"{reverse('classic_unseen')}?{urlencode({'classic': data['classic'].pk})}"
    say_done(request, _("%(classic)s is on your list.") % {"classic": data["classic"]}, undo_url=undo)
    return redirect("classics")


@require_POST
def classic_unseen(request: HttpRequest) -> HttpResponse:
    """Take it back; the way back of a toast carries the classic in its address."""
    scope = scope_of(request)
    pk = _number(request.POST.get("classic") or request.GET.get("classic", ""))
    row = get_visible_or_404(Classic.objects.visible_to(scope), pk=pk)
    try:
        lines.forget_viewing(classic=row, person=_me(scope))
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("%(classic)s is taken off your list.") % {"classic": row})
    return redirect("classics")


@require_GET
def classics_who(request: HttpRequest) -> HttpResponse:
    """Who of those I look after saw or read what."""
    scope = scope_of(request)
    if not _sees_others(scope):
        raise PermissionDenied(_("Who saw what is for the committees."))
    rows = ClassicViewing.objects.visible_to(scope).select_related("classic", "person__party_branch", "activity")
    chosen = Classic.objects.visible_to(scope).filter(pk=_number(request.GET.get("classic", ""))).first()
    rows = rows.filter(classic=chosen) if chosen else rows
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "chosen": chosen,
        "classics": Classic.objects.visible_to(scope),
    }
    return render(request, "activities/line_classics_who.html", context)


# --- Volunteer service --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def activity_service(request: HttpRequest, pk: int) -> HttpResponse:
    """What the service is, for whom, how long without travel, what was done."""
    scope, found = _of_line(request, pk, OwnFields.SERVICE)
    _require_keeper(found, scope)
    detail = ServiceDetail.objects.visible_to(scope).filter(activity=found).first()
    form = ServiceForm(request.POST if request.method == "POST" else None, initial=ServiceForm.initial_of(detail))
    if request.method == "POST" and form.is_valid():
        try:
            lines.save_service(activity=found, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Saved."))
            return _to_own_fields(pk)
    return _form_page(request, found, form, _("What the service is"))
