from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import AcademicYear, PartyBranch
from pairing_portal.common.scope import Scope

from .models import BranchPairing, Side, TaskArea
from .plan_template import PLAN, PlannedTask, TemplateLine, due_on, moved, moved_plan, planned
from .rules import task_problem

PRINCIPLES_TEMPLATE = _("Strategic cooperation, shared resources, work by the rules, equal partners, real results.")
AIMS_TEMPLATE = _(
    "Work together on the rules of the organisation, on building it and on developing members, and mend weak links. "
    "Members of both branches trust, help, support and remind each other in study, life, job hunting and work."
)
AGREEMENT_TEMPLATE = _(
    "1. Both branches hold the Three Meetings and One Lecture on time and guide each other.\n"
    "2. They read each other's records, write down what is missing and mend it by an agreed day.\n"
    "3. They study together and work on a joint research project.\n"
    "4. Their committees meet post to post, their members are paired one to one.\n"
    "5. While members of the partner branch are away on internships, members of the helping branch support its work. "
    "Quorum, votes and posts stay with the branch's own members."
)
COUPLE = ("academic_year", "helping_branch", "partner_branch")
PLAN_HEADS = (TaskArea.STANDARDS, TaskArea.BUILDING, TaskArea.DEVELOPMENT, TaskArea.WEAK_LINK)


@dataclass(frozen=True)
class PlanRow:
    """One line of the work plan on the form; `line` when it comes from the template, so that its day follows the period."""

    key: str
    task: PlannedTask
    is_ticked: bool = True
    line: TemplateLine | None = None

    @property
    def side(self) -> Any:
        return Side(self.task.side).label


def template_rows(
    starts_on: date, ends_on: date, *, is_ticked: bool = True, but_for: Iterable[str] = ()
) -> list[PlanRow]:
    """The lines of the template with their days in a period, without those whose words are in `but_for`."""
    known = set(but_for)
    rows = [PlanRow(line.key, planned(line, starts_on, ends_on), is_ticked, line) for line in PLAN]
    return [row for row in rows if row.task.what not in known]


def stored_plan(pairing: BranchPairing) -> list[PlannedTask]:
    """The work plan of a pairing as it was agreed."""
    rows = pairing.tasks.of_plan().order_by("due_on", "pk")
    return [PlannedTask(row.area, row.side, row.what, row.due_on) for row in rows]


