"""Mentor assessments as committee, department and the person meet them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import assessment_page as page
from . import assessment_services as services
from . import scoring
from .forms_assessment import ComputeForm, DecideForm, ObjectionAnswerForm, ObjectionForm
from .models import MentorAssessment

PAGE = 50


def visible_assessment(request: HttpRequest, pk: int) -> tuple[Scope, MentorAssessment]:
    """A version the reader may open; 404 for others, and for the person until it is shown."""
    scope = scope_of(request)
    rows = page.readable(scope).select_related(
        "person__party_branch", "academic_year", "computed_by", "decided_by", "answered_by"
    )
    return scope, get_visible_or_404(rows, pk=pk)


@require_GET
def assessments(request: HttpRequest) -> HttpResponse:
    """For an office: everybody's current version of a year, by branch and name. For others: their own that were shown."""
    scope, today = scope_of(request), timezone.localdate()
    years = page.years_until(today)
    year = _chosen(years, request.GET.get("year"))
    if not page.is_keeper(scope):
        own = page.readable(scope).filter(person_id=scope.person_id or 0).select_related("academic_year")
        rows = page.list_rows(own.order_by("-academic_year__start_year", "-version"), today)
        return render(request, "evaluations/assessment_mine.html", {"rows": rows})
    branches = page.kept_branches(scope)
    branch = _chosen(branches, request.GET.get("branch"), is_required=False)
    listed = page.readable(scope).current().filter(academic_year=year)
    if branch is not None:
        listed = listed.filter(person__party_branch=branch)
    listed = listed.select_related("person__party_branch").order_by(
        "person__party_branch__name", "person__name_key", "pk"
    )
    found = Paginator(listed, PAGE).get_page(request.GET.get("page"))
    computable = [row for row in ([branch] if branch else branches) if services.may_compute(scope, row)]
    context = {
        "page": found, "rows": page.list_rows(found, today), "years": years, "year": year, "branches": branches, "branch": branch,
        "part_labels": page.PART_LABELS.values(), "computable": computable if year else [],
        "missing": page.not_computed(computable, year, today) if year and computable else 0,
    }  # fmt: skip
    return render(request, "evaluations/assessment_list.html", context)


def _chosen(rows: list[Any], wanted: str | None, *, is_required: bool = True) -> Any:
    """The row whose id the address names; the first one, or none, where it names nothing that is there."""
    chosen = next((row for row in rows if str(row.pk) == wanted), None)
    return chosen or (rows[0] if is_required and rows else None)


@require_POST
def assessments_compute(request: HttpRequest) -> HttpResponse:
    """Compute a branch for a year; writes new versions where figures changed."""
    scope, today = scope_of(request), timezone.localdate()
    branches = [row for row in page.kept_branches(scope) if services.may_compute(scope, row)]
    if not branches:
        raise PermissionDenied(_("Assessments are computed by the branch's own secretary or by its department."))
    form = ComputeForm(request.POST, branches=branches, years=page.years_until(today))
    if not form.is_valid():
        say_refused(request, _("Choose a branch and a year."))
        return redirect("assessments")
    branch, year = form.chosen()
    _compute(
        request,
        lambda: services.compute_branch(
            party_branch=branch,
            academic_year=year,
            scope=scope,
            by=request.user,
            today=today,
            now=timezone.now(),  # type: ignore[arg-type]  # signed in
        ),
    )
    return redirect(f"{reverse('assessments')}?year={year.pk}&branch={branch.pk}")


def _compute(request: HttpRequest, deed: Any) -> services.Computed | None:
    try:
        done: services.Computed = deed()
    except Refused as refusal:
        say_refused(request, refusal.text)
        return None
    made = ngettext("%(count)d new version", "%(count)d new versions", len(done.made)) % {"count": len(done.made)}
    same = ngettext("%(count)d as before", "%(count)d as before", done.unchanged) % {"count": done.unchanged}
    say_done(request, _("Computed: %(made)s, %(same)s.") % {"made": made, "same": same})
    return done


