"""Rounds as an office sees them: response rates by side and branch, median days, and the list of links. Fixed numbers of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from pairing_portal.common.scope import Scope

from .feedback_page import BADGES, last_day, state_words
from .feedback_reader import watched
from .feedback_rules import State, median_days, percent, state_of
from .models import Feedback, FeedbackExchange, FeedbackRound, RoundKind, Side


@dataclass
class Tally:
    """Links asked, by side: how many answers were asked and given."""

    asked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Side.values, 0))
    given: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Side.values, 0))
    links: int = 0
    called_off: int = 0

    def add(self, row: dict[str, Any]) -> None:
        self.links += row["links"]
        self.called_off += row["off"]
        asked = {"mentor": row["links"], "mentee": row["links"] - row["guidances"], "league": row["guidances"]}
        for side, count in asked.items():
            self.asked[side] += count
            self.given[side] += row[side]

    @property
    def rate(self) -> int | None:
        return percent(sum(self.given.values()), sum(self.asked.values()))

    @property
    def sides(self) -> list[dict[str, Any]]:
        """Only sides that were asked."""
        return [
            {"label": Side(side).label, "given": self.given[side], "asked": asked, "rate": percent(self.given[side], asked)}
            for side, asked in self.asked.items()
            if asked
        ]  # fmt: skip


def _counts(exchanges: Any, *keys: str) -> Any:
    """Exchanges and answers, grouped; what was called off is counted beside, not among what was asked."""
    asked = Q(called_off_at=None)
    said = {side: Count("feedback", filter=asked & Q(feedback__side=side), distinct=True) for side in Side.values}
    return exchanges.order_by().values(*keys).annotate(
        links=Count("pk", filter=asked, distinct=True),
        guidances=Count("pk", filter=asked & Q(league_branch__isnull=False), distinct=True),
        off=Count("pk", filter=~asked, distinct=True),
        **said,
    )  # fmt: skip


def _spans(exchanges: Any) -> dict[int, list[timedelta]]:
    """Round → how long each answer took."""
    found: dict[int, list[timedelta]] = defaultdict(list)
    rows = Feedback.objects.filter(exchange__in=exchanges.order_by().values("pk")).order_by()
    for round_id, opened, said in rows.values_list("exchange__round_id", "exchange__opens_at", "submitted_at"):
        found[round_id].append(said - opened)
    return found


def round_rows(rounds: Sequence[FeedbackRound], scope: Scope, now: datetime) -> list[dict[str, Any]]:
    """Rounds with what the reader's office sees of them."""
    exchanges = watched(scope).filter(round__in=rounds)
    tallies: dict[int, Tally] = defaultdict(Tally)
    for row in _counts(exchanges, "round_id"):
        tallies[row["round_id"]].add(row)
    spans = _spans(exchanges)
    return [
        {
            "round": round,
            "tally": tallies[round.pk],
            "median": median_days(spans[round.pk]),
            **round_state(round, now),
        }
        for round in rounds
    ]


def round_state(round: FeedbackRound, now: datetime) -> dict[str, Any]:
    if now < round.opens_at:
        return {"badge": "neutral", "words": _("not open yet")}
    if now >= round.closes_at:
        return {"badge": "ok", "words": _("closed")}
    return {"badge": "wait", "words": _("open")}


def by_branch(round: FeedbackRound, scope: Scope) -> list[dict[str, Any]]:
    """Each mentor's branch with its rate, the lowest first."""
    tallies: dict[tuple[int, str], Tally] = defaultdict(Tally)
    rows = _counts(watched(scope).filter(round=round), "mentor__party_branch_id", "mentor__party_branch__name")
    for row in rows:
        if row["mentor__party_branch_id"] is not None:
            tallies[row["mentor__party_branch_id"], row["mentor__party_branch__name"]].add(row)
    found = [{"id": pk, "name": name, "tally": tally} for (pk, name), tally in tallies.items()]
    return sorted(found, key=lambda row: (row["tally"].rate if row["tally"].rate is not None else 101, row["name"]))


def listed(round: FeedbackRound, scope: Scope, now: datetime, *, state: str = "", branch_id: int | None = None) -> Any:
    """Exchanges of the round, filtered; annotated with which sides have answered."""
    rows = watched(scope).filter(round=round)
    if branch_id is not None:
        rows = rows.filter(mentor__party_branch_id=branch_id)
    pks = rows.order_by().values("pk")
    rows = FeedbackExchange.objects.visible_to(scope).filter(pk__in=pks).annotate(
        said=Count("feedback", distinct=True),
        mentor_said=Count("feedback", filter=Q(feedback__side=Side.MENTOR), distinct=True),
    )  # fmt: skip
    running = Q(revealed_at=None, called_off_at=None, closes_at__gt=now)
    where = {
        State.NOBODY: running & Q(said=0),
        State.ONE: running & Q(said=1),
        State.BOTH: Q(revealed_at__isnull=False),
        State.WITHOUT: Q(revealed_at=None, called_off_at=None, closes_at__lte=now),
        State.CALLED_OFF: Q(revealed_at=None, called_off_at__isnull=False),
    }.get(state)  # type: ignore[call-overload]  # a text that is no state finds none
    rows = rows.filter(where) if where is not None else rows
    return rows.select_related("mentor__party_branch", "mentee", "league_branch").order_by(
        "mentor__party_branch_id", "mentor__name_key", "pk"
    )


def exchange_rows(exchanges: Any, now: datetime, remindable: set[int]) -> list[dict[str, Any]]:
    """As the list shows them; `remindable`: those the reader may remind."""
    found = []
    for row in exchanges:
        state = state_of(
            row.said, is_revealed=row.revealed_at is not None, is_called_off=row.called_off_at is not None,
            is_over=now >= row.closes_at,
        )  # fmt: skip
        found.append({
            "exchange": row, "badge": BADGES[state], "words": state_words(state), "mentor_said": bool(row.mentor_said),
            "other_said": row.said > row.mentor_said, "last_day": last_day(row.closes_at), "other": row.mentee.name if row.mentee else row.league_branch.name,
            "may_remind": row.pk in remindable and state in (State.NOBODY, State.ONE) and row.opens_at <= now,
        })  # fmt: skip
    return found


def round_page(round: FeedbackRound, scope: Scope, now: datetime) -> dict[str, Any]:
    """The figures above the list."""
    exchanges = watched(scope).filter(round=round)
    tally = Tally()
    for row in _counts(exchanges, "round_id"):
        tally.add(row)
    return {
        "round": round, "tally": tally, "median": median_days(_spans(exchanges)[round.pk]), "branches": by_branch(round, scope),
        "is_closing": round.kind == RoundKind.CLOSING, **round_state(round, now),
    }  # fmt: skip
