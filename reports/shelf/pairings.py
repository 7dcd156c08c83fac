"""结对共建台账 and the pairs (RULES.md 4.3(m))."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import Activity, ActivityState, LogEntry, LogState
from pairing_portal.common.spreadsheets import Column
from pairings.models import (
    BranchPairing,
    CommitteePairing,
    CrossInspection,
    JointProject,
    MemberPairing,
    PairingState,
    SupportArea,
)
from pairings.summary import summary_lines

from ..exporter import ReportRequest, register_report
from .parameters import BRANCH, OFFICES_AND_SETUP, YEAR, ShelfReport, choice, lots, names

STATE = choice("state", gettext_lazy("state"), PairingState.choices)
PAIR_STATE = choice(
    "state", gettext_lazy("state"), (("running", gettext_lazy("running")), ("ended", gettext_lazy("ended")))
)
_AREAS = dict(SupportArea.choices)


def of_branch(branch: Any, prefix: str = "") -> Q:
    """Pairings of which the branch is one of the two."""
    return Q(**{f"{prefix}helping_branch": branch}) | Q(**{f"{prefix}partner_branch": branch})


def _count_of(rows: Any, column: str = "pairing") -> Any:
    """How many rows hang on the pairing of the outer query."""
    counted = rows.filter(**{column: OuterRef("pk")}).order_by().values(column).annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def pairings_asked(request: ReportRequest) -> Any:
    """The pairings of the filter, with both branches."""
    rows = BranchPairing.objects.visible_to(request.scope).with_branches()
    if year := YEAR.read(request):
        rows = rows.filter(academic_year__start_year=year)
    if state := STATE.read(request):
        rows = rows.filter(state=state)
    if branch := BRANCH.read(request):
        rows = rows.filter(of_branch(branch))
    return rows


@register_report
class PairingLedger(ShelfReport):
    name = "pairings"
    title = gettext_lazy("Pairing ledger")
    description = gettext_lazy(
        "Every pairing of the branches you see: year, both branches, groups, posts, pairs, what they did, who confirmed."
    )
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (YEAR, STATE, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("学年", 11), Column("甲方支部", 24), Column("乙方支部", 24), Column("分组", 8),
            Column("支委结对", 8, "integer", total=True), Column("党员结对数", 8, "integer", total=True),
            Column("共建活动次数", 8, "integer", total=True), Column("材料互查次数", 8, "integer", total=True),
            Column("课题", 18), Column("成效", 18), Column("起始日期", 12, "date"), Column("结束日期", 12, "date"),
            Column("状态", 8), Column("甲方确认人", 9), Column("乙方确认人", 9),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return pairings_asked(request)

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        posts = CommitteePairing.objects.filter(published_at__isnull=False, ended_on=None)
        pairings = pairings_asked(request).select_related("group", "helping_confirmed_by", "partner_confirmed_by")
        pairings = pairings.annotate(
            post_count=_count_of(posts.filter(helping_post__isnull=False, partner_post__isnull=False)),
            pair_count=_count_of(MemberPairing.objects.open()),
            activity_count=_count_of(Activity.objects.filter(state=ActivityState.FINISHED)),
            inspection_count=_count_of(CrossInspection.objects.all()),
        )
        for some in lots(pairings.iterator(chunk_size=500)):
            projects: dict[int, list[JointProject]] = defaultdict(list)
            for project in JointProject.objects.visible_to(request.scope).filter(pairing__in=[row.pk for row in some]):
                projects[project.pairing_id].append(project)
            for row in some:
                yield (
                    str(row.academic_year), row.helping_branch.name, row.partner_branch.name, _group(row), row.post_count,
                    row.pair_count, row.activity_count, row.inspection_count, names(projects[row.pk]),
                    _outcome(row, projects[row.pk]), row.starts_on, row.ends_on, str(row.get_state_display()),
                    str(row.helping_confirmed_by or ""), str(row.partner_confirmed_by or ""),
                )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("支委结对", _("posts of the two committees that are paired and filled on both sides today")),
            ("党员结对数", _("pairs that are published and open on the day of the report")),
            ("共建活动次数", _("finished activities of the pairing")),
            ("成效", _("what was counted when the pairing ended; before that what its projects brought")),
        ]


def _group(pairing: BranchPairing) -> str:
    group = getattr(pairing, "group", None)
    return group.name if group else ""


def _outcome(pairing: BranchPairing, projects: Sequence[JointProject]) -> str:
    lines = [f"{words} {figure}" for words, figure in summary_lines(pairing.summary) if figure != "—"]
    return "；".join(lines or [project.outcome for project in projects if project.outcome])


@register_report
class Pairs(ShelfReport):
    """Of the other branch's people a partner sees name and class, so numbers stay out."""

    name = "pairs"
    title = gettext_lazy("List of member pairs")
    description = gettext_lazy("Who is paired with whom, in what they help each other, and how often they met.")
    subject = "pairings"
    roles = OFFICES_AND_SETUP
    takes = (YEAR, BRANCH, PAIR_STATE)

    def columns(self) -> list[Column]:
        return [
            Column("学年", 11), Column("甲方支部", 24), Column("甲方党员", 10), Column("甲方班级", 16), Column("乙方支部", 24),
            Column("乙方党员", 10), Column("乙方班级", 16), Column("互助方面", 12), Column("目标", 18),
            Column("起始日期", 12, "date"), Column("结束日期", 12, "date"), Column("状态", 8),
            Column("记录次数", 8, "integer", total=True), Column("总时长(分钟)", 9, "integer", total=True),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        pairs = MemberPairing.objects.visible_to(request.scope).published().with_people()
        if year := YEAR.read(request):
            pairs = pairs.filter(pairing__academic_year__start_year=year)
        if branch := BRANCH.read(request):
            pairs = pairs.filter(of_branch(branch, "pairing__"))
        if state := PAIR_STATE.read(request):
            pairs = pairs.filter(ended_on__isnull=state == "running")
        return pairs

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        talks = LogEntry.objects.filter(state=LogState.CONFIRMED, member_pairing=OuterRef("pk")).order_by()
        talks = talks.values("member_pairing").annotate(number=Count("pk"), time=Sum("minutes"))
        pairs = self.listed(request).annotate(
            talk_count=Coalesce(Subquery(talks.values("number")), 0), talk_minutes=Coalesce(Subquery(talks.values("time")), 0)
        ).select_related("pairing__academic_year", "pairing__helping_branch", "pairing__partner_branch")  # fmt: skip
        for row in pairs.order_by("pairing_id", "pk").iterator(chunk_size=500):
            yield (
                str(row.pairing.academic_year), row.pairing.helping_branch.name, row.helper.name, _class(row.helper),
                row.pairing.partner_branch.name, row.partner.name, _class(row.partner),
                names([_AREAS.get(area, "") for area in row.support_areas]), row.goal, row.starts_on, row.ended_on,
                _("ended") if row.ended_on else _("running"), row.talk_count, row.talk_minutes,
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [("记录次数", _("confirmed log entries of the pair, whoever of the two wrote them"))]


def _class(person: Any) -> str:
    return person.school_class.name if person.school_class else ""
