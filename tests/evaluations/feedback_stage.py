"""Objects behind the addresses of feedback, for the role × address table."""

from __future__ import annotations

import datetime as dt

from evaluations.models import ClassFeedbackRoll, FeedbackExchange, FeedbackRound, Questionnaire
from mentoring.models import LeagueGuidance, Mentorship


def feedback_stage(cast, link: Mentorship, guidance: LeagueGuidance, now: dt.datetime) -> dict[str, object]:
    """An open round of the mechanical department with a link of Er; the guidance of League branch One, whose class is asked."""
    days = {"opens_at": now - dt.timedelta(days=1), "closes_at": now + dt.timedelta(days=7)}
    round = FeedbackRound.objects.create(
        title="期中反馈", kind="mid_term", term=cast.term, department=cast.mech, created_at=now, **days
    )
    exchange = FeedbackExchange.objects.create(
        round=round, mentorship=link, mentor=link.mentor, mentee=link.mentee, **days
    )
    guided = FeedbackExchange.objects.create(
        round=round, league_guidance=guidance, mentor=guidance.person, league_branch=guidance.league_branch, **days
    )
    ClassFeedbackRoll.objects.create(exchange=guided, person=cast.person("classmate"))
    return {
        "evaluations_feedbackround": round, "evaluations_questionnaire": Questionnaire.objects.first(),
        "feedback_round": round, "feedback_remind": round, "feedback_exchange": exchange, "feedback_class": guided,
    }  # fmt: skip
