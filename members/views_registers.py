"""Views of a register somebody keeps for themselves: saved, renamed, deleted from the register's own page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pairing_portal.common.doing import act
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import ADMIN_SITE_ROLES, Scope
from pairing_portal.common.toasts import say_done, say_refused

from .models import SavedView
from .registers import SHOWN
from .saved_view_services import address_of, delete_view, kept_query, rename_view, save_view


def _scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not scope.has(*ADMIN_SITE_ROLES):
        raise PermissionDenied(_("The registers are for secretaries, committees, counsellors and staff."))
    return scope


def _page(register: str, query: str = "") -> str:
    address = reverse(f"admin:members_{register}_changelist")
    return f"{address}?{query}" if query else address


@require_POST
def register_view_save(request: HttpRequest, register: str) -> HttpResponse:
    """Keep what the register shows now under a name, and open it."""
    _scope(request)
    if register not in SHOWN:
        raise Http404
    query, columns = request.POST.get("query", "")[:2_000], request.POST.getlist("cols")[:60]
    try:
        view = save_view(
            user=request.user, register=register, name=request.POST.get("name", "")[:200], query=query, columns=columns,  # type: ignore[arg-type]  # signed in
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
        shown = "&".join(filter(None, [kept_query(query), urlencode([("cols", key) for key in columns])]))
        return redirect(_page(register, shown))
    say_done(request, _("“%(name)s” is kept. Only you see it.") % {"name": view.name})
    return redirect(_page(register, address_of(view)))


@require_POST
def register_view_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name for a view of one's own."""
    view = get_visible_or_404(SavedView.objects.visible_to(_scope(request)), pk=pk)
    name = request.POST.get("name", "")[:200]
    return act(
        request, lambda: rename_view(view=view, name=name, by=request.user),  # type: ignore[arg-type]  # signed in
        done=_("The view has its new name."), back=_page(view.register, address_of(view)),
    )  # fmt: skip


@require_POST
def register_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view of one's own; the register stays as it is filtered."""
    view = get_visible_or_404(SavedView.objects.visible_to(_scope(request)), pk=pk)
    back = _page(view.register, view.query)
    return act(
        request, lambda: delete_view(view=view, by=request.user),  # type: ignore[arg-type]  # signed in
        done=_("“%(name)s” is deleted.") % {"name": view.name}, back=back,
    )  # fmt: skip
