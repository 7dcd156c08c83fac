"""Forms of an activity: plan, finish, reasons, a new time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import LeagueBranch, PartyBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairings.models import BranchPairing
from pairings.states import PairingState

from .event_models import Activity, ActivityKind, Audience
from .event_rules import Plan
from .event_services import REPEATS_AT_MOST
from .filters import host_choices
from .person_choice import SUGGESTED_ID

PLACES_AT_MOST = 5000
REPEATS = {
    "weekly": ("FREQ=WEEKLY", gettext_lazy("every week")),
    "fortnightly": ("FREQ=WEEKLY;INTERVAL=2", gettext_lazy("every two weeks")),
    "monthly": ("FREQ=MONTHLY", gettext_lazy("every month")),
}
# Where the rules' fields stand in the form.
FIELD_OF = {"repeat_rule": "repeat"}


def _time_input() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


def _day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def plannable_hosts(scope: Scope) -> tuple[Any, Any]:
    """Party and League branches the user may plan for; two queries, run when they are read."""
    party = PartyBranch.objects.visible_to(scope).active()
    league = LeagueBranch.objects.visible_to(scope).active()
    if scope.college_staff:
        return party, league
    own = scope.league_branch_ids | scope.guided_league_branch_ids
    departments = scope.department_ids
    return (
        party.filter(Q(pk__in=scope.branch_ids) | Q(department_id__in=departments)),
        league.filter(Q(pk__in=own) | Q(department_id__in=departments)),
    )


class PairingField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.helping_branch.short_name} ↔ {obj.partner_branch.short_name}"


class PlanForm(forms.Form):
    """What, where, when, for whom. Of an existing activity the hosts stay, and the audience once it is published."""

    kind = forms.ModelChoiceField(label=gettext_lazy("kind of activity"), queryset=None, widget=forms.RadioSelect)
    title = forms.CharField(label=gettext_lazy("title"), max_length=100)
    host = forms.ChoiceField(label=gettext_lazy("host"))
    pairing = PairingField(
        label=gettext_lazy("joint with"), queryset=None, required=False, empty_label=gettext_lazy("not joint"),
        help_text=gettext_lazy("A joint activity is published when the other side has said yes."),
    )  # fmt: skip
    on = forms.DateField(label=gettext_lazy("date"), widget=_day_input())
    starts_at = forms.TimeField(label=gettext_lazy("from"), widget=_time_input())
    ends_at = forms.TimeField(label=gettext_lazy("to"), widget=_time_input())
    until_on = forms.DateField(
        label=gettext_lazy("last day"), required=False, widget=_day_input(), help_text=gettext_lazy("Only for what lasts several days.")
    )  # fmt: skip
    place = forms.CharField(label=gettext_lazy("place"), max_length=100, required=False)
    audience = forms.ChoiceField(
        label=gettext_lazy("who is invited"), choices=Audience.choices, initial=Audience.MEMBERS
    )
    description = forms.CharField(
        label=gettext_lazy("description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    needs_sign_up = forms.BooleanField(label=gettext_lazy("with sign-up"), required=False)
    capacity = forms.IntegerField(
        label=gettext_lazy("places"), required=False, min_value=1, max_value=PLACES_AT_MOST,
        help_text=gettext_lazy("Empty for no limit. Who comes later waits in line."),
    )  # fmt: skip
    sign_up_until = forms.DateTimeField(
        label=gettext_lazy("sign-up until"), required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )  # fmt: skip
    repeat = forms.ChoiceField(label=gettext_lazy("repeats"), required=False)
    repeat_count = forms.IntegerField(
        label=gettext_lazy("how many times"), required=False, min_value=2, max_value=REPEATS_AT_MOST
    )
    repeat_until = forms.DateField(label=gettext_lazy("or until"), required=False, widget=_day_input())
    accept_clashes = forms.BooleanField(label=gettext_lazy("It shall stand all the same"), required=False)

    def __init__(self, *args: Any, scope: Scope, activity: Activity | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.activity = activity
        kinds = ActivityKind.objects.visible_to(scope)
        offered = Q(is_active=True) | Q(pk=activity.kind_id if activity else None)
        self.fields["kind"].queryset = kinds.filter(offered)
        if activity is not None:
            for name in ("host", "pairing", "repeat", "repeat_count", "repeat_until"):
                del self.fields[name]
            if activity.state == "published":
                del self.fields["audience"]
            return
        self.party, self.league = (
            {f"{key}-{row.pk}": row for row in rows}
            for key, rows in zip(("party", "league"), plannable_hosts(scope), strict=True)
        )
        self.fields["host"].choices = host_choices(self.party.values(), self.league.values())
        sides = [row.pk for row in self.party.values()]
        self.fields["pairing"].queryset = (
            BranchPairing.objects.visible_to(scope)
            .filter(Q(helping_branch__in=sides) | Q(partner_branch__in=sides), state=PairingState.ACTIVE)
            .with_branches()
        )
        self.fields["repeat"].choices = [("", _("once")), *((key, label) for key, (_rule, label) in REPEATS.items())]

    @property
    def may_host(self) -> bool:
        return bool(self.party or self.league)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        ends = ("repeat_count", "repeat_until")
        if data.get("repeat") and not any(data.get(name) or name in self.errors for name in ends):
            self.add_error("repeat", _("Say how often it repeats, or until when."))
        for name in ("on", "until_on", "repeat_until"):
            # The edges of the calendar, where moments of the zone cannot be written.
            if data.get(name) and not 2000 <= data[name].year <= 2100:
                self.add_error(name, _("Check the year."))
        return data

    def plan(self) -> Plan:
        """The plan of a valid form."""
        data, activity = self.cleaned_data, self.activity
        key = data.get("host", "")
        return Plan(
            kind=data["kind"], title=data["title"], starts_at=_moment(data["on"], data["starts_at"]),
            ends_at=_moment(data["until_on"] or data["on"], data["ends_at"]),
            party_branch=activity.party_branch if activity else self.party.get(key),
            league_branch=activity.league_branch if activity else self.league.get(key),
            pairing=activity.pairing if activity else data["pairing"],
            audience=data["audience"] if "audience" in self.fields else activity.audience if activity else "",
            place=data["place"], description=data["description"], capacity=data["capacity"], needs_sign_up=data["needs_sign_up"],
            sign_up_until=data["sign_up_until"],
        )  # fmt: skip

    def repeat_rule(self) -> str:
        """RFC 5545, or "" for once. The last day counts."""
        data = self.cleaned_data
        if not data.get("repeat"):
            return ""
        rule = REPEATS[data["repeat"]][0]
        if data.get("repeat_count"):
            return f"{rule};COUNT={data['repeat_count']}"
        return f"{rule};UNTIL={data['repeat_until']:%Y%m%d}T235959"

    def refuse(self, refusal: Refused) -> None:
        name = FIELD_OF.get(refusal.field, refusal.field)
        self.add_error(name if name in self.fields else None, refusal)

    @staticmethod
    def initial_of(activity: Activity) -> dict[str, Any]:
        starts, ends = timezone.localtime(activity.starts_at), timezone.localtime(activity.ends_at)
        same = ("kind", "title", "place", "audience", "description", "needs_sign_up", "capacity", "sign_up_until")
        return {name: getattr(activity, name) for name in same} | {
            "on": starts.date(), "starts_at": starts.time(), "ends_at": ends.time(),
            "until_on": ends.date() if ends.date() != starts.date() else None,
        }  # fmt: skip


def _moment(on: date, at: time) -> datetime:
    return timezone.make_aware(datetime.combine(on, at.replace(second=0, microsecond=0)))


class FinishForm(forms.Form):
    """What came of it, and the minutes that each person who was there is credited with."""

    summary = forms.CharField(
        label=gettext_lazy("what came of it"), max_length=3000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    counted_minutes = forms.IntegerField(
        label=gettext_lazy("counted minutes"), min_value=0, max_value=720,
        help_text=gettext_lazy("Everybody who was present is credited with these. Ways there and back are not counted."),
    )  # fmt: skip

    @staticmethod
    def planned_minutes(activity: Activity) -> int:
        """The minutes of the volunteer service where they are written down, else the length of the activity."""
        service = getattr(activity, "service", None)
        if service is not None and service.service_minutes:
            return min(720, service.service_minutes)
        return min(720, int((activity.ends_at - activity.starts_at) / timedelta(minutes=1)))


class CreditForm(forms.Form):
    """Other minutes for one person; whether they fit is the service's business."""

    minutes = forms.IntegerField(label=gettext_lazy("minutes"), min_value=1, max_value=720)
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=100)


class ReasonForm(forms.Form):
    """Whether a reason is needed is the service's business."""

    reason = forms.CharField(
        label=gettext_lazy("reason"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200})
    )  # fmt: skip


class MoveForm(forms.Form):
    """A new time as the calendar sends it: 2026-10-30T15:00, of the portal's zone unless it names one."""

    starts = forms.DateTimeField()
    ends = forms.DateTimeField()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if any(not 2000 <= moment.year <= 2100 for moment in data.values() if moment):
            raise forms.ValidationError(_("Check the year."))
        return data


class AfterwardsForm(forms.Form):
    """Somebody who was there and is not on the list."""

    number = forms.CharField(
        label=gettext_lazy("name or number"), max_length=50,
        widget=forms.TextInput(attrs={"list": SUGGESTED_ID, "autocomplete": "off", "inputmode": "text"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("why entered afterwards"), max_length=200, widget=forms.TextInput(attrs={"maxlength": 200})
    )
