"""The process record of a person, and recording one of its steps."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import process_page as page
from . import process_services as services
from .forms_process import ProcessStepForm
from .models import Person
from .process_facts import Record, numbers_on, record_of, step_names
from .process_rules import DECISIONS, MEETINGS, standing_problems
from .steps import BY_NUMBER


def visible_person(request: HttpRequest, pk: int) -> tuple[Person, Scope]:
    """The person; 404 for strangers, 403 for who sees the person but no record of theirs."""
    scope = scope_of(request)
    rows = Person.objects.visible_to(scope).select_related("party_branch", "school_class", "department").distinct()
    person = get_visible_or_404(rows, pk=pk)
    if not (page.sees_all(person, scope) or page.sees_dates(person, scope)):
        raise PermissionDenied(
            _("The record is for the person, the branch's committee, the counsellor of the class and the department.")
        )
    return person, scope


@require_GET
def process(request: HttpRequest, pk: int) -> HttpResponse:
    """The 25 steps; for the person, the counsellor and the administrator only dates and what comes next."""
    person, scope = visible_person(request, pk)
    today = timezone.localdate()
    record, names = record_of(person, today), step_names()
    with_details, may_record = page.sees_all(person, scope), not services.record_objection(person, scope)
    blocks = page.stage_blocks(record, names, today, with_details=with_details, may_record=may_record)
    lines = [line for block in blocks for line in block.lines]
    back = page.takes_back(record) if may_record else 0
    context = {
        "person": person, "blocks": blocks, "with_details": with_details, "may_record": may_record, "is_me": person.pk == scope.person_id,
        "next": next((line for line in lines if line.state == page.NEXT), None), "today": today,
        "done": sum(line.state == page.DONE for line in lines), "keeper": record.keeper if with_details else None,
        "keeper_first": record.keeper.numbers[0] if record.keeper else 0,
        "former": record.former if with_details else (), "back": back, "back_name": names.get(back, ""),
        "former_lines": [(row, names[row.number]) for row in record.former] if with_details else [],
    }  # fmt: skip
    return render(request, "members/process.html", context)


@require_http_methods(["GET", "POST"])
def process_step(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Record a step, or put a recorded one right; with what the rules say and what was changed."""
    person, scope = visible_person(request, pk)
    if number not in BY_NUMBER:
        raise Http404
    if objection := services.record_objection(person, scope):
        raise PermissionDenied(objection)
    today = timezone.localdate()
    record = record_of(person, today)
    row = record.rows.get(number) if record.known.is_done(number) else None
    sponsors = page.sponsor_choices(record, today) if number == 9 else None
    form = ProcessStepForm(posted(request), number=number, row=row, sponsors=sponsors, initial=_initial(record, number))
    problems = standing_problems(record.known, number, today, numbers_on(today))
    if request.method == "POST" and form.is_valid():
        entry, deed = form.entry(), services.correct_step if row else services.record_step
        try:
            done = deed(person=person, number=number, entry=entry, scope=scope, by=request.user, today=today)  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
            problems = services.problems_for(record, number, entry, today)
        else:
            _say(request, person, number, done)
            return redirect("process", pk=pk)
    context = {
        "person": person, "form": form, "step": BY_NUMBER[number], "name": step_names()[number], "row": row, "rules_said": page.said(problems),
        "changes": page.changes_of(person, number), "is_meeting": number in MEETINGS,
        "keeper": record.keeper if record.is_kept(number) else None,
        "from_roster": record.known.is_done(number) and row is None, "contacts": record.known.facts.contacts if number == 5 else (),
        "decisions": DECISIONS,
    }  # fmt: skip
    return render(request, "members/process_step.html", context, status=400 if form.errors else 200)


def _initial(record: Record, number: int) -> dict[str, Any]:
    """What the portal knows already is not asked again."""
    initial: dict[str, Any] = {}
    known, facts = record.known, record.known.facts
    if known.is_done(number):
        initial["done_on"] = known.done[number].on
    if number not in record.rows:
        initial["who"] = page.suggested_who(record, number)
        if number in MEETINGS and not known.is_done(number):
            initial["eligible_count"] = page.full_members_of(record.person.party_branch_id) or None
    if number == 9:
        for name, helper in zip(("sponsor_1", "sponsor_2"), facts.sponsors or facts.contacts, strict=False):
            initial[name] = helper.pk
    return initial


def _say(request: HttpRequest, person: Person, number: int, done: services.Recorded) -> None:
    words = _("Step %(number)d of %(name)s is recorded.") % {"number": number, "name": person.name}
    words = " ".join([words, *(str(problem) for problem in done.infos)])
    undo = page.takes_back(record_of(Person.objects.visible_to(scope_of(request)).distinct().get(pk=person.pk), timezone.localdate()))  # fmt: skip
    say_done(request, words, undo_url=reverse("process_undo", args=[person.pk]) if undo == number else "")


@require_POST
def process_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the last step back."""
    person, scope = visible_person(request, pk)
    if objection := services.record_objection(person, scope):
        raise PermissionDenied(objection)
    return act(
        request, lambda: services.remove_last_step(person=person, scope=scope, by=request.user, today=timezone.localdate()),  # type: ignore[arg-type]  # signed in
        done=_("Taken back. What lies before it stays."), back=reverse("process", args=[pk]),
    )  # fmt: skip
