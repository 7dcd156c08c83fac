"""What speaks for a member as an excellent one: figures of last year and this, for the branch that decides. Advisory, unranked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from branches.models import AcademicYear, LeagueBranch, PartyBranch
from branches.policy import Policy
from branches.services import load_calendar
from members.models import ExcellentMember, Person

from ..models import (
    AudienceState,
    LectureDuty,
    LectureSpeaker,
    LectureState,
    LogEntry,
    Participation,
    ParticipationState,
)
from ..quota import QuotaRules, owes_lectures
from .season import MonthsAhead, months_ahead, teaching_middles

Span = tuple[date, date]
# A confirmed lecture says more about a speaker than a talk or an activity does.
POINTS_TALK, POINTS_LECTURE, POINTS_ACTIVITY = 2, 3, 1


@dataclass(frozen=True)
class YearFigures:
    """One academic year of one member; every figure counts confirmed rows, lectures given also those that wait."""

    talks: int = 0
    links: int = 0
    lectures_given: int = 0
    lectures_confirmed: int = 0
    minutes: int = 0
    activities: int = 0

    @property
    def points(self) -> int:
        return self.talks * POINTS_TALK + self.lectures_confirmed * POINTS_LECTURE + self.activities * POINTS_ACTIVITY


NOTHING = YearFigures()


@dataclass(frozen=True)
class Candidate:
    """One member of the branch. `chosen` is the row that chose them for the year; `is_proposed`: the evidence speaks for them."""

    person: Person
    this_year: YearFigures
    last_year: YearFigures
    ahead: MonthsAhead
    study_year: int | None
    duties: int
    chosen: ExcellentMember | None = None
    is_proposed: bool = False


@dataclass(frozen=True)
class Evidence:
    """The members of a branch by name. `needed`: speakers its League branches take, when each has as many as a speaker may."""

    candidates: list[Candidate] = field(default_factory=list)
    needed: int = 0
    league_branches: int = 0

    @property
    def chosen(self) -> list[Candidate]:
        return [row for row in self.candidates if row.chosen is not None]

    @property
    def others(self) -> list[Candidate]:
        return [row for row in self.candidates if row.chosen is None]


def year_before(year: AcademicYear) -> Span:
    """The academic year before; where none is set up, the twelve months before this one."""
    earlier = AcademicYear.objects.filter(start_year=year.start_year - 1).first()
    if earlier is not None:
        return earlier.starts_on, earlier.ends_on
    return date(year.starts_on.year - 1, year.starts_on.month, 1), date.fromordinal(year.starts_on.toordinal() - 1)


def gather_evidence(branch: PartyBranch, year: AcademicYear, today: date) -> Evidence:
    """Figures of every member of the branch in a fixed number of queries."""
    people = list(Person.objects.filter(party_branch=branch).members().select_related("party_branch"))
    ids = [person.pk for person in people]
    spans = (year.starts_on, year.ends_on), year_before(year)
    this, last = (_figures(ids, span) for span in spans)
    ahead = months_ahead(people, teaching_middles(load_calendar(), year, today))
    chosen = {row.person_id: row for row in ExcellentMember.objects.filter(academic_year=year, person__in=ids)}
    duties = dict(
        LectureDuty.objects.filter(academic_year=year, ended_on=None, person__in=ids)
        .order_by().values_list("person_id").annotate(count=Count("pk"))
    )  # fmt: skip
    rows = [
        Candidate(
            person, this.get(person.pk, NOTHING), last.get(person.pk, NOTHING), ahead[person.pk],
            person.study_year(year.start_year), duties.get(person.pk, 0), chosen.get(person.pk),
        )
        for person in people
    ]  # fmt: skip
    needed, league_branches = speakers_needed(branch, year, today)
    proposed = _proposed(rows, max(0, needed - len(chosen)))
    marked = [replace(row, is_proposed=row.person.pk in proposed) for row in rows]
    return Evidence(marked, needed, league_branches)


def _proposed(rows: Sequence[Candidate], places: int) -> set[int]:
    """Those who stay on campus and of whom something is on record, the most of it first; as many as places are left."""
    able = [
        row
        for row in rows
        if row.chosen is None
        and not row.ahead.is_leaving
        and (row.this_year.points or row.last_year.points or row.this_year.minutes or row.last_year.minutes)
    ]
    able.sort(key=lambda row: (-row.this_year.points - row.last_year.points, row.person.name_key, row.person.number))
    return {row.person.pk for row in able[:places]}


def speakers_needed(branch: PartyBranch, year: AcademicYear, today: date) -> tuple[int, int]:
    """How many speakers the junior League branches of a Party branch take at least, and how many these are."""
    policy = Policy()
    on = min(max(today, year.starts_on), year.ends_on)
    rules = QuotaRules.in_force(policy, on)
    juniors = sum(
        owes_lectures(league.study_year(year.start_year), True, rules)
        for league in LeagueBranch.objects.active().filter(party_branch=branch)
    )
    each = policy.number("speakers_per_league_branch", on)
    most = policy.number("league_branches_per_speaker", on)
    return (-(-juniors * each // most), juniors) if juniors else (0, 0)


def _figures(ids: Sequence[int], span: Span) -> dict[int, YearFigures]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    talked = Q(mentorship__isnull=False) | Q(member_pairing__isnull=False) | Q(league_guidance__isnull=False)
    entries = (
        LogEntry.objects.confirmed().filter(person_id__in=ids, on__range=span).order_by().values("person_id")
        .annotate(
            talks=Count("pk", filter=talked),
            mentored=Count("mentorship", distinct=True),
            paired=Count("member_pairing", distinct=True),
            guided=Count("league_guidance", distinct=True),
            total=Sum("minutes"),
        )
    )  # fmt: skip
    for row in entries:
        links = row["mentored"] + row["paired"] + row["guided"]
        found[row["person_id"]] |= {"talks": row["talks"], "links": links, "minutes": row["total"] or 0}
    confirmed = Q(lecture__audiences__state=AudienceState.CONFIRMED)
    lectures = (
        LectureSpeaker.objects.filter(
            person_id__in=ids, lecture__on__range=span, lecture__state=LectureState.DELIVERED
        ).order_by().values("person_id")
        .annotate(given=Count("lecture", distinct=True), proved=Count("lecture", distinct=True, filter=confirmed))
    )  # fmt: skip
    for row in lectures:
        found[row["person_id"]] |= {"lectures_given": row["given"], "lectures_confirmed": row["proved"]}
    present = (
        Participation.objects.filter(
            person_id__in=ids, state=ParticipationState.PRESENT, activity__starts_at__date__range=span
        ).order_by().values("person_id").annotate(count=Count("pk"))
    )  # fmt: skip
    for row in present:
        found[row["person_id"]] |= {"activities": row["count"]}
    return {person_id: YearFigures(**figures) for person_id, figures in found.items()}


def leaving_words(candidate_ahead: MonthsAhead) -> str:
    """Said beside who does not stay for all months of teaching; "" for who does."""
    if not candidate_ahead.is_leaving:
        return ""
    return _("on campus for %(present)d of %(total)d months of teaching ahead") % {
        "present": candidate_ahead.present, "total": candidate_ahead.total,
    }  # fmt: skip
