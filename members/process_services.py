"""Writing the process record: recording a step, correcting it, taking the last one back. Locks: the person's row, as everywhere.

A step with a date of the person (1, 3, 7, 15, and the conversion) writes both in one transaction, so that the stage follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from pairing_portal.common.problems import Problem, Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import documents, rules
from .models import DevelopmentStep, LeagueBranch, Person, Sponsor, StepVote
from .process_facts import Record, numbers_on, record_of, step_names
from .process_rules import (
    ANNUL,
    CONVERT,
    DECISIONS,
    EXTEND,
    MEETINGS,
    MILESTONES,
    Entry,
    facts_with,
    gap_problem,
    later_problems,
    order_problems,
    rule_problems,
)
from .rules import Helper, Vote
from .services import save_person
from .stages import Stage
from .steps import BY_NUMBER

CONVERSION_STEPS = (22, 23, 24)


@dataclass(frozen=True)
class Recorded:
    """What was written, and what the rules remind of besides."""

    step: DevelopmentStep
    infos: tuple[Problem, ...] = ()


def record_objection(person: Person, scope: Scope) -> str:
    """Why the scope does not keep this person's record, in words; "" when it does."""
    if scope.person_id == person.pk:
        return _("Nobody keeps their own record. Another member of the committee does.")
    if scope.oversees(person.department_id) or scope.manages(person.party_branch_id):
        return ""
    if person.party_branch_id is None and scope.guided_league_branch_ids:
        guided = LeagueBranch.objects.filter(pk__in=scope.guided_league_branch_ids)
        if guided.filter(school_class_id=person.school_class_id).exists():
            return ""
    return _(
        "The record is kept by the secretary or organisation officer of the person's branch, and by the department."
    )


@transaction.atomic
def record_step(*, person: Person, number: int, entry: Entry, scope: Scope, by: User, today: date) -> Recorded:
    """Write down a step that was done. Raises `Refused` for one that is on record, out of order, or against a rule; what a rule
    warns of needs a reason, which is kept."""
    record = _locked(person, number, scope, today)
    if number in record.rows and record.known.is_done(number):
        words = _("Step %(number)d is on record already: %(on)s. Look at it again, and correct it if it is wrong.")
        raise Refused(words % {"number": number, "on": date_format(record.rows[number].done_on)})
    return _write(record, number, entry, by, today)


@transaction.atomic
def correct_step(*, person: Person, number: int, entry: Entry, scope: Scope, by: User, today: date) -> Recorded:
    """Put a recorded step right; what stood there before stays in its history. The rules are asked again."""
    record = _locked(person, number, scope, today)
    if number not in record.rows:
        raise Refused(_("This step is not on record any more. Look at the record again."))
    return _write(record, number, entry, by, today)


@transaction.atomic
def remove_last_step(*, person: Person, scope: Scope, by: User, today: date) -> DevelopmentStep:
    """Take back the last step on record, with the date of the person that came with it. Its history stays."""
    record = _locked(person, 0, scope, today)
    number = last_step(record)
    if not number:
        raise Refused(_("There is nothing to take back. Dates of the roster are corrected in the roster."))
    _refuse_kept(record, number)
    step = record.rows[number]
    if number in MILESTONES:
        setattr(record.person, BY_NUMBER[number].date_field, None)
        if number == 15:
            record.person.extended_to = None
    elif number == 24 and record.known.is_second_round:
        record.person.extended_to = None
    elif number == 24:
        record.person.converted_on = None
    if number in (*MILESTONES, 24):
        _save(record.person, by, today)
    if number == 9:
        Sponsor.objects.filter(person=record.person).delete()
    step._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    step.delete()
    return step


def last_step(record: Record) -> int:
    """The step that can be taken back: the last one done, if it was written down here; 0 when there is none."""
    done = [number for number in record.known.done if number in record.rows or record.known.done[number].is_from_roster]
    last = max(done, default=0)
    return last if last in record.rows else 0


def problems_for(record: Record, number: int, entry: Entry, today: date) -> list[Problem]:
    """Everything that stands against an entry or is to be said to it, hardest first. Writes nothing."""
    known, names = record.known, step_names()
    policy = numbers_on(entry.done_on)
    found = list(order_problems(known, number, entry.done_on, today, names))
    if number in MEETINGS:
        found += _meeting_problems(record, number, entry)
    sponsors = _sponsors(entry.sponsor_ids) if entry.sponsor_ids else None
    facts = facts_with(known, number, entry, sponsors)
    asked = rule_problems(number, facts, today, policy, decision=entry.decision)
    if _is_settled(record, number, entry):
        # The admission stands in the roster: what is not on record about it cannot undo it.
        asked = [row if row.rule == "R14" else replace(row, severity="info") for row in asked]
    found += asked
    found += later_problems(known, number, facts, today, policy)
    gap = gap_problem(known, number, names)
    if gap is not None:
        found.append(gap)
    return sorted(found, key=lambda problem: ("block", "warn", "info").index(problem.severity))


def _is_settled(record: Record, number: int, entry: Entry) -> bool:
    done = record.known.done.get(number)
    return number in MILESTONES and done is not None and done.is_from_roster and done.on == entry.done_on


