"""One entry, many ledgers: what each ledger counts, and its figures from the same confirmed rows.

A row may count in several ledgers and counts once in each; nothing is stored, so no ledger can disagree with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import BooleanField, Case, Count, F, Q, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import AcademicYear
from branches.policy import Policy
from members.models import Person, Post
from members.stages import MEMBER_STAGES
from pairing_portal.common.scope import Scope

from .models import LogPurpose
from .querysets import LogEntryQuerySet

Text = str | Promise
YEARS_OFFERED = 3
EARLIEST_YEAR = 2000


@dataclass(frozen=True)
class Ledger:
    """One ledger: `rows` says which entries it counts, over single relations only, so that no row is counted twice."""

    key: str
    label: Text
    hint: Text
    rows: Q


LEDGERS: Final = (
    Ledger(
        "pairing",
        gettext_lazy("Pairing"),
        gettext_lazy("with my pair, and joint activities of paired branches"),
        Q(member_pairing__isnull=False) | Q(activity__pairing__isnull=False),
    ),
    Ledger(
        "mentoring",
        gettext_lazy("Mentoring"),
        gettext_lazy("talks of both roles, and guidance of League branches"),
        Q(mentorship__isnull=False) | Q(league_guidance__isnull=False),
    ),
    Ledger(
        "contact",
        gettext_lazy("Contact's duty"),
        gettext_lazy("as a cultivation contact, with those cultivated"),
        Q(mentorship__is_formal=True, mentorship__mentor=F("person")),
    ),
    Ledger(
        "lectures",
        gettext_lazy("Theory lectures"),
        gettext_lazy("lectures given and confirmed by a League branch"),
        Q(purpose=LogPurpose.LECTURE),
    ),
    Ledger(
        "service",
        gettext_lazy("Volunteer service"),
        gettext_lazy("own service, and activities that count as service"),
        Q(purpose=LogPurpose.SERVICE) | Q(activity__kind__counts_as_service=True),
    ),
    Ledger(
        "training",
        gettext_lazy("Study and training"),
        gettext_lazy("study, lectures given, and activities that count as training"),
        Q(purpose__in=(LogPurpose.SELF_STUDY, LogPurpose.LECTURE)) | Q(activity__kind__counts_as_training=True),
    ),
)
BY_KEY: Final = {ledger.key: ledger for ledger in LEDGERS}


@dataclass(frozen=True)
class Period:
    """A calendar year (`key` 2026) or an academic year (2026-2027)."""

    key: str
    label: str
    from_on: date
    to_on: date

    @property
    def is_calendar_year(self) -> bool:
        return "-" not in self.key


@dataclass(frozen=True)
class Figure:
    """What one ledger holds. `goal`: minutes the policy asks for, None where it asks for none."""

    ledger: Ledger
    minutes: int
    count: int
    goal: int | None = None

    @property
    def is_reached(self) -> bool:
        return self.goal is not None and self.minutes >= self.goal

    @property
    def missing(self) -> int:
        return max(0, (self.goal or 0) - self.minutes)


def calendar_year(year: int) -> Period:
    return Period(str(year), _("calendar year %(year)d") % {"year": year}, date(year, 1, 1), date(year, 12, 31))


def academic_period(year: AcademicYear) -> Period:
    key = f"{year.start_year}-{year.start_year + 1}"
    return Period(key, _("academic year %(year)s") % {"year": year}, year.starts_on, year.ends_on)


def periods_on(today: date, years: Sequence[AcademicYear]) -> list[Period]:
    """What the page offers: the last calendar years, then the last academic years that have begun."""
    begun = sorted((year for year in years if year.starts_on <= today), key=lambda year: -year.start_year)
    return [
        *(calendar_year(today.year - back) for back in range(YEARS_OFFERED)),
        *(academic_period(year) for year in begun[:YEARS_OFFERED]),
    ]


def period_of(asked: str, today: date, years: Sequence[AcademicYear]) -> Period:
    """The period an address names: any year up to this one, any academic year of the calendar; else this year."""
    for year in years:
        if asked == f"{year.start_year}-{year.start_year + 1}":
            return academic_period(year)
    if asked.isascii() and asked.isdigit() and len(asked) == 4 and EARLIEST_YEAR <= int(asked) <= today.year:
        return calendar_year(int(asked))
    return calendar_year(today.year)


def may_see_ledgers(person: Person, scope: Scope) -> bool:
    """The person, the committee of the branch (for people without one, of the branch that guides their class), the
    department: those who see every entry that was sent, so that a figure is never a part of the truth."""
    if person.pk == scope.person_id or scope.oversees(person.department_id):
        return True
    if person.party_branch_id is not None:
        return person.party_branch_id in scope.branch_ids
    school_class = person.school_class
    return school_class is not None and any(
        branch.is_active and branch.pk in scope.guided_league_branch_ids
        for branch in school_class.league_branches.all()
    )


def readable_person(person_id: int, scope: Scope) -> Person | None:
    """The person, when the viewer sees them and all their hours."""
    people = Person.objects.visible_to(scope).select_related("school_class")
    person: Person | None = people.prefetch_related("school_class__league_branches").filter(pk=person_id).first()
    return person if person is not None and may_see_ledgers(person, scope) else None


def counted(entries: LogEntryQuerySet, period: Period) -> LogEntryQuerySet:
    """The rows that count: confirmed, of the period."""
    return entries.confirmed().filter(on__gte=period.from_on, on__lte=period.to_on)


def in_ledger(entries: LogEntryQuerySet, key: str) -> LogEntryQuerySet:
    """Rows of one ledger; all for an unknown key."""
    return entries.filter(BY_KEY[key].rows) if key in BY_KEY else entries


def with_ledgers(entries: LogEntryQuerySet) -> LogEntryQuerySet:
    """Each row with `in_<key>` for every ledger, so that a list says where a row counts without asking again."""
    marks = {
        f"in_{ledger.key}": Case(When(ledger.rows, then=Value(True)), default=Value(False), output_field=BooleanField())
        for ledger in LEDGERS
    }
    return entries.annotate(**marks)


def ledgers_of(entry: Any) -> list[Ledger]:
    """The ledgers a row of `with_ledgers` counts in."""
    return [ledger for ledger in LEDGERS if getattr(entry, f"in_{ledger.key}")]


def totals(entries: LogEntryQuerySet) -> dict[str, tuple[int, int]]:
    """ledger key -> (minutes, rows), and "" -> all rows; in one query."""
    sums: dict[str, Any] = {"minutes_": Sum("minutes"), "count_": Count("pk")}
    for ledger in LEDGERS:
        sums[f"minutes_{ledger.key}"] = Sum("minutes", filter=ledger.rows)
        sums[f"count_{ledger.key}"] = Count("pk", filter=ledger.rows)
    found = entries.order_by().aggregate(**sums)
    return {key: (found[f"minutes_{key}"] or 0, found[f"count_{key}"]) for key in ["", *BY_KEY]}


def training_goal(person: Person, period: Period, today: date) -> int | None:
    """R42: minutes of training a member owes in a calendar year, more for the branch committee; None for others."""
    if not period.is_calendar_year or person.stage not in MEMBER_STAGES:
        return None
    on = min(today, period.to_on)
    is_officer = Post.objects.current(on).filter(person=person, party_branch__isnull=False).exists()
    hours = Policy().number("training_hours_a_year_officers" if is_officer else "training_hours_a_year", on)
    return hours * 60


def figures(found: dict[str, tuple[int, int]], goal: int | None) -> list[Figure]:
    return [Figure(ledger, *found[ledger.key], goal=goal if ledger.key == "training" else None) for ledger in LEDGERS]


def hours_words(minutes: int) -> str:
    """Hours and minutes, nothing rounded away."""
    hours, rest = divmod(minutes, 60)
    if not rest:
        return _("%(hours)d h") % {"hours": hours}
    if not hours:
        return _("%(minutes)d min") % {"minutes": rest}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


def stats(found: Iterable[Figure], *, address: str, query: str) -> list[dict[str, Any]]:
    """Figures for includes/stat.html; each opens its rows at `address`."""
    return [
        {
            "key": figure.ledger.key,
            "label": figure.ledger.label,
            "value": hours_words(figure.minutes),
            "hint": _goal_words(figure) or figure.ledger.hint,
            "url": f"{address}?{query}&ledger={figure.ledger.key}#rows",
        }
        for figure in found
    ]


def _goal_words(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    asked = hours_words(figure.goal)
    if figure.is_reached:
        return _("%(goal)s a year: reached") % {"goal": asked}
    return _("%(goal)s a year: %(missing)s to go") % {"goal": asked, "missing": hours_words(figure.missing)}
