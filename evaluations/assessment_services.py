"""The life of a mentor assessment: computed, decided by the committee with a reason, shown, objected to, answered.

The sum advises; people decide. Every version is kept: figures that changed make a new one, which has to be decided anew, and what
was decided and said stays with the version it was about.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, PartyBranch
from branches.policy import Policy
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import assessment_facts as facts
from . import scoring
from .assessment_facts import MentorFacts
from .models import MentorAssessment, MentorGrade

POLICY_KEYS: Final = {part: f"assess_{part}" for part in scoring.PARTS}
# What makes two versions the same; the link differs with the version.
FIGURES: Final = ("key", "weight", "points", "evidence", "done", "owed")
StoredPart = dict[str, Any]


@dataclass(frozen=True)
class Computed:
    """What computing did: new versions, and how many stayed as they were."""

    made: list[MentorAssessment]
    unchanged: int


# --- Computing -----------------------------------------------------------------------------------


def weights_on(day: date, policy: Policy | None = None) -> dict[str, int]:
    """The weights in force on a day. Raises `Refused` when they do not sum to 100, and says where they are changed."""
    policy = policy or Policy()
    weights = {part: policy.number(key, day) for part, key in POLICY_KEYS.items()}
    try:
        scoring.check_weights(weights)
    except scoring.WeightsDoNotAddUp as error:
        raise Refused(
            _("The weights of the mentor assessment sum to %(total)d instead of 100. Correct them on the rules page (%(page)s), then compute.")
            % {"total": error.total, "page": reverse("rules_page")}
        ) from error  # fmt: skip
    return weights


def may_compute(scope: Scope, party_branch: PartyBranch) -> bool:
    """Who runs the branch, and the staff of its department."""
    return scope.manages(party_branch.pk) or scope.oversees(party_branch.department_id)


@transaction.atomic
def compute_branch(
    *, party_branch: PartyBranch, academic_year: AcademicYear, scope: Scope, by: User | None, today: date, now: datetime
) -> Computed:
    """Compute all who mentored in the year and belong to the branch now: a fixed number of reads, writes only for what changed.

    Raises `Refused` for another's branch, a year that has not begun, and weights that do not sum to 100.
    """
    if not may_compute(scope, party_branch):
        raise Refused(_("Assessments are computed by the branch's own secretary or by its department."))
    span = facts.span_of(academic_year, today)
    people = facts.mentors_among(Person.objects.filter(party_branch=party_branch), span).values_list("pk", flat=True)
    return _compute(list(people), academic_year, by=by, today=today, now=now)


@transaction.atomic
def compute_person(
    *, person: Person, academic_year: AcademicYear, scope: Scope, by: User | None, today: date, now: datetime
) -> Computed:
    """The same for one person. Raises `Refused`, also for somebody who mentored nobody in the year."""
    if person.party_branch is None or not may_compute(scope, person.party_branch):
        raise Refused(_("Assessments are computed by the branch's own secretary or by its department."))
    span = facts.span_of(academic_year, today)
    if not facts.mentors_among(Person.objects.filter(pk=person.pk), span).exists():
        raise Refused(_("%(name)s mentored nobody in this year.") % {"name": person.name})
    return _compute([person.pk], academic_year, by=by, today=today, now=now)


def _compute(ids: Collection[int], year: AcademicYear, *, by: User | None, today: date, now: datetime) -> Computed:
    if today < year.starts_on:
        raise Refused(_("This academic year has not begun."))
    policy = Policy()
    weights = weights_on(min(today, year.ends_on), policy)
    # Two who compute at once take turns: the second finds what the first wrote, and mostly nothing new.
    people = list(Person.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    known = {
        row.person_id: row for row in MentorAssessment.objects.current().filter(person__in=people, academic_year=year)
    }
    newest = dict(
        MentorAssessment.objects.filter(person__in=people, academic_year=year).order_by()
        .values("person_id").annotate(newest=Max("version")).values_list("person_id", "newest")
    )  # fmt: skip
    found = facts.facts_of([person.pk for person in people], year, today=today, now=now, policy=policy)
    made = []
    for person in people:
        parts, total = parts_of(found[person.pk], weights)
        current = known.get(person.pk)
        if current is not None and same_figures(current.parts, parts):
            continue
        version = newest.get(person.pk, 0) + 1
        made.append(_write(person, year, version, parts, total, by=by, now=now))
    return Computed(made, len(people) - len(made))


def _write(
    person: Person,
    year: AcademicYear,
    version: int,
    parts: list[StoredPart],
    total: int | None,
    *,
    by: User | None,
    now: datetime,
) -> MentorAssessment:
    MentorAssessment.objects.filter(person=person, academic_year=year, is_current=True).update(is_current=False)
    row: MentorAssessment = MentorAssessment.objects.create(
        person=person, academic_year=year, version=version, parts=parts, total=total, computed_at=now, computed_by=by
    )
    row.parts = [part | {"link": reverse("assessment_rows", args=[row.pk, part["key"]])} for part in parts]
    row.save(update_fields=["parts"])
    return row


def parts_of(found: MentorFacts, weights: dict[str, int]) -> tuple[list[StoredPart], int | None]:
    """The parts as they are kept, and the sum: of the whole points that everybody sees."""
    parts: list[StoredPart] = []
    for key in scoring.PARTS:
        counted = found.counted(key)
        parts.append({
            "key": key, "weight": weights[key], "points": counted.points, "evidence": counted.evidence,
            "done": round(float(counted.done), 2), "owed": round(float(counted.owed), 2), "link": "",
        })  # fmt: skip
    return parts, sum_of(parts).total


def sum_of(parts: Sequence[StoredPart]) -> scoring.Score:
    """The sum of kept parts, and what each adds."""
    return scoring.score([
        scoring.Part(
            part["key"], part["weight"], None if part["points"] is None else Fraction(part["points"]), part["evidence"]
        )
        for part in parts
    ])  # fmt: skip


def same_figures(one: Sequence[StoredPart], other: Sequence[StoredPart]) -> bool:
    def figures(parts: Sequence[StoredPart]) -> list[tuple[Any, ...]]:
        return [tuple(part.get(name) for name in FIGURES) for part in parts]

    return figures(one) == figures(other)


# --- Deciding ------------------------------------------------------------------------------------


def lock_assessment(pk: int) -> MentorAssessment:
    """The version, locked. Raises `Refused` when it is gone."""
    rows = MentorAssessment.objects.select_for_update(of=("self",)).select_related("person", "academic_year")
    try:
        return rows.get(pk=pk)
    except MentorAssessment.DoesNotExist as error:
        raise Refused(_("This assessment is no longer there. Reload the page.")) from error


def may_decide(assessment: MentorAssessment, scope: Scope) -> bool:
    """Who runs the person's branch; nobody on themselves."""
    return scope.manages(assessment.person.party_branch_id) and assessment.person_id != scope.person_id


