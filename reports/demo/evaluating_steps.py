"""Development in the stage `evaluating`: a candidate of branch 6, activists whose year is over, half-year reviews written and owed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from accounts.models import User
from members.access import scope_for
from members.documents import OF_STEP
from members.models import Person
from members.process_rules import Entry
from members.process_services import record_step
from members.services import save_person
from members.stages import Stage
from mentoring.models import ObservationKind, ObservationRecord
from mentoring.observation_services import record_review

from .chain_deeds import RECORD
from .evaluating_conversions import CHOICE
from .people import Company
from .together import moment

# Their contact has helped them since the chains were set up, so that the step lies in the time of the link.
CANDIDATE: Final = "20250510009"
# Activists for a year: one of branch 6, one of branch 4.
LONG_ENOUGH: Final = {"20250510007": "liu_secretary", "20250320014": "si_secretary"}
# Branch by branch: its secretary, and how many of those never reviewed stay so. Branch 4 has written none.
OWED: Final = {"第二": ("er_secretary", 2), "第三": ("san_secretary", 3), "第六": ("liu_secretary", 2)}


def take_steps(company: Company, users: dict[str, User], *, today: date) -> None:
    """To be called in the stage `evaluating`, when links are there and before anything is computed from them."""
    candidate = _candidate(company, users["liu_secretary"], today)
    for number, key in LONG_ENOUGH.items():
        _since(company.by_number[number], today - relativedelta(years=1) - timedelta(days=9), users[key], today)
    for ordinal, (key, owed) in OWED.items():
        _reviews(company, ordinal, users[key], owed=owed, today=today)
    _write_down(candidate, users["liu_secretary"], today=today)


def _since(person: Person, on: date, by: User, today: date) -> Person:
    """An activist for long enough, whatever the day: never later than the story says."""
    person.refresh_from_db()
    if person.activist_on is None or person.activist_on > on:
        person.activist_on = on
    if person.applied_on is None or person.applied_on > person.activist_on - timedelta(days=35):
        person.applied_on = person.activist_on - timedelta(days=35)
    return save_person(person=person, today=today, by=by)


def _candidate(company: Company, secretary: User, today: date) -> Person:
    """Since a week, after a year as an activist."""
    on = today - timedelta(days=7)
    person = _since(company.by_number[CANDIDATE], on - relativedelta(years=1) - timedelta(days=2), secretary, today)
    person.candidate_on = on
    return save_person(person=person, today=today, by=secretary)


def _reviews(company: Company, ordinal: str, secretary: User, *, owed: int, today: date) -> None:
    """The branch reviewed its people a fortnight ago, but for the newest activists and the newest probationary members."""
    until = today - timedelta(days=14)
    written = ObservationRecord.objects.filter(kind=ObservationKind.BRANCH).values("person")
    people = Person.objects.filter(party_branch=company.branch(ordinal)).exclude(pk__in=written)
    # Theirs are part of another story: one is reviewed there, one has the gap.
    people = people.exclude(pk__in=[company.by_number[number].pk for number in CHOICE])
    for stages, name in (((Stage.ACTIVIST, Stage.CANDIDATE), "activist_on"), ((Stage.PROBATIONARY,), "admitted_on")):
        rows = people.filter(stage__in=stages).order_by(name, "number")
        for person in list(rows)[: max(0, rows.count() - owed)]:
            since = getattr(person, name)
            if since < until:
                record_review(
                    person=person, period_from=since, period_to=until, texts=RECORD, scope=scope_for(secretary, today),
                    by=secretary, today=today, now=moment(today, 9),
                )  # fmt: skip


def _write_down(person: Person, secretary: User, *, today: date) -> None:
    """The candidate's record, step by step, as the branch would."""
    assert person.applied_on is not None
    assert person.activist_on is not None
    assert person.candidate_on is not None
    steps = {
        1: person.applied_on, 2: person.applied_on + timedelta(days=18), 3: person.activist_on,
        4: person.activist_on + timedelta(days=6), 5: person.activist_on + timedelta(days=8), 6: person.candidate_on - timedelta(days=1),
        7: person.candidate_on, 8: person.candidate_on + timedelta(days=3),
    }  # fmt: skip
    for number, on in steps.items():
        record_step(
            person=person, number=number, entry=Entry(done_on=on, documents=OF_STEP[number]), scope=scope_for(secretary, today),
            by=secretary, today=today,
        )  # fmt: skip
