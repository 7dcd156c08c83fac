"""Forms of goals, observation records and plans of League branches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import LeagueModelType

from .models import LeagueMilestone, MentoringGoal, ObservationRecord
from .observation_services import TEXTS
from .tiers import FocusArea
from .work_rules import STEPS_MAX, StepEntry

PROMPTS = {
    "politics": gettext_lazy("Political awareness, study of theory, thought reports, discipline."),
    "study": gettext_lazy("Marks and rank, effort, what improved and what did not."),
    "work": gettext_lazy("Duties in class or League branch, volunteering, practice; with figures where there are any."),
    "masses": gettext_lazy("How classmates and teachers see them, whom they help, conduct in daily life."),
    "strengths": gettext_lazy("What stands out, and what to work on next."),
}


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


class GoalForm(forms.Form):
    """A goal with up to six steps; a step without a day is due with the goal."""

    what = forms.CharField(
        label=gettext_lazy("goal"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One sentence both of you stand by."),
    )  # fmt: skip
    due_on = forms.DateField(label=gettext_lazy("due on"), widget=day_input())

    def __init__(self, *args: Any, goal: MentoringGoal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = list(goal.steps.all()) if goal else []
        if goal:
            self.initial = {"what": goal.what, "due_on": goal.due_on} | self.initial
        # Done steps stay as they are and are not offered.
        self.open_steps = [step for step in steps if step.done_on is None]
        self.done_steps = [step for step in steps if step.done_on is not None]
        for number in range(max(STEPS_MAX - len(self.done_steps), len(self.open_steps))):
            step = self.open_steps[number] if number < len(self.open_steps) else None
            self.fields[f"step_{number}"] = forms.CharField(
                label=_("step %(number)d") % {"number": number + 1}, max_length=200, required=False,
                initial=step.what if step else "",
            )  # fmt: skip
            self.fields[f"step_{number}_due_on"] = forms.DateField(
                label=_("day of step %(number)d") % {"number": number + 1}, required=False, widget=day_input(),
                initial=step.due_on if step else None,
            )  # fmt: skip

    def step_rows(self) -> Iterator[tuple[Any, Any]]:
        """(what, day) of each step, for the template."""
        for name in self.fields:
            if f"{name}_due_on" in self.fields:
                yield self[name], self[f"{name}_due_on"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        entries = [StepEntry(step.what, step.due_on, step.pk, True) for step in self.done_steps]
        for number, (what, day) in enumerate(self.step_rows()):
            words, due_on = data.get(what.name, "").strip(), data.get(day.name)
            if due_on and not words:
                self.add_error(what.name, _("Say what the step is, or take its day out."))
            if words and (due_on or data.get("due_on")):
                pk = self.open_steps[number].pk if number < len(self.open_steps) else None
                entries.append(StepEntry(words, due_on or data["due_on"], pk))
        data["steps"] = entries
        return data

    def service_arguments(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("what", "due_on", "steps")}


class DropForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("why given up"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The other reads it."),
    )  # fmt: skip


class ObservationForm(forms.Form):
    """A period and the five headings of the registration form."""

    period_from = forms.DateField(label=gettext_lazy("period from"), widget=day_input())
    period_to = forms.DateField(label=gettext_lazy("period to"), widget=day_input())

    def __init__(self, *args: Any, record: ObservationRecord | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEXTS:
            self.fields[name] = forms.CharField(
                label=ObservationRecord._meta.get_field(name).verbose_name,  # type: ignore[union-attr]  # a column, not a relation
                help_text=PROMPTS[name], max_length=1000, widget=forms.Textarea(attrs={"rows": 4}),
            )  # fmt: skip
        if record:
            self.initial = {name: getattr(record, name) for name in self.fields} | self.initial

    def service_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "period_from": data["period_from"],
            "period_to": data["period_to"],
            "texts": {name: data[name] for name in TEXTS},
        }


class PlanForm(forms.Form):
    """Which model the League branch is building this year, and its aim in a sentence."""

    model_type = forms.ChoiceField(
        label=gettext_lazy("model type"), choices=LeagueModelType, widget=forms.RadioSelect
    )  # fmt: skip
    aim = forms.CharField(label=gettext_lazy("aim"), max_length=300, required=False)


class MilestoneForm(forms.Form):
    what = forms.CharField(label=gettext_lazy("milestone"), max_length=200)
    focus_area = forms.ChoiceField(
        label=gettext_lazy("focus area"), required=False, choices=[("", gettext_lazy("no area")), *FocusArea.choices]
    )
    due_on = forms.DateField(label=gettext_lazy("due on"), widget=day_input())


class MilestoneChangeForm(MilestoneForm):
    result = forms.CharField(
        label=gettext_lazy("what came of it"), max_length=300, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    def __init__(self, *args: Any, milestone: LeagueMilestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(milestone, name) for name in self.fields} | self.initial
