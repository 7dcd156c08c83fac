"""Observation records: what is due, writing, reading, correcting, the printed registration form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from members.models import Person
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import observation_services
from .forms_work import ObservationForm
from .models import Mentorship, ObservationKind, ObservationRecord
from .observation_rules import DUE, SOON, branch_due, contact_due, person_problems, stage_since
from .observation_services import TEXTS, contact_objection, review_objection
from .observations import DueRow, by_branch, due_rows, intervals_on, last_record
from .tiers import LinkState, Tier

PAGE = 50
STANDINGS = {"": gettext_lazy("all"), DUE: gettext_lazy("due"), SOON: gettext_lazy("due soon")}
KINDS = {
    "": gettext_lazy("all records"),
    ObservationKind.CONTACT: gettext_lazy("contacts' records"),
    ObservationKind.BRANCH: gettext_lazy("reviews of the branch"),
}


@require_GET
def observations(request: HttpRequest) -> HttpResponse:
    """Which records come next, the most overdue first; departments see their branches counted, then one of them."""
    scope = scope_of(request)
    rows = due_rows(scope, timezone.localdate())
    branches = by_branch(rows) if scope.department_ids or scope.college_staff else []
    branch = next((count.branch for count in branches if str(count.branch.pk) == request.GET.get("branch")), None)
    if branch is not None:
        rows = [row for row in rows if row.branch_id == branch.pk]
    kind = request.GET.get("kind", "") if request.GET.get("kind", "") in KINDS else ""
    of_kind = [row for row in rows if kind in ("", row.kind)]
    state = request.GET.get("state", "") if request.GET.get("state", "") in STANDINGS else ""
    shown = [row for row in of_kind if state in ("", row.standing)]
    context = {
        "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
        "branches": branches,
        "branch": branch,
        "kind": kind,
        "state": state,
        "kinds": _filters(KINDS, rows, lambda row: row.kind),
        "states": _filters(STANDINGS, of_kind, lambda row: row.standing),
        "row_count": len(rows),
    }
    return render(request, "mentoring/observation_list.html", context)


def _filters(labels: dict[str, Any], rows: Sequence[DueRow], of: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": label, "count": sum(key in ("", of(row)) for row in rows)}
        for key, label in labels.items()
    ]


@require_http_methods(["GET", "POST"])
def observe(request: HttpRequest, pk: int) -> HttpResponse:
    """The contact's record of a quarter, with the record before beside it."""
    scope = scope_of(request)
    link = get_visible_or_404(Mentorship.objects.visible_to(scope).with_people(), pk=pk)
    _require(contact_objection(link, scope))
    previous = last_record(person_id=link.mentee_id, kind=ObservationKind.CONTACT, link=link, scope=scope)
    today = timezone.localdate()
    due = contact_due(
        starts_on=link.starts_on, last_to=previous.period_to if previous else None, months=intervals_on(today).contact
    )
    initial = {"period_from": due.from_on, "period_to": due.period_to(today)}
    form = ObservationForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            record = observation_services.record_contact(
                link=link, **form.service_arguments(), scope=scope, by=request.user, today=today,  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _recorded(request, record)
    objection = next(
        person_problems(name=link.mentee.name, stage=link.mentee.stage, kind=ObservationKind.CONTACT), None
    )
    return _form_page(request, form, person=link.mentee, previous=previous, due=due, objection=objection)


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The branch's review of a half-year."""
    scope = scope_of(request)
    person = get_visible_or_404(Person.objects.visible_to(scope).select_related("party_branch", "school_class"), pk=pk)
    _require(review_objection(person, scope))
    previous = last_record(person_id=pk, kind=ObservationKind.BRANCH, link=None, scope=scope)
    today = timezone.localdate()
    since = stage_since(stage=person.stage, activist_on=person.activist_on, admitted_on=person.admitted_on)
    due = branch_due(
        since=since or today, last_to=previous.period_to if previous else None,
        months=intervals_on(today).of_branch(person.stage),
    )  # fmt: skip
    initial = {"period_from": due.from_on, "period_to": due.period_to(today)}
    form = ObservationForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            record = observation_services.record_review(
                person=person, **form.service_arguments(), scope=scope, by=request.user, today=today,  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _recorded(request, record)
    objection = next(person_problems(name=person.name, stage=person.stage, kind=ObservationKind.BRANCH), None)
    return _form_page(request, form, person=person, previous=previous, due=due, objection=objection)


def _require(objection: str) -> None:
    if objection:
        raise PermissionDenied(objection)


def _recorded(request: HttpRequest, record: ObservationRecord) -> HttpResponse:
    say_done(request, _("Recorded. You can correct it here at any time."))
    return redirect("mentoring_observation", pk=record.pk)


def _form_page(request: HttpRequest, form: ObservationForm, **context: Any) -> HttpResponse:
    context = {"record": None, "back": reverse("mentoring_observations"), **context}
    context |= {"form": form, "previous_texts": _texts(context["previous"])}
    return render(request, "mentoring/observation_form.html", context, status=400 if form.errors else 200)


def _texts(record: ObservationRecord | None) -> list[tuple[Any, str]]:
    """(heading, text) of a record in the order of the form."""
    if record is None:
        return []
    return [(ObservationRecord._meta.get_field(name).verbose_name, getattr(record, name)) for name in TEXTS]  # type: ignore[union-attr]  # a column, not a relation


def _visible_record(request: HttpRequest, pk: int) -> tuple[Scope, ObservationRecord]:
    scope = scope_of(request)
    rows = ObservationRecord.objects.visible_to(scope).select_related(
        "person__party_branch", "person__school_class", "observer", "mentorship__mentor"
    )
    return scope, get_visible_or_404(rows, pk=pk)


def _may_correct(record: ObservationRecord, scope: Scope) -> bool:
    return bool(ObservationRecord.objects.changeable_by(scope).filter(pk=record.pk).exists())


@require_GET
def observation(request: HttpRequest, pk: int) -> HttpResponse:
    """One record to read, with the others of the person the viewer may see."""
    scope, record = _visible_record(request, pk)
    others = ObservationRecord.objects.visible_to(scope).filter(person=record.person_id).select_related("observer")
    context = {
        "record": record,
        "texts": _texts(record),
        "others": [row for row in others if row.pk != pk],
        "may_correct": _may_correct(record, scope),
        "versions": record.history.count(),
    }
    return render(request, "mentoring/observation_detail.html", context)


@require_http_methods(["GET", "POST"])
def observation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a record; every version stays in the history."""
    scope, record = _visible_record(request, pk)
    _require("" if _may_correct(record, scope) else _("A record is corrected by the contact who wrote it, a review by the branch."))  # fmt: skip
    form = ObservationForm(posted(request), record=record)
    if request.method == "POST" and form.is_valid():
        try:
            observation_services.correct_record(
                record=record, **form.service_arguments(), scope=scope, today=timezone.localdate()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Corrected. The version before stays in the history."))
            return redirect("mentoring_observation", pk=pk)
    back = reverse("mentoring_observation", args=[pk])
    return _form_page(
        request, form, person=record.person, record=record, previous=None, due=None, objection=None, back=back
    )


@require_GET
def observation_print(request: HttpRequest, pk: int) -> HttpResponse:
    """One record on paper."""
    _scope, record = _visible_record(request, pk)
    return _paper(request, record.person, [record], back=reverse("mentoring_observation", args=[pk]))


@require_GET
def review_print(request: HttpRequest, pk: int) -> HttpResponse:
    """The registration form of a person with every record the viewer may see; never for the person observed."""
    scope = scope_of(request)
    person = _person_of_paper(scope, pk)
    if scope.person_id == pk:
        raise PermissionDenied(_("The registration form is kept by the branch; ask your contact how you are doing."))
    records = ObservationRecord.objects.visible_to(scope).filter(person=pk).select_related("observer")
    return _paper(request, person, list(records.order_by("period_from", "pk")), back=reverse("mentoring_observations"))


def _person_of_paper(scope: Scope, pk: int) -> Person:
    """Somebody the viewer sees, or whose formal contact they are (a contact may be of another branch)."""
    people = Person.objects.visible_to(scope).select_related("party_branch", "school_class")
    try:
        person: Person = get_visible_or_404(people, pk=pk)
    except Http404:
        mine = Mentorship.objects.visible_to(scope).with_people().filter(mentor_id=scope.person_id or 0, is_formal=True)
        link = next((link for link in mine if link.mentee_id == pk), None)
        if link is None:
            raise
        person = link.mentee
    return person


def _paper(request: HttpRequest, person: Person, records: list[ObservationRecord], *, back: str) -> HttpResponse:
    scope = scope_of(request)
    links = Mentorship.objects.visible_to(scope).filter(
        mentee=person.pk, tier=Tier.ACTIVISTS, is_formal=True, state__in=(LinkState.ACTIVE, LinkState.ENDED)
    )
    contacts = [link.mentor.name for link in links.select_related("mentor").order_by("starts_on", "pk")]
    context = {
        "person": person,
        "contacts": list(dict.fromkeys(contacts)),
        "sheets": [(record, _texts(record)) for record in records],
        "back": back,
    }
    return render(request, "mentoring/observation_print.html", context)