def _meeting_problems(record: Record, number: int, entry: Entry) -> list[Problem]:
    found = []
    if entry.vote is None and not _is_settled(record, number, entry):
        found.append(Problem(_("Enter the count of the meeting."), "R14", field="eligible_count"))
    if entry.notice_from_on and entry.notice_to_on and entry.notice_to_on < entry.notice_from_on:
        found.append(Problem(_("The public notice cannot end before it begins."), field="notice_to_on"))
    if number == 23 and entry.decision not in (CONVERT, EXTEND):
        words = _("Choose what the meeting decided.")
        if entry.decision == ANNUL:
            words = _("An annulment is decided in a conversion review, which hears the person. Open one for it.")
        found.append(Problem(words, field="decision"))
    return found


def _locked(person: Person, number: int, scope: Scope, today: date) -> Record:
    """The record as it is now, with the person's row locked, for whom it is to keep."""
    row: Person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if objection := record_objection(row, scope):
        raise Refused(objection)
    record = record_of(row, today)
    if number:
        if number not in BY_NUMBER:
            raise Refused(_("Steps are numbered 1 to 25."))
        _refuse_kept(record, number)
    return record


def _refuse_kept(record: Record, number: int) -> None:
    if record.is_kept(number) and record.keeper is not None:
        raise Refused(record.keeper.words)


def _write(record: Record, number: int, entry: Entry, by: User, today: date) -> Recorded:
    found = problems_for(record, number, entry, today)
    refuse_blocked(found)
    warnings = [problem for problem in found if problem.severity == "warn"]
    if warnings and not entry.reason.strip():
        words = " ".join(str(problem) for problem in warnings)
        refusal = Refused(words + " " + _("If it is right all the same, say why."), field="reason")
        refusal.rule = warnings[0].rule
        raise refusal
    person = record.person
    for row in record.former:
        _delete(row, by)
    if number == 22 and record.known.is_second_round:
        # The first round stays in the history.
        for later in (23, 24):
            if later in record.rows:
                _delete(record.rows[later], by)
    step = _step(record, number, entry, by, keeps_reason=bool(warnings))
    if entry.vote is not None:
        _vote(step, entry.vote, by)
    if number == 9 and entry.sponsor_ids:
        _name_sponsors(person, entry)
    if _dates(record, number, entry):
        _save(person, by, today)
    return Recorded(step, tuple(problem for problem in found if problem.severity == "info"))


def _step(record: Record, number: int, entry: Entry, by: User, *, keeps_reason: bool) -> DevelopmentStep:
    row = record.rows.get(number) or DevelopmentStep(person=record.person, number=number)
    who = entry.who.strip()[:100]
    if number == 9 and entry.sponsor_ids:
        who = _(", ").join(helper.name for helper in _sponsors(entry.sponsor_ids))[:100]
    note = entry.note.strip()[:200]
    if number == 23:
        note = note or str(DECISIONS[entry.decision])
    row.done_on, row.who, row.note = entry.done_on, who, note
    row.reason = entry.reason.strip()[:200] if keeps_reason else ""
    row.days, row.hours, row.is_passed, row.recorded_by = entry.days, entry.hours, entry.is_passed, by
    row.documents = documents.write(
        documents.Held(
            entry.documents, entry.notice_from_on, entry.notice_to_on, entry.decision if number == 23 else "",
            entry.extended_to if entry.decision == EXTEND else None,
        )
    )  # fmt: skip
    row._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused(_("Somebody was quicker. Reload the page and look again.")) from error
    return row


def _vote(step: DevelopmentStep, vote: Vote, by: User) -> None:
    issued = vote.present + vote.written if vote.issued is None else vote.issued
    row: StepVote = StepVote.objects.filter(step=step).first() or StepVote(step=step)
    row.eligible_count, row.present_count, row.written_count = vote.eligible, vote.present, vote.written
    row.issued_count = issued
    row.returned_count = issued if vote.returned is None else vote.returned
    row.yes_count, row.no_count, row.abstained_count = vote.yes, vote.no, vote.abstained
    row._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    row.save()


def _sponsors(ids: tuple[int, ...]) -> tuple[Helper, ...]:
    """In the order given; one named twice stands there twice, for the rule to see."""
    known = {person.pk: person for person in Person.objects.filter(pk__in=ids)}
    return tuple(Helper(pk, known[pk].name, known[pk].stage == Stage.FULL) for pk in ids if pk in known)


def _name_sponsors(person: Person, entry: Entry) -> None:
    Sponsor.objects.filter(person=person).exclude(sponsor_id__in=entry.sponsor_ids).delete()
    for sponsor_id in entry.sponsor_ids:
        Sponsor.objects.update_or_create(person=person, sponsor_id=sponsor_id, defaults={"named_on": entry.done_on})


def _dates(record: Record, number: int, entry: Entry) -> bool:
    """Set the person's dates that come with the step; True when there is something to save."""
    person = record.person
    if number in MILESTONES:
        name = BY_NUMBER[number].date_field
        is_new = getattr(person, name) != entry.done_on
        setattr(person, name, entry.done_on)
        return is_new
    if number != 24 or person.converted_on is not None or person.admitted_on is None:
        return False
    if record.known.decision == EXTEND:
        person.extended_to = record.known.decided_until
    else:
        # Full member from the day the probation was over, whenever the meeting was: the standing counts from there.
        person.converted_on = rules.probation_ends_on(person.admitted_on, person.extended_to, numbers_on(entry.done_on))
    return True


def _save(person: Person, by: User, today: date) -> None:
    try:
        with transaction.atomic():
            save_person(person=person, today=today, by=by)
    except IntegrityError as error:
        words = _("The dates must stand in order: application, activist, candidate, admission, full membership.")
        raise Refused(words, field="done_on") from error


def _delete(row: DevelopmentStep, by: User) -> None:
    row._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    row.delete()
