"""The secret ballot as its voter sees it, and the grade as committee and member see it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.exports import export_workbook
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.spreadsheets import Column, SheetSpec
from pairing_portal.common.toasts import say_done

from . import appraisal_page as page
from . import appraisal_services as services
from .forms_appraisal import AnswerForm, BallotForm, GradeForm, WordsForm
from .models import AppraisalResult, AppraisalState, PeerAppraisal, SelfAppraisal
from .views_appraisal import own_part, visible_round


@require_http_methods(["GET", "POST"])
def appraisal_vote(request: HttpRequest, pk: int) -> HttpResponse:
    """The ballot. Its address stands in no log; what is handed in is tied to nobody."""
    _scope, round, me = own_part(request, pk)
    if round.state != AppraisalState.VOTING or services.has_voted(round, me.pk) is not False:
        return redirect("appraisal", pk=round.pk)
    form = BallotForm(posted(request), results=page.result_rows(round))
    if request.method == "POST" and form.is_valid():
        try:
            services.cast_ballot(round=round, person=me, marks=form.marks(), today=timezone.localdate())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Your ballot is in the box. Nobody can tell which one is yours."))
            return redirect("appraisal", pk=round.pk)
    context = {"form": form, "round": round, "me": me}
    return render(request, "evaluations/appraisal_vote.html", context, status=400 if form.errors else 200)


def _result(request: HttpRequest, pk: int) -> tuple[Any, AppraisalResult]:
    scope = scope_of(request)
    rows = AppraisalResult.objects.visible_to(scope).select_related("round__party_branch", "person", "answered_by")
    return scope, get_visible_or_404(rows, pk=pk)


@require_http_methods(["GET", "POST"])
def appraisal_result(request: HttpRequest, pk: int) -> HttpResponse:
    """One member: counts, what was written, the grade. The committee decides here; the member reads and objects here."""
    scope, result = _result(request, pk)
    round, is_mine = result.round, result.person_id == scope.person_id
    may_decide = scope.manages(round.party_branch_id) and not is_mine and not result.is_probationary
    may_decide = may_decide and round.state == AppraisalState.COUNTED
    form = GradeForm(posted(request), initial={"grade": result.grade or result.proposed, "reason": result.reason})
    if request.method == "POST":
        if not may_decide:
            raise PermissionDenied(_("Grades are decided by the branch committee, once the votes are counted."))
        if form.is_valid():
            try:
                services.decide_grade(result=result, **form.cleaned_data, scope=scope, today=timezone.localdate())
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                say_done(request, _("Decided."))
                return redirect("appraisal", pk=round.pk)
    may_read_counts = not is_mine or round.shown_at is not None
    context = {
        "result": result, "round": round, "person": result.person, "is_mine": is_mine, "may_decide": may_decide, "form": form,
        "items": page.item_table(result) if may_read_counts else [], "may_read_counts": may_read_counts,
        "self_text": SelfAppraisal.objects.visible_to(scope).filter(round=round, person=result.person).first(),
        "peers": PeerAppraisal.objects.visible_to(scope).filter(round=round, person=result.person).select_related("author")
        if may_read_counts else [],
        "shows_pack": not is_mine,
        "may_object": is_mine and round.shown_at is not None and result.objected_at is None,
        "may_answer": scope.manages(round.party_branch_id) and not is_mine and result.objected_at and not result.answered_at,
    }  # fmt: skip
    return render(request, "evaluations/appraisal_result.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def appraisal_object(request: HttpRequest, pk: int) -> HttpResponse:
    scope, result = _result(request, pk)
    if result.person_id != scope.person_id:
        raise PermissionDenied(_("You object to your own grade, once it was shown to you."))
    form = WordsForm(posted(request), label=_("what is wrong, and what shows it"), limit=1000)
    if request.method == "POST" and form.is_valid():
        try:
            services.object_to_grade(
                result=result, person=result.person, text=form.cleaned_data["text"], today=timezone.localdate(), now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Your objection is with the committee; the answer comes by the day named."))
            return redirect("appraisal_result", pk=result.pk)
    return _form(request, form, result, _("Object to the grade"), _("Hand in the objection"))


@require_http_methods(["GET", "POST"])
def appraisal_answer(request: HttpRequest, pk: int) -> HttpResponse:
    scope, result = _result(request, pk)
    if not scope.manages(result.round.party_branch_id) or result.person_id == scope.person_id:
        raise PermissionDenied(_("The branch committee answers an objection."))
    form = AnswerForm(posted(request), has_grade=not result.is_probationary)
    if request.method == "POST" and form.is_valid():
        try:
            services.answer_objection(
                result=result, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now()
            )  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Answered."))
            return redirect("appraisal_result", pk=result.pk)
    return _form(request, form, result, _("Answer the objection"), _("Answer"), lede=result.objection)


def _form(
    request: HttpRequest, form: Any, result: AppraisalResult, title: str, submit: str, lede: str = ""
) -> HttpResponse:
    context = {
        "form": form, "round": result.round, "title": title, "submit": submit, "lede": lede,
        "cancel_url": reverse("appraisal_result", args=[result.pk]),
    }  # fmt: skip
    return render(request, "evaluations/appraisal_form.html", context, status=400 if form.errors else 200)


@require_GET
def appraisal_print(request: HttpRequest, pk: int) -> HttpResponse:
    """The summary on paper: counts and grades of everybody (RULES.md 4.3(j))."""
    scope, round = visible_round(request, pk)
    _require_committee(page.standing(round, scope), round)
    context = {"round": round, "results": page.result_rows(round), "back": reverse("appraisal", args=[round.pk])}
    return render(request, "evaluations/appraisal_print.html", context)


def _require_committee(place: page.Standing, round: Any) -> None:
    if not place.is_committee or round.state not in (AppraisalState.COUNTED, AppraisalState.DECIDED):
        raise PermissionDenied(_("The summary is for the branch committee, once the votes are counted."))


@require_POST
def appraisal_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The summary as a workbook, with the headings of RULES.md 4.3(j)."""
    scope, round = visible_round(request, pk)
    _require_committee(page.standing(round, scope), round)
    headings = (
        ("序号", "integer"), ("姓名", "text"), ("应到党员数", "integer"), ("实到", "integer"), ("收回票", "integer"),
        ("优秀票", "integer"), ("合格票", "integer"), ("基本合格票", "integer"), ("不合格票", "integer"), ("支部评定等次", "text"), ("理由", "text"),
    )  # fmt: skip
    grades = {
        "excellent": "优秀",
        "qualified": "合格",
        "basically_qualified": "基本合格",
        "unqualified": "不合格",
        "": "",
    }
    rows = [
        (
            number, result.person.name, round.eligible_count, round.present_count, round.returned_count, result.excellent_count,
            result.qualified_count, result.basically_count, result.unqualified_count,
            "预备党员，不评定等次" if result.is_probationary else grades[result.grade], result.reason,
        )
        for number, result in enumerate(page.result_rows(round), 1)
    ]  # fmt: skip
    title = f"{round.party_branch.name}{round.year}年度民主评议党员汇总表"
    columns = [Column(heading, kind=kind) for heading, kind in headings]  # type: ignore[arg-type]  # the kinds above
    return export_workbook(
        request, by=request.user,  # type: ignore[arg-type]  # signed in
        sheets=lambda notes: [SheetSpec(name="民主评议汇总", columns=columns, rows=rows, title=title, notes=notes)],
        name=f"{title}.xlsx", kind="appraisal", key=round.pk, purpose=title, now=timezone.now(), detail={"rows": len(rows)},
    )  # fmt: skip
