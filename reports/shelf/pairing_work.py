"""材料互查表 (RULES.md 4.3(m)), and what the two branches of a pairing did for each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import Activity, ActivityState, LogEntry, LogState
from pairing_portal.common.spreadsheets import Column
from pairings.models import BranchPairing, Cover, CoverState, CrossInspection, InspectionFinding
from pairings.states import AGREED_STATES

from ..exporter import ReportRequest, register_report
from .pairings import pairings_asked
from .parameters import (
    BRANCH,
    FROM,
    OFFICES_AND_SETUP,
    TO,
    YEAR,
    ShelfReport,
    choice,
    lots,
    within,
)

FINDINGS = choice(
    "findings",
    gettext_lazy("which findings"),
    (("problems", gettext_lazy("problems")), ("unmended", gettext_lazy("problems not mended"))),
)


@register_report
class CrossInspections(ShelfReport):
    name = "cross_inspections"
    title = gettext_lazy("Cross-inspection ledger")
    description = gettext_lazy("Every record looked at in a cross-inspection: expected, found, problem, mended or not.")
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (YEAR, BRANCH, FINDINGS, FROM, TO)

    def columns(self) -> list[Column]:
        return [
            Column("检查日期", 12, "date"), Column("检查支部", 24), Column("被查支部", 24), Column("项目", 20),
            Column("应有", 8, "integer", total=True), Column("实有", 8, "integer", total=True), Column("问题", 36),
            Column("整改期限", 12, "date"), Column("整改结果", 36),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        rows = InspectionFinding.objects.visible_to(request.scope).filter(**within(request, "inspection__on"))
        if year := YEAR.read(request):
            rows = rows.filter(inspection__pairing__academic_year__start_year=year)
        if branch := BRANCH.read(request):
            rows = rows.filter(Q(inspection__inspected_branch=branch) | Q(inspection__inspecting_branch=branch))
        if which := FINDINGS.read(request):
            rows = rows.exclude(problem="")
            rows = rows.filter(mended_on=None) if which == "unmended" else rows
        return rows

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        rows = self.listed(request).select_related(
            "inspection__inspecting_branch", "inspection__inspected_branch", "material"
        )
        for row in rows.order_by("-inspection__on", "inspection_id", "pk").iterator(chunk_size=500):
            yield (
                row.inspection.on, row.inspection.inspecting_branch.name, row.inspection.inspected_branch.name,
                row.material.name, row.expected, row.found, row.problem, row.mend_by_on, _mended(row),
            )  # fmt: skip


def _mended(finding: InspectionFinding) -> str:
    if not finding.problem:
        return ""
    if finding.mended_on is None:
        return _("not mended yet")
    return " ".join(filter(None, (date_format(finding.mended_on, "Y-m-d"), finding.mend_note)))


@dataclass
class _Help:
    """What one branch of a pairing did."""

    covers: int = 0
    cover_days: int = 0
    hosted: int = 0
    services: int = 0
    service_minutes: int = 0
    inspections: int = 0
    talks: int = 0
    talk_minutes: int = 0


@register_report
class PairingHelp(ShelfReport):
    name = "pairing_help"
    title = gettext_lazy("What paired branches did for each other")
    description = gettext_lazy(
        "For each side of a pairing: stand-ins, joint activities, services, inspections, talks of pairs."
    )
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (YEAR, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("学年", 12), Column("支部", 24), Column("对方支部", 24), Column("协助任务次数", 9, "integer", total=True),
            Column("协助任务天数", 9, "integer", total=True), Column("主办联合活动次数", 9, "integer", total=True),
            Column("其中志愿服务次数", 9, "integer", total=True), Column("志愿服务时长(分钟)", 9, "integer", total=True),
            Column("检查对方材料次数", 9, "integer", total=True), Column("党员结对记录次数", 9, "integer", total=True),
            Column("党员结对时长(分钟)", 9, "integer", total=True), Column("状态", 10),
        ]  # fmt: skip

    def expected_rows(self, request: ReportRequest) -> int:
        return 2 * int(self._pairings(request).count())

    def _pairings(self, request: ReportRequest) -> Any:
        return pairings_asked(request).filter(state__in=AGREED_STATES)

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        for some in lots(self._pairings(request).iterator(chunk_size=500)):
            found = _help([row.pk for row in some])
            for row in some:
                for mine, other in (
                    (row.helping_branch, row.partner_branch),
                    (row.partner_branch, row.helping_branch),
                ):
                    done = found[row.pk, mine.pk]
                    yield (
                        str(row.academic_year), mine.name, other.name, done.covers, done.cover_days, done.hosted, done.services,
                        done.service_minutes, done.inspections, done.talks, done.talk_minutes, str(row.get_state_display()),
                    )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("协助任务次数", _("stand-in duties that were accepted, counted for the stand-in's branch; first and last day included")),
            ("主办联合活动次数", _("finished activities of the pairing, counted for the branch that hosts them")),
            ("志愿服务时长(分钟)", _("confirmed time in the pairing's services of the branch's people")),
            ("党员结对记录次数", _("confirmed log entries of the pairs, counted for the branch of who wrote them")),
        ]  # fmt: skip


def _help(ids: Sequence[int]) -> dict[tuple[int, int], _Help]:
    """(pairing, branch) → what the branch did; five queries for any number of pairings."""
    found: dict[tuple[int, int], _Help] = defaultdict(_Help)
    accepted = Cover.history.filter(pairing_id__in=ids, state=CoverState.ACCEPTED).values("id")
    sides = {row.pk: (row.helping_branch_id, row.partner_branch_id) for row in BranchPairing.objects.filter(pk__in=ids)}
    covers = Cover.objects.filter(pk__in=accepted).values_list(
        "pairing_id", "stand_in__party_branch_id", "from_on", "to_on"
    )
    for pairing_id, branch_id, from_on, to_on in covers:
        # Who has moved since stood in for the helping branch, as a rule.
        side = branch_id if branch_id in sides[pairing_id] else sides[pairing_id][0]
        done = found[pairing_id, side]
        done.covers += 1
        done.cover_days += (to_on - from_on).days + 1
    activities = Activity.objects.filter(pairing_id__in=ids, state=ActivityState.FINISHED).order_by()
    for pairing_id, branch_id, is_service, number in (
        activities.values("pairing_id", "party_branch_id", "kind__counts_as_service")
        .annotate(number=Count("pk"))
        .values_list("pairing_id", "party_branch_id", "kind__counts_as_service", "number")
    ):
        done = found[pairing_id, branch_id]
        done.hosted += number
        done.services += number * is_service
    inspections = CrossInspection.objects.filter(pairing_id__in=ids).order_by()
    for pairing_id, branch_id, number in (
        inspections.values("pairing_id", "inspecting_branch_id")
        .annotate(number=Count("pk"))
        .values_list("pairing_id", "inspecting_branch_id", "number")
    ):
        found[pairing_id, branch_id].inspections = number
    confirmed = LogEntry.objects.filter(state=LogState.CONFIRMED).order_by()
    served = confirmed.filter(activity__pairing_id__in=ids, activity__kind__counts_as_service=True)
    for pairing_id, branch_id, _number, minutes in _sums(served, "activity__pairing_id"):
        found[pairing_id, branch_id].service_minutes = minutes
    for pairing_id, branch_id, number, minutes in _sums(
        confirmed.filter(member_pairing__pairing_id__in=ids), "member_pairing__pairing_id"
    ):
        done = found[pairing_id, branch_id]
        done.talks, done.talk_minutes = number, minutes
    return found


def _sums(entries: Any, pairing: str) -> Any:
    """(pairing, branch of who wrote, entries, minutes)."""
    grouped = entries.values(which=F(pairing), branch=F("person__party_branch_id"))
    return grouped.annotate(number=Count("pk"), time=Sum("minutes")).values_list("which", "branch", "number", "time")
