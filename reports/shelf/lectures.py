"""理论宣讲登记表 (RULES.md 4.3(m)) and the quota by week, month or term."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.lectures.board import WEEKS_AHEAD, QuotaContext, board_rows, shown_weeks
from activities.lectures.counts import branch_cells
from activities.models import Attachment, LectureAudience
from activities.quota import LectureVerdict, WeekState, monday_of
from activities.record_models import AttachmentKind
from activities.words import STATE_WORDS, WHY_WORDS
from branches.models import LeagueBranch, Term
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from .parameters import BRANCH, FROM, OFFICES, TERM, TO, ShelfReport, choice, lots, names, period, within

COUNTED = choice(
    "counted", gettext_lazy("counted"), (("yes", gettext_lazy("those that count")), ("no", gettext_lazy("those that do not")))
)  # fmt: skip
GRAIN = choice(
    "grain",
    gettext_lazy("grain"),
    (("week", gettext_lazy("week")), ("month", gettext_lazy("month")), ("term", gettext_lazy("term"))),
)
_SEASONS = {"autumn": "秋季学期", "spring": "春季学期"}


@register_report
class LectureRegister(ShelfReport):
    """One row a League branch and lecture; whether it counts is the board's word."""

    name = "lectures"
    title = gettext_lazy("Lecture register")
    description = gettext_lazy(
        "Every theory lecture and League branch: when, who spoke, from what, who came, counted or not and why."
    )
    subject = "lectures"
    roles = OFFICES
    takes = (FROM, TO, BRANCH, COUNTED)

    def columns(self) -> list[Column]:
        return [
            Column("教学周", 7, "integer"), Column("日期", 12, "date"), Column("开始", 7), Column("结束", 7),
            Column("时长(分钟)", 8, "integer", total=True), Column("团支部", 24), Column("宣讲人", 12), Column("主题", 18),
            Column("使用教材/章节", 26), Column("应到", 7, "integer", total=True), Column("实到", 7, "integer", total=True),
            Column("记录人", 10), Column("照片", 6, "integer"), Column("是否计入", 7), Column("不计入原因", 14),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        # Whether a lecture counts is found out row by row.
        return None if COUNTED.read(request) else _audiences(request)

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        context, asked = QuotaContext.load(), COUNTED.read(request)
        for some in lots(_audiences(request).iterator(chunk_size=500)):
            verdicts = _verdicts(some, request.today, context)
            for row in some:
                verdict = verdicts.get(row.pk)
                if asked and (asked == "yes") != bool(verdict and verdict.counts):
                    continue
                yield _lecture_row(row, verdict, context)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("时长(分钟)", _("as the League branch heard it; where it did not say, as the speaker entered it")),
            ("应到", _("League members of the branch today")),
            ("照片", _("pictures with the speakers' entries of that lecture")),
            ("是否计入", _("by the rules in force in that week: given, confirmed, long enough, from the textbook, in a week that is owed")),
        ]  # fmt: skip


def _audiences(request: ReportRequest) -> Any:
    photos = Attachment.objects.filter(log_entry__lecture=OuterRef("lecture"), kind=AttachmentKind.IMAGE).order_by()
    photos = photos.values("log_entry__lecture").annotate(number=Count("pk"))
    rows = LectureAudience.objects.visible_to(request.scope).filter(**within(request, "lecture__on"))
    if branch := BRANCH.read(request):
        rows = rows.filter(league_branch__party_branch=branch)
    rows = rows.annotate(photo_count=Coalesce(Subquery(photos.values("number")), 0))
    rows = rows.select_related(
        "lecture__textbook", "lecture__textbook_chapter", "lecture__recorded_by", "league_branch"
    )
    return rows.prefetch_related("lecture__speakers__person").order_by("lecture__on", "lecture_id", "pk")


def _verdicts(audiences: Sequence[LectureAudience], today: date, context: QuotaContext) -> dict[int, LectureVerdict]:
    """Audience → what the board says of it, where its week is owed."""
    branches = {row.league_branch_id: row.league_branch for row in audiences}
    mondays = sorted({monday_of(row.lecture.on) for row in audiences})
    found = board_rows(league_branches=list(branches.values()), mondays=mondays, today=today, context=context)
    return {
        verdict.fact.audience_id: verdict
        for row in found
        for cell in row.cells
        for verdict in cell.verdicts
        if cell.state != WeekState.NOT_OWED
    }


def _lecture_row(row: Any, verdict: LectureVerdict | None, context: QuotaContext) -> tuple[Any, ...]:
    lecture = row.lecture
    minutes = row.minutes_heard or lecture.minutes
    starts = lecture.starts_at
    # The day does not matter: only the clock is read off.
    ends = (datetime.combine(lecture.on, starts) + timedelta(minutes=minutes)).time() if starts else None
    chapter = lecture.textbook_chapter.title if lecture.textbook_chapter else lecture.chapter
    if verdict is None:
        why = _("nothing owed in that week")
    else:
        why = str(WHY_WORDS[verdict.why]) if verdict.why else ""
    return (
        context.calendar.teaching_week(lecture.on), lecture.on, f"{starts:%H:%M}" if starts else "", f"{ends:%H:%M}" if ends else "",
        minutes, row.league_branch.name, names([speaker.person for speaker in lecture.speakers.all()]), lecture.topic,
        f"{lecture.textbook or ''}{chapter}", row.league_branch.member_count, row.attendance, str(lecture.recorded_by),
        row.photo_count, "是" if verdict and verdict.counts else "否", why,
    )  # fmt: skip


