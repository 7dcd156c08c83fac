"""Setting up an academic year: terms, days that differ, which League branches owe lectures. Checked as a whole, saved as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import holidays
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditAction, User
from accounts.services import record_audit
from pairing_portal.common.problems import Problem, Refused

from .models import AcademicYear, CalendarDay, DayKind, LeagueBranch, PartyBranch, Term, TermSeason


@dataclass(frozen=True)
class TermPlan:
    season: str
    start_monday: date
    teaching_weeks: int
    exam_weeks: int

    @property
    def ends_on(self) -> date:
        return self.start_monday + timedelta(weeks=self.teaching_weeks + self.exam_weeks, days=-1)


@dataclass(frozen=True)
class DayPlan:
    on: date
    kind: str
    name: str = ""


def first_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7)


def nearest_monday(on: date) -> date:
    """The Monday a mistyped start most likely meant."""
    return on - timedelta(days=on.weekday()) if on.weekday() <= 3 else on + timedelta(days=7 - on.weekday())


def proposed_terms(start_year: int) -> tuple[TermPlan, TermPlan]:
    return (
        TermPlan(TermSeason.AUTUMN, first_monday(start_year, 9), 18, 2),
        TermPlan(TermSeason.SPRING, first_monday(start_year + 1, 3), 18, 2),
    )


def proposed_days(first: date, last: date) -> tuple[list[DayPlan], list[int]]:
    """Public holidays and make-up days of China between two days, and the years for which none are known yet.

    The State Council publishes a year's list in the November before; until then the days are typed by hand.
    """
    days: list[DayPlan] = []
    unknown = []
    for year in range(first.year, last.year + 1):
        calendar = holidays.country_holidays("CN", years=year, language="zh_CN")
        makeup = [on for on in calendar.weekend_workdays if on.year == year]
        names = {on: name for on, name in calendar.items() if on.year == year}
        # Without the year's decision the library knows the statutory days only, and no make-up day.
        if not makeup:
            unknown.append(year)
        days += [
            DayPlan(on, DayKind.HOLIDAY, name.split("(")[0].split("（")[0].split(";")[0][:50])
            for on, name in names.items()
            if first <= on <= last
        ]
        days += [DayPlan(on, DayKind.MAKEUP, str(_("make-up day"))) for on in makeup if first <= on <= last]
    return sorted({day.on: day for day in days}.values(), key=lambda day: day.on), unknown


def year_problems(*, start_year: int, autumn: TermPlan, spring: TermPlan) -> list[Problem]:
    """Every objection to the terms, each with its remedy. A term of another year is named before anything is reckoned with it."""
    terms = ((autumn, "autumn_start", start_year), (spring, "spring_start", start_year + 1))
    problems = [
        Problem(_("This term starts in %(year)d.") % {"year": year}, field=field)
        for term, field, year in terms
        if term.start_monday.year != year
    ]
    if problems:
        return problems
    problems = [
        Problem(
            _("%(date)s is no Monday. The nearest one is %(monday)s.")
            % {"date": term.start_monday, "monday": nearest_monday(term.start_monday)},
            field=field,
        )
        for term, field, _year in terms
        if term.start_monday.weekday() != 0
    ]
    if spring.start_monday <= autumn.ends_on:
        problems.append(
            Problem(
                _("The spring term begins before the autumn term is over (%(date)s).") % {"date": autumn.ends_on},
                field="spring_start",
            )
        )
    return problems


def year_span(*, start_year: int, autumn: TermPlan, spring: TermPlan) -> tuple[date, date]:
    """First and last day of the academic year, beside its neighbours. Raises `Refused` when terms of two years overlap."""
    starts_on = min(date(start_year, 9, 1), autumn.start_monday)
    ends_on = max(date(start_year + 1, 8, 31), spring.ends_on)
    overlapping = AcademicYear.objects.exclude(start_year=start_year)
    for clash in overlapping.filter(starts_on__lte=ends_on, ends_on__gte=starts_on):
        # Calendars of neighbours meet at the end of August; the newer one begins where the older ends.
        if clash.start_year < start_year and clash.ends_on < autumn.start_monday:
            starts_on = clash.ends_on + timedelta(days=1)
        elif clash.start_year > start_year and spring.ends_on < clash.starts_on:
            ends_on = clash.starts_on - timedelta(days=1)
        else:
            raise Refused(
                _("The terms overlap with the academic year %(year)s. Check the dates.") % {"year": clash},
                field="autumn_start",
            )
    return starts_on, ends_on


def outside_text(on: date, starts_on: date, ends_on: date) -> str:
    return _("%(date)s lies outside this academic year (%(first)s to %(last)s). Check the year of the date.") % {
        "date": on, "first": starts_on, "last": ends_on,
    }  # fmt: skip


@transaction.atomic
def set_up_year(
    *,
    start_year: int,
    autumn: TermPlan,
    spring: TermPlan,
    days: Sequence[DayPlan],
    responsible: Mapping[int, int | None],
    by: User,
    now: datetime,
) -> AcademicYear:
    """Create or change an academic year as a whole. `responsible` maps League branches to their Party branch (None: none);
    those it does not name keep theirs.

    Raises `Refused` with the first problem of `year_problems`, when a neighbouring year overlaps, and for a day outside the year.
    """
    problems = year_problems(start_year=start_year, autumn=autumn, spring=spring)
    if problems:
        raise Refused(problems[0].message, field=problems[0].field)
    starts_on, ends_on = year_span(start_year=start_year, autumn=autumn, spring=spring)
    for day in days:
        if not starts_on <= day.on <= ends_on:
            raise Refused(outside_text(day.on, starts_on, ends_on), field="days")
    year, _created = AcademicYear.objects.update_or_create(
        start_year=start_year, defaults={"starts_on": starts_on, "ends_on": ends_on}
    )
    for term in (autumn, spring):
        Term.objects.update_or_create(
            academic_year=year, season=term.season,
            defaults={"start_monday": term.start_monday, "teaching_weeks": term.teaching_weeks, "exam_weeks": term.exam_weeks},
        )  # fmt: skip
    CalendarDay.objects.filter(on__gte=starts_on, on__lte=ends_on).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(on=day.on, kind=day.kind, name=day.name) for day in {day.on: day for day in days}.values()
    )
    branches = {
        branch.pk: branch for branch in PartyBranch.objects.filter(pk__in=[pk for pk in responsible.values() if pk])
    }
    for league in LeagueBranch.objects.filter(pk__in=responsible):
        branch = branches.get(responsible[league.pk] or 0)
        if league.party_branch_id != (branch.pk if branch else None):
            league.party_branch = branch
            league.save()
    record_audit(
        action=AuditAction.SET_UP, user=by, now=now, object_type="academic_year", object_id=year.pk,
        detail={"start_year": start_year, "days": len(days)},
    )  # fmt: skip
    return year
