"""Invitations: who has an account and who never came; codes for many at once; a forgotten password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.slips import slip_page
from branches.models import PartyBranch, SchoolClass
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import invitations
from .invitations import WAITING, WITHOUT_CODE, AccountState
from .models import Person
from .querysets import PersonQuerySet

PAGE_SIZE = 50


@dataclass(frozen=True)
class Choice:
    """What the list is narrowed to; unknown values narrow nothing."""

    branch: PartyBranch | None = None
    school_class: SchoolClass | None = None
    state: str = ""
    words: str = ""

    @classmethod
    def read(cls, query: QueryDict, scope: Scope) -> Choice:
        state = query.get("state", "")
        return cls(
            branch=_chosen(PartyBranch.objects.visible_to(scope), query.get("branch", "")),
            school_class=_chosen(SchoolClass.objects.visible_to(scope), query.get("class", "")),
            state=state if state in AccountState.values else "",
            words=query.get("q", "").replace("\x00", "").strip()[:50],
        )

    def place(self, people: PersonQuerySet) -> PersonQuerySet:
        """The people of the branch, class and search, whatever their state."""
        if self.branch:
            people = people.filter(party_branch=self.branch)
        if self.school_class:
            people = people.filter(school_class=self.school_class)
        return people.search(self.words)

    def query(self, **changes: str) -> str:
        """The address of this list with some of it changed."""
        values = {
            "branch": str(self.branch.pk) if self.branch else "",
            "class": str(self.school_class.pk) if self.school_class else "",
            "state": self.state,
            "q": self.words,
        } | changes
        return urlencode({key: value for key, value in values.items() if value})


def _chosen(rows: Any, value: str) -> Any:
    return rows.filter(pk=int(value)).first() if value.isascii() and value.isdigit() and len(value) < 12 else None


def _scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not invitations.may_invite(scope):
        raise PermissionDenied(_("Accounts are opened by branch secretaries, counsellors and the department."))
    return scope


@require_GET
def invitation_list(request: HttpRequest) -> HttpResponse:
    """People of one's branches or classes with the state of their account."""
    scope, now = _scope(request), timezone.now()
    choice = Choice.read(request.GET, scope)
    everybody = invitations.invitable(scope)
    placed = choice.place(everybody)
    counts = invitations.account_counts(placed, now)
    people = invitations.with_account_state(placed, now)
    if choice.state:
        people = people.filter(account_state=choice.state)
    people = people.select_related("party_branch", "school_class", "user").order_by("name_key", "number")
    page = Paginator(people, PAGE_SIZE).get_page(request.GET.get("page"))
    without = counts[AccountState.NONE] + counts[AccountState.EXPIRED]
    context = {
        "page": page,
        "choice": choice,
        "states": [
            {
                "value": value, "label": label, "count": counts[value], "query": choice.query(state=value),
                "is_chosen": value == choice.state,
            }
            for value, label in AccountState.choices
        ],
        "everybody": {"count": sum(counts.values()), "query": choice.query(state="")},
        "branches": PartyBranch.objects.visible_to(scope).filter(pk__in=everybody.order_by().values("party_branch")),
        "classes": SchoolClass.objects.visible_to(scope).filter(pk__in=everybody.order_by().values("school_class")),
        "without": without,
        "at_once": min(without, invitations.AT_ONCE),
        "waiting_states": WAITING,
    }  # fmt: skip
    return render(request, "members/invitations.html", context)


@require_POST
def invitations_issue(request: HttpRequest) -> HttpResponse:
    """Codes for the ticked people, or for all of the list without one. The answer is the page with the slips."""
    scope, now = _scope(request), timezone.now()
    choice = Choice.read(request.POST, scope)
    back = f"{reverse('invitations')}?{choice.query()}"
    people = invitations.invitable(scope)
    if request.POST.get("all"):
        people = choice.place(people)
        people = invitations.with_account_state(people, now).filter(account_state__in=WITHOUT_CODE)
        people = people.order_by("school_class", "name_key", "number")
    else:
        ticked = {int(v) for v in request.POST.getlist("people") if v.isascii() and v.isdigit() and len(v) < 12}
        people = people.filter(pk__in=ticked)
    chosen = list(people.select_related("party_branch", "school_class")[: invitations.AT_ONCE])
    if not chosen:
        messages.info(request, _("Nobody was chosen. Tick the people who need a code."))
        return redirect(back)
    invited = invitations.invite_people(
        people=chosen, issued_by=cast(User, request.user), scope=scope, now=now, request=request
    )
    places = places_of([item.user.pk for item in invited.issued], scope)
    return slip_page(request, invited.issued, back=back, places=places, skipped=invited.skipped)


def places_of(user_ids: list[int], scope: Scope) -> dict[int, str]:
    """Class or branch by user, for the slips: who hands them out sorts by it."""
    rows = Person.objects.visible_to(scope).filter(user__in=user_ids).select_related("school_class", "party_branch")
    return {row.user_id: str(row.school_class or row.party_branch or "") for row in rows if row.user_id}


@require_POST
def invitation_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """A forgotten password: the old one stops working, the answer is the slip with a new code."""
    scope = _scope(request)
    person = get_visible_or_404(invitations.invitable(scope), pk=pk)
    back = f"{reverse('invitations')}?{urlencode({'q': person.number})}"
    try:
        issued = invitations.reset_person(
            person=person, issued_by=cast(User, request.user), scope=scope, now=timezone.now(), request=request
        )
    except Refused as refusal:
        messages.error(request, refusal.text)
        return redirect(back)
    return slip_page(request, [issued], back=back, places=places_of([issued.user.pk], scope))
