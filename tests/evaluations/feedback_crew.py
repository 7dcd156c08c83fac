"""Two links and a guidance of the cast, a round that asks them, and answers."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from evaluations import feedback_round_services, feedback_services
from evaluations.models import FeedbackExchange, FeedbackRound, Question
from members.access import scope_for
from members.models import Person
from mentoring.models import LeagueGuidance, Mentorship

TODAY = dt.date(2026, 10, 29)


def moment(text: str) -> dt.datetime:
    return timezone.make_aware(dt.datetime.fromisoformat(text))


NOW = moment("2026-10-29T09:00")
LAST_DAY = dt.date(2026, 11, 11)
CLOSED = moment("2026-11-12T00:00")


def link(cast, mentor: str = "er_member", mentee: str = "er_probationary", **more) -> Mentorship:
    values = {"tier": 3, "state": "active", "starts_on": dt.date(2026, 10, 8), "party_branch": cast.er} | more
    return Mentorship.objects.create(
        mentor=cast.person(mentor), mentee=cast.person(mentee), published_at=NOW, created_at=NOW, **values
    )


def guidance(cast, **more) -> LeagueGuidance:
    values = {"state": "active", "starts_on": dt.date(2026, 10, 8)} | more
    return LeagueGuidance.objects.create(
        person=cast.person("liu_member"), league_branch=cast.one, party_branch=cast.liu, published_at=NOW, created_at=NOW,
        focus_areas=["safety"], **values,
    )  # fmt: skip


def open_round(cast, who: str = "mech_organiser", **changes) -> FeedbackRound:
    values = {
        "kind": "mid_term", "title": "期中反馈", "term": cast.term, "department": cast.mech, "opens_on": TODAY, "closes_on": LAST_DAY,
        "scope": scope_for(cast.user(who), TODAY), "by": cast.user(who), "now": NOW,
    } | changes  # fmt: skip
    return feedback_round_services.open_round(**values)


def asked(cast, **changes) -> FeedbackExchange:
    """The one link between er_member (mentor) and er_probationary, in an open round."""
    link(cast)
    return open_round(cast, **changes).exchanges.get()


def asked_league(cast, **changes) -> FeedbackExchange:
    """The guidance of League branch One by liu_member, in an open round of the civil department."""
    guidance(cast)
    round = open_round(cast, "civil_organiser", department=cast.civil, **changes)
    return round.exchanges.get(league_branch=cast.one)


def points(side: str, point: int = 4, words: str = "") -> dict[int, object]:
    """An answer to everything in use."""
    rows = Question.objects.filter(questionnaire__side=side, questionnaire__is_current=True)
    return {row.pk: words if row.dimension == "free" else point for row in rows}


def answer(cast, exchange: FeedbackExchange, name: str, side: str, point: int = 4, **more):
    values = {"given": points(side, point), "today": TODAY, "now": NOW} | more
    return feedback_services.answer_feedback(exchange=exchange, person=cast.person(name), **values)


def classmates(cast, count: int) -> list[Person]:
    """So many more people in the class of League branch One."""
    return [
        Person.objects.create(
            number=f"2026059{number:04}", name=f"同学{number}", department=cast.civil, school_class=cast.class_26, stage="non_member"
        )
        for number in range(100, 100 + count)
    ]  # fmt: skip


def fresh(row):
    return type(row).objects.get(pk=row.pk)
