"""Opinions: a sponsor's on the phone, what the committee heard, and the partner branch's on its paired members."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from branches.models import PartyBranch
from members.models import Person, Sponsor
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import opinion_services as services
from .conversion_services import manage_objection
from .forms_conversion import CorrectForm, OpinionForm, PartnerForm, SponsorForm
from .models import PartnerOpinion, ReviewOpinion
from .views_conversion import visible_row


@require_http_methods(["GET", "POST"])
def sponsor_opinion(request: HttpRequest, pk: int) -> HttpResponse:
    """The sponsor's own opinion: about whom, by when, one field. 404 for everybody who is not asked."""
    scope = scope_of(request)
    review = next((review for review in services.asked_reviews(scope) if review.pk == pk), None)
    if review is None:
        raise Http404
    own = services.own_opinion(review, scope)
    form = SponsorForm(posted(request), initial={"text": own.text if own else ""})
    if request.method == "POST" and form.is_valid():
        try:
            services.give_sponsor_opinion(
                review=review, text=form.cleaned_data["text"], scope=scope, by=request.user, today=timezone.localdate(),  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Thank you. Until the meeting you can correct it here."))
            return redirect("evaluations")
    context = {"form": form, "review": review, "person": review.person, "own": own}
    return render(request, "evaluations/conversion_sponsor.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def conversion_opinion_new(request: HttpRequest, pk: int) -> HttpResponse:
    """An opinion the committee heard."""
    scope = scope_of(request)
    row = visible_row(scope, pk)
    _require(manage_objection(row.review, scope))
    heard = row.facts.sponsors_heard
    named = Sponsor.objects.visible_to(scope).filter(person=row.review.person).select_related("sponsor")
    sponsors = [(one.sponsor_id, one.sponsor.name) for one in named if one.sponsor_id not in heard]
    form = OpinionForm(posted(request), sponsors=sponsors, initial={"given_on": timezone.localdate(), "kind": "group"})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        author_id = data.pop("author", None)
        author = next((one.sponsor for one in named if one.sponsor_id == author_id), None)
        try:
            services.record_opinion(
                review=row.review, author=author, **data, scope=scope, by=request.user, today=timezone.localdate(),  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The opinion is recorded."))
            return redirect("conversion", pk=pk)
    return _form_page(request, form, title=_("Record an opinion"), person=row.review.person, back=_review_url(pk))


@require_http_methods(["GET", "POST"])
def conversion_opinion_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct an opinion the committee recorded; every version stays in the history."""
    scope = scope_of(request)
    rows = ReviewOpinion.objects.visible_to(scope).select_related("review__person", "review__party_branch")
    opinion = get_visible_or_404(rows, pk=pk)
    _require(manage_objection(opinion.review, scope))
    form = CorrectForm(posted(request), instance=opinion)
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_opinion(
                opinion=opinion, **form.cleaned_data, scope=scope, by=request.user, today=timezone.localdate()  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Corrected. The version before stays in the history."))
            return redirect("conversion", pk=opinion.review_id)
    title = _("Correct: %(kind)s") % {"kind": opinion.get_kind_display()}
    return _form_page(request, form, title=title, person=opinion.review.person, back=_review_url(opinion.review_id))


@require_GET
def partner_opinions(request: HttpRequest) -> HttpResponse:
    """Members of partner branches who are paired with the reader's branches, each with what was written of them."""
    scope, today = scope_of(request), timezone.localdate()
    if not scope.branch_ids:
        raise PermissionDenied(_("A branch's committee writes about the members their branch is paired with."))
    written: dict[tuple[int, int], list[PartnerOpinion]] = {}
    for row in PartnerOpinion.objects.visible_to(scope).filter(by_branch_id__in=scope.branch_ids):
        written.setdefault((row.by_branch_id, row.person_id), []).append(row)
    rows = [
        {
            "branch": branch, "person": person, "pair": pair, "opinions": written.get((branch.pk, person.pk), []),
            "may_write": scope.manages(branch.pk),
        }
        for branch, person, pair in services.paired_with(scope.branch_ids, today)
    ]  # fmt: skip
    rows.sort(key=lambda row: bool(row["opinions"]))
    context = {"rows": rows, "waiting": sum(not row["opinions"] for row in rows)}
    return render(request, "evaluations/conversion_partners.html", context)


@require_http_methods(["GET", "POST"])
def partner_opinion_new(request: HttpRequest, branch_id: int, pk: int) -> HttpResponse:
    """Write about one member of the partner branch."""
    scope, today = scope_of(request), timezone.localdate()
    branch: PartyBranch = get_visible_or_404(PartyBranch.objects.visible_to(scope), pk=branch_id)
    person = _paired_person(scope, branch, pk)
    _require("" if scope.manages(branch.pk) else _("The secretary or organisation officer of the branch writes this."))
    form = PartnerForm(posted(request), initial={"given_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            services.write_partner_opinion(
                person=person, by_branch=branch, **form.cleaned_data, scope=scope, by=request.user, today=today,  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Written. Their own branch reads it in the evidence pack."))
            return redirect("partner_opinions")
    return _form_page(request, form, title=_("Opinion of the partner branch"), person=person, back=reverse("partner_opinions"))  # fmt: skip


@require_http_methods(["GET", "POST"])
def partner_opinion_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct the words; the version before stays in the history."""
    scope = scope_of(request)
    opinion = get_visible_or_404(PartnerOpinion.objects.visible_to(scope).select_related("person"), pk=pk)
    may_correct = PartnerOpinion.objects.changeable_by(scope).filter(pk=pk).exists()
    _require("" if may_correct else _("The branch that wrote this opinion corrects it."))
    form = PartnerForm(posted(request), opinion=opinion)
    if request.method == "POST" and form.is_valid():
        try:
            text = form.cleaned_data["text"]
            services.correct_partner_opinion(opinion=opinion, text=text, scope=scope, by=request.user)  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Corrected. The version before stays in the history."))
            return redirect("partner_opinions")
    return _form_page(request, form, title=_("Correct the opinion"), person=opinion.person, back=reverse("partner_opinions"))  # fmt: skip


def _paired_person(scope: Scope, branch: PartyBranch, pk: int) -> Person:
    """Somebody of the partner branch: the pairing shows their name to the committee, their record it does not open."""
    if branch.pk not in scope.branch_ids:
        raise Http404
    found = services.paired_with(frozenset({branch.pk}), timezone.localdate())
    person = next((person for _branch, person, _pair in found if person.pk == pk), None)
    if person is None:
        raise Http404
    return person


def _require(objection: str) -> None:
    if objection:
        raise PermissionDenied(objection)


def _review_url(pk: int) -> str:
    return reverse("conversion", args=[pk])


def _form_page(request: HttpRequest, form: Any, *, title: str, person: Person, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "person": person, "back": back}
    return render(request, "evaluations/conversion_opinion.html", context, status=400 if form.errors else 200)
