"""What is done to several people of a register at once: taken out, invited, recorded as away; each by its service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.slips import slip_page
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of

from . import invitations
from .absence_services import AT_ONCE, record_absences
from .models import AbsenceKind, Person
from .register_export import export_register
from .views_invitations import places_of

SHOWN_NAMES = 30


class AwayForm(forms.Form):
    """When and why; the service has the last word."""

    kind = forms.ChoiceField(label=gettext_lazy("reason"), choices=AbsenceKind)
    from_on = forms.DateField(label=gettext_lazy("from"), widget=forms.DateInput(attrs={"type": "date"}))
    to_on = forms.DateField(
        label=gettext_lazy("to"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until further notice."),
    )  # fmt: skip


def _ticked(request: HttpRequest, name: str) -> list[tuple[str, str]]:
    """What leads the next page back to the same action with the same people."""
    keys = [(ACTION_CHECKBOX_NAME, key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    across = [("select_across", "1")] if request.POST.get("select_across") == "1" else []
    return [("action", name), *across, *keys]


class RegisterActions:
    """The actions of every register."""

    actions: Any = ("export_selected", "invite_selected", "away_selected")
    admin_site: Any
    model: Any
    message_user: Any

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and invitations.may_invite(scope_of(request))

    @action(description=gettext_lazy("Export the selected to Excel"), permissions=["export"])
    def export_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        hidden = _ticked(request, "export_selected")
        return export_register(self, request, lambda: queryset, request.GET.getlist("cols"), hidden)

    @action(description=gettext_lazy("Invite the selected: slips with codes"), permissions=["invite"])
    def invite_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        scope = scope_of(request)
        people = list(invitations.invitable(scope).filter(pk__in=queryset.values("pk"))[: invitations.AT_ONCE])
        if not people:
            self.message_user(request, _("Nobody among those chosen is yours to invite."), messages.WARNING)
            return None
        invited = invitations.invite_people(
            people=people, issued_by=request.user, scope=scope, now=timezone.now(), request=request,  # type: ignore[arg-type]  # signed in
        )  # fmt: skip
        places = places_of([item.user.pk for item in invited.issued], scope)
        return slip_page(request, invited.issued, back=request.get_full_path(), places=places, skipped=invited.skipped)

    @action(description=gettext_lazy("Record the selected as away"), permissions=["change"])
    def away_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        people = list(queryset.order_by("name_key", "number")[: AT_ONCE + 1])
        sent = "from_on" in request.POST
        form = AwayForm(request.POST if sent else None)
        if sent and form.is_valid():
            try:
                recorded, kept = record_absences(
                    people=[person.pk for person in people], scope=scope_of(request), by=request.user, **form.cleaned_data,  # type: ignore[arg-type]  # signed in
                )  # fmt: skip
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.text)
            else:
                self._say_away(request, recorded, kept)
                return None
        return self._ask_away(request, form, people)

    def _say_away(self, request: HttpRequest, recorded: int, kept: int) -> None:
        words = _("Recorded as away: %(count)d.") % {"count": recorded}
        if kept:
            words += " " + _("Left as they were, because an absence of that kind is recorded already: %(count)d.") % {"count": kept}  # fmt: skip
        self.message_user(request, words, messages.SUCCESS if recorded else messages.WARNING)

    def _ask_away(self, request: HttpRequest, form: AwayForm, people: list[Person]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "title": _("Record as away"), "opts": self.model._meta, "form": form,
            "names": [person.name for person in people[:SHOWN_NAMES]], "more": max(0, len(people) - SHOWN_NAMES),
            "hidden": _ticked(request, "away_selected"),
        }  # fmt: skip
        return TemplateResponse(
            request, "admin/members/register_away.html", context, status=400 if form.is_bound else 200
        )