def _require_decider(assessment: MentorAssessment, scope: Scope) -> None:
    if assessment.person_id == scope.person_id:
        raise Refused(_("Nobody decides on their own assessment. Another officer of the branch does."))
    if not may_decide(assessment, scope):
        raise Refused(_("The assessment is decided by the person's own branch committee."))


@transaction.atomic
def decide(
    *,
    assessment: MentorAssessment,
    grade: str,
    reason: str,
    seen_decided_at: datetime | None,
    scope: Scope,
    by: User,
    now: datetime,
) -> MentorAssessment:
    """What the committee makes of the sum, with its reason; corrected until it is shown.

    `seen_decided_at`: when the decision stood that the officer read, None for none: who decides on what another has just decided
    is told so. Raises `Refused`, also for an older version, one that was shown, and on oneself.
    """
    row = lock_assessment(assessment.pk)
    _require_decider(row, scope)
    if not row.is_current:
        raise Refused(_("There is a newer version of this assessment. Decide on that one."))
    if row.shown_at is not None:
        raise Refused(_("This decision was shown to the person. An objection or new figures can change it."))
    if row.decided_at != seen_decided_at:
        raise Refused(_("Somebody else has just decided on this assessment. Reload the page and read it first."))
    if grade not in MentorGrade.values:
        raise Refused(_("Choose one of the three."), field="grade")
    row.grade, row.reason = grade, _words(reason, 500, "reason", _("The sum alone does not decide: say why."))
    row.decided_by, row.decided_at = by, now
    row.save()
    return row


