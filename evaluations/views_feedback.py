"""Feedback: my own page, one exchange with its answer, and the rounds as offices see them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import Term
from branches.policy import policy_number
from branches.services import load_calendar
from members.models import Person
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import feedback_overview as overview
from . import feedback_page as page
from . import feedback_round_services as round_services
from . import feedback_services as services
from .feedback_reader import keeps_round, opens_rounds, watched, watches
from .feedback_rules import State
from .forms_feedback import AnswerForm, RoundForm
from .models import FeedbackExchange, FeedbackRound
from .questionnaires import asked_of

PAGE = 50


@require_GET
def feedback(request: HttpRequest) -> HttpResponse:
    """What is asked of me, what was said to me. For everybody with a row in the roster."""
    scope = scope_of(request)
    if scope.person_id is None:
        if watches(scope):
            return redirect("feedback_rounds")
        raise PermissionDenied(_("You are in no roster, so nobody asks you for feedback."))
    return render(request, "evaluations/feedback_mine.html", page.mine(scope, timezone.now()))


@require_http_methods(["GET", "POST"])
def feedback_exchange(request: HttpRequest, pk: int) -> HttpResponse:
    """One link: the answer of who is asked, and both answers once they may be read."""
    scope, now = scope_of(request), timezone.now()
    rows = FeedbackExchange.objects.visible_to(scope).select_related(
        "round", "mentor__party_branch", "mentee", "league_branch"
    )
    exchange = get_visible_or_404(rows.distinct(), pk=pk)
    context = page.exchange_page(exchange, scope, now)
    own = context["own"]
    if request.method == "POST" and not own:
        raise PermissionDenied(_("You are not one of the two sides who are asked here."))
    may_answer = own and not context["has_answered"] and context["is_open"] and exchange.called_off_at is None
    if not may_answer and request.method == "GET":
        return render(request, "evaluations/feedback_exchange.html", context)
    form = AnswerForm(posted(request), questions=asked_of(own), has_remark=exchange.mentor.party_branch_id is not None)
    if request.method == "POST":
        return _answered(request, form, exchange, context, scope)
    return render(request, "evaluations/feedback_answer.html", context | {"form": form})


def _answered(
    request: HttpRequest, form: AnswerForm, exchange: FeedbackExchange, context: dict[str, Any], scope: Scope
) -> HttpResponse:
    """Sent twice, or too late: back to the page, which says how it stands. A hole: the form again, what was marked stays."""
    if not form.is_valid() and not context["has_answered"] and context["is_open"]:
        return render(request, "evaluations/feedback_answer.html", context | {"form": form}, status=400)
    data = form.cleaned_data
    person = get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=scope.person_id)
    given = {question.id: data[question.field] for question in form.questions if question.field in data}
    try:
        row = services.answer_feedback(
            exchange=exchange, person=person, given=given, remark=data.get("remark", ""), today=timezone.localdate(), now=timezone.now()
        )  # fmt: skip
    except Refused as refusal:
        if refusal.field in form.fields:
            add_refusal(form, refusal)
            return render(request, "evaluations/feedback_answer.html", context | {"form": form}, status=400)
        say_refused(request, refusal.text)
        return redirect("feedback_exchange", pk=exchange.pk)
    exchange.refresh_from_db()
    said = _("Sent. Both have answered: you can read each other now.") if exchange.revealed_at else _("Sent. You can read each other once both have answered.")  # fmt: skip
    say_done(request, said)
    return redirect("feedback_exchange", pk=row.exchange_id)


# --- Rounds --------------------------------------------------------------------------------------


def _office(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not watches(scope):
        raise PermissionDenied(_("Rounds are watched by committees and the department."))
    return scope


def _visible_round(request: HttpRequest, pk: int) -> tuple[Scope, FeedbackRound]:
    """404 for a round of another department, 403 for those it only asks."""
    scope = scope_of(request)
    rows = FeedbackRound.objects.visible_to(scope).select_related("department", "term__academic_year", "opened_by")
    round = get_visible_or_404(rows, pk=pk)
    return _office(request), round


@require_GET
def feedback_rounds(request: HttpRequest) -> HttpResponse:
    """Rounds with their response rates, newest first."""
    scope = _office(request)
    rows = FeedbackRound.objects.visible_to(scope).select_related("department", "term__academic_year")
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": overview.round_rows(list(found.object_list), scope, timezone.now()),
        "may_open": opens_rounds(scope),
    }
    return render(request, "evaluations/feedback_rounds.html", context)


@require_http_methods(["GET", "POST"])
def feedback_round_new(request: HttpRequest) -> HttpResponse:
    """Open a round; days are proposed by the calendar of the term."""
    scope, today = scope_of(request), timezone.localdate()
    if not opens_rounds(scope):
        raise PermissionDenied(_("A round is opened by the staff of the department, or of the college."))
    terms = [term for term in Term.objects.visible_to(scope).select_related("academic_year") if term.ends_on >= today]
    form = RoundForm(
        posted(request), scope=scope, today=today, terms=sorted(terms, key=lambda term: term.start_monday),
        span=load_calendar().term_of(today), open_days=policy_number("feedback_open_days", today),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            round = round_services.open_round(**form.cleaned_data, scope=scope, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            count = round.exchanges.count()
            words = ngettext("The round is set: %(count)d link is asked.", "The round is set: %(count)d links are asked.", count)  # fmt: skip
            say_done(request, words % {"count": count})
            return redirect("feedback_round", pk=round.pk)
    context = {"form": form, "cancel_url": reverse("feedback_rounds")}
    return render(request, "evaluations/feedback_round_form.html", context, status=400 if form.errors else 200)


@require_GET
def feedback_round(request: HttpRequest, pk: int) -> HttpResponse:
    """One round: rates by side and branch, and the links, filtered."""
    scope, round = _visible_round(request, pk)
    now = timezone.now()
    state, branch = request.GET.get("state", ""), request.GET.get("branch", "")
    state = state if state in set(State) else ""
    branch_id = int(branch) if branch.isascii() and branch.isdigit() and len(branch) < 10 else None
    rows = overview.listed(round, scope, now, state=state, branch_id=branch_id)
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    ids = [row.pk for row in found.object_list]
    remindable = set(watched(scope, to_remind=True).filter(pk__in=ids).values_list("pk", flat=True))
    listed = overview.exchange_rows(found.object_list, now, remindable)
    context = overview.round_page(round, scope, now) | {
        "page": found, "rows": listed, "state": state, "branch": branch_id or "", "is_open": round.opens_at <= now < round.closes_at,
        "states": [{"key": "", "label": _("all")}, *({"key": key.value, "label": page.state_words(key)} for key in State)],
        "may_fill": keeps_round(round, scope) and now < round.closes_at and round.kind != "closing",
        "may_remind": any(row["may_remind"] for row in listed),
        "last_day": page.last_day(round.closes_at),
    }  # fmt: skip
    return render(request, "evaluations/feedback_round.html", context)


@require_POST
def feedback_round_fill(request: HttpRequest, pk: int) -> HttpResponse:
    """Add the links that began since the round was opened."""
    scope, round = _visible_round(request, pk)
    if not keeps_round(round, scope):
        raise PermissionDenied(_("A round is kept by the staff of its department, or of the college."))
    return act(
        request,
        lambda: round_services.fill_round(round=round, scope=scope, now=timezone.now()),
        done=_("Links that began since are asked too."),
        back=reverse("feedback_round", args=[round.pk]),
    )


@require_POST
def feedback_remind(request: HttpRequest, pk: int) -> HttpResponse:
    """Remind who is missing, of the round or of one link; nobody twice a day."""
    scope, round = _visible_round(request, pk)
    if not (scope.managed_branch_ids or opens_rounds(scope)):
        raise PermissionDenied(_("Reminding is for those who run the branch, and for the department."))
    exchange = request.POST.get("exchange", "")
    exchange_id = int(exchange) if exchange.isascii() and exchange.isdigit() and len(exchange) < 19 else None
    try:
        found = services.remind(round=round, exchange_id=exchange_id, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        said = ngettext("%(count)d person was reminded.", "%(count)d people were reminded.", found.people) % {"count": found.people}  # fmt: skip
        if found.again:
            said += " " + ngettext(
                "%(count)d was reminded today already.", "%(count)d were reminded today already.", found.again
            ) % {"count": found.again}
        say_done(request, said)
    return redirect("feedback_round", pk=round.pk)
