"""What one reader's pages of feedback show: what is asked of them, what was said to them, one exchange, the panels and cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from pairing_portal.common.scope import Scope

from .class_feedback_services import class_asks, class_result
from .feedback_reader import (
    ABOUT_MENTOR,
    Means,
    means_in,
    people_of_sides,
    reads_remarks,
    side_of,
    sides_of,
    watches,
)
from .feedback_rules import DIMENSIONS, State, state_of
from .home import Card
from .models import Dimension, Feedback, FeedbackExchange, Side

BADGES = {
    State.NOBODY: "wait", State.ONE: "wait", State.BOTH: "ok", State.WITHOUT: "late", State.CALLED_OFF: "exempt"
}  # fmt: skip
SHOWN = 30


def state_words(state: State) -> str:
    return {
        State.NOBODY: _("nobody has answered"), State.ONE: _("one side has answered"), State.BOTH: _("both have answered"),
        State.WITHOUT: _("closed without both answers"), State.CALLED_OFF: _("called off"),
    }[state]  # fmt: skip


def in_language(text: str, text_en: str) -> str:
    """The question as the reader reads: in English where there is an English text."""
    return text_en if text_en and (get_language() or "").startswith("en") else text


@dataclass(frozen=True)
class Bar:
    """One dimension: its mean in hundredths as words and as a share of a bar."""

    label: Any
    mean: int

    @property
    def points(self) -> str:
        return f"{self.mean / 100:.1f}"

    @property
    def value(self) -> int:
        """For a meter from 100 to 500."""
        return self.mean


def bars(dimensions: dict[str, int | None] | dict[str, int]) -> list[Bar]:
    """The dimensions that were asked, in their order."""
    return [Bar(Dimension(name).label, mean) for name in DIMENSIONS if (mean := dimensions.get(name)) is not None]


# --- My own page ---------------------------------------------------------------------------------


def _about_me(scope: Scope) -> Q:
    """Answers of the other side about the reader: as mentor, as mentee, as officer of a guided League branch."""
    me = scope.person_id or 0
    about = Q(exchange__mentor_id=me, side__in=ABOUT_MENTOR) | Q(exchange__mentee_id=me, side=Side.MENTOR)
    return about | Q(exchange__league_branch_id__in=scope.league_branch_ids, side=Side.MENTOR)


def _mine(scope: Scope) -> Q:
    me = scope.person_id or 0
    return Q(mentor_id=me) | Q(mentee_id=me) | Q(league_branch_id__in=scope.league_branch_ids)


def open_asks(scope: Scope, now: datetime) -> list[FeedbackExchange]:
    """Exchanges that wait for the reader's own answer, soonest first."""
    if scope.person_id is None:
        return []
    rows = FeedbackExchange.objects.visible_to(scope).filter(_mine(scope)).open(now)
    found = list(rows.select_related("mentor", "mentee", "league_branch", "round").order_by("closes_at", "pk"))
    said = set(Feedback.objects.filter(exchange__in=found).values_list("exchange_id", "side"))
    return [row for row in found if (row.pk, side_of(row, scope.person_id, scope.league_branch_ids)) not in said]


def mine(scope: Scope, now: datetime) -> dict[str, Any]:
    """My own page: asked of me, my class, said and waiting for the other, said to me. A fixed number of queries."""
    said = Feedback.objects.visible_to(scope, now).filter(_about_me(scope))
    rows = said.select_related(
        "author", "exchange__round", "exchange__mentor", "exchange__mentee", "exchange__league_branch"
    )
    received = [
        {"feedback": row, "bars": bars(_dimensions(row)), "words": [answer for answer in row.answers if answer.get("words")]}
        for row in rows.order_by("-submitted_at")[:SHOWN]
    ]  # fmt: skip
    # Said by me, and nothing of the other side yet.
    waiting = FeedbackExchange.objects.visible_to(scope).open(now).filter(revealed_at=None, feedback__author_id=scope.person_id or 0)  # fmt: skip
    sums = means_of(said.filter(exchange__mentor_id=scope.person_id or 0))
    return {
        "asked": _lines(open_asks(scope, now), scope), "class_asked": _lines(class_asks(scope, now), scope), "received": received, "means": sums, "bars": bars(sums.dimensions),
        "waiting": _lines(waiting.select_related("mentor", "mentee", "league_branch"), scope),
    }  # fmt: skip


def _lines(exchanges: Iterable[FeedbackExchange], scope: Scope) -> list[dict[str, Any]]:
    return [
        {"exchange": row, "other": other_name(row, scope), "last_day": last_day(row.closes_at)} for row in exchanges
    ]


def _dimensions(row: Feedback) -> dict[str, int | None]:
    return {name: getattr(row, name) for name in DIMENSIONS}


def means_of(rows: Any) -> Means:
    """The means of a set of answers, in one query."""
    averages = {f"mean_{name}": Avg(name) for name in DIMENSIONS}
    found = rows.order_by().aggregate(count=Count("pk"), **averages)
    return Means(found["count"], means_in(found))


def other_name(exchange: FeedbackExchange, scope: Scope) -> str:
    """Whom the reader speaks of."""
    if exchange.mentor_id != scope.person_id:
        return exchange.mentor.name
    return exchange.mentee.name if exchange.mentee else exchange.league_branch.name  # type: ignore[union-attr]  # one of the two, by constraint


# --- One exchange --------------------------------------------------------------------------------


