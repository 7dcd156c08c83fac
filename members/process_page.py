"""The process record as its pages show it: 25 lines in five stages, what comes next, what a rule says, what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Problem
from pairing_portal.common.registries import branch_partners
from pairing_portal.common.scope import Role, Scope

from . import documents
from .models import DevelopmentStep, LeagueBranch, Person, StepVote
from .party_groups import group_of
from .process_facts import Record, numbers_on, vote_of
from .process_rules import DECISIONS, due_by, is_open, possible_from, standing_problems
from .process_services import last_step
from .rules import RULES, Rule, Vote
from .stages import MEMBER_STAGES, Stage
from .steps import STAGE_NAMES, STEPS, Step, Text

DONE, NEXT, MISSING, LATER = "done", "next", "missing", "later"
# Steps that nothing but the calendar makes lawful: R01, R07, R17.
WAITS = (1, 7, 23)
# Placed in a branch and a Party group.
IN_A_GROUP = 19
SEVERITY_BADGE = {"block": "late", "warn": "wait", "info": "neutral"}


@dataclass(frozen=True)
class Said:
    """A rule's words with what the rule is: id, title and where it stands. `rule` is None for the order of steps."""

    problem: Problem
    rule: Rule | None

    @property
    def badge(self) -> str:
        return SEVERITY_BADGE[self.problem.severity]

    @property
    def severity_words(self) -> str:
        return {"block": _("not possible"), "warn": _("warning"), "info": _("please note")}[self.problem.severity]


@dataclass(frozen=True)
class Line:
    """One step on the page."""

    step: Step
    name: Text
    state: str
    on: date | None = None
    is_from_roster: bool = False
    from_on: date | None = None
    by_on: date | None = None
    row: DevelopmentStep | None = None
    papers: tuple[tuple[str, Text, bool], ...] = ()
    vote_words: str = ""
    detail: str = ""
    said: tuple[Said, ...] = ()
    may_record: bool = False
    is_kept: bool = False
    # The row was written for another day than the roster now gives.
    row_differs: bool = False

    @property
    def is_barred(self) -> bool:
        """A rule forbids it today."""
        return any(said.problem.severity == "block" for said in self.said)

    @property
    def badge(self) -> tuple[str, str]:
        return {
            DONE: ("ok", _("done")), NEXT: ("wait", _("next")), MISSING: ("neutral", _("not on record")), LATER: ("neutral", _("later")),
        }[self.state]  # fmt: skip


@dataclass(frozen=True)
class StageBlock:
    number: int
    name: Text
    lines: tuple[Line, ...]

    @property
    def done(self) -> int:
        return sum(line.state == DONE for line in self.lines)

    @property
    def is_current(self) -> bool:
        return any(line.state == NEXT for line in self.lines)


def sees_all(person: Person, scope: Scope) -> bool:
    """Who, papers, votes and notes: the branch's committee, the department, and who guides people without a branch. Never one's own."""
    if person.pk == scope.person_id:
        return False
    return (
        scope.oversees(person.department_id)
        or person.party_branch_id in scope.branch_ids
        or (person.party_branch_id is None and _is_guided(person, scope))
    )


def sees_dates(person: Person, scope: Scope) -> bool:
    """Dates and the next step: the person, the counsellor of the class, the administrator."""
    return person.pk == scope.person_id or person.school_class_id in scope.class_ids or scope.has(Role.ADMINISTRATOR)


def _is_guided(person: Person, scope: Scope) -> bool:
    if not scope.guided_league_branch_ids or person.school_class_id is None:
        return False
    rows = LeagueBranch.objects.filter(pk__in=scope.guided_league_branch_ids, school_class_id=person.school_class_id)
    return rows.exists()


def said(problems: Iterable[Problem]) -> tuple[Said, ...]:
    return tuple(Said(problem, RULES.get(problem.rule)) for problem in problems)


def stage_blocks(
    record: Record, names: Mapping[int, Text], today: date, *, with_details: bool, may_record: bool
) -> list[StageBlock]:
    """The whole record. Without details only dates, states and when a step becomes possible are filled in."""
    policy, known, next_number = numbers_on(today), record.known, record.known.next_number
    last_done = max((number for number in known.done if known.is_done(number)), default=0)
    blocks = []
    for stage, stage_name in STAGE_NAMES.items():
        lines = []
        for step in (step for step in STEPS if step.stage == stage):
            number, row = step.number, record.rows.get(step.number)
            done = known.done.get(number) if known.is_done(number) else None
            state = DONE if done else NEXT if number == next_number else MISSING if number < last_done else LATER
            is_kept = record.is_kept(number)
            from_on = None if done else possible_from(known, number, policy)
            # A reason helps against a local wait (R03), not against these.
            must_wait = number in WAITS and from_on is not None and from_on > today
            held = documents.read(row.documents) if row else documents.Held()
            lines.append(
                Line(
                    step=step, name=names[number], state=state, on=done.on if done else None,
                    is_from_roster=bool(done and done.is_from_roster),
                    from_on=from_on,
                    by_on=None if done and number not in (6, 21) else due_by(known, number, policy),
                    row=row if with_details else None,
                    papers=tuple(documents.papers_of(number, held.codes)) if with_details and done else (),
                    vote_words=vote_words(row) if with_details else "", detail=_detail(record, number, row) if with_details else "",
                    said=said(standing_problems(known, number, today, policy)) if with_details else (),
                    may_record=may_record and not is_kept and not must_wait and (done is not None or is_open(known, number)),
                    is_kept=is_kept, row_differs=bool(done and row and row.done_on != done.on),
                )
            )  # fmt: skip
        blocks.append(StageBlock(stage, stage_name, tuple(lines)))
    return blocks


