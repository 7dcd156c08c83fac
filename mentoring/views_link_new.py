"""Making a link by hand in three steps that the address holds: tier, the first of the two, the other one. Handing a link on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import services
from .forms_links import HandOnForm, LinkForm
from .links import tier_row, tier_rows
from .models import Mentorship
from .offers import MENTEE, MENTOR, choosable, first_people, known_people, may_open, offers_for
from .rules import TIERS
from .services import may_arrange
from .tiers import PERSON_TIERS, LinkState, Tier
from .views_links import visible_link

PAGE = 40


@dataclass(frozen=True)
class Asked:
    """What the address says so far. `side`: that of the person chosen first."""

    tier: int
    side: str = MENTEE
    first: Person | None = None
    is_formal: bool = False
    words: str = ""

    def address(self, **changes: Any) -> str:
        """The same step with something else chosen."""
        values: dict[str, Any] = {
            "tier": self.tier,
            "side": self.side if self.side != MENTEE else None,
            "first": self.first.pk if self.first else None,
            "formal": 1 if self.is_formal else None,
        } | changes
        query = urlencode({key: value for key, value in values.items() if value is not None})
        return f"{reverse('mentoring_link_new')}?{query}"

    @property
    def formal_address(self) -> str:
        return self.address(formal=1)

    @property
    def peer_address(self) -> str:
        return self.address(formal=None)

    @property
    def back_address(self) -> str:
        return self.address(first=None)

    @property
    def mentor_address(self) -> str:
        return self.address(side=MENTOR, first=None)

    @property
    def mentee_address(self) -> str:
        return self.address(side=None, first=None)


def require_arranger(scope: Scope) -> None:
    if not may_open(scope):
        raise PermissionDenied(_("Links are arranged by branch secretaries and the department. Ask your secretary."))


def helper_address(stage: str, pk: int) -> str:
    """The page that offers mentors for somebody of a stage, in the tier where they are helped."""
    tier = next((tier for tier in reversed(PERSON_TIERS) if stage in TIERS[tier].mentee_stages), None)
    if tier is None:
        return reverse("mentoring_link_new")
    asked = {"tier": int(tier), "first": pk} | ({"formal": 1} if tier == Tier.ACTIVISTS else {})
    return f"{reverse('mentoring_link_new')}?{urlencode(asked)}"


def words_of(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:50]


@require_http_methods(["GET", "POST"])
def mentoring_link_new(request: HttpRequest) -> HttpResponse:
    """Make a link by hand; only people whom no rule refuses are offered."""
    scope = scope_of(request)
    require_arranger(scope)
    asked = _asked(request, scope)
    if asked is None:
        return render(request, "mentoring/link_tier.html", {"tiers": tier_rows(timezone.localdate())})
    if asked.first is None:
        return _choose_first(request, asked, scope)
    return _choose_other(request, asked, scope)


def _asked(request: HttpRequest, scope: Scope) -> Asked | None:
    text = request.GET.get("tier", "")
    if text not in {str(int(tier)) for tier in PERSON_TIERS}:
        return None
    side = MENTOR if request.GET.get("side") == MENTOR else MENTEE
    first = None
    if number := request.GET.get("first", ""):
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise Http404
        people = known_people(scope, timezone.localdate()).select_related("party_branch", "school_class")
        first = get_visible_or_404(people, pk=int(number))
    is_formal = int(text) == Tier.ACTIVISTS and request.GET.get("formal") == "1"
    return Asked(int(text), side, first, is_formal, words_of(request))


def _choose_first(request: HttpRequest, asked: Asked, scope: Scope) -> HttpResponse:
    today = timezone.localdate()
    rows = first_people(asked.tier, asked.side, scope=scope, today=today)
    if asked.words:
        rows = rows.search(asked.words)  # type: ignore[attr-defined]  # of a queryset or row of ours
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "tier": tier_row(asked.tier, today),
        "page": page,
        "people": [{"person": person, "address": asked.address(first=person.pk)} for person in page.object_list],
    }
    return render(request, "mentoring/link_first.html", context)


def _choose_other(request: HttpRequest, asked: Asked, scope: Scope) -> HttpResponse:
    today, first = timezone.localdate(), asked.first
    assert first is not None
    people = choosable(asked.tier, asked.side, first, scope=scope, today=today)
    form = LinkForm(
        request.POST if request.method == "POST" else None, people=people, initial={"starts_on": today.isoformat()}
    )
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        other = values.pop("person")
        mentor, mentee = (other, first) if asked.side == MENTEE else (first, other)
        try:
            link = services.arrange_link(
                tier=asked.tier, mentor=mentor, mentee=mentee, is_formal=asked.is_formal, **values, scope=scope,
                by=request.user, today=today, now=timezone.now(),  # type: ignore[arg-type]  # signed in
                reasons=[["by_hand", 0, None]],
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            say_done(request, _made_words(link))
            return redirect("mentoring_link", pk=link.pk)
    context = {
        "asked": asked,
        "first": first,
        "side": asked.side,
        "tier": tier_row(asked.tier, today),
        "offers": offers_for(
            asked.tier, asked.side, first, scope=scope, today=today, is_formal=asked.is_formal, words=asked.words
        ),
        "words": asked.words,
        "form": form,
    }
    return render(request, "mentoring/link_form.html", context, status=400 if form.errors else 200)


def _made_words(link: Mentorship) -> str:
    if link.state == LinkState.OFFERED:
        return _("%(name)s is asked now. The link runs once they say yes.") % {"name": link.mentee.name}
    return _("%(mentor)s helps %(mentee)s now; both are told.") % {
        "mentor": link.mentor.name,
        "mentee": link.mentee.name,
    }


@require_http_methods(["GET", "POST"])
def mentoring_link_hand_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Another mentor takes over: the old link ends, the new one begins the same day."""
    scope, link = visible_link(request, pk)
    if not may_arrange(link.party_branch, scope):
        raise PermissionDenied(_("A link is handed on by the secretary who keeps it, or by the department."))
    today = timezone.localdate()
    people = choosable(link.tier, MENTEE, link.mentee, scope=scope, today=today)
    form = HandOnForm(request.POST if request.method == "POST" else None, people=people)
    if request.method == "POST" and form.is_valid():
        try:
            following = services.hand_on(
                link=link, mentor=form.cleaned_data["person"], scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=today, now=timezone.now(), accept_warnings=form.cleaned_data["accept_warnings"],
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            say_done(request, _made_words(following))
            return redirect("mentoring_link", pk=following.pk)
    words = words_of(request)
    context = {
        "link": link,
        "tier": tier_row(link.tier, today),
        "offers": offers_for(
            link.tier,
            MENTEE,
            link.mentee,
            scope=scope,
            today=today,
            is_formal=link.is_formal,
            words=words,
            replaces=link,
        ),
        "words": words,
        "side": MENTEE,
        "form": form,
    }
    return render(request, "mentoring/link_hand_on.html", context, status=400 if form.errors else 200)
