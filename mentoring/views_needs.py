"""Support needs: consent, what is recorded, who has looked. Masked until somebody presses “View”, hidden again by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import client_ip
from accounts.limits import Limit, take_turn
from accounts.models import User
from members.models import Person
from pairing_portal.common.errors import too_many_requests
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import consent_text, need_services, needs
from .forms_needs import ConsentForm, NeedForm
from .models import SupportReading
from .needs import ReaderRole

READINGS = Limit("need_reading", 30, timedelta(hours=1))
# Seconds until what was shown is masked again; longer while a form is filled in.
SHOWN_FOR: Final = 60
OPEN_FOR: Final = 300
READINGS_SHOWN: Final = 50


@require_safe
def helped(request: HttpRequest) -> HttpResponse:
    """People of own classes or branch who are being helped; nothing here says of whom something is recorded."""
    scope = scope_of(request)
    if not scope.has(Role.COUNSELLOR, Role.SECRETARY):
        raise PermissionDenied(
            _("This list is for counsellors and branch secretaries. A mentor opens it from the link.")
        )
    return _page(request, "mentoring/needs.html", {"people": need_services.helped_people(scope)})


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The text, what one agreed to, who has looked; what is recorded only after “View”."""
    return _mine(request, _oneself(request), {})


@require_POST
def show_mine(request: HttpRequest) -> HttpResponse:
    """What is recorded about oneself, to look at or (`change`) to change."""
    person = _oneself(request)
    return _shown(request, person) or _mine(request, person, _reveal(request, person))


@require_POST
def give_consent(request: HttpRequest) -> HttpResponse:
    person, form = _oneself(request), ConsentForm(request.POST)
    if not form.is_valid():
        return _mine(request, person, {"consent_form": form}, status=400)
    try:
        need_services.give_consent(
            scope=scope_of(request), version=form.cleaned_data["version"], ip=client_ip(request), now=timezone.now()
        )
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Your consent is noted. You can take it back here at any time."))
    return redirect("my_support_need")


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_consent(request: HttpRequest) -> HttpResponse:
    """Asks once, saying what is erased."""
    person = _oneself(request)
    if request.method == "POST":
        try:
            need_services.withdraw_consent(scope=scope_of(request), now=timezone.now())
        except Refused as refusal:
            say_refused(request, refusal.text)
        else:
            say_done(request, _("Withdrawn. What was recorded is erased."))
        return redirect("my_support_need")
    if need_services.consent_of(person.pk) is None:
        say_refused(request, _("There is no consent that could be withdrawn: nothing is recorded."))
        return redirect("my_support_need")
    context = {
        "title": _("Withdraw your consent"),
        "text": _("You need not say why. Nobody is told."),
        "consequences": [
            _("What is recorded about your needs for support is erased at once, for everybody and for good."),
            _("Your mentors stay, and go on helping you."),
            _(
                "That you agreed and withdrew, with the dates, is kept for three years, and so is who has looked for two."
            ),
        ],
        "submit": _("Withdraw and erase"),
        "cancel_url": reverse("my_support_need"),
    }
    return _page(request, "confirm.html", context)