def _detail(record: Record, number: int, row: DevelopmentStep | None) -> str:
    """What a step has besides; of step 19 the Party group the person is in now."""
    words = detail_of(row)
    if number != IN_A_GROUP or record.person.stage not in MEMBER_STAGES:
        return words
    group = group_of(record.person.pk)
    named = [_("Party group %(group)s") % {"group": group.name}] if group is not None else []
    return " · ".join([*([words] if words else []), *named])


def vote_words(row: DevelopmentStep | None) -> str:
    vote: StepVote | None = getattr(row, "vote", None)
    return in_words(vote_of(vote)) if vote is not None else ""


def in_words(vote: Vote) -> str:
    words = _("%(present)d of %(eligible)d present, %(yes)d in favour, %(no)d against, %(abstained)d abstained")
    values = {name: getattr(vote, name) for name in ("present", "eligible", "yes", "no", "abstained")}
    if vote.written:
        words += _(" (%(written)d opinions in writing)")
        values["written"] = vote.written
    return words % values


def detail_of(row: DevelopmentStep | None) -> str:
    """What a step has besides: days and hours of the training, the result, the notice, the decision."""
    if row is None:
        return ""
    parts = []
    if row.days or row.hours:
        parts.append(_("%(days)d days, %(hours)d hours") % {"days": row.days or 0, "hours": row.hours or 0})
    if row.is_passed is not None:
        results = (_("clean"), _("not clean")) if row.number == 10 else (_("passed"), _("not passed"))
        parts.append(results[0 if row.is_passed else 1])
    held = documents.read(row.documents)
    if held.notice_from_on and held.notice_to_on:
        words = _("public notice %(from)s – %(to)s")
        parts.append(words % {"from": date_format(held.notice_from_on), "to": date_format(held.notice_to_on)})
    if held.decision == "extend" and held.extended_to:
        parts.append(_("extended to %(on)s") % {"on": date_format(held.extended_to)})
    return " · ".join(parts)


# --- The page of one step ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One change of a step: when, by whom, and field by field what stood before and after."""

    at: datetime
    by: str
    words: str
    fields: tuple[tuple[str, str, str], ...]


SHOWN = ("done_on", "who", "note", "reason", "days", "hours", "is_passed", "documents")


def changes_of(person: Person, number: int) -> list[Change]:
    """The history of a step, newest first; also of rows that were taken back. Two queries."""
    history = DevelopmentStep.history  # type: ignore[attr-defined]  # simple_history adds it
    rows = list(
        history.filter(person_id=person.pk, number=number)
        .select_related("history_user")
        .order_by("history_date", "history_id")
    )
    changes = []
    before: Any = None
    for row in rows:
        kind = {"+": _("recorded"), "~": _("corrected"), "-": _("taken back")}[row.history_type]
        fields: tuple[tuple[str, str, str], ...] = ()
        if row.history_type != "-":
            fields = tuple(_differences(before if row.history_type == "~" else None, row))
        changes.append(Change(timezone.localtime(row.history_date), str(row.history_user or "–"), kind, fields))
        before = row
    return changes[::-1]


def _differences(before: Any, after: Any) -> Iterable[tuple[str, str, str]]:
    for name in SHOWN:
        old = _shown(name, getattr(before, name)) if before is not None else ""
        new = _shown(name, getattr(after, name))
        if old != new:
            label = str(DevelopmentStep._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # no relation among them
            yield label, old, new


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if name == "documents":
        held = documents.read(value)
        words = [str(documents.PAPERS[code]) for code in held.codes]
        if held.decision:
            words.append(str(DECISIONS.get(held.decision, held.decision)))
        if held.notice_from_on and held.notice_to_on:
            words.append(f"{date_format(held.notice_from_on)} – {date_format(held.notice_to_on)}")
        return _(", ").join(words)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(date_format(value)) if isinstance(value, date) else str(value)


def sponsor_choices(record: Record, today: date) -> list[tuple[int, str]]:
    """Full members who may sponsor: of the person's branch and its partners, the contacts, and who is named already."""
    person = record.person
    branch_ids = {person.party_branch_id} if person.party_branch_id else set(_guiding(person))
    for ask in branch_partners:
        for partners in ask(sorted(branch_ids), today).values():
            branch_ids = branch_ids | set(partners)
    named = {helper.pk for helper in (*record.known.facts.contacts, *record.known.facts.sponsors)}
    near = Person.objects.filter(stage=Stage.FULL, party_branch_id__in=branch_ids)
    rows = (near | Person.objects.filter(pk__in=named)).exclude(pk=person.pk).select_related("party_branch")
    return [
        (row.pk, f"{row.name} {row.number} · {row.party_branch.short_name if row.party_branch else '–'}")
        for row in rows.order_by("name_key", "number")
    ]


def _guiding(person: Person) -> list[int]:
    if person.school_class_id is None:
        return []
    rows = LeagueBranch.objects.filter(school_class_id=person.school_class_id, party_branch__isnull=False)
    return [pk for pk in rows.values_list("party_branch_id", flat=True) if pk is not None]


def suggested_who(record: Record, number: int) -> str:
    """Who is known already: the contacts for step 5, so that nobody types them twice."""
    helpers = record.known.facts.contacts if number == 5 else ()
    return _(", ").join(helper.name for helper in helpers)


def full_members_of(branch_id: int | None) -> int:
    return Person.objects.filter(party_branch_id=branch_id, stage=Stage.FULL).count() if branch_id else 0


def takes_back(record: Record) -> int:
    """The step that "take the last one back" would take; 0 where there is none, or another page keeps it."""
    number = last_step(record)
    return 0 if record.is_kept(number) else number
