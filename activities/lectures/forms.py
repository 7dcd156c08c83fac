"""Recording lectures and answering for them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch
from members.models import Person
from pairing_portal.common.choice_fields import ManyRowsField
from pairing_portal.common.scope import Scope

from ..lecture_querysets import league_branches_on_duty
from ..models import Textbook, TextbookChapter

OTHER_MATERIAL = _("other material (does not count)")


class ChapterField(forms.ModelChoiceField):
    """A chapter by its number; its textbook is named where there are several."""

    def label_from_instance(self, obj: TextbookChapter) -> str:
        return f"{obj.number} · {obj.title}"


class MaterialMixin(forms.Form):
    """What a lecture is taught from: the textbook with a chapter of its list, or free words."""

    textbook = forms.ModelChoiceField(
        label=_("textbook"), queryset=None, required=False, empty_label=OTHER_MATERIAL
    )  # fmt: skip
    textbook_chapter = ChapterField(
        label=_("chapter of the textbook"), queryset=None, required=False, empty_label=_("not in the list")
    )
    chapter = forms.CharField(
        label=_("chapter"), max_length=100, required=False, help_text=_("Only if it is not in the list.")
    )
    topic = forms.CharField(label=_("topic"), max_length=100, required=False)

    def offer_material(self, scope: Scope) -> None:
        """Fill the lists; without a list of chapters nobody is asked to choose from it."""
        books = Textbook.objects.visible_to(scope)
        chapters = TextbookChapter.objects.visible_to(scope).select_related("textbook")
        self.fields["textbook"].queryset = books
        self.fields["textbook_chapter"].queryset = chapters
        if not chapters.exists():
            del self.fields["textbook_chapter"]
            self.fields["chapter"].help_text = ""
        if not self.is_bound:
            self.initial.setdefault("textbook", books.filter(is_prescribed=True).first())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chapter, book = data.get("textbook_chapter"), data.get("textbook")
        if chapter is None:
            return data
        if book is None:
            data["textbook"] = chapter.textbook
        elif chapter.textbook_id != book.pk:
            self.add_error("textbook_chapter", _("This chapter belongs to another textbook. Choose one of the two."))
        data["chapter"] = data.get("chapter", "").strip() or chapter.title
        return data


class LectureForm(MaterialMixin):
    """Record a lecture that was given."""

    league_branches = ManyRowsField(label=_("League branches"), queryset=None, widget=forms.CheckboxSelectMultiple)
    speakers = ManyRowsField(label=_("speakers"), queryset=None, widget=forms.CheckboxSelectMultiple)
    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs={"type": "date"}))
    starts_at = forms.TimeField(label=_("began at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    minutes = forms.IntegerField(
        label=_("minutes"), min_value=1, max_value=480, initial=40, help_text=_("From 30 minutes on it counts.")
    )

    field_order = (
        "league_branches", "speakers", "on", "starts_at", "minutes", "textbook", "textbook_chapter", "chapter", "topic",
    )  # fmt: skip

    def __init__(self, *args: Any, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = lecture_branches(scope, today)
        speakers = lecture_speakers(scope, today)
        self.fields["league_branches"].queryset = branches
        self.fields["speakers"].queryset = speakers
        if not self.is_bound:
            own = branches.filter(pk__in=league_branches_on_duty(scope, today))
            self.initial.setdefault("league_branches", list(own[:1]))
            self.initial.setdefault("speakers", list(speakers.filter(pk=scope.person_id or 0)))
            self.initial.setdefault("on", today.isoformat())
        self.offer_material(scope)


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
    """The League branch's answer. `listed` says that the class list was shown: an empty tick list means that nobody of it came."""

    took_place = forms.TypedChoiceField(
        label=_("Did it take place?"), choices=[("yes", _("yes")), ("no", _("no"))], coerce=lambda value: value == "yes"
    )
    attendance = forms.IntegerField(label=_("present"), required=False, min_value=0, max_value=500)
    listed = forms.BooleanField(required=False)
    listeners = ManyRowsField(label=_("present"), queryset=None, required=False)
    others = forms.IntegerField(label=_("others present"), required=False, min_value=0, max_value=500)
    minutes_heard = forms.IntegerField(label=_("minutes heard"), required=False, min_value=1, max_value=480)
    reason = forms.CharField(label=_("what happened"), required=False, max_length=200)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The service takes people of the class list alone, whatever else the user may see.
        self.fields["listeners"].queryset = Person.objects.visible_to(scope).distinct()

    def service_arguments(self) -> dict[str, Any]:
        """What `answer_audience` takes."""
        data = self.cleaned_data
        given = {"took_place": data["took_place"], "minutes_heard": data["minutes_heard"], "reason": data["reason"]}
        if not data["listed"]:
            return given | {"attendance": data["attendance"]}
        listeners = list(data["listeners"])
        return given | {"listeners": listeners, "attendance": len(listeners) + (data["others"] or 0)}
