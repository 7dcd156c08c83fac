"""The form of one of the 25 steps: a day, who, which papers, and what only this step has."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from . import documents
from .models import DevelopmentStep
from .process_rules import CONVERT, DECISIONS, EXTEND, MEETINGS, Entry
from .rules import Vote

COUNTS = ("eligible", "present", "written", "issued", "returned", "yes", "no", "abstained")


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


def _count(label: Any, *, required: bool = False, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=500, required=required, help_text=help_text)


class ProcessStepForm(forms.Form):
    """Fields by step. `sponsors`: (id, name) of full members for step 9; `row`: what is on record already."""

    done_on = forms.DateField(label=_("done on"), widget=day_input())
    who = forms.CharField(label=_("who"), max_length=100, required=False)

    def __init__(
        self, *args: Any, number: int, row: DevelopmentStep | None = None, sponsors: list[tuple[int, str]] | None = None, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.number = number
        held = documents.read(row.documents) if row else documents.Held()
        self.fields["who"].help_text = _WHO.get(number, "")
        if number == 9:
            self._ask_sponsors(sponsors or [])
        elif number == 10:
            self.fields["is_passed"] = self._answer(_("result"), _("clean"), _("not clean"))
        elif number == 11:
            self.fields["days"] = _count(_("days"), help_text=_("Three days or 24 hours at least (rule R09)."))
            self.fields["hours"] = _count(_("hours"))
            self.fields["is_passed"] = self._answer(_("result"), _("passed"), _("not passed"))
        elif number in MEETINGS:
            self._ask_meeting()
        choices = [(code, name) for code, name, _held in documents.papers_of(number, held.codes)]
        if choices:
            self.fields["documents"] = forms.MultipleChoiceField(
                label=_("papers in the file"), required=False, choices=choices, widget=forms.CheckboxSelectMultiple,
                help_text=_("Tick what lies in the file. The papers themselves are not kept here."),
            )  # fmt: skip
        self.fields["note"] = forms.CharField(label=_("note"), max_length=200, required=False)
        self.fields["reason"] = forms.CharField(
            label=_("why in spite of a warning"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Only where a rule warns; it is kept with the step."),
        )  # fmt: skip
        if row is not None:
            self.initial = {**_initial(row, held), **self.initial}

    @staticmethod
    def _answer(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
        return forms.TypedChoiceField(
            label=label, choices=[("1", yes), ("0", no)], coerce=lambda value: value == "1", widget=forms.RadioSelect
        )

    def _ask_sponsors(self, sponsors: list[tuple[int, str]]) -> None:
        self.fields["who"].widget = forms.HiddenInput()
        for name, label in (("sponsor_1", _("first sponsor")), ("sponsor_2", _("second sponsor"))):
            self.fields[name] = forms.TypedChoiceField(
                label=label, choices=[("", "–"), *sponsors], coerce=int, empty_value=None, required=False,
            )  # fmt: skip
        self.fields["sponsor_2"].help_text = _(
            "Two different full members, normally the cultivation contacts (rule R08)."
        )

    def _ask_meeting(self) -> None:
        words = _("More than half of those with a vote present, more than half of them in favour (rule R14).")
        fields: dict[str, forms.Field] = {
            "notice_from_on": forms.DateField(label=_("public notice from"), required=False, widget=day_input()),
            "notice_to_on": forms.DateField(label=_("public notice to"), required=False, widget=day_input()),
            "eligible_count": _count(_("eligible"), help_text=words),
            "present_count": _count(_("present")),
            "written_count": _count(_("opinions in writing before the meeting")),
            "issued_count": _count(_("ballots issued"), help_text=_("Empty: as many as present and in writing.")),
            "returned_count": _count(_("ballots returned"), help_text=_("Empty: all of them.")),
            "yes_count": _count(_("votes in favour")), "no_count": _count(_("votes against")), "abstained_count": _count(_("abstentions")),
        }  # fmt: skip
        if self.number == 23:
            fields["decision"] = forms.ChoiceField(
                label=_("decision"), choices=[(key, DECISIONS[key]) for key in (CONVERT, EXTEND)], widget=forms.RadioSelect, initial=CONVERT,
                help_text=_("An annulment is decided in a conversion review."),
            )  # fmt: skip
            fields["extended_to"] = forms.DateField(
                label=_("extended to"), required=False, widget=day_input(),
                help_text=_("Only when the probation is extended: 6 to 12 months, once (rule R18)."),
            )  # fmt: skip
        self.fields |= fields

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        counted = [name for name in ("eligible", "present", "yes") if data.get(f"{name}_count") is not None]
        if counted and len(counted) < 3:
            for name in ("eligible", "present", "yes"):
                if data.get(f"{name}_count") is None and f"{name}_count" not in self.errors:
                    self.add_error(f"{name}_count", _("Enter this number too."))
        for first, last in (("notice_from_on", "notice_to_on"), ("notice_to_on", "notice_from_on")):
            if data.get(first) and not data.get(last) and last in self.fields and last not in self.errors:
                self.add_error(last, _("A notice has a first and a last day."))
        return data

    def entry(self) -> Entry:
        """What was entered, as the service takes it."""
        data = self.cleaned_data
        vote = None
        if data.get("eligible_count") is not None:
            counts = {name: data[f"{name}_count"] for name in COUNTS}
            vote = Vote(**{key: value for key, value in counts.items() if value is not None})
        sponsors = tuple(data[name] for name in ("sponsor_1", "sponsor_2") if data.get(name))
        names = ("days", "hours", "is_passed", "notice_from_on", "notice_to_on", "extended_to")
        more = {name: data[name] for name in names if data.get(name) is not None}
        return Entry(
            done_on=data["done_on"], who=data["who"], documents=tuple(data.get("documents", ())), note=data["note"],
            reason=data["reason"], sponsor_ids=sponsors, vote=vote, decision=data.get("decision", ""), **more,
        )  # fmt: skip


_WHO = {
    2: _("Who talked with the applicant."), 3: _("Recommended by League branch or members; who decided."),
    5: _("The contacts are arranged in the tiered mentoring; here only their names."), 15: _("Who chaired the meeting."),
    16: _("Who was sent by the higher committee."), 23: _("Who chaired the meeting."),
}  # fmt: skip


def _initial(row: DevelopmentStep, held: documents.Held) -> dict[str, Any]:
    found = {
        "done_on": row.done_on, "who": row.who, "note": row.note, "reason": row.reason, "days": row.days, "hours": row.hours,
        "documents": list(held.codes), "notice_from_on": held.notice_from_on, "notice_to_on": held.notice_to_on,
        "decision": held.decision or CONVERT, "extended_to": held.extended_to,
        "is_passed": None if row.is_passed is None else "1" if row.is_passed else "0",
    }  # fmt: skip
    vote = getattr(row, "vote", None)
    if vote is not None:
        found |= {f"{name}_count": getattr(vote, f"{name}_count") for name in COUNTS}
    return found
