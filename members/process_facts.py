"""People as the rules of the 25 steps see them: a fixed number of queries for any number of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from branches.policy import Policy
from branches.services import load_calendar
from pairing_portal.common.registries import Cultivation, StepKeeper, cultivation, step_keepers

from . import documents
from .models import DevelopmentStep, Person, Sponsor, StepLabel, StepVote
from .process_rules import MILESTONES, Done, Known
from .rules import Facts, Helper, Number, Vote
from .stages import Stage
from .steps import BY_NUMBER, Text, labelled


@dataclass(frozen=True)
class Record:
    """One person's process record. `former`: rows of an attempt that was annulled; the next entry puts new ones in their place."""

    person: Person
    known: Known
    rows: Mapping[int, DevelopmentStep] = field(default_factory=dict)
    former: tuple[DevelopmentStep, ...] = ()
    cultivation: Cultivation = field(default_factory=Cultivation)
    keeper: StepKeeper | None = None

    def is_kept(self, number: int) -> bool:
        """Another page writes this step."""
        return self.keeper is not None and number in self.keeper.numbers


def numbers_on(on: date) -> Number:
    """The numbers of policy in force on a day."""
    policy = Policy()
    return lambda key: policy.number(key, on)


def step_names() -> dict[int, Text]:
    """Number → what this college calls the step."""
    return labelled(dict(StepLabel.objects.values_list("number", "label")))


def vote_of(row: StepVote) -> Vote:
    return Vote(
        eligible=row.eligible_count, present=row.present_count, written=row.written_count, issued=row.issued_count,
        returned=row.returned_count, yes=row.yes_count, no=row.no_count, abstained=row.abstained_count,
    )  # fmt: skip


def records_of(people: Iterable[Person], today: date) -> dict[int, Record]:
    """Person id → record."""
    rows = list(people)
    ids = [person.pk for person in rows]
    steps: dict[int, list[DevelopmentStep]] = defaultdict(list)
    for step in DevelopmentStep.objects.filter(person_id__in=ids).select_related("vote").order_by("number"):
        steps[step.person_id].append(step)
    sponsors: dict[int, list[Helper]] = defaultdict(list)
    named = Sponsor.objects.filter(person_id__in=ids).order_by("pk")
    for person_id, sponsor_id, name, stage in named.values_list(
        "person_id", "sponsor_id", "sponsor__name", "sponsor__stage"
    ):
        sponsors[person_id].append(Helper(sponsor_id, name, stage == Stage.FULL))
    days = dict(load_calendar().days)
    guided: dict[int, Cultivation] = {}
    for ask in cultivation:
        guided |= ask(ids, today)
    keepers: dict[int, StepKeeper] = {}
    for ask_keeper in step_keepers:
        keepers |= ask_keeper(ids)
    found = {}
    for person in rows:
        former = former_rows(person, steps[person.pk])
        current = {row.number: row for row in steps[person.pk] if row not in former}
        help_given = guided.get(person.pk, Cultivation())
        known = _known(person, current, tuple(sponsors[person.pk]), help_given, days, today)
        found[person.pk] = Record(person, known, current, former, help_given, keepers.get(person.pk))
    return found


def record_of(person: Person, today: date) -> Record:
    return records_of([person], today)[person.pk]


def former_rows(person: Person, steps: Iterable[DevelopmentStep]) -> tuple[DevelopmentStep, ...]:
    """What an annulment left behind: the dates of the person were cleared, or a new application came after it."""
    rows = list(steps)
    ended = next((row.done_on for row in rows if row.number == 24), None)
    if ended is None or (person.applied_on is not None and person.applied_on < ended):
        return ()
    return tuple(row for row in rows if row.done_on <= ended)


def _known(
    person: Person, rows: Mapping[int, DevelopmentStep], sponsors: tuple[Helper, ...], guided: Cultivation,
    days: Mapping[date, str], today: date,
) -> Known:  # fmt: skip
    done = {number: Done(row.done_on) for number, row in rows.items() if number not in MILESTONES}
    for number in MILESTONES:
        # The person's date is the truth; a row without it says nothing, one with another day is put right when it is corrected.
        on = getattr(person, BY_NUMBER[number].date_field)
        if on is not None and on <= today:
            done[number] = Done(on, is_from_roster=number not in rows)
    if person.converted_on is not None and person.converted_on <= today and 24 not in rows:
        done[24] = Done(person.converted_on, is_from_roster=True)
    admission, meeting = _held(rows, 15), _held(rows, 23)
    training, review = rows.get(11), rows.get(10)
    facts = Facts(
        pk=person.pk, name=person.name, born_on=person.born_on, applied_on=person.applied_on, talked_on=_on(rows, 2),
        activist_on=person.activist_on, candidate_on=person.candidate_on, admitted_on=person.admitted_on,
        extended_to=person.extended_to, converted_on=person.converted_on, leaves_on=person.graduates_on,
        contacts=tuple(Helper(*contact) for contact in guided.contacts), sponsors=sponsors, reviewed_on=guided.reviewed_on,
        contact_entry_on=guided.contact_entry_on, training_days=(training.days if training else 0) or 0,
        training_hours=(training.hours if training else 0) or 0, is_training_passed=training.is_passed if training else None,
        political_review_on=_on(rows, 10), is_political_review_clean=review.is_passed if review else None,
        pre_reviewed_on=_on(rows, 13), notice_from_on=admission.notice_from_on, notice_to_on=admission.notice_to_on,
        meeting_on=person.admitted_on, vote=_vote(rows, 15), approved_on=_on(rows, 17), days=days,
    )  # fmt: skip
    is_second = person.extended_to is not None and person.converted_on is None and 24 in rows
    return Known(
        facts,
        done,
        _vote(rows, 23),
        (meeting.notice_from_on, meeting.notice_to_on),
        meeting.decision,
        meeting.extended_to,
        is_second,
    )


def _on(rows: Mapping[int, DevelopmentStep], number: int) -> date | None:
    return rows[number].done_on if number in rows else None


def _held(rows: Mapping[int, DevelopmentStep], number: int) -> documents.Held:
    return documents.read(rows[number].documents) if number in rows else documents.Held()


def _vote(rows: Mapping[int, DevelopmentStep], number: int) -> Vote | None:
    vote = getattr(rows.get(number), "vote", None)
    return vote_of(vote) if vote is not None else None
