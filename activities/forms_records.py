"""Forms of what is written down and kept: attachments, minutes, announcements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Department, LeagueBranch, PartyBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from .announcement_services import field_of, may_publish_to
from .event_models import Activity
from .minutes_services import TEXT_FIELDS, VOTES_AT_MOST, Text, Vote

ACCEPTED = "image/jpeg,image/png,image/webp,image/*,.pdf,.docx,.xlsx"
PEOPLE_AT_MOST = 2000


class AttachmentForm(forms.Form):
    """One file. `accept` lets a phone offer its camera beside its pictures, and forces neither."""

    file = forms.FileField(
        label=gettext_lazy("Picture or document"), widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}),
        help_text=gettext_lazy("Picture, PDF, DOCX or XLSX. The position is removed from pictures."),
    )  # fmt: skip


def _long(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class MinutesForm(forms.Form):
    """The fields of minutes (RULES.md 4.3(i)); time, place, present and absent come from the meeting itself."""

    session = forms.CharField(label=gettext_lazy("name of the meeting (number)"), max_length=100, required=False)
    chair = forms.ModelChoiceField(label=gettext_lazy("chair"), queryset=None, required=False)
    recorder = forms.ModelChoiceField(label=gettext_lazy("recorder"), queryset=None, required=False)
    guests = forms.CharField(label=gettext_lazy("attending without a vote"), max_length=300, required=False)
    eligible_count = forms.IntegerField(
        label=gettext_lazy("eligible"), required=False, min_value=0, max_value=PEOPLE_AT_MOST,
        help_text=gettext_lazy("Who should attend and has a vote."),
    )  # fmt: skip
    present_count = forms.IntegerField(
        label=gettext_lazy("present"), required=False, min_value=0, max_value=PEOPLE_AT_MOST,
        help_text=gettext_lazy("Of these, who was there."),
    )  # fmt: skip
    agenda = forms.CharField(label=gettext_lazy("agenda"), max_length=3000, required=False, widget=_long(3))
    points = forms.CharField(label=gettext_lazy("points made"), max_length=10000, required=False, widget=_long(8))
    resolutions = forms.CharField(label=gettext_lazy("resolutions"), max_length=5000, required=False, widget=_long(4))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1_000_000)

    def __init__(self, *args: Any, scope: Scope, activity: Activity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        near = Q(participations__activity=activity)
        if activity.party_branch_id is not None:
            near |= Q(party_branch_id=activity.party_branch_id)
        people = Person.objects.visible_to(scope).filter(near).distinct().order_by("name_key", "pk")
        self.fields["chair"].queryset = self.fields["recorder"].queryset = people

    def text(self) -> Text:
        return Text(**{name: self.cleaned_data[name] for name in TEXT_FIELDS})


def _count(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=PEOPLE_AT_MOST)


class VoteForm(forms.Form):
    what = forms.CharField(label=gettext_lazy("what was voted on"), max_length=200, required=False)
    yes = _count(gettext_lazy("in favour"))
    no = _count(gettext_lazy("against"))
    abstained = _count(gettext_lazy("abstained"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("what") and any(data.get(name) for name in ("yes", "no", "abstained")):
            self.add_error("what", _("Say what was voted on."))
        return data


class BaseVoteFormSet(forms.BaseFormSet):
    def votes(self) -> list[Vote]:
        """Rows with a motion; an emptied row is a vote taken out."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("what")]
        return [Vote(row["what"], row["yes"] or 0, row["no"] or 0, row["abstained"] or 0) for row in rows]


VoteFormSet = forms.formset_factory(
    VoteForm, formset=BaseVoteFormSet, extra=2, max_num=VOTES_AT_MOST, absolute_max=VOTES_AT_MOST, validate_max=True
)


class AnnouncementForm(forms.Form):
    """Title, text, and who it is meant for; offered is whom the user may publish to."""

    audience = forms.ChoiceField(label=gettext_lazy("who reads it"))
    title = forms.CharField(label=pgettext_lazy("announcement", "title"), max_length=100)
    text = forms.CharField(label=gettext_lazy("text"), max_length=5000, widget=_long(8))
    is_important = forms.BooleanField(
        label=gettext_lazy("important"), required=False,
        help_text=gettext_lazy("Stays on everybody's workbench until they have read it."),
    )  # fmt: skip

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [
            *PartyBranch.objects.visible_to(scope).active().order_by("pk"),
            *LeagueBranch.objects.visible_to(scope).active().order_by("pk"),
            *Department.objects.visible_to(scope).order_by("pk"),
        ]
        self.audiences = {f"{field_of(row)}-{row.pk}": row for row in rows if may_publish_to(row, scope)}
        self.fields["audience"].choices = [(key, str(row)) for key, row in self.audiences.items()]

    def service_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "title": data["title"], "text": data["text"], "is_important": data["is_important"],
            "audience": self.audiences[data["audience"]],
        }  # fmt: skip
