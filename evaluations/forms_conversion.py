"""Forms of the steps of a conversion review and of opinions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.rules import Vote

from .models import ConversionReview, OpinionKind, PartnerOpinion, ReviewDecision, ReviewOpinion
from .opinion_services import LENGTH, PARTNER_LENGTH


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


def words(label: Any, length: int, *, rows: int = 3, required: bool = False, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, required=required, help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )  # fmt: skip


class StepForm(forms.Form):
    """A form whose cleaned values are the service's arguments. `review` gives what is on record already."""

    def __init__(self, *args: Any, review: ConversionReview, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.review = review
        for name in self.fields:
            if name not in self.initial and getattr(review, name, None) not in (None, ""):
                self.initial[name] = getattr(review, name)

    def service_arguments(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ApplicationForm(StepForm):
    applied_on = forms.DateField(
        label=_("application for full membership on"), widget=day_input(),
        help_text=_("The paper itself lies in the person's file; here only the day."),
    )  # fmt: skip


class CommitteeForm(StepForm):
    committee_reviewed_on = forms.DateField(label=_("reviewed by the branch committee on"), widget=day_input())


class NoticeForm(StepForm):
    notice_from_on = forms.DateField(label=_("public notice from"), widget=day_input())
    notice_to_on = forms.DateField(label=_("public notice to"), widget=day_input())
    notice_result = words(
        _("what the public notice brought"), 300, help_text=_("May be added when it is over. If it is shorter than the rule asks, say why.")
    )  # fmt: skip


class DeferForm(StepForm):
    deferred_to = forms.DateField(label=_("discussion deferred to"), widget=day_input())
    defer_reason = words(_("why deferred"), 200, required=True)


class MeetingForm(StepForm):
    """The count as the tellers read it out; opinions in writing count as ballots issued and returned."""

    meeting_on = forms.DateField(label=_("branch meeting on"), widget=day_input())
    eligible_count = forms.IntegerField(
        label=_("eligible"), min_value=1, max_value=500, help_text=_("Full members of the branch: only they vote."),
    )  # fmt: skip
    present_count = forms.IntegerField(label=_("present"), min_value=0, max_value=500)
    written_count = forms.IntegerField(
        label=_("opinions in writing before the meeting"), min_value=0, max_value=500, initial=0
    )
    issued_count = forms.IntegerField(
        label=_("ballots issued"), min_value=0, max_value=500, required=False, help_text=_("Empty: as many as present and in writing.")
    )  # fmt: skip
    returned_count = forms.IntegerField(
        label=_("ballots returned"), min_value=0, max_value=500, required=False, help_text=_("Empty: all of them.")
    )
    yes_count = forms.IntegerField(label=_("votes in favour"), min_value=0, max_value=500)
    no_count = forms.IntegerField(label=_("votes against"), min_value=0, max_value=500, initial=0)
    abstained_count = forms.IntegerField(label=_("abstentions"), min_value=0, max_value=500, initial=0)
    decision = forms.ChoiceField(label=_("decision"), choices=ReviewDecision.choices, widget=forms.RadioSelect)
    extended_to = forms.DateField(
        label=_("extended to"), required=False, widget=day_input(), help_text=_("Only when the probation is extended: 6 to 12 months, once.")
    )  # fmt: skip
    reason = words(
        _("reason"), 500, help_text=_("Needed to extend or annul, and to convert although something is missing.")
    )

    def service_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        counts = ("eligible", "present", "written", "issued", "returned", "yes", "no", "abstained")
        vote = Vote(**{name: data[f"{name}_count"] for name in counts})
        kept = ("meeting_on", "decision", "extended_to", "reason")
        return {"vote": vote} | {name: data[name] for name in kept}


class ApprovalForm(StepForm):
    approved_on = forms.DateField(label=_("answer of the higher committee on"), widget=day_input())
    is_approved = forms.TypedChoiceField(
        label=_("answer"), choices=[("1", _("approved")), ("0", _("not approved"))], coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )  # fmt: skip
    note = words(_("opinion of the higher committee"), 500, help_text=_("Needed when it is late or the answer is no."))


class CloseForm(StepForm):
    reason = words(_("why closed"), 200, required=True)


class SponsorForm(forms.Form):
    """On the phone: one field."""

    text = words(_("opinion"), LENGTH, rows=8, required=True, help_text=_(
        "Political conduct, study and work, helping others, what is still lacking; and whether you are for conversion."
    ))  # fmt: skip


class OpinionForm(forms.Form):
    """An opinion the committee heard. `sponsors`: (id, name) of those who have not given theirs."""

    kind = forms.ChoiceField(label=_("whose opinion"), choices=OpinionKind.choices)
    author = forms.TypedChoiceField(
        label=_("which sponsor"), required=False, coerce=int, empty_value=None, help_text=_("Only for a sponsor's opinion on paper.")
    )  # fmt: skip
    text = words(_("opinion"), LENGTH, rows=6, required=True)
    given_on = forms.DateField(label=_("given on"), widget=day_input())

    def __init__(self, *args: Any, sponsors: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["author"].choices = [("", "–"), *sponsors]  # type: ignore[attr-defined]  # a field of choices
        if not sponsors:
            del self.fields["author"]


class CorrectForm(forms.ModelForm):
    class Meta:
        model = ReviewOpinion
        fields = ("text", "given_on")
        widgets = {"text": forms.Textarea(attrs={"rows": 6}), "given_on": day_input()}  # as Django reads it


class PartnerForm(forms.Form):
    """About a member of the partner branch."""

    text = words(_("opinion"), PARTNER_LENGTH, rows=5, required=True, help_text=_(
        "The example they set: meetings, help given, conduct. Write what you saw."
    ))  # fmt: skip
    given_on = forms.DateField(label=_("given on"), widget=day_input())

    def __init__(self, *args: Any, opinion: PartnerOpinion | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if opinion is not None:
            self.initial = {"text": opinion.text}
            del self.fields["given_on"]
