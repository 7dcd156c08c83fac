"""Forms of shared work: tasks, inspections, projects, a pair's goal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.models import ModelChoiceIterator, ModelChoiceIteratorValue
from django.utils.translation import gettext_lazy as _

from branches.models import PartyBranch
from members.models import Person
from pairing_portal.common.choice_fields import ManyRowsField
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Evidence
from pairing_portal.common.scope import Scope

from .models import (
    BranchPairing,
    CrossInspection,
    InspectionFinding,
    InspectionMaterial,
    MemberPairing,
    PairingTask,
    Side,
    SupportArea,
    TaskArea,
)
from .work_models import PAIR_AREAS, PLAN_AREAS
from .work_rules import FindingEntry, finding_problems, people_of, two_of


def _day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def person_label(person: Person) -> str:
    """What one branch may know of the other's people: name, class or major, stage."""
    parts = [person.name, person.school_class.name if person.school_class else person.major, person.get_stage_display()]
    return " · ".join(part for part in parts if part)


class _ByBranch(ModelChoiceIterator):
    """Choices under the name of each branch."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        groups: dict[str, list[tuple[ModelChoiceIteratorValue, str]]] = {}
        for person in self.queryset:
            groups.setdefault(person.party_branch.short_name if person.party_branch else "", []).append(
                self.choice(person)
            )
        yield from groups.items()


class PersonField(forms.ModelChoiceField):
    iterator = _ByBranch

    def label_from_instance(self, obj: Any) -> str:
        return person_label(obj)


class PeopleField(ManyRowsField):
    iterator = _ByBranch

    def label_from_instance(self, obj: Any) -> str:
        return person_label(obj)


class TaskForm(forms.Form):
    """One line of the work plan, or of a pair's own tasks: then without side and start."""

    what = forms.CharField(label=_("what is to be done"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    area = forms.ChoiceField(label=_("area"), widget=forms.RadioSelect)
    side = forms.ChoiceField(label=_("which side"), widget=forms.RadioSelect, initial=Side.BOTH)
    who = PersonField(label=_("who does it"), queryset=None, required=False, empty_label=_("nobody in particular"))
    starts_on = forms.DateField(label=_("starts on"), required=False, widget=_day_input())
    due_on = forms.DateField(label=_("due on"), required=False, widget=_day_input())

    def __init__(
        self,
        *args: Any,
        pairing: BranchPairing,
        today: date,
        pair: MemberPairing | None = None,
        task: PairingTask | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        labels = dict(TaskArea.choices)
        self.fields["area"].choices = [(area, labels[area]) for area in (PAIR_AREAS if pair else PLAN_AREAS)]
        if pair:
            del self.fields["side"], self.fields["starts_on"]
            self.fields["who"].queryset = two_of(pair)
            self.fields["who"].empty_label = _("both of the pair")
        else:
            self.fields["side"].choices = side_choices(pairing)
            known = [task.who_id] if task and task.who_id else []
            self.fields["who"].queryset = people_of(pairing, today, known=known)
        if task:
            self.initial = {name: getattr(task, name) for name in self.fields} | self.initial
            self.initial["who"] = task.who_id

    def service_arguments(self) -> dict[str, Any]:
        """What the services take; a pair's task is of both sides and starts at once."""
        return {"side": Side.BOTH, "starts_on": None} | self.cleaned_data


def side_choices(pairing: BranchPairing) -> list[tuple[str, str]]:
    """The sides by the branches' own names."""
    return [
        (Side.BOTH, str(Side.BOTH.label)),
        (Side.HELPING, pairing.helping_branch.short_name),
        (Side.PARTNER, pairing.partner_branch.short_name),
    ]


class EvidenceForm(forms.Form):
    evidence = forms.CharField(label=_("evidence"), max_length=300, required=False)


class MendedForm(forms.Form):
    note = forms.CharField(label=_("how it was mended"), max_length=300, required=False)


class GoalForm(forms.Form):
    """What a pair wants to reach, and in which areas the two help each other."""

    goal = forms.CharField(
        label=_("goal"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence both of you stand by."),
    )  # fmt: skip
    support_areas = forms.MultipleChoiceField(
        label=_("support areas"), choices=SupportArea, required=False, widget=forms.CheckboxSelectMultiple
    )


class InspectionForm(forms.Form):
    """When, by whom. The inspected branch is the other one."""

    inspecting_branch = forms.ModelChoiceField(label=_("inspecting branch"), queryset=None, empty_label=None)
    on = forms.DateField(label=_("date of the inspection"), widget=_day_input())
    inspectors = forms.CharField(label=_("inspectors"), max_length=100, required=False)
    note = forms.CharField(label=_("note"), max_length=300, required=False)

    def __init__(self, *args: Any, pairing: BranchPairing, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = PartyBranch.objects.visible_to(scope).filter(
            pk__in=scope.managed_branch_ids & {pairing.helping_branch_id, pairing.partner_branch_id}
        )
        self.fields["inspecting_branch"].queryset = own
        if len(own) == 1:
            self.fields["inspecting_branch"].widget = forms.HiddenInput()
        self.initial.setdefault("inspecting_branch", own[0].pk if own else None)
        self.initial.setdefault("on", today)


class FindingForm(forms.Form):
    """One kind of record; a row left empty was not looked at."""

    expected = forms.IntegerField(label=_("expected"), required=False, min_value=0, max_value=999)
    found = forms.IntegerField(label=_("found"), required=False, min_value=0, max_value=999)
    problem = forms.CharField(label=_("problem"), required=False, max_length=300)
    mend_by_on = forms.DateField(label=_("mend by"), required=False, widget=_day_input())
    gap_accepted = forms.BooleanField(label=_("fewer, and that is no problem"), required=False)

    def __init__(self, *args: Any, material: InspectionMaterial, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"m{material.pk}", **kwargs)
        self.material = material
        self.evidence: Evidence | None = None
        for name in ("expected", "found", "problem"):
            # The style sheet knows an untouched row by its empty placeholders.
            self.fields[name].widget.attrs |= {"placeholder": " ", "class": "form-control"}
        self.fields["mend_by_on"].widget.attrs["class"] = "form-control"
        self.asks_about_gap = bool(self.is_bound and self.data.get(self.add_prefix("gap_accepted")))

    def entry(self) -> FindingEntry:
        return FindingEntry(material=self.material, **self.cleaned_data)

    def check(self, pairing: BranchPairing, on: date) -> None:
        """Put what the rules object to beside the fields."""
        entry = self.entry()
        if entry.is_empty:
            return
        for problem in finding_problems(pairing, entry, on):
            self.add_error(problem.field or None, str(problem))
        self.asks_about_gap = entry.has_gap and not entry.problem


class InspectionSheet:
    """The head of an inspection and a row for each kind of record in use, or found before."""

    def __init__(
        self, data: Any, *, pairing: BranchPairing, scope: Scope, today: date, inspection: CrossInspection | None = None
    ) -> None:
        self.pairing = pairing
        known = {finding.material_id: finding for finding in inspection.findings.all()} if inspection else {}
        settled = {material_id for material_id, finding in known.items() if finding.mended_on}
        head = {name: getattr(inspection, name) for name in ("on", "inspectors", "note")} if inspection else None
        self.head = InspectionForm(data, initial=head, pairing=pairing, scope=scope, today=today)
        if inspection:
            del self.head.fields["inspecting_branch"]
        materials = InspectionMaterial.objects.visible_to(scope).filter(Q(is_active=True) | Q(pk__in=known))
        self.rows = [
            FindingForm(data, material=material, initial=_finding_initial(known.get(material.pk)))
            for material in materials
            if material.pk not in settled
        ]
        self.settled = [finding for finding in known.values() if finding.mended_on]

    def is_valid(self) -> bool:
        fields_are = all([self.head.is_valid(), *[row.is_valid() for row in self.rows]])
        on = self.head.cleaned_data.get("on")
        if on is not None:
            for row in self.rows:
                if row.is_valid():
                    row.check(self.pairing, on)
        return fields_are and all(not row.errors for row in self.rows)

    def service_arguments(self) -> dict[str, Any]:
        arguments = {**self.head.cleaned_data, "findings": [row.entry() for row in self.rows]}
        inspecting = arguments.get("inspecting_branch")
        if inspecting is not None:
            sides = (self.pairing.helping_branch, self.pairing.partner_branch)
            arguments["inspected_branch"] = sides[0] if inspecting == sides[1] else sides[1]
        return arguments

    def show_evidence(self, held: Mapping[str, Evidence]) -> None:
        """What the portal holds of each record stands beside its row."""
        for row in self.rows:
            row.evidence = held.get(row.material.name)

    def refuse(self, refusal: Refused) -> None:
        self.head.add_error(refusal.field if refusal.field in self.head.fields else None, refusal)

    @property
    def has_errors(self) -> bool:
        return bool(self.head.errors or any(row.errors for row in self.rows))


def _finding_initial(finding: InspectionFinding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    names = ("expected", "found", "problem", "mend_by_on")
    return {name: getattr(finding, name) for name in names}


class ProjectForm(forms.Form):
    """A joint research project; lead and members are of the two branches."""

    title = forms.CharField(label=_("title"), max_length=100)
    question = forms.CharField(
        label=_("what is asked"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    lead = PersonField(label=_("lead"), queryset=None, required=False, empty_label=_("not chosen yet"))
    members = PeopleField(
        label=_("project members"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, *args: Any, pairing: BranchPairing, today: date, known: Sequence[int] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = people_of(pairing, today, known=known)
        self.fields["lead"].queryset = self.fields["members"].queryset = people


class MilestoneForm(forms.Form):
    title = forms.CharField(label=_("milestone"), max_length=100)
    due_on = forms.DateField(label=_("due on"), widget=_day_input())


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=_("outcome"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
