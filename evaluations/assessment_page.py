"""What the pages of mentor assessments show, in words, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.models import AcademicYear, PartyBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from . import assessment_facts as facts
from . import assessment_services as services
from . import scoring
from .assessment_facts import Row
from .home import Card
from .models import Dimension, MentorAssessment

PART_LABELS: Final = {
    scoring.TALKS: gettext_lazy("regularity of talks"),
    scoring.FEEDBACK: gettext_lazy("feedback"),
    scoring.PROGRESS: gettext_lazy("the mentee's progress"),
    scoring.LECTURES: gettext_lazy("lecture duty"),
    scoring.ACTIVITIES: gettext_lazy("activities"),
}
PART_RULES: Final = {
    scoring.TALKS: gettext_lazy("Stretches of days, each of the length the rules name, in which there was a confirmed talk, of all such stretches that are over."),
    scoring.FEEDBACK: gettext_lazy("The mean of all marks mentees and League branches gave, once both sides may read them: one point is 0, five points are 100."),
    scoring.PROGRESS: gettext_lazy("Goals both had agreed on, and milestones of guided League branches, that were reached, of those that fell due."),
    scoring.LECTURES: gettext_lazy("Confirmed lectures to the League branches of the duty, of the own share of those owed; exempt weeks are left out."),
    scoring.ACTIVITIES: gettext_lazy("Activities attended, of those expected at; on leave is not counted."),
}  # fmt: skip
# In the order of the marks of a row.
DIMENSION_LABELS: Final = tuple(Dimension(name).label for name in facts.DIMENSIONS)
# Code of a row → (kind of badge, words).
STATES: Final = {
    "talked": ("ok", gettext_lazy("talked")), "silent": ("late", gettext_lazy("no confirmed talk")),
    "running": ("neutral", gettext_lazy("still running, not counted")), "reached": ("ok", gettext_lazy("reached")),
    "missed": ("late", gettext_lazy("not reached")), "ahead": ("neutral", gettext_lazy("not due yet, not counted")),
    "dropped": ("exempt", gettext_lazy("given up, not counted")), "said": ("ok", gettext_lazy("counted")),
    "unmarked": ("neutral", gettext_lazy("no marks, not counted")), "given": ("ok", gettext_lazy("given and confirmed")),
    "short": ("neutral", gettext_lazy("too short, not counted")), "owed": ("wait", gettext_lazy("owed")),
    "other_book": ("neutral", gettext_lazy("not from the textbook, not counted")),
    "exempt": ("exempt", gettext_lazy("exempt, not counted")), "present": ("ok", gettext_lazy("present")),
    "absent": ("late", gettext_lazy("absent")), "leave": ("exempt", gettext_lazy("on leave, not counted")),
}  # fmt: skip


@dataclass(frozen=True)
class PartLine:
    """One part of a version, in words. `adds`: what it adds to the sum, None without evidence; `link` opens its rows."""

    key: str
    label: Any
    rule: Any
    weight: int
    points: int | None
    adds: int | None
    words: str
    link: str


def part_lines(assessment: MentorAssessment) -> list[PartLine]:
    """The parts in their order; what they add sums to the total."""
    adds = services.sum_of(assessment.parts).adds
    return [
        PartLine(
            part["key"], PART_LABELS[part["key"]], PART_RULES[part["key"]], part["weight"], part["points"],
            adds.get(part["key"]), part_words(part), part["link"],
        )
        for part in assessment.parts
    ]  # fmt: skip


def part_words(part: dict[str, Any]) -> str:
    """From what the points come: "4 of 5"."""
    if part["points"] is None:
        return _("no evidence")
    if part["key"] == scoring.FEEDBACK:
        count = part["evidence"]
        return ngettext("%(mean)s of 5, %(count)d answer", "%(mean)s of 5, %(count)d answers", count) % {
            "mean": f"{part['done'] / 100:.2f}", "count": count,
        }  # fmt: skip
    return _("%(done)s of %(owed)s") % {"done": _plain(part["done"]), "owed": _plain(part["owed"])}


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


# --- Where it stands -----------------------------------------------------------------------------


def state_of(assessment: MentorAssessment, today: date) -> tuple[str, str]:
    """(kind of badge, words)."""
    if assessment.objected_at is not None and assessment.answered_at is None:
        late = assessment.answer_due_on is not None and assessment.answer_due_on < today
        return ("late", _("objection overdue")) if late else ("wait", _("objection waits"))
    if assessment.answered_at is not None:
        return "ok", _("objection answered")
    if assessment.shown_at is not None:
        return "ok", _("shown")
    return ("wait", _("decided, not shown")) if assessment.grade else ("neutral", _("computed"))


def is_keeper(scope: Scope) -> bool:
    """Committee or department: sees assessments of others."""
    return bool(scope.branch_ids or scope.department_ids or scope.college_staff)


def may_read(assessment: MentorAssessment, scope: Scope) -> bool:
    """The person reads what was shown; also an officer of their own branch reads no more about themselves."""
    return assessment.person_id != scope.person_id or assessment.shown_at is not None


def readable(scope: Scope) -> Any:
    """Versions the scope may open."""
    return MentorAssessment.objects.visible_to(scope).exclude(person_id=scope.person_id or 0, shown_at=None)


# --- The list ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListRow:
    """A current version. `is_redone`: an earlier one was decided; `objection`: an earlier one whose objection waits."""

    assessment: MentorAssessment
    parts: list[PartLine]
    badge: tuple[str, str]
    is_redone: bool
    objection: int | None


def list_rows(assessments: Iterable[MentorAssessment], today: date) -> list[ListRow]:
    """One query beside the rows themselves: what became of earlier versions."""
    rows = list(assessments)
    decided: set[tuple[int, int]] = set()
    waiting: dict[tuple[int, int], int] = {}
    earlier = MentorAssessment.objects.filter(person__in=[row.person_id for row in rows], is_current=False)
    for pk, person_id, year_id, objected_at, answered_at in (
        earlier.exclude(grade="").values_list("pk", "person_id", "academic_year_id", "objected_at", "answered_at")
    ):  # fmt: skip
        decided.add((person_id, year_id))
        if objected_at is not None and answered_at is None:
            waiting[person_id, year_id] = pk
    found = []
    for row in rows:
        key = (row.person_id, row.academic_year_id)
        is_redone = not row.grade and key in decided
        found.append(ListRow(row, part_lines(row), state_of(row, today), is_redone, waiting.get(key)))
    return found


def years_until(today: date) -> list[AcademicYear]:
    """Academic years that have begun, the newest first."""
    return list(AcademicYear.objects.filter(starts_on__lte=today)[:6])


def kept_branches(scope: Scope) -> list[PartyBranch]:
    """Branches whose assessments the scope sees as an office, by name."""
    rows = PartyBranch.objects.active().visible_to(scope).order_by("name")
    if scope.college_staff:
        return list(rows)
    return list(rows.filter(Q(pk__in=scope.branch_ids) | Q(department_id__in=scope.department_ids)))


def not_computed(branches: Iterable[PartyBranch], year: AcademicYear, today: date) -> int:
    """How many mentored in the year and have no assessment of it."""
    people = Person.objects.filter(party_branch__in=list(branches))
    computed = MentorAssessment.objects.filter(academic_year=year).values("person_id")
    return int(facts.mentors_among(people, facts.span_of(year, today)).exclude(pk__in=computed).count())


# --- One version ---------------------------------------------------------------------------------


def versions_of(assessment: MentorAssessment, scope: Scope) -> list[MentorAssessment]:
    """All versions of the year that the reader may open, newest first."""
    rows = readable(scope).filter(person_id=assessment.person_id, academic_year_id=assessment.academic_year_id)
    return list(rows.select_related("decided_by").order_by("-version"))


def decided_before(versions: Iterable[MentorAssessment], assessment: MentorAssessment) -> MentorAssessment | None:
    """The newest earlier version that was decided, when this one has to be decided anew."""
    if assessment.grade or not assessment.is_current:
        return None
    return next((row for row in versions if row.version < assessment.version and row.grade), None)


# --- The rows behind a part ----------------------------------------------------------------------


def evidence_rows(assessment: MentorAssessment, part: str) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a part as of the day of the version, in words; and whether they still come to the kept figures."""
    day, now = timezone.localdate(assessment.computed_at), assessment.computed_at
    found = facts.facts_of([assessment.person_id], assessment.academic_year, today=day, now=now)[assessment.person_id]
    kept = next((row for row in assessment.parts if row["key"] == part), None)
    counted = found.counted(part)
    is_same = kept is not None and (kept["points"], kept["evidence"]) == (counted.points, counted.evidence)
    return [_spoken(row) for row in found.rows[part]], is_same


