"""Planning a lecture, moving it, saying that it was given, swapping it; and the week's free hours."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch
from pairing_portal.common.choice_fields import ManyRowsField
from pairing_portal.common.scope import Scope

from ..models import Lecture, TextbookChapter
from .forms import ChapterField, MaterialMixin
from .plan_reader import Colleague, duty_branches

DAY = {"type": "date"}
HOUR = {"type": "time"}


class TimeForm(forms.Form):
    """When, how long, where."""

    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    starts_at = forms.TimeField(label=_("starts at"), widget=forms.TimeInput(attrs=HOUR, format="%H:%M"))
    minutes = forms.IntegerField(label=_("minutes"), min_value=1, max_value=480, initial=40)
    place = forms.CharField(label=_("place"), max_length=100, required=False)


class PlanForm(TimeForm):
    """A lecture of one's own at any hour."""

    league_branches = ManyRowsField(label=_("League branches"), queryset=None, widget=forms.CheckboxSelectMultiple)
    textbook_chapter = ChapterField(
        label=_("chapter of the textbook"), queryset=None, required=False, empty_label=_("not decided yet")
    )
    topic = forms.CharField(label=_("topic"), max_length=100, required=False)
    repeat_weekly = forms.BooleanField(label=_("every week until the end of the term"), required=False)

    field_order = (
        "league_branches", "on", "starts_at", "minutes", "place", "textbook_chapter", "topic", "repeat_weekly",
    )  # fmt: skip

    def __init__(self, *args: Any, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["league_branches"].queryset = duty_branches(scope, today)
        chapters = TextbookChapter.objects.visible_to(scope).filter(textbook__is_prescribed=True)
        self.fields["textbook_chapter"].queryset = chapters.select_related("textbook")

    @property
    def branches(self) -> list[LeagueBranch]:
        return list(self.cleaned_data["league_branches"])


class GiveForm(MaterialMixin):
    """What a planned lecture was in the end."""

    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    starts_at = forms.TimeField(
        label=_("began at"), required=False, widget=forms.TimeInput(attrs=HOUR, format="%H:%M")
    )  # fmt: skip
    minutes = forms.IntegerField(label=_("minutes"), min_value=1, max_value=480)

    field_order = ("on", "starts_at", "minutes", "textbook", "textbook_chapter", "chapter", "topic")

    def __init__(self, *args: Any, lecture: Lecture, scope: Scope, **kwargs: Any) -> None:
        given = {
            "on": lecture.on, "starts_at": lecture.starts_at, "minutes": lecture.minutes, "topic": lecture.topic,
            "textbook_chapter": lecture.textbook_chapter, "chapter": "" if lecture.textbook_chapter else lecture.chapter,
        }  # fmt: skip
        if lecture.textbook_id:
            given["textbook"] = lecture.textbook
        super().__init__(*args, initial=given, **kwargs)
        self.offer_material(scope)


class SwapForm(forms.Form):
    """Which colleague, and perhaps which lecture of theirs in return."""

    choice = forms.ChoiceField(label=_("colleague"), widget=forms.RadioSelect)
    note = forms.CharField(label=_("note"), max_length=200, required=False)

    def __init__(self, *args: Any, colleagues: list[Colleague], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {key: offer for colleague in colleagues for key, offer in colleague.offers.items()}
        self.fields["choice"].choices = [(key, offer.words) for key, offer in self.offers.items()]


class SlotForm(forms.Form):
    """A free hour of the week."""

    weekday = forms.TypedChoiceField(
        label=_("weekday"), coerce=int, choices=[(number + 1, name) for number, name in WEEKDAYS.items()]
    )
    starts_at = forms.TimeField(label=_("from"), widget=forms.TimeInput(attrs=HOUR, format="%H:%M"))
    ends_at = forms.TimeField(label=_("to"), widget=forms.TimeInput(attrs=HOUR, format="%H:%M"))
    place = forms.CharField(label=_("place"), max_length=100, required=False)


class NoLectureForm(forms.Form):
    week = forms.DateField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why? It stands in the board."), max_length=200, widget=forms.TextInput(attrs={"autofocus": True})
    )