# --- The quota -----------------------------------------------------------------------------------


@dataclass
class _Stretch:
    """A week, month or term of one League branch, summed up from its weeks."""

    first: date
    last: date
    required: int = 0
    counted: int = 0
    missing: int = 0
    states: dict[WeekState, int] = field(default_factory=lambda: dict.fromkeys(WeekState, 0))

    def words(self, grain: str) -> str:
        if grain == "week":
            state = next((state for state, number in self.states.items() if number), WeekState.NOT_OWED)
            return str(STATE_WORDS[state])
        if self.states[WeekState.MISSED]:
            return str(STATE_WORDS[WeekState.MISSED])
        return str(STATE_WORDS[WeekState.RUNNING if self.states[WeekState.RUNNING] else WeekState.MET])


@register_report
class LectureQuota(ShelfReport):
    """The same sums whatever the grain: a month or term adds up its weeks, a week belongs where its Thursday lies."""

    name = "lecture_quota"
    title = gettext_lazy("Lecture quota table")
    description = gettext_lazy(
        "League branches by week, month or term: lectures owed, counted and missing; weeks met, missed and exempt."
    )
    subject = "lectures"
    roles = OFFICES
    takes = (GRAIN, TERM, FROM, TO, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("责任党支部", 24), Column("团支部", 32), Column("时段", 18), Column("起始日期", 12, "date"),
            Column("结束日期", 12, "date"), Column("应讲次数", 10, "integer", total=True), Column("计入次数", 10, "integer", total=True),
            Column("差额", 8, "integer", total=True), Column("达标周数", 10, "integer", total=True),
            Column("未达标周数", 11, "integer", total=True), Column("免计周数", 10, "integer", total=True),
            Column("进行中周数", 11, "integer", total=True), Column("状态", 10),
        ]  # fmt: skip

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        grain = GRAIN.read(request) or "week"
        context = QuotaContext.load()
        mondays = _mondays(request, context)
        branches = LeagueBranch.objects.supervised_by(request.scope).active().filter(party_branch__isnull=False)
        if branch := BRANCH.read(request):
            branches = branches.filter(party_branch=branch)
        ordered = branches.select_related("party_branch").order_by("department_id", "party_branch_id", "pk")
        for some in lots(ordered.iterator(chunk_size=500)):
            chosen = LeagueBranch.objects.filter(pk__in=[row.pk for row in some])
            cells = branch_cells(league_branches=chosen, mondays=mondays, today=request.today, context=context)
            for row in some:
                for label, stretch in _stretches(row.pk, mondays, cells, grain, context).items():
                    states = stretch.states
                    yield (
                        row.party_branch.name, row.name, label, stretch.first, stretch.last, stretch.required, stretch.counted,
                        stretch.missing, states[WeekState.MET], states[WeekState.MISSED], states[WeekState.EXEMPT],
                        states[WeekState.RUNNING], stretch.words(grain),
                    )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("应讲次数", _("by the rules in force in each week; exempt weeks owe nothing")),
            ("差额", _("what single weeks lack; a surplus of one week does not fill another")),
            (
                "时段",
                _("a week belongs to the month and term its Thursday lies in; weeks that owe nothing are left out"),
            ),
            (_("period"), _("the newest term unless a term or days are given")),
        ]


def _mondays(request: ReportRequest, context: QuotaContext) -> list[date]:
    """Weeks in which lectures are owed: of the term or days asked for, else of the newest term; at most three ahead."""
    term: Term | None = TERM.read(request)
    first, last = period(request)
    if term is None and first is None and last is None:
        return shown_weeks(context, request.today)
    known = [span for span in context.calendar.terms if term is None or span.start_monday == term.start_monday]
    if not known:
        return []
    begin = max(filter(None, (first, min(span.start_monday for span in known))))
    end = min(filter(None, (last, max(span.ends_on for span in known), request.today + WEEKS_AHEAD)))
    return context.weeks(begin, end)


def _stretches(
    branch_id: int, mondays: Iterable[date], cells: dict[tuple[int, date], Any], grain: str, context: QuotaContext
) -> dict[str, _Stretch]:
    found: dict[str, _Stretch] = {}
    for monday in mondays:
        cell = cells.get((branch_id, monday))
        if cell is None:
            continue
        label, sunday = _label(monday, grain, context), monday + timedelta(days=6)
        stretch = found.setdefault(label, _Stretch(monday, sunday))
        stretch.last = sunday
        stretch.required += cell.required
        stretch.counted += cell.counted
        stretch.missing += max(0, cell.required - cell.counted)
        stretch.states[cell.state] += 1
    return found


def _label(monday: date, grain: str, context: QuotaContext) -> str:
    thursday = monday + timedelta(days=3)
    if grain == "month":
        return f"{thursday:%Y-%m}"
    term = context.calendar.term_of(thursday)
    if term is None:
        return f"{monday:%Y-%m-%d}"
    year = f"{term.academic_year_start}–{term.academic_year_start + 1}"
    return f"{year} {_SEASONS[term.season]}" if grain == "term" else f"第{term.week_number(thursday)}教学周"
