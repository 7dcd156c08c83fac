"""帮扶结对表, 帮扶记录表 (RULES.md 4.3(m)), 培养考察登记 (4.3(k)), and what came of the links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import LogEntry, LogState
from members.models import Person
from mentoring.models import FocusArea, LeagueGuidance, Mentorship, ObservationKind, ObservationRecord
from mentoring.tiers import PUBLISHED_STATES, LinkState, Tier
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from . import cells
from .parameters import (
    BRANCH,
    FROM,
    OFFICES,
    OFFICES_AND_SETUP,
    TO,
    ShelfReport,
    choice,
    names,
    period,
    within,
)

TIER = choice("tier", gettext_lazy("mentoring tier"), Tier.choices)
LINK_STATE = choice("state", gettext_lazy("state"), LinkState.choices)
LOG_STATE = choice(
    "state", gettext_lazy("state"), [(s.value, s.label) for s in LogState if s != LogState.DRAFT]
)  # fmt: skip
KIND = choice("kind", gettext_lazy("kind"), ObservationKind.choices)
_AREAS = dict(FocusArea.choices)


def _tier(value: int) -> str:
    return str(Tier(value).label)


def _running_in(request: ReportRequest) -> Q:
    """Links that ran on at least one day of the period."""
    first, last = period(request)
    condition = Q(starts_on__lte=last) if last else Q()
    return condition & (Q(ended_on=None) | Q(ended_on__gte=first)) if first else condition


def _links(request: ReportRequest) -> tuple[Any, Any]:
    """Links between people and guidances, as the filter leaves them."""
    people = Mentorship.objects.visible_to(request.scope).filter(_running_in(request))
    guidances = LeagueGuidance.objects.visible_to(request.scope).filter(_running_in(request))
    state, tier, branch = LINK_STATE.read(request), TIER.read(request), BRANCH.read(request)
    states = [state] if state else PUBLISHED_STATES
    people, guidances = people.filter(state__in=states), guidances.filter(state__in=states)
    if branch:
        people, guidances = people.filter(party_branch=branch), guidances.filter(party_branch=branch)
    if tier:
        people = people.filter(tier=int(tier))
        guidances = guidances if int(tier) == Tier.LEAGUE_BRANCHES else guidances.none()
    return people, guidances


@register_report
class MentoringLedger(ShelfReport):
    name = "mentoring"
    title = gettext_lazy("Mentoring ledger")
    description = gettext_lazy(
        "Who helps whom in all four tiers, with state, goal and dates. Support needs are never in it."
    )
    subject = "mentoring"
    roles = OFFICES_AND_SETUP
    takes = (TIER, LINK_STATE, BRANCH, FROM, TO)

    def columns(self) -> list[Column]:
        return [
            Column("序号", 6, "integer"), Column("帮扶层级", 22), Column("帮扶人", 10), Column("学号", 14), Column("政治面貌", 14),
            Column("所在支部", 24), Column("被帮扶对象(班级/团支部)", 26), Column("帮扶类别", 16), Column("起始日期", 12, "date"),
            Column("结束日期", 12, "date"), Column("帮扶目标", 22), Column("状态", 8),
        ]  # fmt: skip

    def expected_rows(self, request: ReportRequest) -> int:
        return sum(rows.count() for rows in _links(request))

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        people, guidances = _links(request)
        found = chain(
            map(_link_row, people.with_people().order_by("tier", "party_branch_id", "mentor__name_key", "pk").iterator(chunk_size=500)),
            map(_guidance_row, guidances.with_names().order_by("league_branch_id", "person__name_key", "pk").iterator(chunk_size=500)),
        )  # fmt: skip
        for number, row in enumerate(found, 1):
            yield (number, *row)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            (
                "帮扶类别",
                _("formal cultivation contact, or the focus areas of a guidance; support needs are never exported"),
            ),
            ("结束日期", _("the day the link ended; the planned end while it runs")),
            (_("period"), _("links that ran on at least one day of it")),
        ]


def _link_row(link: Mentorship) -> tuple[Any, ...]:
    mentor, mentee = link.mentor, link.mentee
    where = mentee.school_class.name if mentee.school_class else ""
    return (
        _tier(link.tier), mentor.name, mentor.number, cells.status(mentor.stage, mentor.is_league_member), _branch(mentor),
        f"{mentee.name}（{where}）" if where else mentee.name, _("formal cultivation contact") if link.is_formal else "",
        link.starts_on, link.ended_on or link.ends_on, link.goal, str(link.get_state_display()),
    )  # fmt: skip


def _guidance_row(row: LeagueGuidance) -> tuple[Any, ...]:
    guide = row.person
    return (
        _tier(Tier.LEAGUE_BRANCHES), guide.name, guide.number, cells.status(guide.stage, guide.is_league_member), _branch(guide),
        row.league_branch.name, names([_AREAS.get(area, "") for area in row.focus_areas]), row.starts_on,
        row.ended_on or row.ends_on, "", str(row.get_state_display()),
    )  # fmt: skip


def _branch(person: Person) -> str:
    return person.party_branch.name if person.party_branch else ""


@register_report
class MentoringRecords(ShelfReport):
    """帮扶记录表: the columns an entry of the portal has, and tier, author and state."""

    name = "mentoring_records"
    title = gettext_lazy("Mentoring records")
    description = gettext_lazy(
        "Every talk of a mentoring link or guidance that was written down, confirmed ones unless asked otherwise."
    )
    subject = "mentoring"
    roles = OFFICES
    takes = (FROM, TO, BRANCH, TIER, LOG_STATE)

    def columns(self) -> list[Column]:
        return [
            Column("日期", 12, "date"), Column("帮扶人", 12), Column("被帮扶对象", 32), Column("时长(分钟)", 11, "integer", total=True),
            Column("帮扶内容", 44), Column("帮扶层级", 28), Column("记录人", 12), Column("状态", 10),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return _entries(request)

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        entries = _entries(request).select_related(
            "person",
            "mentorship__mentor",
            "mentorship__mentee",
            "league_guidance__person",
            "league_guidance__league_branch",
        )
        for entry in entries.order_by("on", "pk").iterator(chunk_size=500):
            link, guidance = entry.mentorship, entry.league_guidance
            mentor = (link.mentor if link else guidance.person).name
            helped = link.mentee.name if link else guidance.league_branch.name
            tier_words = _tier(link.tier if link else Tier.LEAGUE_BRANCHES)
            yield (
                entry.on, mentor, helped, entry.minutes, entry.summary, tier_words, entry.person.name,
                str(entry.get_state_display()),
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("方式、存在问题、成效、下一步计划", _("not kept apart in the portal; what was done stands in one text"))
        ]


def _entries(request: ReportRequest) -> Any:
    """The entries of links and guidances, as the filter leaves them."""
    entries = LogEntry.objects.visible_to(request.scope).filter(
        Q(mentorship__isnull=False) | Q(league_guidance__isnull=False), state=LOG_STATE.read(request) or LogState.CONFIRMED,
        **within(request, "on"),
    )  # fmt: skip
    if branch := BRANCH.read(request):
        entries = entries.filter(Q(mentorship__party_branch=branch) | Q(league_guidance__party_branch=branch))
    if tier := TIER.read(request):
        guided = Q(league_guidance__isnull=False) if int(tier) == Tier.LEAGUE_BRANCHES else Q(mentorship__tier=tier)
        entries = entries.filter(guided)
    return entries


@register_report
class Observations(ShelfReport):
    """入党积极分子培养考察登记 (RULES.md 4.3(k)); nobody reads the record of themselves."""

    name = "observations"
    title = gettext_lazy("Observation records")
    description = gettext_lazy("Quarterly records of contacts and half-yearly reviews of branches, in their words.")
    subject = "mentoring"
    roles = OFFICES
    takes = (FROM, TO, BRANCH, KIND)

    def columns(self) -> list[Column]:
        return [
            Column("姓名", 10), Column("学号", 13), Column("培养联系人", 10), Column("考察期(起止)", 14), Column("政治思想", 20),
            Column("学习成绩", 20), Column("工作与社会实践", 20), Column("群众基础", 20), Column("主要优缺点", 20),
            Column("考察人签名", 10), Column("日期", 12, "date"), Column("记录类别", 12), Column("党支部", 16),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        records = ObservationRecord.objects.visible_to(request.scope).filter(**within(request, "period_to"))
        records = records.exclude(person_id=request.scope.person_id or 0)
        if branch := BRANCH.read(request):
            records = records.filter(person__party_branch=branch)
        if kind := KIND.read(request):
            records = records.filter(kind=kind)
        return records

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        records = self.listed(request).select_related("person__party_branch", "mentorship__mentor", "observer")
        for row in records.order_by("person__party_branch_id", "person__name_key", "period_to", "pk").iterator(
            chunk_size=500
        ):
            yield (
                row.person.name, row.person.number, row.mentorship.mentor.name if row.mentorship else "",
                f"{row.period_from:%Y-%m-%d} 至 {row.period_to:%Y-%m-%d}", row.politics, row.study, row.work, row.masses,
                row.strengths, row.observer.name if row.observer else "", row.signed_on, str(row.get_kind_display()),
                _branch(row.person),
            )  # fmt: skip


# What a mentee may have reached, with the day it is known by.
ADVANCES = (
    ("applied_on", gettext_lazy("handed in the application")),
    ("activist_on", gettext_lazy("became an activist")),
    ("candidate_on", gettext_lazy("became a development candidate")),
    ("admitted_on", gettext_lazy("became a probationary member")),
    ("converted_on", gettext_lazy("became a full member")),
)


@register_report
class MenteeAdvances(ShelfReport):
    name = "mentee_advances"
    title = gettext_lazy("Mentees who applied or advanced a stage")
    description = gettext_lazy(
        "Every step forward a mentee took while the link ran: who helped, what was reached, after how many days."
    )
    subject = "mentoring"
    roles = OFFICES
    takes = (TIER, BRANCH, FROM, TO)

    def columns(self) -> list[Column]:
        return [
            Column("帮扶层级", 26), Column("帮扶人", 12), Column("被帮扶对象", 12), Column("学号", 16), Column("班级", 20),
            Column("结对起始日期", 13, "date"), Column("结对结束日期", 13, "date"), Column("发展进展", 20),
            Column("进展日期", 12, "date"), Column("结对后天数", 11, "integer"), Column("所在支部", 24),
        ]  # fmt: skip

    def expected_rows(self, request: ReportRequest) -> int:
        """A link has a row for each step: each kind of step is counted, all in one query."""
        first, last = period(request)
        counts = {}
        for name, _words in ADVANCES:
            on = f"mentee__{name}"
            inside = Q(**{f"{on}__gte": F("starts_on"), f"{on}__lte": request.today})
            inside &= Q(ended_on=None) | Q(**{f"{on}__lte": F("ended_on")})
            inside &= (Q(**{f"{on}__gte": first}) if first else Q()) & (Q(**{f"{on}__lte": last}) if last else Q())
            counts[name] = Count("pk", filter=inside)
        return sum(self._links(request).order_by().aggregate(**counts).values())

    def _links(self, request: ReportRequest) -> Any:
        links = Mentorship.objects.visible_to(request.scope).filter(state__in=(LinkState.ACTIVE, LinkState.ENDED))
        # Dates of development are seen with the person, not with the link.
        links = links.filter(mentee__in=Person.objects.visible_to(request.scope).values("pk")).filter(_advanced())
        if tier := TIER.read(request):
            links = links.filter(tier=int(tier))
        if branch := BRANCH.read(request):
            links = links.filter(party_branch=branch)
        return links

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        first, last = period(request)
        links = self._links(request)
        for link in (
            links.with_people().order_by("tier", "party_branch_id", "mentee__name_key", "pk").iterator(chunk_size=500)
        ):
            until = min(link.ended_on or request.today, request.today)
            for name, words in ADVANCES:
                on = getattr(link.mentee, name)
                if on is None or not link.starts_on <= on <= until or (first and on < first) or (last and on > last):
                    continue
                school_class = link.mentee.school_class
                yield (
                    _tier(link.tier), link.mentor.name, link.mentee.name, link.mentee.number,
                    school_class.name if school_class else "", link.starts_on, link.ended_on, str(words), on,
                    (on - link.starts_on).days, link.party_branch.name,
                )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            (
                "发展进展",
                _(
                    "steps whose day lies between the first and the last day of the link; a link does not prove the cause"
                ),
            ),
            ("所在支部", _("the branch that keeps the link")),
        ]


def _advanced() -> Q:
    """Links in whose time at least one date of the mentee lies, looked at again row by row for the day of the report."""
    condition = Q(pk=None)
    for name, _words in ADVANCES:
        inside = Q(**{f"mentee__{name}__gte": F("starts_on")})
        condition |= inside & (Q(ended_on=None) | Q(**{f"mentee__{name}__lte": F("ended_on")}))
    return condition
