from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.problems import Refused

from .models import DayKind
from .year import DayPlan, TermPlan, outside_text, year_problems, year_span

KIND_WORDS = {"放假": DayKind.HOLIDAY, "调课": DayKind.MAKEUP, "补班": DayKind.MAKEUP, "考试": DayKind.EXAM, "假期": DayKind.BREAK,
              "holiday": DayKind.HOLIDAY, "makeup": DayKind.MAKEUP, "exam": DayKind.EXAM, "break": DayKind.BREAK}  # fmt: skip
WORD_OF_KIND = {DayKind.HOLIDAY: "放假", DayKind.MAKEUP: "调课", DayKind.EXAM: "考试", DayKind.BREAK: "假期"}
LINE = re.compile(r"^(\S+)\s+(\S+)(?:\s+(.*))?$")


def day_lines(days: list[DayPlan]) -> str:
    """Days as people edit them: one a line, 2026-10-01 放假 国庆节."""
    return "\n".join(f"{day.on.isoformat()} {WORD_OF_KIND[DayKind(day.kind)]} {day.name}".rstrip() for day in days)


class YearForm(forms.Form):
    """Terms and days of one academic year."""

    start_year = forms.IntegerField(widget=forms.HiddenInput, min_value=2000, max_value=2099)
    autumn_start = forms.DateField(
        label=gettext_lazy("Autumn term: Monday of week 1"), widget=forms.DateInput(attrs={"type": "date"})
    )
    autumn_teaching = forms.IntegerField(label=gettext_lazy("teaching weeks"), min_value=1, max_value=30)
    autumn_exams = forms.IntegerField(label=gettext_lazy("exam weeks"), min_value=0, max_value=6)
    spring_start = forms.DateField(
        label=gettext_lazy("Spring term: Monday of week 1"), widget=forms.DateInput(attrs={"type": "date"})
    )
    spring_teaching = forms.IntegerField(label=gettext_lazy("teaching weeks"), min_value=1, max_value=30)
    spring_exams = forms.IntegerField(label=gettext_lazy("exam weeks"), min_value=0, max_value=6)
    days = forms.CharField(
        label=gettext_lazy("Days that differ"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=gettext_lazy(
            "One a line: date, kind (放假, 调课, 考试, 假期), name. Delete a line to take a day away."
        ),
    )

    def clean_days(self) -> list[DayPlan]:
        found: list[DayPlan] = []
        self.line_numbers: list[int] = []
        for number, line in enumerate(self.cleaned_data["days"].splitlines(), start=1):
            if not line.strip():
                continue
            match = LINE.match(line.strip())
            on = _date(match[1]) if match else None
            kind = KIND_WORDS.get(match[2].lower()) if match else None
            if match is None or on is None or kind is None:
                raise forms.ValidationError(
                    _("Line %(number)d cannot be read: “%(line)s”. Write it like 2026-10-01 放假 国庆节.")
                    % {"number": number, "line": line[:40]}
                )
            found.append(DayPlan(on, kind, (match[3] or "")[:50]))
            self.line_numbers.append(number)
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            for problem in year_problems(start_year=data["start_year"], autumn=self.autumn, spring=self.spring):
                self.add_error(problem.field, problem.message)
        if not self.errors:
            self._check_days(data)
        return data

    def _check_days(self, data: dict[str, Any]) -> None:
        """A day of another year would not be stored: its line is named instead."""
        try:
            first, last = year_span(start_year=data["start_year"], autumn=self.autumn, spring=self.spring)
        except Refused as refusal:
            self.add_error(refusal.field, refusal)
            return
        for number, day in zip(self.line_numbers, data["days"], strict=True):
            if not first <= day.on <= last:
                text = _("Line %(number)d: %(problem)s")
                self.add_error("days", text % {"number": number, "problem": outside_text(day.on, first, last)})

    @property
    def autumn(self) -> TermPlan:
        data = self.cleaned_data
        return TermPlan("autumn", data["autumn_start"], data["autumn_teaching"], data["autumn_exams"])

    @property
    def spring(self) -> TermPlan:
        data = self.cleaned_data
        return TermPlan("spring", data["spring_start"], data["spring_teaching"], data["spring_exams"])


def _date(text: str) -> date | None:
    try:
        return parse_date(text.replace("/", "-").replace(".", "-"))
    except ValueError:
        return None
