"""Exemptions from the lecture quota: the list, asking, deciding, granting for a grade, taking back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.toasts import say_done, say_refused

from ..models import ExemptionState, QuotaExemption
from . import exemption_services as services
from .exemption_services import BulkPreview, UnusualDates
from .forms_duties import AskExemptionForm, BulkExemptionForm, DecideForm

PAGE_SIZE = 50
BATCHES_SHOWN = 5
BADGES = {
    ExemptionState.ASKED: "wait", ExemptionState.GRANTED: "exempt", ExemptionState.REFUSED: "late",
    ExemptionState.WITHDRAWN: "neutral",
}  # fmt: skip


def _grants_in_bulk(scope: Scope) -> bool:
    return scope.has(Role.STAFF) and bool(scope.department_ids or scope.college_staff)


@require_GET
def exemptions(request: HttpRequest) -> HttpResponse:
    """All exemptions one sees, what waits first; filtered by state."""
    scope = scope_of(request)
    rows = QuotaExemption.objects.visible_to(scope)
    counts = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    state = request.GET.get("state", "")
    if state and state not in ExemptionState.values:
        raise Http404
    shown = rows.filter(state=state) if state else rows
    shown = shown.select_related("league_branch", "asked_by", "decided_by").order_by(
        "-from_on", "league_branch_id", "-pk"
    )
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(row, scope) for row in page.object_list],
        "state": state,
        "filters": [
            {"key": "", "label": _("all"), "count": sum(counts.values())},
            *({"key": value, "label": label, "count": counts.get(value, 0)} for value, label in ExemptionState.choices),
        ],
        "total": sum(counts.values()),
        "may_ask": bool(scope.league_branch_ids),
        "may_bulk": _grants_in_bulk(scope),
        "batches": _batches(scope) if _grants_in_bulk(scope) else [],
    }
    return render(request, "activities/exemptions.html", context)


def _row(row: QuotaExemption, scope: Scope) -> dict[str, Any]:
    decides = services.may_decide(row.league_branch, scope)
    asks = services.may_ask(row.league_branch, scope)
    return {
        "row": row,
        "days": services.days_in_words(row.from_on, row.to_on),
        "badge": BADGES[ExemptionState(row.state)],
        "may_decide": decides and row.state == ExemptionState.ASKED,
        "may_withdraw": (decides and row.state == ExemptionState.GRANTED)
        or (asks and row.state == ExemptionState.ASKED),
    }


def _batches(scope: Scope) -> list[dict[str, Any]]:
    """What was granted for several League branches at one moment, the newest first."""
    rows = QuotaExemption.objects.visible_to(scope).changeable_by(scope).granted().filter(asked_by=None)
    found = (
        rows.filter(decided_at__isnull=False).order_by().values("decided_at", "from_on", "to_on", "reason")
        .annotate(count=Count("pk")).filter(count__gt=1).order_by("-decided_at")[:BATCHES_SHOWN]
    )  # fmt: skip
    reasons = dict(QuotaExemption._meta.get_field("reason").flatchoices)
    return [
        {
            "at": batch["decided_at"].isoformat(), "decided_at": batch["decided_at"], "count": batch["count"],
            "days": services.days_in_words(batch["from_on"], batch["to_on"]), "reason": reasons[batch["reason"]],
        }
        for batch in found
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
def exemption_new(request: HttpRequest) -> HttpResponse:
    """The League branch asks."""
    scope = scope_of(request)
    if not scope.league_branch_ids:
        raise PermissionDenied(_("An exemption is asked for by the League branch's own secretary or deputy."))
    form = AskExemptionForm(posted(request), scope=scope)
    warnings: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            row = services.ask_exemption(
                league_branch=form.cleaned_data["league_branch"], span=form.span(),
                is_confirmed=form.cleaned_data["is_confirmed"], scope=scope, by=_user(request), today=timezone.localdate(),
                now=timezone.now(),
            )  # fmt: skip
        except UnusualDates as question:
            warnings = question.warnings
            form.ask_to_confirm()
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            words = _("Asked for: %(days)s. Until it is granted the weeks count.")
            undo_url = reverse("exemption_withdraw", args=[row.pk])
            say_done(request, words % {"days": services.days_in_words(row.from_on, row.to_on)}, undo_url=undo_url)
            return redirect("exemptions")
    context = {"form": form, "warnings": warnings}
    return render(request, "activities/exemption_form.html", context, status=400 if form.errors or warnings else 200)


def _exemption(request: HttpRequest, pk: int) -> QuotaExemption:
    rows = QuotaExemption.objects.visible_to(scope_of(request)).select_related("league_branch")
    row: QuotaExemption = get_visible_or_404(rows, pk=pk)
    return row


def _insider(row: QuotaExemption, scope: Scope, *, also_asker: bool) -> None:
    if services.may_decide(row.league_branch, scope) or (also_asker and services.may_ask(row.league_branch, scope)):
        return
    raise PermissionDenied(_("Exemptions are decided by the responsible Party branch and by the department."))


@require_POST
def exemption_decide(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = scope_of(request), _exemption(request, pk)
    _insider(row, scope, also_asker=False)
    form = DecideForm(request.POST)
    back = f"{reverse('exemptions')}?state=asked"
    if not form.is_valid():
        say_refused(request, _("Choose to grant or to refuse; the answer has at most 200 characters."))
        return redirect(back)
    is_granted = form.cleaned_data["is_granted"]
    return act(
        request,
        lambda: services.decide_exemption(
            exemption=row, **form.cleaned_data, scope=scope, by=_user(request), now=timezone.now()
        ),
        done=_("Granted: these weeks are exempt now.") if is_granted else _("Refused; the League branch was told why."),
        back=back,
        undo_url=reverse("exemption_restore", args=[pk]),
    )


@require_POST
def exemption_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = scope_of(request), _exemption(request, pk)
    _insider(row, scope, also_asker=True)
    return act(
        request,
        lambda: services.withdraw_exemption(exemption=row, scope=scope, by=_user(request), now=timezone.now()),
        done=_("Taken back: these weeks count."),
        back=reverse("exemptions"),
        undo_url=reverse("exemption_restore", args=[pk]),
    )


@require_POST
def exemption_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of a decision or of taking back."""
    scope, row = scope_of(request), _exemption(request, pk)
    _insider(row, scope, also_asker=True)
    return act(
        request,
        lambda: services.restore_exemption(exemption=row, scope=scope, by=_user(request), now=timezone.now()),
        done=_("It is as it was before."),
        back=reverse("exemptions"),
    )


