"""Answering: one side says what it has to say, once; both are shown when both have spoken. And a word to those who are late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Person, Post
from members.office_models import LEAGUE_POSTS
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import feedback_rules as rules
from . import notices_feedback as notices
from .feedback_reader import missing_asks, side_of, watched
from .models import Feedback, FeedbackExchange, FeedbackRound
from .questionnaires import asked_of

REMARK_LIMIT = 1000


def lock_exchange(exchange_id: int) -> FeedbackExchange:
    """The exchange, locked before any row that hangs on it. Raises `Refused` when it is gone."""
    try:
        rows = FeedbackExchange.objects.select_for_update(of=("self",)).select_related("mentor", "mentee")
        found: FeedbackExchange = rows.get(pk=exchange_id)
    except FeedbackExchange.DoesNotExist as error:
        raise Refused(_("This feedback is no longer there. Reload the page.")) from error
    return found


@transaction.atomic
def answer_feedback(
    *,
    exchange: FeedbackExchange,
    person: Person,
    given: Mapping[int, Any],
    remark: str = "",
    today: date,
    now: datetime,
) -> Feedback:
    """What one side says; the second answer shows both to both. `given`: question id → points from 1 to 5, or words.

    Sending the same once more changes nothing and returns what is there. Raises `Refused` for somebody who is not a side, about
    oneself, for another answer after the first, before and after its time, when it was called off, and for a hole in the answers.
    """
    exchange = lock_exchange(exchange.pk)
    side = _own_side(exchange, person, today)
    remark = remark.strip()
    known = Feedback.objects.filter(exchange=exchange, side=side).first()
    if known is not None:
        return _same_again(known, person, given, remark)
    require_open(exchange, now)
    _check_remark(exchange, remark)
    answers = rules.kept_answers(_questions(side), given)
    row: Feedback = Feedback.objects.create(
        exchange=exchange, side=side, author=person, answers=answers, remark=remark, submitted_at=now,
        **rules.dimension_means(answers),
    )  # fmt: skip
    if Feedback.objects.filter(exchange=exchange).count() == 2:
        exchange.revealed_at = now
        exchange.save(update_fields=["revealed_at"])
        post_notices(notices=notices.ready(exchange), now=now)
    _retire_asks(exchange, person, now)
    return row


def _own_side(exchange: FeedbackExchange, person: Person, today: date) -> str:
    if exchange.mentor_id == exchange.mentee_id:
        raise Refused(_("Nobody gives feedback about themselves."))
    league = Post.objects.current(today).filter(person=person, kind__in=LEAGUE_POSTS)
    side = side_of(exchange, person.pk, league.values_list("league_branch_id", flat=True))
    if not side:
        raise Refused(_("You are not one of the two sides who are asked here."))
    return side


def _questions(side: str) -> list[rules.Asked]:
    questions = asked_of(side)
    if not questions:
        raise Refused(_("No questionnaire of this side is in use. The college's staff put one into use."))
    return questions


def require_open(exchange: FeedbackExchange, now: datetime) -> None:
    """Raises `Refused` before and after its time, and when it was called off."""
    if exchange.called_off_at is not None:
        raise Refused(_("This feedback was called off: %(reason)s.") % {"reason": exchange.call_off_reason})
    if now < exchange.opens_at:
        raise Refused(_("This round of feedback has not opened yet."))
    if now >= exchange.closes_at:
        raise Refused(_("This round of feedback has closed."))


def _check_remark(exchange: FeedbackExchange, remark: str) -> None:
    if len(remark) > REMARK_LIMIT:
        raise Refused(_("At most %(limit)d characters.") % {"limit": REMARK_LIMIT}, field="remark")
    if remark and exchange.mentor.party_branch_id is None:
        raise Refused(_("The mentor belongs to no Party branch; nobody could read this remark."), field="remark")


def _same_again(known: Feedback, person: Person, given: Mapping[int, Any], remark: str) -> Feedback:
    """Sent twice by one press is sent once; anything else is a second answer."""
    words = [
        str(given.get(question.id) or "").strip() if question.dimension == rules.FREE else given.get(question.id)
        for question in asked_of(known.side)
    ]
    kept = [answer.get("points", answer.get("words")) for answer in known.answers]
    if known.author_id == person.pk and kept == words and known.remark == remark:
        return known
    if known.author_id != person.pk:
        raise Refused(_("Another officer has answered for this side already."))
    raise Refused(_("You have answered already; each side answers once."))


def _retire_asks(exchange: FeedbackExchange, person: Person, now: datetime) -> None:
    """Nothing more is asked of them in this round: it leaves the bell at once. Deputies of a League branch follow by the tick."""
    if person.user_id is None:
        return
    asks = missing_asks(FeedbackExchange.objects.filter(round_id=exchange.round_id), now)
    if not any(ask.user_id == person.user_id for ask in asks):
        retire_notices(prefix=notices.ask_prefix(exchange.round_id, person.user_id), now=now)


# --- A word to those who are late ----------------------------------------------------------------


@dataclass(frozen=True)
class Reminded:
    """How many people were reminded now, and how many of those who are missing had been reminded today already."""

    people: int
    again: int


@transaction.atomic
def remind(*, round: FeedbackRound, exchange_id: int | None = None, scope: Scope, now: datetime) -> Reminded:
    """Remind who has not answered, of the whole round or of one link, once a day a person. Raises `Refused` for who runs neither
    a branch nor a department of it, and when nobody with an account is missing."""
    rows = watched(scope, to_remind=True).filter(round=round)
    if exchange_id is not None:
        rows = rows.filter(pk=exchange_id)
    if not rows.exists():
        raise Refused(_("Reminding is for those who run the branch, and for the department."))
    users = sorted({ask.user_id for ask in missing_asks(rows, now)})
    if not users:
        raise Refused(_("Nobody who could answer is missing."))
    said = post_notices(notices=notices.nudges(users, timezone.localdate(now)), now=now)
    return Reminded(said, len(users) - said)
