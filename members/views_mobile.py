"""Mobile members: the list with what is overdue, registering, a contact in one tap, the return."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import mobile_services as services
from .forms_transfers import DayForm, MobileForm
from .models import Absence, MobileMember, Person
from .stages import MEMBER_STAGES
from .transfer_page import mobile_rows
from .views_transfers import branch_filter


@require_GET
def mobile(request: HttpRequest) -> HttpResponse:
    """Mobile members of one's branches and those one keeps in touch with; who should be registered stands on top."""
    scope, today = scope_of(request), timezone.localdate()
    rows = MobileMember.objects.visible_to(scope).with_names().distinct()
    rows = branch_filter(rows, request.GET.get("branch", ""), "person__party_branch_id")
    is_reader = bool(scope.branch_ids or scope.department_ids or scope.college_staff)
    if not is_reader and not rows.exists():
        raise PermissionDenied(_("Mobile members are for the branch's committee and for who keeps in touch with one."))
    shows_back = request.GET.get("state") == "back"
    shown = rows.exclude(ended_on=None) if shows_back else rows.open()
    policy = Policy()
    context = {
        "rows": mobile_rows(list(shown), scope, today),
        "proposals": [] if shows_back else services.proposals(scope, today),
        "shows_back": shows_back,
        "months": policy.number("mobile_from_months", today),
        "contact_months": policy.number("mobile_contact_months", today),
    }
    return render(request, "members/mobile_list.html", context)


@require_http_methods(["GET", "POST"])
def mobile_new(request: HttpRequest, person_id: int) -> HttpResponse:
    """Register a member as mobile; the absence on record fills the days."""
    scope, today = scope_of(request), timezone.localdate()
    person = get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=person_id)
    if not services.may_keep(person, scope):
        raise PermissionDenied(_("Mobile members are registered by the branch's secretary or the department."))
    absence = Absence.objects.visible_to(scope).filter(person=person).order_by("-from_on").first()
    initial = {"from_on": today}
    if absence is not None:
        initial = {"from_on": absence.from_on, "to_on": absence.to_on, "cause": absence.get_kind_display()}
    form = MobileForm(posted(request), people=_contacts(person, scope), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.register_mobile(
                person=person, scope=scope, by=cast(User, request.user), today=today, **form.cleaned_data
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("%(name)s is registered as mobile.") % {"name": person.name})
            return redirect("mobile")
    context = {"person": person, "form": form, "is_new": True}
    return render(request, "members/mobile_form.html", context, status=400 if form.errors else 200)


def _contacts(person: Person, scope: Scope) -> Any:
    """Members of the same branch who are here."""
    people = Person.objects.visible_to(scope).filter(party_branch_id=person.party_branch_id, stage__in=MEMBER_STAGES)
    return people.exclude(pk=person.pk).order_by("name_key", "pk").distinct()


def _visible(request: HttpRequest, pk: int) -> MobileMember:
    return get_visible_or_404(MobileMember.objects.visible_to(scope_of(request)).with_names().distinct(), pk=pk)


@require_http_methods(["GET", "POST"])
def mobile_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct an entry or name another who keeps in touch."""
    scope, row = scope_of(request), _visible(request, pk)
    if not services.may_keep(row.person, scope):
        raise PermissionDenied(_("Mobile members are kept by the branch's secretary or the department."))
    form = MobileForm(posted(request), people=_contacts(row.person, scope), row=row)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_mobile(
                mobile=row, scope=scope, by=cast(User, request.user), today=timezone.localdate(), **form.cleaned_data
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The entry is changed."))
            return redirect("mobile")
    context = {"person": row.person, "form": form, "is_new": False}
    return render(request, "members/mobile_form.html", context, status=400 if form.errors else 200)


@require_POST
def mobile_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """One tap: spoken with today. The toast takes it back."""
    scope, row, today = scope_of(request), _visible(request, pk), timezone.localdate()
    if row.contact_id != scope.person_id and not services.may_keep(row.person, scope):
        raise PermissionDenied(_("A contact is logged by who keeps in touch, or by the branch's secretary."))
    return act(
        request,
        lambda: services.log_contact(mobile=row, on=today, scope=scope, by=cast(User, request.user), today=today),
        done=_("Contact with %(name)s logged.") % {"name": row.person.name}, back=reverse("mobile"),
        undo_url=reverse("mobile_contact_undo", args=[pk]),
    )  # fmt: skip


@require_POST
def mobile_contact_undo(request: HttpRequest, pk: int) -> HttpResponse:
    scope, row = scope_of(request), _visible(request, pk)
    if row.contact_id != scope.person_id and not services.may_keep(row.person, scope):
        raise PermissionDenied(_("A contact is logged by who keeps in touch, or by the branch's secretary."))
    return act(
        request, lambda: services.take_back_contact(mobile=row, scope=scope, by=cast(User, request.user)),
        done=_("The contact is taken back."), back=reverse("mobile"),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def mobile_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The member is back."""
    scope, row, today = scope_of(request), _visible(request, pk), timezone.localdate()
    if not services.may_keep(row.person, scope):
        raise PermissionDenied(_("Mobile members are kept by the branch's secretary or the department."))
    form = DayForm(posted(request), row=row, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.come_back(
                mobile=row, on=form.cleaned_data["on"], scope=scope, by=cast(User, request.user), today=today
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("%(name)s is back.") % {"name": row.person.name})
            return redirect("mobile")
    context = {"mobile": row, "form": form}
    return render(request, "members/mobile_back.html", context, status=400 if form.errors else 200)
