"""One's own mentoring page, how to reach each other, calls for help; and the health of links by branch."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.policy import Policy
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.registries import mentoring_panels
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import help_services
from .contacts import save_card, shown
from .forms_phone import AnswerForm, ContactForm
from .health import health_rules
from .health_page import COUNTED, branch_rows
from .models import ContactCard, ContactWay, HelpKind, HelpRequest
from .my_page import MyPage, my_page, own_next_step
from .views_link_new import helper_address


def _own_person(request: HttpRequest) -> tuple[Scope, Person]:
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(_("This page is for people of the roster. Your account is not linked to one."))
    rows = Person.objects.visible_to(scope).select_related("party_branch", "school_class").distinct()
    return scope, get_visible_or_404(rows, pk=scope.person_id)


@require_GET
def my_mentoring(request: HttpRequest) -> HttpResponse:
    """Whom I help, who helps me, what comes next, and "I need help". Phone first."""
    scope, person = _own_person(request)
    today, policy = timezone.localdate(), Policy()
    page = my_page(person, scope, today, policy)
    step = own_next_step(person, today, policy)
    context = {
        "person": person,
        "page": page,
        "panels": _panels(request, person.pk, scope),
        "step": step,
        "step_is_open": bool(step and step.is_open(today)),
        "card": _own_card(person, scope),
        "today": today,
        **_help_context(person, scope, page),
    }
    return render(request, "mentoring/my_mentoring.html", context)


def _panels(request: HttpRequest, person_id: int, scope: Scope) -> list[dict[str, Any]]:
    """What higher rooms put here, such as entries that wait for me."""
    found = []
    for panel in mentoring_panels:
        context = panel.context(person_id, scope)
        if context is not None:
            found.append({"title": panel.title, "html": render_to_string(panel.template, context, request)})
    return found


def _own_card(person: Person, scope: Scope) -> ContactCard | None:
    card: ContactCard | None = ContactCard.objects.visible_to(scope).filter(person=person).first()
    return card


def _help_context(person: Person, scope: Scope, page: MyPage) -> dict[str, Any]:
    """The open call, the newest answer, and what may be asked: another mentor only where there is one."""
    own = HelpRequest.objects.visible_to(scope).filter(person=person)
    call = own.open().first()
    first = HelpKind.ANOTHER_MENTOR if page.helped else HelpKind.FIRST_MENTOR
    return {
        "call": call,
        "answered": None if call else own.filter(handled_at__isnull=False).order_by("-handled_at").first(),
        "help_kinds": [(kind.value, kind.label) for kind in (first, HelpKind.TALK)],
        "readers": help_services.readers_of(person, timezone.localdate()),
    }


@require_POST
def mentoring_help_new(request: HttpRequest) -> HttpResponse:
    """Ask the secretary; no words are asked for."""
    _scope, person = _own_person(request)
    today = timezone.localdate()
    try:
        row = help_services.ask_help(
            person=person, kind=request.POST.get("kind", ""), today=today, now=timezone.now()
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        names = "、".join(reader.name for reader in help_services.readers_of(person, today))
        said = _("Sent. Only %(names)s reads it.") % {"names": names}
        say_done(request, said, undo_url=reverse("mentoring_help_withdraw", args=[row.pk]))
    return redirect("my_mentoring")


@require_POST
def mentoring_help_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own call back."""
    scope = scope_of(request)
    own = HelpRequest.objects.visible_to(scope).filter(person_id=scope.person_id or 0)
    call = get_visible_or_404(own, pk=pk)
    try:
        help_services.withdraw_help(call=call, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Taken back. The secretary no longer sees it."))
    return redirect("my_mentoring")


def _secretary_scope(request: HttpRequest) -> Scope:
    """Calls for help exist for secretaries alone; to everybody else there is no such page."""
    scope = scope_of(request)
    if not scope.has(Role.SECRETARY):
        raise Http404
    return scope


@require_GET
def mentoring_helps(request: HttpRequest) -> HttpResponse:
    """The secretary's list: open calls, the oldest first, and what was answered."""
    scope = _secretary_scope(request)
    calls = HelpRequest.objects.changeable_by(scope).select_related("person__party_branch", "person__school_class")
    context = {
        "calls": [
            (call, helper_address(call.person.stage, call.person_id))
            for call in calls.open().order_by("asked_at", "pk")
        ],
        "answered": calls.filter(handled_at__isnull=False).select_related("handled_by").order_by("-handled_at")[:10],
    }
    return render(request, "mentoring/help_list.html", context)


@require_POST
def mentoring_help_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """A short answer from the secretary."""
    scope = _secretary_scope(request)
    call = get_visible_or_404(HelpRequest.objects.changeable_by(scope), pk=pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        say_refused(request, form.first_fault())
        return redirect("mentoring_helps")
    try:
        help_services.answer_help(
            call=call, answer=form.cleaned_data["answer"], scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Answered. The person is told that there is an answer."))
    return redirect("mentoring_helps")


@require_http_methods(["GET", "POST"])
def my_contact(request: HttpRequest) -> HttpResponse:
    """What the people of my links see of how to reach me."""
    scope, person = _own_person(request)
    card = _own_card(person, scope)
    initial = {"way": card.way, "words": card.words} if card else {"way": ContactWay.HIDDEN}
    form = ContactForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_card(person=person, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            say_done(request, _("Saved. Your mentors and mentees see it so from now on."))
            return redirect("my_contact")
    context = {"form": form, "person": person, "contact": shown(card, person)}
    return render(request, "mentoring/my_contact.html", context, status=400 if form.errors else 200)


@require_GET
def mentoring_health(request: HttpRequest) -> HttpResponse:
    """How the links go, counted by branch; each number leads to its rows."""
    scope = scope_of(request)
    if not (scope.branch_ids or scope.department_ids or scope.whole_college):
        raise PermissionDenied(
            _("How links go is counted for committees and departments. Yours stand on your own page.")
        )
    today = timezone.localdate()
    context = {
        "states": COUNTED,
        "blocks": [
            (_("links between people"), branch_rows(scope, today)),
            (_("guidance of League branches"), branch_rows(scope, today, guidance=True)),
        ],
        "rules": health_rules(Policy(), today),
    }
    return render(request, "mentoring/health.html", context)
