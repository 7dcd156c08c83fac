"""What is said of people, for those who answer for them: never for an administrator, never about the reader unless it was shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db.models import Avg, Count, F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import LectureSpeaker
from evaluations import scoring
from evaluations.assessment_page import PART_LABELS, readable
from evaluations.evidence_pack import HELD, packs_of
from evaluations.feedback_reader import watched
from evaluations.feedback_rules import DIMENSIONS
from evaluations.models import (
    AppraisalGrade,
    AppraisalResult,
    AppraisalState,
    ConversionReview,
    Dimension,
    Feedback,
    MentorAssessment,
    MentorGrade,
    ReviewDecision,
    Side,
)
from members.models import DevelopmentStep, Person
from members.stages import Stage
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.tiers import Tier
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from . import cells
from .parameters import (
    BRANCH,
    CALENDAR_YEAR,
    FROM,
    OFFICES,
    TERM,
    TO,
    YEAR,
    ShelfReport,
    choice,
    lots,
    within,
)

OATH: Final = 20
# A pack reads twenty tables; smaller lots let a preview come soon.
PACKS_AT_ONCE: Final = 100
FEEDBACK_GRAIN = choice(
    "grain", gettext_lazy("grain"), (("branch", gettext_lazy("Party branch")), ("link", gettext_lazy("mentoring link")))
)
REVIEWS = choice(
    "state",
    gettext_lazy("state"),
    [("open", gettext_lazy("open")), *((decision.value, decision.label) for decision in ReviewDecision)],
)
GRADE = choice("grade", gettext_lazy("grade"), MentorGrade.choices)
DUTY_STAGE = choice(
    "stage",
    gettext_lazy("stage"),
    [(s.value, s.label) for s in (Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY, Stage.FULL)],
)
_NOBODY = 0


@register_report
class FeedbackSummary(ShelfReport):
    """Means of what may be read by now; words and confidential remarks stay where they were written."""

    name = "feedback_summary"
    title = gettext_lazy("Feedback summary")
    description = gettext_lazy("Means of revealed feedback in the four dimensions, by branch or link, side and round.")
    subject = "evaluations"
    roles = OFFICES
    takes = (FEEDBACK_GRAIN, TERM, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("党支部", 24), Column("反馈轮次", 28), Column("评价方", 16), Column("帮扶人", 12), Column("被帮扶对象", 26),
            Column("反馈份数", 10, "integer", total=True),
            *(Column(str(Dimension(name).label), 12, "number") for name in DIMENSIONS),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        """The answers, grouped by what a row is about."""
        told = watched(request.scope).revealed(request.made_at)
        said = Feedback.objects.filter(exchange__in=told.order_by().values("pk")).order_by()
        if branch := BRANCH.read(request):
            said = said.filter(exchange__mentor__party_branch=branch)
        if term := TERM.read(request):
            said = said.filter(exchange__round__term=term)
        keys = {
            "branch": F("exchange__mentor__party_branch__name"),
            "round_title": F("exchange__round__title"),
            "asked": F("side"),
        }
        if FEEDBACK_GRAIN.read(request) == "link":
            keys |= {
                "link": F("exchange_id"), "mentor": F("exchange__mentor__name"), "mentee": F("exchange__mentee__name"),
                "league": F("exchange__league_branch__name"),
            }  # fmt: skip
        order = [
            "exchange__mentor__party_branch_id",
            "exchange__round__opens_at",
            *(["link"] if "link" in keys else []),
            "asked",
        ]
        return said.values(**keys).annotate(number=Count("pk")).order_by(*order)

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        means = {f"mean_{name}": Avg(name) for name in DIMENSIONS}
        for row in self.listed(request).annotate(**means).iterator(chunk_size=500):
            yield (
                row["branch"] or "", row["round_title"], str(Side(row["asked"]).label), row.get("mentor") or "",
                row.get("mentee") or row.get("league") or "", row["number"],
                *(cells.points(row[f"mean_{name}"]) for name in DIMENSIONS),
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("党支部", _("the branch of the mentor")),
            ("反馈份数", _("answers of exchanges in which both sides have answered or whose time is up; answers without names are never in it")),
            (_("means"), _("of the answers with points from 1 to 5")),
        ]  # fmt: skip


@register_report
class MentorAssessments(ShelfReport):
    name = "mentor_assessments"
    title = gettext_lazy("Mentor assessments")
    description = gettext_lazy(
        "The newest version of each mentor's assessment: parts, sum, what the committee decided, objections."
    )
    subject = "evaluations"
    roles = OFFICES
    takes = (YEAR, BRANCH, GRADE)

    def columns(self) -> list[Column]:
        return [
            Column("学年", 11), Column("党支部", 24), Column("姓名", 10), Column("学号", 14),
            *(Column(str(PART_LABELS[key]), 9, "integer") for key in scoring.PARTS),
            Column("综合得分", 8, "integer"), Column("支部评定", 9), Column("理由", 24), Column("是否反馈本人", 8),
            Column("异议", 18), Column("答复", 18), Column("版本", 6, "integer"),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        rows = readable(request.scope).current()
        if year := YEAR.read(request):
            rows = rows.filter(academic_year__start_year=year)
        if branch := BRANCH.read(request):
            rows = rows.filter(person__party_branch=branch)
        if grade := GRADE.read(request):
            rows = rows.filter(grade=grade)
        return rows

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        rows = self.listed(request).select_related("academic_year", "person__party_branch")
        ordered = rows.order_by("-academic_year__start_year", "person__party_branch_id", "person__name_key", "pk")
        for row in ordered.iterator(chunk_size=500):
            yield _assessment_row(row)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            (_("parts and sum"), _("0 to 100; empty where there is no evidence; advisory, the committee decides")),
        ]


def _assessment_row(row: MentorAssessment) -> tuple[Any, ...]:
    points = {part["key"]: part["points"] for part in row.parts}
    return (
        str(row.academic_year), _branch(row.person), row.person.name, row.person.number,
        *(points.get(key) for key in scoring.PARTS), row.total,
        str(row.get_grade_display()) if row.grade else "", row.reason, "是" if row.shown_at else "否", row.objection, row.answer,
        row.version,
    )  # fmt: skip


def _branch(person: Person) -> str:
    return person.party_branch.name if person.party_branch else ""


# --- 帮扶履职情况表 ---------------------------------------------------------------------------------


@register_report
class MentoringDuty(ShelfReport):
    name = "mentoring_duty"
    title = gettext_lazy("Mentoring duty table")
    description = gettext_lazy(
        "What each mentor and speaker did since the present stage began, tier by tier, with what others said of it."
    )
    subject = "evaluations"
    roles = OFFICES
    takes = (BRANCH, DUTY_STAGE)

    def columns(self) -> list[Column]:
        return [
            Column("姓名", 10), Column("学号", 14), Column("发展阶段", 12), Column("帮扶层级", 22),
            Column("对象数", 8, "integer", total=True), Column("记录次数", 9, "integer", total=True),
            Column("总时长", 9, "integer", total=True), Column("宣讲次数(计入)", 12, "integer"), Column("对象评价", 9, "number"),
            Column("团支部/辅导员评价", 12, "number"), Column("支部评价", 9, "integer"), Column("综合等次建议", 10), Column("依据", 26),
            Column("所在支部", 24),
        ]  # fmt: skip

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        stage = DUTY_STAGE.read(request)
        people = _helpers(request.scope).filter(stage=stage) if stage else _helpers(request.scope)
        if branch := BRANCH.read(request):
            people = people.filter(party_branch=branch)
        people = people.select_related("party_branch").order_by("party_branch_id", "name_key", "number")
        for some in lots(people.iterator(chunk_size=PACKS_AT_ONCE), PACKS_AT_ONCE):
            packs = packs_of(some, request.today, now=request.made_at)
            for person in some:
                yield from _duty_rows(packs[person.pk], _branch(person), request.today)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("总时长", _("minutes of confirmed talks")),
            ("宣讲次数(计入)", _("lectures confirmed by a League branch, long enough and from the textbook; the same on each of the person's rows")),
            ("对象评价", _("mean of the four dimensions, 1 to 5; only what may be read by now")),
            ("支部评价", _("sum of the newest assessment the committee decided on, 0 to 100")),
        ]  # fmt: skip


def _helpers(scope: Scope) -> Any:
    """People who helped or spoke, of those whose pack the scope may read; never the reader."""
    people = Person.objects.visible_to(scope).present().exclude(pk=scope.person_id or _NOBODY)
    if not scope.college_staff:
        people = people.filter(Q(department_id__in=scope.department_ids) | Q(party_branch_id__in=scope.branch_ids))
    return people.exclude(stage__in=(Stage.NON_MEMBER, Stage.LEAGUE_MEMBER, Stage.APPLICANT)).filter(
        Q(pk__in=Mentorship.objects.filter(state__in=HELD).values("mentor_id"))
        | Q(pk__in=LeagueGuidance.objects.filter(state__in=HELD).values("person_id"))
        | Q(pk__in=LectureSpeaker.objects.values("person_id"))
    )


def _duty_rows(pack: Mapping[str, Any], branch: str, today: date) -> Iterator[tuple[Any, ...]]:
    assessment = pack["assessment"]
    helped, league = (_mean(pack["feedback"].get(side)) for side in (Side.MENTEE, Side.LEAGUE))
    for row in pack["mentoring"] or [{"tier": None, "people": 0, "talks": 0, "minutes": 0}]:
        yield (
            pack["name"], pack["number"], cells.stage(pack["stage"]), str(Tier(row["tier"]).label) if row["tier"] else "",
            row["people"], row["talks"], row["minutes"], pack["lectures"]["counted"], helped, league,
            assessment["total"] if assessment else None, str(MentorGrade(assessment["grade"]).label) if assessment else "",
            f"门户记录，截至{today:%Y-%m-%d}", branch,
        )  # fmt: skip


def _mean(found: Mapping[str, Any] | None) -> float | None:
    """The mean of the dimensions that were answered."""
    points = [found[name] for name in DIMENSIONS if name in found] if found else []
    return cells.points(sum(points) / len(points)) if points else None


# --- Reviews and appraisals ----------------------------------------------------------------------


@register_report
class ConversionReviews(ShelfReport):
    """申请转正预备党员名单汇总预审表 (RULES.md 4.3(f))."""

    name = "conversion_reviews"
    title = gettext_lazy("Conversion reviews")
    description = gettext_lazy(
        "Probationary members under review: admission, oath, application, decision, opinion of the committee."
    )
    subject = "evaluations"
    roles = OFFICES
    takes = (REVIEWS, BRANCH, FROM, TO)

    def columns(self) -> list[Column]:
        return [
            Column("序号", 6, "integer"), Column("支部名称", 24), Column("学号", 14), Column("姓名", 10), Column("性别", 6),
            Column("入党时间", 12, "date"), Column("入党宣誓时间", 12, "date"), Column("转正申请时间", 12, "date"), Column("备注", 22),
            Column("党委预审意见", 22), Column("预备期满时间", 12, "date"), Column("支部大会时间", 12, "date"), Column("支部决议", 12),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        reviews = ConversionReview.objects.visible_to(request.scope).filter(**within(request, "due_on"))
        reviews = reviews.exclude(person_id=request.scope.person_id or _NOBODY)
        if state := REVIEWS.read(request):
            reviews = reviews.open() if state == "open" else reviews.filter(decision=state)
        if branch := BRANCH.read(request):
            reviews = reviews.filter(party_branch=branch)
        return reviews

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        reviews = self.listed(request).select_related("person", "party_branch")
        reviews = reviews.order_by("party_branch_id", "due_on", "pk")
        number = 0
        for some in lots(reviews.iterator(chunk_size=500)):
            oaths = dict(
                DevelopmentStep.objects.visible_to(request.scope)
                .filter(person_id__in=[row.person_id for row in some], number=OATH)
                .values_list("person_id", "done_on")
            )
            for row in some:
                number += 1
                yield (
                    number, row.party_branch.name, row.person.number, row.person.name, cells.sex(row.person.sex),
                    row.person.admitted_on, oaths.get(row.person_id), row.applied_on, _remark(row), row.approval_note,
                    row.due_on, row.meeting_on, str(row.get_decision_display()) if row.decision else "",
                )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("备注", _("extension, deferral or why the review was closed")),
            (_("period"), _("by the day the probation ends")),
        ]


def _remark(review: ConversionReview) -> str:
    parts = []
    if review.extended_to:
        parts.append(f"预备期延长至{review.extended_to:%Y-%m-%d}")
    if review.deferred_to:
        parts.append(f"讨论推迟至{review.deferred_to:%Y-%m-%d}（{review.defer_reason}）")
    return "；".join([*parts, *filter(None, (review.close_reason,))])


@register_report
class AppraisalSummary(ShelfReport):
    """民主评议汇总 (RULES.md 4.3(j)): counts once counted, the grade once decided; no ballot is ever read."""

    name = "appraisal_summary"
    title = gettext_lazy("Appraisal summary")
    description = gettext_lazy(
        "The yearly democratic appraisal: eligible, present, ballots by grade, the branch's grade."
    )
    subject = "evaluations"
    roles = OFFICES
    takes = (CALENDAR_YEAR, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("序号", 6, "integer"), Column("姓名", 12), Column("应到党员数", 11, "integer"), Column("实到", 7, "integer"),
            Column("收回票", 8, "integer"), Column("优秀票", 8, "integer", total=True), Column("合格票", 8, "integer", total=True),
            Column("基本合格票", 11, "integer", total=True), Column("不合格票", 9, "integer", total=True),
            Column("支部评定等次", 13), Column("评议年度", 10), Column("党支部", 24), Column("备注", 23),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        results = AppraisalResult.objects.visible_to(request.scope).filter(
            round__state__in=(AppraisalState.COUNTED, AppraisalState.DECIDED)
        )
        results = results.exclude(person_id=request.scope.person_id or _NOBODY, round__shown_at=None)
        if year := CALENDAR_YEAR.read(request):
            results = results.filter(round__year=year)
        if branch := BRANCH.read(request):
            results = results.filter(round__party_branch=branch)
        return results

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        results = self.listed(request).select_related("round__party_branch", "person")
        ordered = results.order_by("-round__year", "round__party_branch_id", "person__name_key", "pk")
        for number, row in enumerate(ordered.iterator(chunk_size=500), 1):
            yield (
                number, row.person.name, row.round.eligible_count, row.round.present_count, row.round.returned_count,
                row.excellent_count, row.qualified_count, row.basically_count, row.unqualified_count,
                str(AppraisalGrade(row.grade).label) if row.grade else "", str(row.round.year), row.round.party_branch.name,
                "预备党员，不评定等次" if row.is_probationary else "",
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [("支部评定等次", _("empty until the committee has decided; the votes propose, they do not decide"))]