# --- In bulk ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def exemption_bulk(request: HttpRequest) -> HttpResponse:
    """A whole grade between two days: first what it touches, then one button."""
    scope, today = scope_of(request), timezone.localdate()
    if not _grants_in_bulk(scope):
        raise PermissionDenied(_("Exemptions for a whole grade are granted by the department."))
    form = BulkExemptionForm(posted(request), scope=scope)
    preview: BulkPreview | None = None
    if request.method == "POST" and form.is_valid():
        what: dict[str, Any] = {
            "departments": list(form.cleaned_data["departments"]), "enrolment_year": form.cleaned_data["enrolment_year"],
            "span": form.span(), "scope": scope, "today": today,
        }  # fmt: skip
        try:
            preview = services.preview_bulk(**what)
            if "apply" in request.POST:
                rows = services.grant_in_bulk(**what, by=_user(request), now=timezone.now())
                return _granted(request, rows)
        except Refused as refusal:
            add_refusal(form, refusal)
    context = {"form": form, "preview": preview}
    return render(request, "activities/exemption_bulk.html", context, status=400 if form.errors else 200)


def _granted(request: HttpRequest, rows: list[QuotaExemption]) -> HttpResponse:
    words = ngettext(
        "%(count)d League branch is exempt: %(days)s.", "%(count)d League branches are exempt: %(days)s.", len(rows)
    )
    query = urlencode({"at": rows[0].decided_at.isoformat() if rows[0].decided_at else ""})
    say_done(
        request,
        words % {"count": len(rows), "days": services.days_in_words(rows[0].from_on, rows[0].to_on)},
        undo_url=f"{reverse('exemption_bulk_withdraw')}?{query}",
    )
    return redirect("exemptions")


@require_POST
def exemption_bulk_withdraw(request: HttpRequest) -> HttpResponse:
    """Take back what was granted for a grade at one moment."""
    scope = scope_of(request)
    if not _grants_in_bulk(scope):
        raise PermissionDenied(_("Exemptions for a whole grade are granted by the department."))
    moment = _moment(request.POST.get("at", "") or request.GET.get("at", ""))
    try:
        rows = services.withdraw_bulk(decided_at=moment, scope=scope, by=_user(request), now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        words = ngettext("%(count)d exemption was taken back.", "%(count)d exemptions were taken back.", len(rows))
        say_done(request, words % {"count": len(rows)})
    return redirect("exemptions")


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        raise Http404
    return found


def _user(request: HttpRequest) -> Any:
    return request.user
