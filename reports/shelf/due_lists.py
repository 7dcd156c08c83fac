"""The lists of a month under the headings of the offices (RULES.md 4.3(e)), each a report of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.due_lists import BY_KEY, REVIEWS, due_rows, sheet_row
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from .parameters import BRANCH, MONTH, OFFICES_AND_SETUP, ShelfReport

# Everything in these forms is text but the number and the days.
_KINDS = {"序号": "integer"}
_WIDTHS = {"序号": 6.0, "党支部": 26.0, "学号": 16.0, "性别": 6.0, "培养联系人": 18.0}


class DueListReport(ShelfReport):
    """Base of them all: `key` names the list."""

    key: str
    subject = "people"
    roles = OFFICES_AND_SETUP
    takes = (MONTH, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column(heading, _WIDTHS.get(heading), _KINDS.get(heading, "date" if heading.endswith("时间") else "text"))  # type: ignore[arg-type]  # a literal of the table
            for heading in BY_KEY[self.key].headings
        ]

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        month = MONTH.read(request) or request.today.replace(day=1)
        branch = BRANCH.read(request)
        due = BY_KEY[self.key]
        found = due_rows(scope=request.scope, month=month, branch_id=branch.pk if branch else None)[self.key]
        for number, row in enumerate(found, 1):
            yield sheet_row(due, number, row)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            (_("who stands in the list"), _("who may take the step by the end of the month and has not taken it")),
            (_("rule"), "、".join(BY_KEY[self.key].rules)),
        ]


@register_report
class DueTalks(DueListReport):
    key = "talks"
    name = "due_talks"
    title = gettext_lazy("Due list: applicants not talked with")
    description = gettext_lazy("Applicants nobody has talked with yet, with the last lawful day.")


@register_report
class DueActivists(DueListReport):
    key = "activists"
    name = "due_activists"
    title = gettext_lazy("Due list: may become activists")
    description = gettext_lazy("Applicants who may be confirmed as activists this month.")


@register_report
class DueCandidates(DueListReport):
    key = "candidates"
    name = "due_candidates"
    title = gettext_lazy("Due list: may become candidates")
    description = gettext_lazy("Activists who may be confirmed as development candidates this month.")


@register_report
class DueAdmissions(DueListReport):
    key = "admissions"
    name = "due_admissions"
    title = gettext_lazy("Due list: may be admitted")
    description = gettext_lazy("Development candidates who may be admitted as probationary members this month.")


@register_report
class DueConversions(DueListReport):
    key = "conversions"
    name = "due_conversions"
    title = gettext_lazy("Due list: may convert")
    description = gettext_lazy("Probationary members whose probation is over by the end of the month.")


@register_report
class DueReviews(DueListReport):
    key = REVIEWS
    name = "due_reviews"
    title = gettext_lazy("Due list: half-year reviews")
    description = gettext_lazy(
        "Activists, candidates and probationary members whose half-year review is due by the end of the month, with the last one."
    )

    def definitions(self) -> list[tuple[str, str]]:
        _who, rule = super().definitions()
        return [
            (
                _("who stands in the list"),
                _(
                    "whose half-year review is due by the end of the month; who is late stays until the review is written"
                ),
            ),
            (
                "本次考察截止时间",
                _(
                    "calendar months after the last review, or after becoming an activist or being admitted, as policy says"
                ),
            ),
            (
                "培养联系人",
                _("formal contacts of running links; where there is none, those named in step 5 of the process record"),
            ),
            rule,
        ]
