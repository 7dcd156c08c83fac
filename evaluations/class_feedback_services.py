"""Feedback of a guided class, without names: a fixed roll, answers nobody can tie to a person, figures only of five and more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from branches.policy import Policy
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairing_portal.common.secret_ballots import mixed, rewrite_shuffled

from . import feedback_rules as rules
from .feedback_reader import league_officers
from .feedback_services import lock_exchange, require_open
from .models import ClassFeedback, ClassFeedbackRoll, FeedbackExchange, FeedbackRound, Side
from .questionnaires import asked_of


def class_questions() -> list[rules.Asked]:
    """What a class is asked about its guide: the League branch's questions in points. Own words would show a hand."""
    return [question for question in asked_of(Side.LEAGUE) if question.dimension != rules.FREE]


@transaction.atomic
def fix_rolls(*, round: FeedbackRound, now: datetime, policy: Policy | None = None) -> int:
    """Write the roll of each guided class that has none and is large enough; a roll stays as it was first written.

    Not on it: the guide, and the League branch's officers, who answer by name. Returns how many rolls are new.
    """
    today = timezone.localdate(now)
    least = (policy or Policy()).number("feedback_anonymous_from", today)
    exchanges = FeedbackExchange.objects.select_for_update(of=("self",)).select_related("league_branch")
    rows = list(exchanges.filter(round=round, league_branch__isnull=False).open(now).order_by("pk"))
    known = set(ClassFeedbackRoll.objects.filter(exchange__in=rows).values_list("exchange_id", flat=True))
    rows = [row for row in rows if row.pk not in known and row.league_branch is not None]
    classes: dict[int, list[int]] = defaultdict(list)
    of_classes = [row.league_branch.school_class_id for row in rows if row.league_branch is not None]
    people = Person.objects.filter(school_class_id__in=of_classes, left_on=None).order_by("pk")
    for person_id, class_id in people.values_list("pk", "school_class_id"):
        classes[class_id].append(person_id)
    officers = league_officers({row.league_branch_id for row in rows if row.league_branch_id}, today)
    written = 0
    for row in rows:
        by_name = {row.mentor_id, *(person_id for person_id, _user in officers.get(row.league_branch_id or 0, []))}
        asked = [pk for pk in classes[row.league_branch.school_class_id] if pk not in by_name]
        if len(asked) >= least:
            roll = [{"person_id": pk} for pk in asked]
            rewrite_shuffled(ClassFeedbackRoll, group={"exchange_id": row.pk}, rows=roll)
            written += 1
    return written


def answer_class_feedback(
    *, exchange: FeedbackExchange, person: Person, given: Mapping[int, Any], now: datetime
) -> None:
    """Hand in one sheet: points for every question, no words. The points of all sheets are mixed and, with the roll of the group,
    written anew in shuffled order, so that nothing in the database ties this sheet to its author.

    Raises `Refused` for somebody not on the roll, a second sheet, before and after its time, and a sheet with holes.
    """
    with transaction.atomic():
        locked = lock_exchange(exchange.pk)
        roll = list(ClassFeedbackRoll.objects.filter(exchange=locked).values("person_id", "has_answered"))
        mine = next((row for row in roll if row["person_id"] == person.pk), None)
        if mine is None or person.left_on is not None:
            raise Refused(_("You are not on the roll of this class."))
        if mine["has_answered"]:
            raise Refused(_("You have answered already; everybody answers once."))
        require_open(locked, now)
        sheet = rules.kept_answers(class_questions(), given)
        mine["has_answered"] = True
        known = ClassFeedback.objects.filter(exchange=locked).values_list("answers", flat=True)
        rows = [{"answers": answers} for answers in _mixed_sheets([*known, sheet])]
        group = {"exchange_id": locked.pk}
        rewrite_shuffled(ClassFeedback, group=group, rows=rows)
        rewrite_shuffled(ClassFeedbackRoll, group=group, rows=roll)


def _mixed_sheets(sheets: list[list[rules.Answer]]) -> list[list[rules.Answer]]:
    """The same points at each question, dealt out anew: no sheet holds what one person said."""
    cells = [{(answer["number"], answer["text"]): answer for answer in sheet} for sheet in sheets]
    return [[row[key] for key in sorted(row)] for row in mixed(cells)]


# --- Reading -------------------------------------------------------------------------------------


def place_on_roll(exchange_id: int, person_id: int | None) -> bool | None:
    """Whether somebody has answered; None when they are not on the roll."""
    known: bool | None = (
        ClassFeedbackRoll.objects.filter(exchange_id=exchange_id, person_id=person_id or 0)
        .values_list("has_answered", flat=True)
        .first()
    )
    return known


def exchange_of_class(pk: int, scope: Scope) -> FeedbackExchange | None:
    """The exchange, for somebody on its roll; None for everybody else. Classmates see nothing else of it."""
    rows = FeedbackExchange.objects.select_related("mentor", "league_branch", "round")
    found: FeedbackExchange | None = rows.filter(pk=pk, class_roll__person_id=scope.person_id or 0).first()
    return found


def class_asks(scope: Scope, now: datetime) -> list[FeedbackExchange]:
    """Groups without names that wait for the reader's answer."""
    mine = ClassFeedbackRoll.objects.filter(person_id=scope.person_id or 0, has_answered=False)
    rows = FeedbackExchange.objects.open(now).filter(pk__in=mine.values("exchange_id"))
    return list(rows.select_related("mentor", "league_branch").order_by("closes_at", "pk"))


@dataclass(frozen=True)
class ClassResult:
    """A class as a group: how many were asked and have answered; lines only where they are enough."""

    asked: int
    answered: int
    least: int
    lines: list[rules.Spread]


def class_result(exchange: FeedbackExchange, now: datetime, policy: Policy | None = None) -> ClassResult | None:
    """Means and counts per question, once closed and of at least five answers; None for a class that was not asked, and while
    it is still being asked: a count that grows would tell who answered what."""
    if now < exchange.closes_at:
        return None
    asked = ClassFeedbackRoll.objects.filter(exchange=exchange).count()
    if not asked:
        return None
    least = (policy or Policy()).number("feedback_anonymous_from", timezone.localdate(exchange.closes_at))
    sheets = list(ClassFeedback.objects.filter(exchange=exchange).values_list("answers", flat=True))
    lines = rules.spreads(sheets) if len(sheets) >= least else []
    return ClassResult(asked, len(sheets), least, lines)
