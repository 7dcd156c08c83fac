"""Recording lectures and answering for them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from ..lecture_querysets import league_branches_on_duty
from ..models import Textbook


class LectureForm(forms.Form):
    """Record a lecture that was given."""

    league_branches = forms.ModelMultipleChoiceField(
        label=_("League branches"), queryset=None, widget=forms.CheckboxSelectMultiple
    )
    speakers = forms.ModelMultipleChoiceField(label=_("speakers"), queryset=None, widget=forms.CheckboxSelectMultiple)
    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs={"type": "date"}))
    minutes = forms.IntegerField(
        label=_("minutes"), min_value=1, max_value=480, initial=40, help_text=_("From 30 minutes on it counts.")
    )
    textbook = forms.ModelChoiceField(
        label=_("textbook"), queryset=None, required=False, empty_label=_("other material (does not count)")
    )
    chapter = forms.CharField(label=_("chapter"), max_length=100, required=False)
    topic = forms.CharField(label=_("topic"), max_length=100, required=False)

    def __init__(self, *args: Any, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = lecture_branches(scope, today)
        speakers = lecture_speakers(scope, today)
        self.fields["league_branches"].queryset = branches
        self.fields["speakers"].queryset = speakers
        self.fields["textbook"].queryset = Textbook.objects.visible_to(scope)
        if not self.is_bound:
            own = branches.filter(pk__in=league_branches_on_duty(scope, today))
            self.initial.setdefault("league_branches", list(own[:1]))
            self.initial.setdefault("speakers", list(speakers.filter(pk=scope.person_id or 0)))
            self.initial.setdefault("on", today.isoformat())
            self.initial.setdefault("textbook", Textbook.objects.visible_to(scope).filter(is_prescribed=True).first())


def lecture_branches(scope: Scope, today: date) -> Any:
    """League branches the user may record lectures for: those of own duties today, those one's branch answers for."""
    visible = LeagueBranch.objects.visible_to(scope).active()
    return visible.filter(
        Q(pk__in=league_branches_on_duty(scope, today))
        | Q(party_branch_id__in=scope.branch_ids)
        | Q(department_id__in=scope.department_ids)
    )


def lecture_speakers(scope: Scope, today: date) -> Any:
    """Speakers one may name: members one sees, and oneself."""
    return Person.objects.visible_to(scope).members().distinct()


class AudienceAnswerForm(forms.Form):
    took_place = forms.TypedChoiceField(
        label=_("Did it take place?"), choices=[("yes", _("yes")), ("no", _("no"))], coerce=lambda value: value == "yes"
    )
    attendance = forms.IntegerField(label=_("present"), required=False, min_value=0, max_value=500)
    reason = forms.CharField(label=_("what happened"), required=False, max_length=200)
