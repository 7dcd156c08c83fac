from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import AcademicYear, PartyBranch
from pairing_portal.common.scope import Scope

AGREEMENT_TEMPLATE = _(
    "Principles: strategic cooperation, shared resources, by the rules, equal partners, real results.\n\n"
    "Aims: regular Three Meetings and One Lecture in both branches; records checked across; joint study; "
    "joint research; members help each other in study, life, job hunting and work.\n\n"
    "While members of the partner branch are away on internships, members of the helping branch support its work."
)


class PairingForm(forms.Form):
    """Propose a pairing: own branch on one side, any active branch of the department on the other."""

    academic_year = forms.ModelChoiceField(label=_("academic year"), queryset=None)
    helping_branch = forms.ModelChoiceField(
        label=_("helping branch"), queryset=None, help_text=_("Usually the branch of bachelor students.")
    )
    partner_branch = forms.ModelChoiceField(
        label=_("partner branch"), queryset=None, help_text=_("Usually the branch of diploma students.")
    )
    starts_on = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("to"), widget=forms.DateInput(attrs={"type": "date"}))
    agreement = forms.CharField(
        label=_("agreement"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=_("Principles, aims, what both sides will do. The partner reads it before confirming."),
    )

    def __init__(self, *args: Any, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = AcademicYear.objects.visible_to(scope).filter(ends_on__gte=today)
        branches = PartyBranch.objects.visible_to(scope).active()
        self.fields["academic_year"].queryset = years
        self.fields["helping_branch"].queryset = self.fields["partner_branch"].queryset = branches
        year = years.order_by("start_year").first()
        if year and not self.is_bound:
            self.initial.setdefault("academic_year", year)
            self.initial.setdefault("starts_on", max(today, year.starts_on).isoformat())
            self.initial.setdefault("ends_on", year.ends_on.isoformat())
            self.initial.setdefault("agreement", AGREEMENT_TEMPLATE)
        own = branches.filter(pk__in=scope.managed_branch_ids).first()
        if own and not self.is_bound:
            side = "partner_branch" if own.kind == "diploma" else "helping_branch"
            self.initial.setdefault(side, own)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The other side reads it."),
    )
