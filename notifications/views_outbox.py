"""For administrators: how sending goes, what was given up, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.toasts import say_done, say_refused

from .models import Channel, Delivery, DeliveryState
from .outbox import OutboxFacts, kind_label, outbox_facts, parked
from .outbox_services import drop_deliveries, retry_deliveries
from .querysets import DeliveryQuerySet

PAGE = 50
WHOLE_CHANNEL = "all:"


def _operator(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not scope.has(Role.ADMINISTRATOR):
        raise PermissionDenied(_("The outbox is looked after by administrators."))
    return scope


@require_GET
def notice_outbox(request: HttpRequest) -> HttpResponse:
    """The tick, the queue, counts per channel, and what was given up with its reason; never a notice's words."""
    scope = _operator(request)
    facts = outbox_facts(timezone.now())
    page = Paginator(parked(Delivery.objects.visible_to(scope)), PAGE).get_page(request.GET.get("page"))
    context = {
        "facts": facts,
        "states": [label for _value, label in DeliveryState.choices],
        "channels": _channels(facts),
        "failed_channels": [
            {
                "label": Channel(channel).label,
                "value": f"{WHOLE_CHANNEL}{channel}",
                "count": states[DeliveryState.FAILED],
            }
            for channel, states in facts.counts.items()
            if states[DeliveryState.FAILED]
        ],
        "page": page,
        "rows": [{"delivery": row, "kind": kind_label(row.notice.kind)} for row in page],
    }
    return render(request, "notifications/outbox.html", context)


def _channels(facts: OutboxFacts) -> list[dict[str, Any]]:
    return [
        {
            "label": Channel(channel).label,
            "cells": [{"label": label, "count": states[value]} for value, label in DeliveryState.choices],
        }
        for channel, states in facts.counts.items()
        if any(states.values())
    ]


@require_POST
def notice_outbox_retry(request: HttpRequest) -> HttpResponse:
    """The chosen ones, or all that were given up on a channel, wait again."""
    return _do(request, retry_deliveries, _retried)


@require_POST
def notice_outbox_drop(request: HttpRequest) -> HttpResponse:
    """The chosen ones, or all that were given up on a channel, will not be sent."""
    return _do(request, drop_deliveries, _dropped)


def _do(request: HttpRequest, deed: Callable[..., int], words: Callable[[int], str]) -> HttpResponse:
    rows = _chosen(request)
    if rows is None:
        say_refused(request, _("Tick at least one message first."))
    else:
        say_done(request, words(deed(rows=rows, now=timezone.now())))
    return redirect("notice_outbox")


def _chosen(request: HttpRequest) -> DeliveryQuerySet | None:
    """Given-up deliveries of the form: of a whole channel, or ticked ones; forged text is ignored. None when it names none."""
    failed = Delivery.objects.visible_to(_operator(request)).filter(state=DeliveryState.FAILED)
    channel = request.POST.get("channel", "")
    if channel.startswith(WHOLE_CHANNEL):
        return failed.filter(channel=channel.removeprefix(WHOLE_CHANNEL))
    ids = [
        int(value)
        for value in request.POST.getlist("delivery")[:PAGE]
        if value.isascii() and value.isdigit() and len(value) < 18
    ]
    return failed.filter(pk__in=ids) if ids else None


def _retried(count: int) -> str:
    words = ngettext("%(count)d message waits again.", "%(count)d messages wait again.", count)
    return words % {"count": count}


def _dropped(count: int) -> str:
    words = ngettext("%(count)d message was dropped.", "%(count)d messages were dropped.", count)
    return words % {"count": count}
