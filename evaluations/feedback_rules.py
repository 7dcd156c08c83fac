"""Feedback as numbers: what an answer keeps, means, response rates, the days of a round. Pure: no ORM, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import median
from typing import Any, Final

from django.utils.translation import gettext as _

from branches.calendar import TermSpan, week_start
from pairing_portal.common.problems import Refused

DIMENSIONS: Final = ("political", "working", "learning", "discipline")
FREE: Final = "free"
POINTS: Final = (1, 2, 3, 4, 5)
WORDS_LIMIT: Final = 500
Answer = dict[str, Any]


class State(StrEnum):
    """Where the feedback of one link stands."""

    NOBODY = "nobody"
    ONE = "one"
    BOTH = "both"
    WITHOUT = "without"
    CALLED_OFF = "called_off"


@dataclass(frozen=True)
class Asked:
    """A question as it is asked: of one dimension in points, or in own words."""

    id: int
    number: int
    dimension: str
    text: str
    text_en: str = ""

    @property
    def field(self) -> str:
        """What a form calls it."""
        return f"q{self.id}"


def kept_answers(questions: Sequence[Asked], given: Mapping[int, Any]) -> list[Answer]:
    """What is stored of one answer: each question as it was asked, with its points or words.

    Raises `Refused` beside the question for points that are missing or not 1 to 5, for words that are too long, and for an answer
    to a question that was not asked.
    """
    if strange := set(given) - {question.id for question in questions}:
        raise Refused(_("The questions have changed meanwhile. Please look at them again."), field=f"q{min(strange)}")
    return [_kept(question, given.get(question.id)) for question in questions]


def _kept(question: Asked, value: Any) -> Answer:
    asked: Answer = {
        "number": question.number, "dimension": question.dimension, "text": question.text, "text_en": question.text_en
    }  # fmt: skip
    if question.dimension == FREE:
        words = str(value or "").strip()
        if len(words) > WORDS_LIMIT:
            raise Refused(_("At most %(limit)d characters.") % {"limit": WORDS_LIMIT}, field=question.field)
        return asked | {"words": words}
    # A bool is a number in Python; nobody means it here.
    if isinstance(value, bool) or value not in POINTS:
        raise Refused(_("Choose from 1 to 5."), field=question.field)
    return asked | {"points": int(value)}


def dimension_means(answers: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    """Mean points of each dimension in hundredths, rounded half up; None where nothing was asked."""
    points: dict[str, list[int]] = {name: [] for name in DIMENSIONS}
    for answer in answers:
        if answer["dimension"] in points and "points" in answer:
            points[answer["dimension"]].append(answer["points"])
    return {name: mean_hundredths(found) for name, found in points.items()}


def mean_hundredths(points: Sequence[int]) -> int | None:
    """The mean of points from 1 to 5, in hundredths, rounded half up; None of nothing."""
    return (200 * sum(points) + len(points)) // (2 * len(points)) if points else None


@dataclass(frozen=True)
class Spread:
    """How a group answered one question: the mean in hundredths, and how many gave 1, 2, 3, 4, 5."""

    number: int
    text: str
    text_en: str
    mean: int
    counts: tuple[int, ...]


def spreads(sheets: Iterable[Sequence[Mapping[str, Any]]]) -> list[Spread]:
    """One line per question over all sheets, by number. Never tells which answers came from one sheet."""
    points: dict[tuple[int, str, str], list[int]] = {}
    for sheet in sheets:
        for answer in sheet:
            key = (answer["number"], answer["text"], answer.get("text_en", ""))
            points.setdefault(key, []).append(answer["points"])
    found = []
    for (number, text, text_en), given in sorted(points.items()):
        counts = Counter(given)
        mean = mean_hundredths(given) or 0
        found.append(Spread(number, text, text_en, mean, tuple(counts[point] for point in POINTS)))
    return found


def state_of(answered: int, *, is_revealed: bool, is_called_off: bool, is_over: bool) -> State:
    """Where a link's feedback stands; what both have said stays said, whatever came after."""
    if is_revealed or answered >= 2:
        return State.BOTH
    if is_called_off:
        return State.CALLED_OFF
    if is_over:
        return State.WITHOUT
    return State.ONE if answered else State.NOBODY


def percent(part: int, whole: int) -> int | None:
    """Rounded half up, but 100 only when all is there; None of nothing."""
    if not whole:
        return None
    return 100 if part >= whole else min((200 * part + whole) // (2 * whole), 99)


def median_days(spans: Iterable[timedelta]) -> float | None:
    """From being asked to the answer, in days with one decimal; None when nobody has answered."""
    days = [max(span, timedelta()) / timedelta(days=1) for span in spans]
    return round(median(days), 1) if days else None


# --- The days of a round -------------------------------------------------------------------------


def proposed_days(kind: str, term: TermSpan | None, open_days: int, today: date) -> tuple[date, date]:
    """(first day, last day) proposed for a round: mid-term begins with the middle week, end of term closes with teaching.

    Never proposes a day before today; outside terms a round begins today.
    """
    first = today
    if term is not None and kind == "mid_term":
        first = week_start(term.start_monday + timedelta(weeks=term.teaching_weeks // 2))
    elif term is not None:
        first = term.teaching_ends_on - timedelta(days=open_days - 1)
    first = max(first, today)
    return first, first + timedelta(days=open_days - 1)
