"""A mid-term round of the civil department half way: about half have answered, some wait for the other, one class has begun."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.models import User
from branches.models import AcademicYear, Department, Term
from evaluations import class_feedback_services, feedback_round_services, feedback_services
from evaluations.feedback_rules import FREE
from evaluations.models import ClassFeedbackRoll, FeedbackExchange, FeedbackRound, RoundKind, Side
from evaluations.questionnaires import asked_of
from members.access import scope_for
from members.models import Person
from mentoring.models import Mentorship

from .people import Company
from .together import moment

WORDS = {
    Side.MENTEE: ("谢谢学长一直陪我复习。", "希望每两周见一次面。", ""),
    Side.MENTOR: ("进步很大，继续保持。", "下次见面前请先列出问题。", ""),
    Side.LEAGUE: ("班会后的交流很有帮助。", "希望多讲讲学习方法。", ""),
}
REMARK = "最近两次约好的时间都改了，想请书记帮忙一起商量。"
# Who has answered, in turn: both, the mentor, the other side, nobody.
TURNS = ((True, True), (True, False), (False, True), (False, False))


def feedback(company: Company, year: AcademicYear, today: date) -> FeedbackRound:
    """To be called in the stage `evaluating`, when links are there."""
    department = Department.objects.get(name="土木系")
    by = User.objects.filter(staff_roles__department=department, staff_roles__kind="organiser").order_by("pk").first()
    assert by is not None
    begun = Mentorship.objects.running().order_by("starts_on").values_list("starts_on", flat=True).first() or today
    opened_on = max(today - timedelta(days=8), min(begun, today))
    round = feedback_round_services.open_round(
        kind=RoundKind.MID_TERM, title="期中帮扶反馈", term=_term(year, today), department=department, opens_on=opened_on,
        closes_on=today + timedelta(days=5), asks_classes=True, scope=scope_for(by, opened_on), by=by, now=moment(opened_on, 7),
    )  # fmt: skip
    days = (today - opened_on).days
    rows = round.exchanges.select_related("mentor", "mentee", "league_branch").order_by("pk")
    for number, exchange in enumerate(rows):
        on = opened_on + timedelta(days=min(1 + number % 6, days))
        for side, has_answered in zip((Side.MENTOR, _other(exchange)), TURNS[number % len(TURNS)], strict=True):
            if has_answered:
                _answer(exchange, side, number, on=on)
    _class_begins(round, on=opened_on + timedelta(days=min(2, days)))
    return round


def _term(year: AcademicYear, today: date) -> Term:
    terms = list(year.terms.order_by("start_monday"))
    found: Term = next((term for term in terms if term.start_monday <= today <= term.ends_on), terms[-1])
    return found


def _other(exchange: FeedbackExchange) -> Side:
    return Side.MENTEE if exchange.mentee_id else Side.LEAGUE


def _author(exchange: FeedbackExchange, side: Side) -> Person | None:
    if side == Side.MENTOR:
        return exchange.mentor
    if exchange.mentee is not None:
        return exchange.mentee
    post = (
        exchange.league_branch.posts.filter(kind="league_secretary", ended_on=None).first()
        if exchange.league_branch
        else None
    )
    return post.person if post else None


def _answer(exchange: FeedbackExchange, side: Side, number: int, *, on: date) -> None:
    author = _author(exchange, side)
    if author is None:
        return
    given = {
        question.id: WORDS[side][number % 3] if question.dimension == FREE else _points(number + place)
        for place, question in enumerate(asked_of(side))
    }
    remark = REMARK if side == Side.MENTEE and number == 2 else ""
    feedback_services.answer_feedback(
        exchange=exchange, person=author, given=given, remark=remark, today=on, now=moment(on, 9)
    )


def _points(number: int) -> int:
    return (5, 4, 4, 5, 3, 4, 5)[number % 7]


def _class_begins(round: FeedbackRound, *, on: date) -> None:
    """Of the first class that is large enough, six have answered without names."""
    first = ClassFeedbackRoll.objects.filter(exchange__round=round).order_by("exchange_id").first()
    if first is None:
        return
    people = Person.objects.filter(pk__in=ClassFeedbackRoll.objects.filter(exchange=first.exchange).values("person_id"))
    for number, person in enumerate(people.order_by("number")[:6]):
        given = {
            question.id: _points(number + place)
            for place, question in enumerate(class_feedback_services.class_questions())
        }
        class_feedback_services.answer_class_feedback(
            exchange=first.exchange, person=person, given=given, now=moment(on, 12)
        )