def exchange_page(exchange: FeedbackExchange, scope: Scope, now: datetime) -> dict[str, Any]:
    """Both sides as far as the reader may read them, the remarks for who runs the mentor's branch, and the class."""
    told = {
        row.side: row
        for row in Feedback.objects.visible_to(scope, now).filter(exchange=exchange).select_related("author")
    }
    answered = set(Feedback.objects.filter(exchange=exchange).values_list("side", flat=True))
    people = people_of_sides(exchange, timezone.localdate(now))
    own = side_of(exchange, scope.person_id, scope.league_branch_ids)
    is_over = now >= exchange.closes_at
    state = state_of(
        len(answered), is_revealed=exchange.revealed_at is not None, is_called_off=exchange.called_off_at is not None, is_over=is_over
    )  # fmt: skip
    sides = [
        {
            "label": Side(side).label, "is_own": side == own, "has_answered": side in answered,
            "who": "、".join(person.name for person in people[side]), "feedback": told.get(side),
            "answers": [_shown(answer) for answer in told[side].answers] if side in told else [],
            "bars": bars(_dimensions(told[side])) if side in told else [],
        }
        for side in sides_of(exchange)
    ]  # fmt: skip
    remarks = (
        [row for row in Feedback.objects.filter(exchange=exchange).select_related("author") if row.remark]
        if reads_remarks(exchange, scope)
        else []
    )
    return {
        "exchange": exchange, "sides": sides, "own": own, "has_answered": own in answered, "remarks": remarks, "state": state,
        "state_words": state_words(state), "badge": BADGES[state], "is_open": not is_over and exchange.opens_at <= now,
        "class_result": _class_lines(exchange, now), "other": other_name(exchange, scope),
        "link": f"{exchange.mentor.name} → {exchange.mentee.name if exchange.mentee else exchange.league_branch}",
        "last_day": last_day(exchange.closes_at),
    }  # fmt: skip


def last_day(closes_at: datetime) -> date:
    """The last day one may still answer: closing is the first minute of the next."""
    return timezone.localdate(closes_at - timedelta(seconds=1))


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": in_language(answer["text"], answer.get("text_en", "")), "points": answer.get("points"), "words": answer.get("words", ""),
        "is_words": "words" in answer,
    }  # fmt: skip


def _class_lines(exchange: FeedbackExchange, now: datetime) -> dict[str, Any] | None:
    result = class_result(exchange, now) if exchange.league_branch_id else None
    if result is None:
        return None
    lines = [
        {"text": in_language(line.text, line.text_en), "mean": f"{line.mean / 100:.1f}", "value": line.mean, "counts": line.counts}
        for line in result.lines
    ]  # fmt: skip
    return {"asked": result.asked, "answered": result.answered, "least": result.least, "lines": lines}


# --- Panels and cards ----------------------------------------------------------------------------


def person_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """On a person's page: means of what was said of their help, and by their mentors of them, as far as the reader may read it."""
    rows = Feedback.objects.visible_to(scope)
    as_mentor = means_of(rows.filter(exchange__mentor_id=person_id, side__in=ABOUT_MENTOR))
    as_mentee = means_of(rows.filter(exchange__mentee_id=person_id, side=Side.MENTOR))
    if not (as_mentor.count or as_mentee.count):
        return None
    exchanges = FeedbackExchange.objects.visible_to(scope).filter(Q(mentor_id=person_id) | Q(mentee_id=person_id))
    shown = exchanges.revealed(timezone.now()).filter(feedback__isnull=False).distinct()
    return {
        "parts": [
            {"title": title, "count": found.count, "bars": bars(found.dimensions)}
            for title, found in ((_("as a mentor"), as_mentor), (_("as a mentee"), as_mentee))
            if found.count
        ],
        "exchanges": list(
            shown.select_related("round", "mentor", "mentee", "league_branch").order_by("-opens_at", "-pk")[:6]
        ),
    }


def mentoring_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """On one's own mentoring page: what waits for an answer, and the means of what was said."""
    now = timezone.now()
    asked = _lines(open_asks(scope, now), scope)
    said = Feedback.objects.visible_to(scope, now).filter(exchange__mentor_id=person_id, side__in=ABOUT_MENTOR)
    means = means_of(said)
    if not (asked or means.count):
        return None
    return {"asked": asked, "count": means.count, "bars": bars(means.dimensions)}


def home_cards(scope: Scope, today: date) -> list[Card]:
    """What is asked of me; for committees and staff, the rounds."""
    now, cards = timezone.now(), []
    asked, class_asked = open_asks(scope, now), class_asks(scope, now)
    count = len(asked) + len(class_asked)
    if count:
        soonest = min(row.closes_at for row in [*asked, *class_asked])
        words = ngettext(
            "%(count)d answer is asked of you, until %(on)s.",
            "%(count)d answers are asked of you, until %(on)s.",
            count,
        ) % {"count": count, "on": date_format(last_day(soonest))}
        cards.append(
            Card(_("Feedback"), words, reverse("feedback"), "chat-square-text", count, "wait", _("to be answered"))
        )
    elif scope.person_id is not None:
        cards.append(
            Card(_("Feedback"), _("What was said to you, and what you said."), reverse("feedback"), "chat-square-text")
        )
    if watches(scope):
        cards.append(
            Card(_("Feedback rounds"), _("Who has answered, how soon, who is missing."), reverse("feedback_rounds"), "bar-chart")
        )  # fmt: skip
    return cards
