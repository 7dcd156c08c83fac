"""Reads of feedback that more than one page needs: who is asked, who has not answered, whom an office watches, means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Avg, Count, Q
from django.utils import timezone

from members.models import Person, Post
from members.office_models import LEAGUE_POSTS
from pairing_portal.common.scope import Scope

from .feedback_rules import DIMENSIONS
from .models import Feedback, FeedbackExchange, FeedbackRound, Side

# What is said about a mentor's help; the mentor's own side speaks of the mentee.
ABOUT_MENTOR = (Side.MENTEE, Side.LEAGUE)


def side_of(exchange: FeedbackExchange, person_id: int | None, league_branch_ids: Iterable[int]) -> str:
    """Which side somebody answers for; "" for everybody else. A guide speaks as guide, never for the League branch too."""
    if person_id is None:
        return ""
    if exchange.mentor_id == person_id:
        return Side.MENTOR
    if exchange.mentee_id == person_id:
        return Side.MENTEE
    return Side.LEAGUE if exchange.league_branch_id in set(league_branch_ids) else ""


def sides_of(exchange: FeedbackExchange) -> tuple[str, str]:
    return (Side.MENTOR, Side.MENTEE if exchange.mentee_id else Side.LEAGUE)


def reads_remarks(exchange: FeedbackExchange, scope: Scope) -> bool:
    """Those who run the mentor's branch, unless they are one of the two themselves."""
    me = scope.person_id
    is_side = me is not None and me in (exchange.mentor_id, exchange.mentee_id)
    is_side = is_side or exchange.league_branch_id in scope.league_branch_ids
    return not is_side and scope.manages(exchange.mentor.party_branch_id)


# --- Who has not answered ------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """One account that could still answer for one side of one exchange."""

    exchange_id: int
    round_id: int
    kind: str
    side: str
    closes_at: datetime
    user_id: int


def missing_asks(exchanges: Any, now: datetime) -> list[Ask]:
    """Of open exchanges, those who have not answered; for a League branch everybody who may answer for it. Three queries."""
    rows = list(
        exchanges.open(now).order_by("closes_at", "pk").values(
            "pk", "round_id", "round__kind", "closes_at", "league_branch_id", "mentor_id",
            "mentor__user_id", "mentor__user__is_active", "mentee__user_id", "mentee__user__is_active",
        )
    )  # fmt: skip
    said = set(Feedback.objects.filter(exchange__in=[row["pk"] for row in rows]).values_list("exchange_id", "side"))
    officers = league_officers({row["league_branch_id"] for row in rows} - {None}, timezone.localdate(now))
    found = []
    for row in rows:
        people: list[tuple[str, int | None]] = []
        if row["mentor__user__is_active"]:
            people.append((Side.MENTOR, row["mentor__user_id"]))
        if row["mentee__user__is_active"]:
            people.append((Side.MENTEE, row["mentee__user_id"]))
        for person_id, user_id in officers.get(row["league_branch_id"], []):
            if person_id != row["mentor_id"]:
                people.append((Side.LEAGUE, user_id))
        found += [
            Ask(row["pk"], row["round_id"], row["round__kind"], side, row["closes_at"], user_id)
            for side, user_id in people
            if user_id is not None and (row["pk"], side) not in said
        ]
    return found


def league_officers(league_branch_ids: Iterable[int], today: date) -> dict[int, list[tuple[int, int]]]:
    """League branch → (person, account) of its secretary and deputies."""
    found: dict[int, list[tuple[int, int]]] = {}
    posts = Post.objects.current(today).filter(
        league_branch_id__in=list(league_branch_ids), kind__in=LEAGUE_POSTS, person__user__is_active=True
    )
    for branch_id, person_id, user_id in posts.order_by("pk").values_list(
        "league_branch_id", "person_id", "person__user_id"
    ):
        found.setdefault(branch_id, []).append((person_id, user_id))
    return found


# --- Whom an office watches ----------------------------------------------------------------------


def watches(scope: Scope) -> bool:
    """True for committees and staff: they read response rates."""
    return bool(scope.branch_ids or scope.department_ids or scope.college_staff)


def opens_rounds(scope: Scope) -> bool:
    return bool(scope.department_ids or scope.college_staff)


def watched(scope: Scope, *, to_remind: bool = False) -> Any:
    """Exchanges of the branches and departments of an office; to remind, of those it runs."""
    rows = FeedbackExchange.objects.visible_to(scope)
    if scope.college_staff:
        return rows
    branches = scope.managed_branch_ids if to_remind else scope.branch_ids
    near = Q(mentor__party_branch_id__in=branches) | Q(mentee__party_branch_id__in=branches)
    near |= Q(mentor__department_id__in=scope.department_ids) | Q(mentee__department_id__in=scope.department_ids)
    return rows.filter(near | Q(league_branch__department_id__in=scope.department_ids))


def keeps_round(round: FeedbackRound, scope: Scope) -> bool:
    """Who may add to a round: staff of its department, of the whole college for one of the college."""
    return scope.college_staff or (round.department_id is not None and round.department_id in scope.department_ids)


# --- Means ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Means:
    """What was said of somebody's help: dimension → mean in hundredths (100 to 500), and from how many answers."""

    count: int = 0
    dimensions: dict[str, int] = field(default_factory=dict)


def means_for(person_ids: Sequence[int], first: date, last: date, *, now: datetime | None = None) -> dict[int, Means]:
    """Person → what mentees and League branches said of them in these days, both included; only what may be read by now.

    People without an answer are missing from the result. One query, in the database; the evidence pack reckons alike.
    """
    moment = now or timezone.now()
    rows = Feedback.objects.filter(
        Q(exchange__revealed_at__isnull=False) | Q(exchange__closes_at__lte=moment),
        exchange__mentor_id__in=person_ids, side__in=ABOUT_MENTOR,
        submitted_at__date__gte=first, submitted_at__date__lte=last,
    ).order_by()  # fmt: skip
    averages = {f"mean_{name}": Avg(name) for name in DIMENSIONS}
    found = rows.values("exchange__mentor").annotate(count=Count("pk"), **averages)
    return {row["exchange__mentor"]: Means(row["count"], means_in(row)) for row in found}


def means_in(row: dict[str, Any]) -> dict[str, int]:
    """The means of an aggregate over answers, in whole hundredths as in the evidence pack."""
    return {name: round(row[f"mean_{name}"]) for name in DIMENSIONS if row.get(f"mean_{name}") is not None}


def people_of_sides(exchange: FeedbackExchange, today: date) -> dict[str, list[Person]]:
    """Side → who may answer for it."""
    people: dict[str, list[Person]] = {Side.MENTOR: [exchange.mentor]}
    if exchange.mentee is not None:
        people[Side.MENTEE] = [exchange.mentee]
    else:
        posts = Post.objects.current(today).filter(
            league_branch_id=exchange.league_branch_id, kind__in=LEAGUE_POSTS
        )  # fmt: skip
        people[Side.LEAGUE] = [
            post.person for post in posts.exclude(person_id=exchange.mentor_id).select_related("person").order_by("pk")
        ]
    return people
