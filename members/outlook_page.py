"""What the calendar allows people, read set-wise and said in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Absence, Person
from .outlook import MILESTONES, LifeFacts, Milestone, Outlook, Span, if_activist_by, outlook, within_reach
from .process_facts import numbers_on
from .rules import RULES
from .stages import Stage
from .timeline import Axis, Timeline, axis_of, lay_out

Text = str | Promise
BAR_WIDTH: Final = 480.0
# What a cohort is called; "" is everybody on the way.
COHORTS: Final[dict[str, Text]] = {
    "": gettext_lazy("applicants, activists and candidates"),
    Stage.APPLICANT.value: gettext_lazy("applicants"),
    Stage.ACTIVIST.value: gettext_lazy("activists"),
    Stage.CANDIDATE.value: gettext_lazy("candidates"),
    Stage.PROBATIONARY.value: gettext_lazy("probationary members"),
}
_ON_THE_WAY = (Stage.APPLICANT, Stage.ACTIVIST, Stage.CANDIDATE)


@dataclass(frozen=True)
class OutlookRow:
    """One person of a cohort."""

    person: Person
    facts: LifeFacts
    outlook: Outlook
    absences: tuple[Absence, ...] = ()
    timeline: Timeline | None = None

    @property
    def next(self) -> Milestone | None:
        return self.outlook.next

    @property
    def badge(self) -> tuple[str, str]:
        if self.outlook.of(Stage.PROBATIONARY).is_done:
            if self.outlook.of(Stage.FULL).is_done:
                return "ok", _("full member")
            return (
                ("wait", _("converts off campus"))
                if self.outlook.converts_off_campus
                else ("ok", _("converts on campus"))
            )
        if not self.outlook.can_be_admitted:
            return "late", _("not on campus any more")
        return (
            ("wait", _("admitted here, converts elsewhere")) if self.outlook.converts_off_campus else ("ok", _("fits"))
        )

    @property
    def words(self) -> str:
        return " ".join(outlook_words(self.outlook, self.facts.away))


def facts_of(people: Sequence[Person]) -> dict[int, tuple[LifeFacts, tuple[Absence, ...]]]:
    """Person id → what the calendar asks of them, with their absences; one query."""
    away: dict[int, list[Absence]] = defaultdict(list)
    for absence in Absence.objects.filter(person_id__in=[person.pk for person in people]).order_by("from_on"):
        away[absence.person_id].append(absence)
    return {
        person.pk: (
            LifeFacts(
                {name: getattr(person, name) for _stage, name in MILESTONES}, person.born_on, person.extended_to,
                person.left_on or person.graduates_on, tuple((row.from_on, row.to_on) for row in away[person.pk]),
            ),
            tuple(away[person.pk]),
        )
        for person in people
    }  # fmt: skip


def outlook_rows(people: Iterable[Person], today: date) -> list[OutlookRow]:
    """Outlooks without drawings; two queries besides the people."""
    rows = list(people)
    known, number = facts_of(rows), numbers_on(today)
    return [
        OutlookRow(
            person, known[person.pk][0], outlook(known[person.pk][0], number=number, today=today), known[person.pk][1]
        )
        for person in rows
    ]


def drawn(rows: Sequence[OutlookRow], axis: Axis, today: date) -> list[OutlookRow]:
    """The same rows with their lines on one axis."""
    return [
        OutlookRow(
            row.person,
            row.facts,
            row.outlook,
            row.absences,
            lay_out(row.outlook, axis, away=row.facts.away, today=today),
        )
        for row in rows
    ]


def axis_for(rows: Sequence[OutlookRow], today: date, width: float) -> Axis:
    return axis_of((row.outlook for row in rows), today, width=width)


def _d(on: date) -> str:
    return str(date_format(on))


def outlook_words(found: Outlook, away: Sequence[Span] = ()) -> list[str]:
    """What matters first: whether admission still fits, by when what has to happen, what falls off campus and the way out."""
    words: list[str] = []
    admission, conversion, following = found.of(Stage.PROBATIONARY), found.of(Stage.FULL), found.next
    if conversion.is_done:
        return [_("Full member; nothing is left to wait for.")]
    if not admission.is_done:
        words += _admission_words(found, admission)
        if found.can_be_admitted and following is not None and following.latest_on is not None:
            words.append(must_words(following))
    if conversion.on is not None and not conversion.is_on_campus and (admission.is_done or found.can_be_admitted):
        back_on = _back_on(conversion.on, found.leaves_on, away)
        values = {"on": _d(conversion.on), "back": _d(back_on) if back_on else ""}
        if back_on:
            text = _("The probation ends on %(on)s, while away. Back on campus from %(back)s: the branch can decide then, and the standing counts from %(on)s all the same (rules R17, R19).")  # fmt: skip
        else:
            text = _("The probation ends on %(on)s, off campus: arrange now who decides and where, by a stand-in or by transfer.")  # fmt: skip
        words.append(text % values)
    elif conversion.on is not None and admission.is_done:
        words.append(_("The probation ends on %(on)s, on campus.") % {"on": _d(conversion.on)})
    return words


def _back_on(on: date, leaves_on: date | None, away: Sequence[Span]) -> date | None:
    """The day somebody is back who is away on `on`; None where that is not known, or they leave before."""
    last_days = [last for first, last in away if first <= on and (last is None or on <= last)]
    if not last_days or None in last_days:
        return None
    back_on = max(last for last in last_days if last) + timedelta(days=1)
    return None if leaves_on is not None and back_on > leaves_on else back_on


def _admission_words(found: Outlook, admission: Milestone) -> list[str]:
    if admission.on is None:
        return [_("There is no application yet, or a date to count from is missing.")]
    values = {"on": _d(admission.on), "leaves": _d(found.leaves_on) if found.leaves_on else "", "latest": _d(admission.latest_on) if admission.latest_on else ""}  # fmt: skip
    if found.leaves_on is None:
        return [_("Admission is possible from %(on)s. No graduation date is known, so nothing can be said of what still fits.") % values]  # fmt: skip
    if admission.is_too_late:
        return [_("Admission is possible on %(on)s at the earliest, but the last day that fits before leaving on %(leaves)s is %(latest)s (rule R13). The file is handed on to the next unit.") % values]  # fmt: skip
    if not admission.is_on_campus:
        return [_("Admission is possible on %(on)s at the earliest, while away without a known return.") % values]
    return [_("Admission is possible from %(on)s and has to come by %(latest)s (rule R13).") % values]


def must_words(milestone: Milestone) -> str:
    """ "Must be an activist by …"."""
    words = {
        Stage.APPLICANT: _("Must have applied by %(on)s."),
        Stage.ACTIVIST: _("Must be an activist by %(on)s."),
        Stage.CANDIDATE: _("Must be a candidate by %(on)s."),
        Stage.PROBATIONARY: _("Must be admitted by %(on)s."),
        Stage.FULL: _("Converts by %(on)s."),
    }[milestone.stage]
    return words % {"on": _d(milestone.latest_on) if milestone.latest_on else "–"}


def rule_of(milestone: Milestone) -> Any:
    """The rule that makes one wait for a stage."""
    return RULES[{Stage.APPLICANT: "R01", Stage.ACTIVIST: "R03", Stage.CANDIDATE: "R07", Stage.PROBATIONARY: "R13", Stage.FULL: "R17"}[milestone.stage]]  # fmt: skip


# --- A cohort -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deadline:
    """What has to happen by a day, and to whom; `on` None: nobody knows when they leave."""

    stage: Stage
    on: date | None
    people: tuple[Person, ...]
    words: str


def cohort_words(rows: Sequence[OutlookRow], *, stage: str, year: int | None) -> str:
    """The sentence of the page: how many of a cohort can still be admitted on campus, or will convert there."""
    values: dict[str, Any] = {"total": len(rows), "who": COHORTS[stage], "year": year}
    if stage == Stage.PROBATIONARY:
        values["count"] = sum(not row.outlook.converts_off_campus for row in rows)
        if year:
            return _("Of %(total)d %(who)s enrolled in %(year)d, %(count)d convert while on campus.") % values
        return _("Of %(total)d %(who)s, %(count)d convert while on campus.") % values
    values["count"], _all = within_reach(row.outlook for row in rows)
    if year:
        return _("Of %(total)d %(who)s enrolled in %(year)d, %(count)d can be admitted as probationary members while on campus.") % values  # fmt: skip
    return _("Of %(total)d %(who)s, %(count)d can be admitted as probationary members while on campus.") % values


def trial_words(rows: Sequence[OutlookRow], by: date, today: date) -> str:
    """The same if the applicants among them become activists on the day `by`; "" where nobody is an applicant."""
    applicants = [row for row in rows if row.facts.dates.get("applied_on") and not row.facts.dates.get("activist_on")]
    if not applicants:
        return ""
    number = numbers_on(today)
    supposed = [if_activist_by(row.facts, by, number=number, today=today) for row in rows]
    count, _all = within_reach(supposed)
    words = _("If the applicants are confirmed as activists by %(by)s only, it is %(count)d.")
    return words % {"by": _d(by), "count": count}


def deadlines(rows: Sequence[OutlookRow]) -> list[Deadline]:
    """What would have to happen by when, soonest first: the next stage of everybody who can still be admitted."""
    grouped: dict[tuple[date, Stage], list[Person]] = defaultdict(list)
    for row in rows:
        following = row.next
        if following is None or following.stage == Stage.FULL or not row.outlook.can_be_admitted:
            continue
        grouped[following.latest_on or date.max, following.stage].append(row.person)
    return [
        Deadline(stage, None if on == date.max else on, tuple(people), must_words(Milestone(stage, None, False, latest_on=on)) if on != date.max else _("No graduation date is known."))
        for (on, stage), people in sorted(grouped.items(), key=lambda item: (item[0][0], item[1][0].pk))
    ]  # fmt: skip


def leavers(rows: Sequence[OutlookRow]) -> tuple[list[OutlookRow], list[OutlookRow]]:
    """(who cannot be admitted here any more, who is or can be a probationary member here and converts off campus)."""
    lost = [row for row in rows if not row.outlook.can_be_admitted]
    elsewhere = [row for row in rows if row.outlook.can_be_admitted and row.outlook.converts_off_campus]
    return lost, elsewhere


def on_the_way(stage: str) -> tuple[Stage, ...]:
    return (Stage(stage),) if stage else _ON_THE_WAY