def _spoken(row: Row) -> dict[str, Any]:
    badge, words = STATES[row.state]
    return {
        "row": row, "badge": badge, "state": words, "url": _address(row),
        "marks": [(label, None if mark is None else f"{mark / 100:.1f}") for label, mark in zip(DIMENSION_LABELS, row.marks, strict=False)],
        "owed": _plain(float(row.owed)) if row.state == "owed" else "",
        "entries": [(day, reverse("log_entry", args=[pk])) for day, pk in row.days],
    }  # fmt: skip


def _address(row: Row) -> str:
    kind, pk = row.source
    if kind == "week":
        return f"{reverse('lecture_week', args=[pk])}?week={row.first.isoformat()}"
    names = {
        "link": "mentoring_link",
        "goals": "mentoring_link_goals",
        "guidance": "mentoring_guidance",
        "exchange": "feedback_exchange",
        "activity": "activity",
    }
    return reverse(names[kind], args=[pk]) if kind in names else ""


# --- Cards and panel -----------------------------------------------------------------------------


def home_cards(scope: Scope, today: date) -> list[Card]:
    """On the room's front page: one's own newest assessment, and for an office what waits."""
    cards = []
    own = MentorAssessment.objects.filter(person_id=scope.person_id or 0, shown_at__isnull=False)
    mine = own.select_related("academic_year").order_by("-academic_year__start_year", "-version").first()
    if mine is not None:
        kind, words = state_of(mine, today)
        title = _("My mentor assessment %(year)s") % {"year": mine.academic_year}
        text = _("The sum, the committee's decision and its reason.")
        cards.append(Card(title, text, reverse("assessment", args=[mine.pk]), "clipboard-data", 0, kind, words))
    if is_keeper(scope):
        cards.append(_office_card(scope))
    return cards


def _office_card(scope: Scope) -> Card:
    rows = readable(scope).exclude(person_id=scope.person_id or 0)
    undecided = rows.filter(is_current=True, grade="").count()
    objections = rows.filter(objected_at__isnull=False, answered_at=None).count()
    words = ngettext("%(count)d not decided yet", "%(count)d not decided yet", undecided) % {"count": undecided}
    state = ("", "")
    if objections:
        state = (
            "wait",
            ngettext("%(count)d objection waits", "%(count)d objections wait", objections) % {"count": objections},
        )
    return Card(_("Mentor assessments"), words, reverse("assessments"), "clipboard-data", objections, *state)


def person_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """On a person's page: the current versions the reader may open, newest year first."""
    rows = readable(scope).filter(person_id=person_id).select_related("academic_year")
    today = timezone.localdate()
    newest: dict[int, MentorAssessment] = {}
    for row in rows.order_by("-academic_year__start_year", "-version"):
        newest.setdefault(row.academic_year_id, row)
    found = [{"assessment": row, "badge": state_of(row, today)} for row in newest.values()]
    return {"assessments": found} if found else None


def decision_seen(text: str) -> datetime | None:
    """The moment of the decision that a form was filled in over, from its hidden field; None for none or nonsense."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
