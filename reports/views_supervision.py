"""The supervision board: counts, the rows behind a cell, reminding, the three figures and the rules behind the first of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from .supervision.base import Watch, may_supervise, names_of_users, watched_branches
from .supervision.board import by_person, list_rows, read_board, read_rows, watch_for
from .supervision.coverage import COVERAGE, covered
from .supervision.figures import three_figures
from .supervision.forms import BY_PERSON, SupervisionFilter
from .supervision.remind_services import remind, reminders_of
from .supervision.sources import BY_KEY

PAGE = 50
NAMED = 12


def _asked(request: HttpRequest) -> tuple[Scope, SupervisionFilter, Watch]:
    """The scope, the filter of the address, the branches it leaves. 403 for who supervises nothing."""
    scope = scope_of(request)
    if not may_supervise(scope):
        raise PermissionDenied(
            _("Supervision is for branch secretaries and the organisers of departments and the college.")
        )
    branches = watched_branches(scope)
    chosen = SupervisionFilter(request.GET, branches=branches)
    return scope, chosen, watch_for(list(branches), chosen, timezone.localdate(), timezone.now())


@require_GET
def supervision(request: HttpRequest) -> HttpResponse:
    """Rules down, branches across; what is filtered stands in words and in the address."""
    scope, chosen, watch = _asked(request)
    board = read_board(watch, chosen, scope)
    context = {
        "board": board,
        "filter": chosen,
        "words": chosen.in_words(),
        "figures": three_figures(watch.ids, watch.today),
        "shows_all": bool(chosen.is_valid() and chosen.cleaned_data["show"]),
        "today": watch.today,
    }
    return render(request, "reports/supervision.html", context, status=200 if chosen.is_valid() else 400)


@require_GET
def supervision_list(request: HttpRequest) -> HttpResponse:
    """What is overdue, row by row: how old, where it is done, who is to act."""
    scope, chosen, watch = _asked(request)
    rows = list_rows(read_rows(watch, chosen, scope), watch, scope)
    data = chosen.cleaned_data if chosen.is_valid() else {}
    if data.get("by") == BY_PERSON:
        rows = by_person(rows)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "filter": chosen,
        "words": chosen.in_words(),
        "source": BY_KEY.get(data.get("rule", "")),
        # The rule is the heading already.
        "lede_words": chosen.in_words()[1 if data.get("rule") else 0 :],
        "is_by_person": data.get("by") == BY_PERSON,
        "shows_branch": len(watch.branches) > 1,
        "may_remind": any(row.may_remind for row in rows),
        "query": query.urlencode(),
        "board_query": urlencode({key: value for key, value in request.GET.items() if key in ("department", "branch")}),
    }
    return render(request, "reports/supervision_list.html", context, status=200 if chosen.is_valid() else 400)


@require_http_methods(["GET", "POST"])
def supervision_remind(request: HttpRequest) -> HttpResponse:
    """Remind for one row (`row`, by POST), or, after asking, for all rows of a list."""
    scope, chosen, watch = _asked(request)
    one = request.POST.get("row", "")
    found = read_rows(watch, chosen, scope)
    pairs = [(BY_KEY[key], row) for key, rows in found.items() for row in rows if one in ("", row.key)]
    back = f"{reverse('supervision_list')}?{request.GET.urlencode()}"
    if request.method == "GET":
        return _ask_first(request, pairs, back)
    try:
        done = remind(pairs=pairs, watch=watch, scope=scope, by=request.user, now=watch.now)  # type: ignore[arg-type]  # signed in
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        names = names_of_users(done.told)
        words = ngettext("Reminded: %(names)s.", "Reminded %(count)d people: %(names)s.", len(done.told))
        said = words % {"count": len(done.told), "names": _few(sorted(names.values()))}
        if done.known:
            more = ngettext(
                "%(count)d was reminded today already.", "%(count)d were reminded today already.", len(done.known)
            )
            said = _("%(words)s %(more)s") % {"words": said, "more": more % {"count": len(done.known)}}
        say_done(request, said)
    return redirect(back)


def _ask_first(request: HttpRequest, pairs: list[Any], back: str) -> HttpResponse:
    """Who will get it, before it is said."""
    wanted = reminders_of(pairs, but=request.user.pk)
    names = names_of_users(row.user_id for row in wanted)
    if not names:
        say_refused(request, _("Nobody else with an account is to act here."))
        return redirect(back)
    people = ngettext("%(names)s gets a notice.", "%(count)d people get a notice: %(names)s.", len(names))
    context = {
        "title": _("Remind those who are to act"),
        "text": ngettext("It is about %(count)d row.", "It is about %(count)d rows.", len(pairs)) % {"count": len(pairs)},
        "consequences": [
            people % {"count": len(names), "names": _few(sorted(names.values()))},
            _("Several rows of a rule are said in one notice. It names no people and leads to the rows."),
            _("Who was reminded of it today already is not reminded again."),
        ],
        "submit": _("Remind"),
        "cancel_url": back,
    }  # fmt: skip
    return render(request, "confirm.html", context)


def _few(names: list[str]) -> str:
    """The first dozen; more are a number."""
    shown = "、".join(names[:NAMED])
    rest = len(names) - NAMED
    return shown if rest <= 0 else _("%(names)s and %(count)d more") % {"names": shown, "count": rest}


@require_GET
def supervision_rules(request: HttpRequest) -> HttpResponse:
    """Every rule of the table: does the portal check it, where do people meet it, what does the board watch."""
    if not may_supervise(scope_of(request)):
        raise PermissionDenied(
            _("Supervision is for branch secretaries and the organisers of departments and the college.")
        )
    checked, known = covered()
    return render(request, "reports/supervision_rules.html", {"places": COVERAGE, "checked": checked, "known": known})
