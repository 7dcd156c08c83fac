"""The appraisal of a branch: list, beginning, its page, writing, the ballot's opening and count, grades."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import appraisal_page as page
from . import appraisal_services as services
from .ballot_services import has_words
from .forms_appraisal import BallotOpenForm, BeginForm, PaperForm, WordsForm
from .models import AppraisalResult, AppraisalRound, AppraisalState, PeerAppraisal, SelfAppraisal

PAGE = 30


def visible_round(request: HttpRequest, pk: int) -> tuple[Scope, AppraisalRound]:
    """A round of a branch one belongs to or oversees; 404 for others."""
    scope = scope_of(request)
    rows = AppraisalRound.objects.visible_to(scope).select_related("party_branch", "first_teller", "second_teller")
    return scope, get_visible_or_404(rows, pk=pk)


def managed_round(request: HttpRequest, pk: int) -> tuple[Scope, AppraisalRound]:
    """A round one runs; 403 for who only sees it."""
    scope, round = visible_round(request, pk)
    if not scope.manages(round.party_branch_id):
        raise PermissionDenied(_("The appraisal is run by the branch's own secretary."))
    return scope, round


def own_part(request: HttpRequest, pk: int) -> tuple[Scope, AppraisalRound, Person]:
    """A round one takes part in; 403 for who only sees it."""
    scope, round = visible_round(request, pk)
    if not page.standing(round, scope).is_member:
        raise PermissionDenied(_("Members of the branch take part in its appraisal."))
    return scope, round, get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=scope.person_id)


@require_GET
def appraisals(request: HttpRequest) -> HttpResponse:
    """Rounds of the branches one belongs to or oversees, newest first."""
    scope, today = scope_of(request), timezone.localdate()
    rows = AppraisalRound.objects.visible_to(scope).select_related("party_branch")
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": [
            {"round": row, "words": page.next_words(row, today), "badge": page.BADGES[row.state]} for row in found
        ],
        "may_begin": bool(scope.managed_branch_ids),
    }
    return render(request, "evaluations/appraisal_list.html", context)


@require_http_methods(["GET", "POST"])
def appraisal_new(request: HttpRequest) -> HttpResponse:
    scope, today = scope_of(request), timezone.localdate()
    if not scope.managed_branch_ids:
        raise PermissionDenied(_("The appraisal is run by the branch's own secretary."))
    form = BeginForm(posted(request), scope=scope, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            round = services.open_round(**form.cleaned_data, scope=scope, by=request.user, today=today)  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The appraisal has begun. Every member of the branch was asked to write."))
            return redirect("appraisal", pk=round.pk)
    context = {
        "form": form,
        "title": _("Begin an appraisal"),
        "submit": _("Begin the appraisal"),
        "cancel_url": reverse("appraisals"),
    }
    return render(request, "evaluations/appraisal_form.html", context, status=400 if form.errors else 200)


@require_GET
def appraisal(request: HttpRequest, pk: int) -> HttpResponse:
    """One round: where it stands, what is mine to do, and for the committee the whole table."""
    scope, round = visible_round(request, pk)
    place, today = page.standing(round, scope), timezone.localdate()
    is_counted = round.state in (AppraisalState.COUNTED, AppraisalState.DECIDED)
    results = page.result_rows(round) if place.is_committee and is_counted else []
    context: dict[str, Any] = {
        "round": round, "place": place, "steps": page.state_line(round), "next_words": page.next_words(round, today),
        "tasks": page.my_tasks(round, scope, place), "results": results,
        "progress": page.progress_rows(round) if place.is_committee and round.state == AppraisalState.WRITING else [],
        "cap": services.excellent_cap(round, today) if results else 0,
        "excellent": sum(result.grade == "excellent" for result in results),
        "ungraded": sum(not result.grade and not result.is_probationary for result in results),
        "has_voted": services.has_voted(round, scope.person_id),
        "may_count": page.may_count(round, today),
        "may_cancel": place.may_manage and round.state == AppraisalState.WRITING and not has_words(round),
        "mine": AppraisalResult.objects.visible_to(scope).filter(round=round, person_id=scope.person_id or 0).first()
        if round.shown_at else None,
    }  # fmt: skip
    return render(request, "evaluations/appraisal_detail.html", context)


@require_http_methods(["GET", "POST"])
def appraisal_self(request: HttpRequest, pk: int) -> HttpResponse:
    """What one writes of the own year."""
    scope, round, me = own_part(request, pk)
    known = SelfAppraisal.objects.visible_to(scope).filter(round=round, person=me).first()
    form = WordsForm(
        posted(request), label=_("my year: studies, work, help for others, what to improve"), limit=3000, rows=12,
        initial={"text": known.text if known else ""},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            services.write_self_appraisal(round=round, person=me, text=form.cleaned_data["text"], now=timezone.now())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved. You may change it until the ballot opens."))
            return redirect("appraisal", pk=round.pk)
    return _words_page(request, form, round, _("Self-appraisal"), _("Committee members of the branch read it, and the department."))  # fmt: skip


@require_GET
def appraisal_peers(request: HttpRequest, pk: int) -> HttpResponse:
    """The other members, with what one has written about each."""
    scope, round, me = own_part(request, pk)
    written = dict(
        PeerAppraisal.objects.visible_to(scope).filter(round=round, author=me).values_list("person_id", "text")
    )
    people = [
        {"person": person, "text": written.get(person.pk, "")}
        for person in services.members_of(round)
        if person.pk != me.pk
    ]
    context = {"round": round, "people": people, "may_write": round.state == AppraisalState.WRITING}
    return render(request, "evaluations/appraisal_peers.html", context)


@require_http_methods(["GET", "POST"])
def appraisal_peer(request: HttpRequest, pk: int, person_id: int) -> HttpResponse:
    """What one writes about another member, by name."""
    scope, round, me = own_part(request, pk)
    person = next((row for row in services.members_of(round) if row.pk == person_id and row.pk != me.pk), None)
    if person is None:
        raise PermissionDenied(_("Choose a member of your branch."))
    known = PeerAppraisal.objects.visible_to(scope).filter(round=round, author=me, person=person).first()
    form = WordsForm(
        posted(request),
        label=_("what is good, what to work on"),
        limit=1000,
        initial={"text": known.text if known else ""},
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.write_peer_appraisal(
                round=round, author=me, person=person, text=form.cleaned_data["text"], now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved. You may change it until the ballot opens."))
            return redirect("appraisal_peers", pk=round.pk)
    title = _("About %(name)s") % {"name": person.name}
    return _words_page(request, form, round, title, _("Your name stands beside it: the committee reads it, and %(name)s once the grades are shown.") % {"name": person.name}, back=reverse("appraisal_peers", args=[round.pk]))  # fmt: skip


def _words_page(
    request: HttpRequest, form: WordsForm, round: AppraisalRound, title: str, lede: str, back: str = ""
) -> HttpResponse:
    context = {
        "form": form, "round": round, "title": title, "lede": lede, "submit": _("Save"),
        "cancel_url": back or reverse("appraisal", args=[round.pk]),
    }  # fmt: skip
    return render(request, "evaluations/appraisal_form.html", context, status=400 if form.errors else 200)


# --- The ballot's opening and count --------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def appraisal_open_ballot(request: HttpRequest, pk: int) -> HttpResponse:
    scope, round = managed_round(request, pk)
    today = timezone.localdate()
    form = BallotOpenForm(posted(request), today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.open_ballot(round=round, **form.cleaned_data, scope=scope, today=today)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The ballot is open. Nobody can see who wrote what, you neither."))
            return redirect("appraisal", pk=round.pk)
    context = {
        "form": form, "round": round, "title": _("Open the ballot"), "submit": _("Open the ballot"),
        "lede": _("Writing ends with it, and who votes is fixed. Each member has one ballot that names everybody on the list."),
        "cancel_url": reverse("appraisal", args=[round.pk]),
    }  # fmt: skip
    return render(request, "evaluations/appraisal_form.html", context, status=400 if form.errors else 200)


@require_POST
def appraisal_count(request: HttpRequest, pk: int) -> HttpResponse:
    scope, round = managed_round(request, pk)
    return act(
        request,
        lambda: services.count_ballots(round=round, scope=scope, today=timezone.localdate()),
        done=_("Counted. Now the committee decides on each grade."),
        back=reverse("appraisal", args=[round.pk]),
    )


@require_http_methods(["GET", "POST"])
def appraisal_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a count made on paper, with its two tellers."""
    scope, round = managed_round(request, pk)
    if round.state != AppraisalState.WRITING and not (round.is_on_paper and round.state == AppraisalState.COUNTED):
        say_refused(request, _("A count on paper is entered before the ballot opens. Withdraw the open ballot first."))
        return redirect("appraisal", pk=round.pk)
    results = page.result_rows(round) if round.state == AppraisalState.COUNTED else []
    members = [row.person for row in results] or services.members_of(round)
    graded = [row.person for row in results if not row.is_probationary] or [
        person for person in members if person.stage == "full"
    ]
    tellers = Person.objects.visible_to(scope).filter(pk__in=[person.pk for person in members]).distinct()
    form = PaperForm(
        posted(request), members=graded, graded=graded, tellers=tellers, initial=page.paper_initial(round, results)
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.enter_paper_count(
                round=round, tellers=[data["first_teller"], data["second_teller"]], eligible=data["eligible"],
                present=data["present"], returned=data["returned"], counts=form.counts(), scope=scope, today=timezone.localdate(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Entered. Now the committee decides on each grade."))
            return redirect("appraisal", pk=round.pk)
    context = {"form": form, "round": round, "is_correction": bool(results)}
    return render(request, "evaluations/appraisal_paper.html", context, status=400 if form.errors else 200)


@require_POST
def appraisal_show(request: HttpRequest, pk: int) -> HttpResponse:
    scope, round = managed_round(request, pk)
    return act(
        request,
        lambda: services.show_results(round=round, scope=scope, today=timezone.localdate(), now=timezone.now()),
        done=_("Every member can now read their own grade and why."),
        back=reverse("appraisal", args=[round.pk]),
    )