@require_safe
def need(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody one helps: “being helped”, and the button that shows what is recorded."""
    person, role = _somebody(request, pk)
    return redirect("my_support_need") if role == ReaderRole.SELF else _theirs(request, person, role, {})


@require_POST
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """What is recorded; the person sees who looked."""
    person, role = _somebody(request, pk)
    if role == ReaderRole.SELF:
        return redirect("my_support_need")
    return _shown(request, person) or _theirs(request, person, role, _reveal(request, person))


@sensitive_post_parameters("codes")
@require_POST
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the ticks; by the person, the counsellor of the class or the branch secretary."""
    person, role = _somebody(request, pk)
    if role not in needs.RECORDING_ROLES:
        raise PermissionDenied(_("Only the person, the counsellor of the class and the branch secretary record this."))
    is_own = role == ReaderRole.SELF
    form = NeedForm(request.POST, is_own=is_own)
    if not form.is_valid():
        page = {"need_form": form}
        return _mine(request, person, page, status=400) if is_own else _theirs(request, person, role, page, status=400)
    try:
        need_services.record_need(
            person=person, codes=form.cleaned_data["codes"], seen=form.cleaned_data["seen"], scope=scope_of(request),
            by=cast(User, request.user), now=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Saved. It is shown only after pressing “View”."))
    return redirect(_address(person, is_own=is_own))


# --- Parts ---------------------------------------------------------------------------------------


def _oneself(request: HttpRequest) -> Person:
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(_("This page is about oneself; your account belongs to nobody in the roster."))
    person: Person = get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=scope.person_id)
    return person


def _somebody(request: HttpRequest, pk: int) -> tuple[Person, ReaderRole]:
    """The person, and as what one may read; for everybody else there is no such page."""
    scope = scope_of(request)
    person: Person = get_visible_or_404(need_services.readable_people(scope), pk=pk)
    return person, need_services.role_of(person, scope) or ReaderRole.MENTOR


def _shown(request: HttpRequest, person: Person) -> HttpResponse | None:
    """429 for who looks too often, else None and the look is counted."""
    if wait := take_turn(limit=READINGS, user=cast(User, request.user), now=timezone.now()):
        words = _("You looked %(count)d times within an hour, which is the limit. Go on in %(minutes)d minutes.")
        said = words % {"count": READINGS.times, "minutes": -(-wait // 60)}
        return too_many_requests(request, said, wait_seconds=wait)
    return None


def _reveal(request: HttpRequest, person: Person) -> dict[str, Any]:
    """Read once, noted once; the form only on wish and where it can be saved."""
    scope = scope_of(request)
    codes = need_services.read_need(
        person=person, scope=scope, by=cast(User, request.user), now=timezone.now(), ip=client_ip(request)
    )
    page: dict[str, Any] = {"is_shown": True, "recorded": needs.shown(codes)}
    if "change" in request.POST and _may_save(person, scope):
        initial = {"codes": codes, "seen": need_services.mark_of(person.pk)}
        page["need_form"] = NeedForm(initial=initial, is_own=scope.person_id == person.pk)
    return page


def _may_save(person: Person, scope: Scope) -> bool:
    return need_services.may_record(person, scope) and need_services.is_current(need_services.consent_of(person.pk))


def _mine(request: HttpRequest, person: Person, more: dict[str, Any], *, status: int = 200) -> HttpResponse:
    consent = need_services.consent_of(person.pk)
    readings = SupportReading.objects.visible_to(scope_of(request)).select_related("reader")[:READINGS_SHOWN]
    context = {
        "person": person, "consent": consent, "is_current": need_services.is_current(consent),
        "paragraphs": consent_text.PARAGRAPHS, "version": consent_text.VERSION,
        "readings": [{"row": row, "role": _role_word(row.role)} for row in readings],
        "consent_form": ConsentForm(), "need_form": None, "is_shown": False, "recorded": [],
    } | more  # fmt: skip
    return _page(request, "mentoring/need_mine.html", context, address=reverse("my_support_need"), status=status)


def _theirs(
    request: HttpRequest, person: Person, role: ReaderRole, more: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    scope = scope_of(request)
    context = {
        "person": person, "is_helped": need_services.is_helped(person.pk), "may_record": role in needs.RECORDING_ROLES,
        "may_save": _may_save(person, scope), "may_list": scope.has(Role.COUNSELLOR, Role.SECRETARY),
        "need_form": None, "is_shown": False, "recorded": [],
    } | more  # fmt: skip
    return _page(request, "mentoring/need_detail.html", context, address=_address(person, is_own=False), status=status)


def _role_word(role: str) -> str:
    return str(ReaderRole(role).label) if role in ReaderRole.values else role


def _address(person: Person, *, is_own: bool) -> str:
    return reverse("my_support_need") if is_own else reverse("mentoring_need", args=[person.pk])


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], *, address: str = "", status: int = 200
) -> HttpResponse:
    """Kept in no cache; what is shown goes away by itself (a plain header: it works without a script)."""
    response = render(request, template, context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    if context.get("is_shown"):
        response.headers["Refresh"] = f"{OPEN_FOR if context.get('need_form') else SHOWN_FOR};url={address}"
    return response
