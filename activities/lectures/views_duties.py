"""Excellent members of a year, and the duties they take on."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import AcademicYear, Department, LeagueBranch, PartyBranch
from members.models import ExcellentMember
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.toasts import say_done, say_refused

from ..models import LectureDuty
from . import duty_services, excellent_services
from .duty_board import DutyBoard, fill_in, keep_picks, read_duties
from .duty_services import NeedsConfirmation, Pick
from .excellent import gather_evidence
from .forms_duties import EndDutyForm
from .handing_on import ahead_of, ended_duties, history_of, successors

# More would not fit into an address that takes them back.
AT_ONCE = 200


def shown_year(request: HttpRequest, scope: Scope, today: date) -> AcademicYear | None:
    """The academic year the address names, else the current one, else the next that is set up."""
    years = AcademicYear.objects.visible_to(scope)
    asked = request.GET.get("year", "")
    if asked:
        if not asked.isascii() or not asked.isdigit() or len(asked) > 4:
            raise Http404
        return get_visible_or_404(years, start_year=int(asked))
    current: AcademicYear | None = years.filter(starts_on__lte=today, ends_on__gte=today).first()
    return current or years.filter(starts_on__gt=today).order_by("starts_on").first() or years.first()


def _numbers(values: list[str]) -> list[int]:
    """Keys out of a form or an address; anything else leads nowhere."""
    if len(values) > AT_ONCE or not all(value.isascii() and value.isdigit() and len(value) < 18 for value in values):
        raise Http404
    return [int(value) for value in values]


# --- Excellent members ---------------------------------------------------------------------------


def _branches(scope: Scope) -> Any:
    rows = PartyBranch.objects.visible_to(scope).run_by(scope).active().select_related("department")
    return rows.distinct().order_by("department_id", "pk")


@require_GET
def lecture_excellent(request: HttpRequest) -> HttpResponse:
    """The branches whose excellent members one decides on; who runs one alone goes there at once."""
    scope, today = scope_of(request), timezone.localdate()
    branches = list(_branches(scope))
    if not branches:
        raise PermissionDenied(_("Excellent members are chosen by who runs a branch and by its department."))
    if len(branches) == 1:
        return redirect("lecture_excellent_branch", branches[0].pk)
    year = shown_year(request, scope, today)
    chosen: dict[int, int] = {}
    if year is not None:
        rows = ExcellentMember.objects.visible_to(scope).filter(academic_year=year, person__party_branch__in=branches)
        for branch_id in rows.values_list("person__party_branch_id", flat=True):
            chosen[branch_id] = chosen.get(branch_id, 0) + 1
    context = {"year": year, "rows": [{"branch": branch, "count": chosen.get(branch.pk, 0)} for branch in branches]}
    return render(request, "activities/lecture_excellent.html", context)


def _branch(request: HttpRequest, pk: int) -> PartyBranch:
    scope = scope_of(request)
    branch: PartyBranch = get_visible_or_404(PartyBranch.objects.visible_to(scope).select_related("department"), pk=pk)
    if not excellent_services.may_choose(branch, scope):
        raise PermissionDenied(_("Excellent members are chosen by who runs a branch and by its department."))
    return branch


@require_GET
def lecture_excellent_branch(request: HttpRequest, pk: int) -> HttpResponse:
    """What speaks for each member, who is chosen, and the history of choosing."""
    scope, today, branch = scope_of(request), timezone.localdate(), _branch(request, pk)
    year = shown_year(request, scope, today)
    context: dict[str, Any] = {"branch": branch, "year": year, "years": AcademicYear.objects.visible_to(scope)[:6]}
    if year is not None:
        context |= {
            "evidence": gather_evidence(branch, year, today),
            "is_open": year.ends_on >= today,
            "history": history_of(branch, year),
        }
    return render(request, "activities/lecture_excellent_branch.html", context)


def _year_of(request: HttpRequest) -> AcademicYear:
    year = shown_year(request, scope_of(request), timezone.localdate())
    if year is None:
        raise Http404
    return year


def _people(request: HttpRequest) -> list[int]:
    """From the ticks of the form, or from the address of an undo."""
    if "people" in request.GET:
        return _numbers(request.GET["people"].split("."))
    return _numbers(request.POST.getlist("person"))


@require_POST
def lecture_excellent_choose(request: HttpRequest, pk: int) -> HttpResponse:
    branch, year, ids = _branch(request, pk), _year_of(request), _people(request)
    back = f"{reverse('lecture_excellent_branch', args=[pk])}?year={year.start_year}"
    try:
        report = excellent_services.choose_excellent(
            branch=branch, year=year, person_ids=ids, notes={pk: request.POST.get(f"note-{pk}", "") for pk in ids},
            scope=scope_of(request), by=_user(request), today=timezone.localdate(), now=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect(back)
    if not report.made:
        say_done(request, _("They are chosen already. Nothing was changed."))
        return redirect(back)
    words = ngettext(
        "%(count)d member is chosen for %(year)s.", "%(count)d members are chosen for %(year)s.", len(report.made)
    )
    text = words % {"count": len(report.made), "year": year}
    if report.warnings:
        text += " " + _("Please note: %(lines)s.") % {
            "lines": "; ".join(str(problem) for problem in report.warnings[:5])
        }
    say_done(
        request, text, undo_url=_undo("lecture_excellent_withdraw", pk, year, [row.person_id for row in report.made])
    )
    return redirect(back)


@require_POST
def lecture_excellent_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    branch, year, ids = _branch(request, pk), _year_of(request), _people(request)
    back = f"{reverse('lecture_excellent_branch', args=[pk])}?year={year.start_year}"
    try:
        rows = excellent_services.withdraw_excellent(
            branch=branch, year=year, person_ids=ids, reason=request.POST.get("reason", "")[:100],
            scope=scope_of(request), by=_user(request), today=timezone.localdate(), now=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect(back)
    words = ngettext("%(count)d member is chosen no more.", "%(count)d members are chosen no more.", len(rows))
    undo_url = _undo("lecture_excellent_choose", pk, year, [row.person_id for row in rows])
    say_done(request, words % {"count": len(rows)}, undo_url=undo_url)
    return redirect(back)


def _undo(name: str, pk: int, year: AcademicYear, ids: list[int]) -> str:
    if len(ids) > AT_ONCE:
        return ""
    query = urlencode({"year": year.start_year, "people": ".".join(str(number) for number in ids)})
    return f"{reverse(name, args=[pk])}?{query}"


# --- Duties --------------------------------------------------------------------------------------


def _departments(scope: Scope) -> list[Department]:
    """Departments in which the user arranges lectures; the page shows one at a time."""
    leagues = LeagueBranch.objects.visible_to(scope).attachable_by(scope).active()
    return list(Department.objects.visible_to(scope).filter(league_branches__in=leagues).distinct().order_by("name"))


def _arranger(request: HttpRequest) -> list[Department]:
    scope = scope_of(request)
    found = _departments(scope)
    if not found and not (scope.managed_branch_ids or scope.has(Role.STAFF)):
        raise PermissionDenied(_("Duties are arranged by the responsible branch and by the department."))
    return found


def _shown_department(request: HttpRequest, departments: list[Department]) -> Department | None:
    asked = request.GET.get("department", "")
    if asked:
        found = [row for row in departments if str(row.pk) == asked]
        if not found:
            raise Http404
        return found[0]
    return departments[0] if len(departments) > 1 else None


@require_http_methods(["GET", "POST"])
def lecture_duties(request: HttpRequest) -> HttpResponse:
    """League branches with their speakers; chosen by hand or by the solver, stored by one button, all or nothing."""
    scope, today = scope_of(request), timezone.localdate()
    departments = _arranger(request)
    year = shown_year(request, scope, today)
    if year is None:
        return render(request, "activities/lecture_duties.html", {"year": None})
    department = _shown_department(request, departments)
    board = read_duties(year=year, scope=scope, today=today, department=department)
    page: dict[str, Any] = {
        "year": year, "board": board, "departments": departments, "department": department, "warnings": [], "refused": "",
        "is_open": year.ends_on >= today, "proposed": None, "ended": ended_duties(board, year),
    }  # fmt: skip
    if request.method == "POST":
        return _assign(request, page, board, year)
    if "propose" in request.GET:
        page["proposed"] = fill_in(board)
    return render(request, "activities/lecture_duties.html", page)


def _picks(request: HttpRequest, board: DutyBoard) -> list[Pick]:
    return [
        Pick(person_id, row.league_branch.pk)
        for row in board.rows
        for person_id in _numbers([value for value in request.POST.getlist(row.name) if value])
    ]


def _assign(request: HttpRequest, page: dict[str, Any], board: DutyBoard, year: AcademicYear) -> HttpResponse:
    picks = _picks(request, board)
    warnings: list[Problem] = []
    try:
        made = duty_services.assign_duties(
            picks=picks, year=year, is_confirmed="is_confirmed" in request.POST, scope=scope_of(request), by=_user(request),
            today=timezone.localdate(), now=timezone.now(),
        )  # fmt: skip
    except NeedsConfirmation as question:
        warnings = question.warnings
    except Refused as refusal:
        page["refused"] = refusal.text
    else:
        words = ngettext("%(count)d duty is assigned; the speaker was told.", "%(count)d duties are assigned; the speakers were told.", len(made))  # fmt: skip
        say_done(request, words % {"count": len(made)})
        return redirect(request.get_full_path().replace("propose=1", "").rstrip("?&"))
    keep_picks(board, picks)
    page["warnings"] = warnings
    return render(request, "activities/lecture_duties.html", page, status=400)


def _duty(request: HttpRequest, pk: int) -> LectureDuty:
    scope = scope_of(request)
    rows = LectureDuty.objects.visible_to(scope).select_related("person", "league_branch", "academic_year")
    duty: LectureDuty = get_visible_or_404(rows, pk=pk)
    if not duty_services.may_assign(duty.league_branch, scope):
        raise PermissionDenied(_("Duties are arranged by the responsible branch and by the department."))
    return duty


@require_http_methods(["GET", "POST"])
def lecture_duty_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a duty with a reason; whom the solver would put there is offered as the successor."""
    scope, today, duty = scope_of(request), timezone.localdate(), _duty(request, pk)
    offered = successors(duty, scope=scope, today=today)
    form = EndDutyForm(posted(request), successors=offered, initial={"successor": offered[0][0] if offered else ""})
    warnings: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            done = duty_services.end_duty(
                duty=duty, reason=form.cleaned_data["reason"], successor_id=form.cleaned_data["successor"],
                is_confirmed="is_confirmed" in request.POST, scope=scope, by=_user(request), today=today, now=timezone.now(),
            )  # fmt: skip
        except NeedsConfirmation as question:
            warnings = question.warnings
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _ended(request, done)
    context = {"form": form, "duty": duty, "warnings": warnings, "planned": ahead_of(duty, today)}
    return render(request, "activities/lecture_duty_end.html", context, status=400 if form.errors or warnings else 200)


def _ended(request: HttpRequest, done: duty_services.Handover) -> HttpResponse:
    if done.successor is None:
        undo_url = reverse("lecture_duty_reopen", args=[done.ended.pk])
        say_done(request, _("The duty has ended; the speaker was told."), undo_url=undo_url)
    else:
        say_done(request, _("The duty has passed to %(name)s; both were told.") % {"name": done.successor.person})
    return redirect("lecture_duties")


@require_POST
def lecture_duty_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    duty = _duty(request, pk)
    return act(
        request,
        lambda: duty_services.reopen_duty(
            duty=duty, scope=scope_of(request), by=_user(request), today=timezone.localdate(), now=timezone.now()
        ),
        done=_("The duty stands again."),
        back=reverse("lecture_duties"),
    )


def _user(request: HttpRequest) -> Any:
    return request.user