@transaction.atomic
def show(*, assessment: MentorAssessment, scope: Scope, now: datetime) -> MentorAssessment:
    """Show the person the sum, the decision and the reason. Raises `Refused` before it is decided, and twice."""
    row = lock_assessment(assessment.pk)
    _require_decider(row, scope)
    if not row.grade:
        raise Refused(_("Decide first, then show it."))
    if row.shown_at is not None:
        raise Refused(_("The person has it already."))
    if not row.is_current:
        raise Refused(_("There is a newer version of this assessment. Decide on that one."))
    row.shown_at = now
    row.save()
    return row


# --- Objecting -----------------------------------------------------------------------------------


@transaction.atomic
def object_to(
    *, assessment: MentorAssessment, person: Person, text: str, today: date, now: datetime, policy: Policy | None = None
) -> MentorAssessment:
    """The person says what is wrong, once per version; an answer is due by a day. Raises `Refused`."""
    row = lock_assessment(assessment.pk)
    if row.person_id != person.pk or row.shown_at is None:
        raise Refused(_("You object to your own assessment, once it was shown to you."))
    if row.objected_at is not None:
        raise Refused(_("Your objection is with the committee already."))
    row.objection = _words(text, 1000, "text", _("Please write something."))
    row.objected_at = now
    row.answer_due_on = today + timedelta(days=(policy or Policy()).number("objection_answer_days", today))
    row.save()
    return row


def may_answer(assessment: MentorAssessment, scope: Scope, user_id: int | None) -> bool:
    """Another officer of the branch than the one who decided, or the department; never the person."""
    if assessment.person_id == scope.person_id or assessment.decided_by_id == user_id:
        return False
    return scope.manages(assessment.person.party_branch_id) or scope.oversees(assessment.person.department_id)


@transaction.atomic
def answer(
    *, assessment: MentorAssessment, text: str, grade: str = "", scope: Scope, by: User, now: datetime
) -> MentorAssessment:
    """Answer an objection. A grade that the answer changes is a new version with the same figures, shown at once; the old stays.

    Raises `Refused` for the person, for who decided, without an objection that waits, and for a grade of an older version.
    """
    # The person first, as computing does: a version may be added.
    Person.objects.select_for_update().get(pk=assessment.person_id)
    row = lock_assessment(assessment.pk)
    _require_answerer(row, scope, by)
    if row.objected_at is None or row.answered_at is not None:
        raise Refused(_("There is no objection that waits for an answer."))
    if grade and grade not in MentorGrade.values:
        raise Refused(_("Choose one of the three."), field="grade")
    is_changed = bool(grade) and grade != row.grade
    if is_changed and not row.is_current:
        raise Refused(_("There is a newer version of this assessment. Decide on that one."), field="grade")
    row.answer, row.answered_at, row.answered_by = _words(text, 1000, "text", _("Please write something.")), now, by
    row.save()
    if is_changed:
        new = _write(row.person, row.academic_year, row.version + 1, row.parts, row.total, by=row.computed_by, now=row.computed_at)  # fmt: skip
        new.grade, new.reason, new.decided_by, new.decided_at, new.shown_at = grade, row.answer[:500], by, now, now
        new.save()
    return row


def _require_answerer(row: MentorAssessment, scope: Scope, by: User) -> None:
    if row.person_id == scope.person_id:
        raise Refused(_("Nobody answers their own objection. Another officer of the branch does."))
    if row.decided_by_id == by.pk:
        raise Refused(_("You decided; another officer of the branch or the department answers."))
    if not may_answer(row, scope, by.pk):
        raise Refused(_("An objection is answered by the person's branch committee or the department."))


def _words(text: str, limit: int, field: str, missing: str) -> str:
    words = text.strip()
    if not words:
        raise Refused(missing, field=field)
    if len(words) > limit:
        raise Refused(_("At most %(limit)d characters.") % {"limit": limit}, field=field)
    return words
