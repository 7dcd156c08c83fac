"""What the committee does with a ballot that does not come to a count, and with an appraisal begun by mistake."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.toasts import say_done, say_refused

from . import appraisal_services, ballot_services
from .forms_appraisal import BallotOpenForm
from .models import AppraisalState
from .views_appraisal import managed_round


@require_http_methods(["GET", "POST"])
def appraisal_extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the ballot for longer."""
    scope, round = managed_round(request, pk)
    today = timezone.localdate()
    if round.state != AppraisalState.VOTING:
        return redirect("appraisal", pk=round.pk)
    last = round.vote_until_on or today
    form = BallotOpenForm(posted(request), today=max(today, last))
    if request.method == "POST" and form.is_valid():
        try:
            ballot_services.extend_ballot(
                round=round, **form.cleaned_data, scope=scope, today=today, now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The ballot is open for longer. Who has not voted is told the new day."))
            return redirect("appraisal", pk=round.pk)
    cast, eligible = appraisal_services.turnout(round)
    context = {
        "form": form, "round": round, "title": _("Open the ballot for longer"), "submit": _("Open it for longer"),
        "lede": _("%(cast)d of %(all)d have voted. Ballots that are in stay in; the last day is %(day)s now.")
        % {"cast": cast, "all": eligible, "day": date_format(last)},
        "cancel_url": reverse("appraisal", args=[round.pk]),
    }  # fmt: skip
    return render(request, "evaluations/appraisal_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def appraisal_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Destroy an open ballot uncounted: to count on paper, or to begin anew."""
    scope, round = managed_round(request, pk)
    if request.method == "POST":
        try:
            ballot_services.withdraw_ballot(round=round, scope=scope, now=timezone.now())
        except Refused as refusal:
            say_refused(request, refusal.text)
        else:
            say_done(request, _("The ballot is withdrawn. Enter a count made on paper, or open a new ballot."))
        return redirect("appraisal", pk=round.pk)
    if round.state != AppraisalState.VOTING:
        return redirect("appraisal", pk=round.pk)
    cast, _eligible = appraisal_services.turnout(round)
    context = {
        "title": _("Withdraw the ballot"),
        "text": _("For when too few vote in the portal, or the list of who votes was wrong."),
        "consequences": [
            _("Ballots that are in are destroyed uncounted: %(cast)d.") % {"cast": cast},
            _("The appraisal goes back to writing. You may enter a count made on paper or open a new ballot."),
            _("What members wrote of themselves and of each other stays."),
        ],
        "submit": _("Withdraw the ballot"),
        "cancel_url": reverse("appraisal", args=[round.pk]),
    }
    return render(request, "confirm.html", context)


@require_http_methods(["GET", "POST"])
def appraisal_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an appraisal that was begun by mistake, before anybody wrote."""
    scope, round = managed_round(request, pk)
    if request.method == "POST":
        try:
            ballot_services.cancel_round(round=round, scope=scope, now=timezone.now())
        except Refused as refusal:
            say_refused(request, refusal.text)
            return redirect("appraisal", pk=round.pk)
        say_done(request, _("The appraisal is taken back."))
        return redirect("appraisals")
    if round.state != AppraisalState.WRITING:
        return redirect("appraisal", pk=round.pk)
    context = {
        "title": _("Take the appraisal back"),
        "text": _("%(year)d, %(branch)s: begun by mistake, or for the wrong year.") % {"year": round.year, "branch": round.party_branch.name},
        "consequences": [_("Members are no longer asked to write."), _("You may begin the appraisal of that year anew.")],
        "submit": _("Take it back"),
        "cancel_url": reverse("appraisal", args=[round.pk]),
    }  # fmt: skip
    return render(request, "confirm.html", context)
