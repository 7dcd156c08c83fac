"""Who is on campus month by month (RULES.md 1.4–1.6), and the ledger of stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.spreadsheets import Column
from pairings.continuity import MONTHS_AHEAD, remedies
from pairings.cover_board import forecast_branches_of, open_pairings
from pairings.cover_words import gap_words, remedy_words
from pairings.forecast import forecast_for
from pairings.models import Cover, CoverState
from pairings.presence import MONTHS_AT_MOST

from ..exporter import ReportRequest, register_report
from .parameters import OFFICES_AND_SETUP, ShelfReport, choice, number

# A preview reads five rows: it should not have to forecast a whole college.
BRANCHES_AT_ONCE = 20


MONTHS = number("months", gettext_lazy("months ahead"), least=1, most=MONTHS_AT_MOST)
COVER_STATE = choice("state", gettext_lazy("state"), CoverState.choices)


@register_report
class ContinuityReport(ShelfReport):
    name = "continuity"
    title = gettext_lazy("Continuity forecast")
    description = gettext_lazy("Branch by branch and month by month: members, who is on campus, gaps and the ways out.")
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (MONTHS,)

    def columns(self) -> list[Column]:
        return [
            Column(_("Party branch"), width=26),
            Column(_("month"), width=10),
            Column(_("members"), width=8, kind="integer"),
            Column(_("on campus"), width=8, kind="integer"),
            Column(_("full members"), width=10, kind="integer"),
            Column(_("full members on campus"), width=12, kind="integer"),
            Column(_("days with a quorum"), width=12, kind="integer"),
            Column(_("gap or not"), width=24),
            Column(_("lawful ways out"), width=66),
        ]

    def expected_rows(self, request: ReportRequest) -> int:
        branches = forecast_branches_of(request.scope, open_pairings(request.scope))
        return len(branches) * (MONTHS.read(request) or MONTHS_AHEAD)

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        months = MONTHS.read(request) or MONTHS_AHEAD
        branches = forecast_branches_of(request.scope, open_pairings(request.scope))
        for start in range(0, len(branches), BRANCHES_AT_ONCE):
            some = branches[start : start + BRANCHES_AT_ONCE]
            for found in forecast_for(branches=some, today=request.today, months=months):
                for month in found.months:
                    ways = remedy_words(month, remedies(month, found.months, today=request.today))
                    yield (
                        found.branch.name, f"{month.month:%Y-%m}", month.members, month.on_campus, month.full_members,
                        month.full_on_campus, month.quorum_days, gap_words(month), " ".join(ways),
                    )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            (_("on campus"), _("on more than half of the days of the month")),
            (_("full members"), _("probation is taken to end on its day; nobody is taken to be admitted")),
            (_("gap or not"), _("a month on no day of which more than half of the full members are on campus")),
        ]


@register_report
class CoverLedger(ShelfReport):
    name = "covers"
    title = gettext_lazy("Ledger of stand-ins")
    description = gettext_lazy("Every stand-in asked for between paired branches: who, for whom, duty, days, answer.")
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (COVER_STATE,)

    def columns(self) -> list[Column]:
        return [
            Column(_("academic year"), width=11),
            Column(_("helping branch"), width=24),
            Column(_("partner branch"), width=24),
            Column(_("stand-in"), width=11),
            Column(_("who is away"), width=11),
            Column(_("duty"), width=16),
            Column(_("from"), width=12, kind="date"),
            Column(_("to"), width=12, kind="date"),
            Column(_("number of days"), width=8, kind="integer", total=True),
            Column(_("state"), width=10),
            Column(_("asked by"), width=11),
            Column(_("answered by"), width=11),
            Column(_("reason"), width=22),
        ]

    def listed(self, request: ReportRequest) -> Any:
        covers = Cover.objects.visible_to(request.scope)
        state = COVER_STATE.read(request)
        return covers.filter(state=state) if state else covers

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        covers = self.listed(request).select_related(
            "pairing__academic_year", "pairing__helping_branch", "pairing__partner_branch", "stand_in", "absent",
            "asked_by", "answered_by",
        )  # fmt: skip
        for cover in covers.iterator(chunk_size=500):
            yield (
                str(cover.pairing.academic_year), cover.pairing.helping_branch.name, cover.pairing.partner_branch.name,
                cover.stand_in.name, cover.absent.name if cover.absent else _("the branch as a whole"),
                str(cover.get_duty_display()), cover.from_on, cover.to_on, (cover.to_on - cover.from_on).days + 1,
                str(cover.get_state_display()), str(cover.asked_by), str(cover.answered_by or ""), cover.reason,
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [(_("number of days"), _("first and last day included, whatever the state"))]