class PairingForm(forms.Form):
    """Propose a pairing: own branch on one side, any active branch of the department on the other.

    `pairing` is the proposal that is rewritten, `previous` the ended pairing whose agreement is taken over for a new year. With
    `couple_stays` year and branches are not asked for.
    """

    academic_year = forms.ModelChoiceField(label=_("academic year"), queryset=None)
    helping_branch = forms.ModelChoiceField(
        label=_("helping branch"), queryset=None, help_text=_("Usually the branch of bachelor students.")
    )
    partner_branch = forms.ModelChoiceField(
        label=_("partner branch"), queryset=None, help_text=_("Usually the branch of diploma students.")
    )
    starts_on = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("to"), widget=forms.DateInput(attrs={"type": "date"}))
    principles = forms.CharField(
        label=_("principles"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    aims = forms.CharField(label=_("aims"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agreement = forms.CharField(
        label=_("agreement"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What both sides will do. The partner reads it before confirming."),
    )
    # The period for which the page computed the days of the template's lines.
    planned_from = forms.DateField(required=False, widget=forms.HiddenInput)
    planned_to = forms.DateField(required=False, widget=forms.HiddenInput)
    seen_step = forms.IntegerField(required=False, min_value=0, max_value=2**60, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        scope: Scope,
        today: date,
        pairing: BranchPairing | None = None,
        previous: BranchPairing | None = None,
        couple_stays: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.years = AcademicYear.objects.visible_to(scope).filter(ends_on__gte=today).order_by("start_year")
        branches = PartyBranch.objects.visible_to(scope).active()
        self.fields["academic_year"].queryset = self.years
        self.fields["helping_branch"].queryset = self.fields["partner_branch"].queryset = branches
        for name in ("helping_branch", "partner_branch"):
            self.fields[name].error_messages["invalid_choice"] = _("Choose an active branch from the list.")
        self._start(scope=scope, today=today, pairing=pairing, previous=previous, branches=branches)
        self.kept = {}
        if pairing is not None and couple_stays:
            self.kept = {name: getattr(pairing, name) for name in COUPLE}
            for name in COUPLE:
                del self.fields[name]
        for row in self.rows:
            self._add_row(row)

    def _start(
        self, *, scope: Scope, today: date, pairing: BranchPairing | None, previous: BranchPairing | None, branches: Any
    ) -> None:
        """Initial values and rows of the plan: of the pairing, of last year's, or of the template."""
        if pairing is not None:
            tasks = stored_plan(pairing)
            self._take_over(pairing, pairing.academic_year, pairing.starts_on, pairing.ends_on)
            self.rows = self._stored_rows(tasks, pairing.starts_on, pairing.ends_on)
        elif previous is not None:
            years = self._next_year(previous)
            starts_on, ends_on = self._moved_period(previous, years, today)
            year = self.years.filter(start_year=previous.academic_year.start_year + years).first()
            self._take_over(previous, year, starts_on, ends_on)
            if year is None:
                self.fields["academic_year"].help_text = _(
                    "The next academic year is not set up yet. Ask the administrator for it before you send this."
                )
            tasks = moved_plan(stored_plan(previous), years=years, starts_on=starts_on, ends_on=ends_on)
            self.rows = self._stored_rows(tasks, starts_on, ends_on)
            self._fill_gaps(tasks, starts_on, ends_on)
        else:
            self._take_template(scope, today, branches)

    def _fill_gaps(self, tasks: list[PlannedTask], starts_on: date, ends_on: date) -> None:
        """What last year's agreement did not have comes from the template."""
        if not tasks:
            self.rows = template_rows(starts_on, ends_on)
        for name, words in (("principles", PRINCIPLES_TEMPLATE), ("aims", AIMS_TEMPLATE)):
            self.initial[name] = self.initial[name] or words

    def _take_over(self, pairing: BranchPairing, year: AcademicYear | None, starts_on: date, ends_on: date) -> None:
        self.initial |= {
            "academic_year": year, "helping_branch": pairing.helping_branch, "partner_branch": pairing.partner_branch,
            "principles": pairing.principles, "aims": pairing.aims, "agreement": pairing.agreement,
        }  # fmt: skip
        self._set_period(starts_on, ends_on)

    def _take_template(self, scope: Scope, today: date, branches: Any) -> None:
        year = self.years.first()
        starts_on = max(today, year.starts_on) if year else today
        ends_on = year.ends_on if year else moved(today, 1)
        self.initial |= {
            "academic_year": year, "principles": PRINCIPLES_TEMPLATE, "aims": AIMS_TEMPLATE, "agreement": AGREEMENT_TEMPLATE,
        }  # fmt: skip
        own = branches.filter(pk__in=scope.managed_branch_ids).first()
        if own:
            self.initial["partner_branch" if own.kind == "diploma" else "helping_branch"] = own
        self._set_period(starts_on, ends_on)
        self.rows = template_rows(starts_on, ends_on)

    def _set_period(self, starts_on: date, ends_on: date) -> None:
        self.initial |= {
            "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(),
            "planned_from": starts_on.isoformat(), "planned_to": ends_on.isoformat(),
        }  # fmt: skip

    def _next_year(self, previous: BranchPairing) -> int:
        """How many years later the new pairing is: into the next year that is not over; one when none is set up."""
        following = self.years.filter(start_year__gt=previous.academic_year.start_year).first()
        return following.start_year - previous.academic_year.start_year if following else 1

    def _moved_period(self, previous: BranchPairing, years: int, today: date) -> tuple[date, date]:
        year = self.years.filter(start_year=previous.academic_year.start_year + years).first()
        starts_on, ends_on = moved(previous.starts_on, years), moved(previous.ends_on, years)
        if year is None:
            return starts_on, ends_on
        return max(starts_on, today, year.starts_on), min(ends_on, year.ends_on)

    def _stored_rows(self, tasks: list[PlannedTask], starts_on: date, ends_on: date) -> list[PlanRow]:
        """The plan as it stands, and unticked what else the template offers."""
        rows = []
        by_words = {str(line.what): line for line in PLAN}
        for number, task in enumerate(tasks):
            line = by_words.get(task.what)
            follows = line is not None and task.due_on == due_on(line.share, starts_on, ends_on)
            rows.append(PlanRow(f"own{number}", task, True, line if follows else None))
        return rows + template_rows(starts_on, ends_on, is_ticked=False, but_for=[task.what for task in tasks])

    def _add_row(self, row: PlanRow) -> None:
        self.fields[f"task_{row.key}"] = forms.BooleanField(
            label=row.task.what, required=False, initial=row.is_ticked,
            widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
        )  # fmt: skip
        self.fields[f"due_{row.key}"] = forms.DateField(
            label=row.task.what, required=False, initial=row.task.due_on and row.task.due_on.isoformat(),
            widget=forms.DateInput(attrs={"type": "date", "class": "form-control", "aria-label": _("due on")}),
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """`tasks`: the ticked lines. The days of the template follow when the period was changed on the page."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        starts_on, ends_on = values.get("starts_on"), values.get("ends_on")
        values["tasks"] = []
        if not (starts_on and ends_on and starts_on < ends_on):
            return values
        for row in self.rows:
            if not values.get(f"task_{row.key}") or f"due_{row.key}" in self.errors:
                continue
            task = self._task(row, values, starts_on, ends_on)
            if problem := task_problem(task, starts_on=starts_on, ends_on=ends_on):
                self.add_error(f"due_{row.key}", str(problem))
            values["tasks"].append(task)
        return values

    def _task(self, row: PlanRow, values: dict[str, Any], starts_on: date, ends_on: date) -> PlannedTask:
        due = values.get(f"due_{row.key}")
        if row.line is not None:
            shown_from, shown_to = values.get("planned_from") or starts_on, values.get("planned_to") or ends_on
            if due is None or due == due_on(row.line.share, shown_from, shown_to):
                due = due_on(row.line.share, starts_on, ends_on)
        return PlannedTask(row.task.area, row.task.side, row.task.what, due)

    def proposal(self) -> dict[str, Any]:
        """The keyword arguments of `propose_pairing` and `revise_pairing`."""
        names = (*COUPLE, "starts_on", "ends_on", "principles", "aims", "agreement", "tasks")
        return {name: self.kept.get(name) or self.cleaned_data[name] for name in names}

    def refuse(self, refusal: Any) -> None:
        """Show a refusal of the service beside its field."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal)

    @property
    def fields_above(self) -> list[forms.BoundField]:
        """Everything that is not a line of the plan."""
        return [field for field in self.visible_fields() if not field.name.startswith(("task_", "due_"))]

    @property
    def plan(self) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
        """(head, lines) of the work plan; a line is its tick, its day and its row."""
        for head in PLAN_HEADS:
            lines = [
                {"row": row, "tick": self[f"task_{row.key}"], "due": self[f"due_{row.key}"]}
                for row in self.rows
                if row.task.area == head
            ]
            if lines:
                yield head.label, lines


class ReasonForm(forms.Form):
    """A reason typed on the page; whether one is needed is the service's business."""

    reason = forms.CharField(max_length=500, required=False)