@require_POST
def assessment_compute(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute one person anew; then the newest version."""
    scope, row = visible_assessment(request, pk)
    branch = row.person.party_branch
    if branch is None or not services.may_compute(scope, branch):
        raise PermissionDenied(_("Assessments are computed by the branch's own secretary or by its department."))
    done = _compute(
        request,
        lambda: services.compute_person(
            person=row.person, academic_year=row.academic_year, scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
            today=timezone.localdate(), now=timezone.now(),
        ),
    )  # fmt: skip
    return redirect("assessment", pk=done.made[0].pk if done and done.made else row.pk)


@require_http_methods(["GET", "POST"])
def assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: the sum, what the committee made of it, what the person said. The committee decides here."""
    scope, row = visible_assessment(request, pk)
    may_decide = services.may_decide(row, scope) and row.is_current and row.shown_at is None
    seen = row.decided_at.isoformat() if row.decided_at else ""
    form = DecideForm(posted(request), initial={"grade": row.grade, "reason": row.reason, "seen": seen})
    if request.method == "POST":
        if not services.may_decide(row, scope):
            raise PermissionDenied(_("The assessment is decided by the person's own branch committee."))
        if form.is_valid():
            try:
                services.decide(
                    assessment=row, grade=form.cleaned_data["grade"], reason=form.cleaned_data["reason"],
                    seen_decided_at=page.decision_seen(form.cleaned_data["seen"]), scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                    now=timezone.now(),
                )  # fmt: skip
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                say_done(request, _("Decided. The person reads it once you show it."))
                return redirect("assessment", pk=row.pk)
    return render(request, "evaluations/assessment_detail.html", _detail(scope, row, form, may_decide=may_decide), status=400 if form.errors else 200)  # fmt: skip


def _detail(scope: Scope, row: MentorAssessment, form: DecideForm, *, may_decide: bool) -> dict[str, Any]:
    versions, is_mine = page.versions_of(row, scope), row.person_id == scope.person_id
    branch = row.person.party_branch
    is_waiting = row.objected_at is not None and row.answered_at is None
    return {
        "assessment": row, "person": row.person, "is_mine": is_mine, "form": form, "may_decide": may_decide or bool(form.errors),
        "lines": page.part_lines(row), "badge": page.state_of(row, timezone.localdate()),
        "versions": [{"row": one, "badge": page.state_of(one, timezone.localdate())} for one in versions],
        "newer": next((one for one in versions if one.version > row.version), None),
        "decided_before": page.decided_before(versions, row),
        "may_show": may_decide and bool(row.grade),
        "may_compute": not is_mine and branch is not None and services.may_compute(scope, branch) and row.is_current,
        "may_object": is_mine and row.shown_at is not None and row.objected_at is None,
        "may_answer": is_waiting and services.may_answer(row, scope, scope.user_id),
        "waits_for_another": is_waiting and row.decided_by_id == scope.user_id and not is_mine,
    }  # fmt: skip


@require_POST
def assessment_show(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = visible_assessment(request, pk)
    if not services.may_decide(row, scope):
        raise PermissionDenied(_("The assessment is decided by the person's own branch committee."))
    return act(
        request, lambda: services.show(assessment=row, scope=scope, now=timezone.now()),
        done=_("Shown. The person was told and may object."), back=reverse("assessment", args=[row.pk]),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def assessment_object(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = visible_assessment(request, pk)
    if row.person_id != scope.person_id:
        raise PermissionDenied(_("You object to your own assessment, once it was shown to you."))
    form = ObjectionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.object_to(
                assessment=row, person=row.person, text=form.cleaned_data["text"], today=timezone.localdate(), now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Your objection is with the committee; the answer comes by the day named."))
            return redirect("assessment", pk=row.pk)
    return _form(request, form, row, _("Object to the assessment"), _("Hand in the objection"))


@require_http_methods(["GET", "POST"])
def assessment_answer(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = visible_assessment(request, pk)
    if not services.may_answer(row, scope, scope.user_id):
        raise PermissionDenied(_("An objection is answered by another officer of the branch or by the department."))
    form = ObjectionAnswerForm(posted(request), may_change=row.is_current)
    if request.method == "POST" and form.is_valid():
        try:
            services.answer(assessment=row, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Answered."))
            return redirect("assessment", pk=row.pk)
    return _form(request, form, row, _("Answer the objection"), _("Answer"), lede=row.objection)


def _form(
    request: HttpRequest, form: Any, row: MentorAssessment, title: str, submit: str, lede: str = ""
) -> HttpResponse:
    context = {
        "form": form, "assessment": row, "title": title, "submit": submit, "lede": lede,
        "cancel_url": reverse("assessment", args=[row.pk]),
    }  # fmt: skip
    return render(request, "evaluations/assessment_form.html", context, status=400 if form.errors else 200)


@require_GET
def assessment_rows(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """Every row a part was counted from, and those that do not count, with why."""
    _scope, row = visible_assessment(request, pk)
    if part not in scoring.PARTS:
        raise Http404
    rows, is_same = page.evidence_rows(row, part)
    line = next(line for line in page.part_lines(row) if line.key == part)
    context = {
        "assessment": row, "part": part, "line": line, "rows": rows, "is_same": is_same,
        "dimensions": page.DIMENSION_LABELS if part == scoring.FEEDBACK else (),
    }  # fmt: skip
    return render(request, "evaluations/assessment_rows.html", context)
