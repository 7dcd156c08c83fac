"""Which League branches are behind in a week, said by the database: what `board.week_statuses` says of each, as one set."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, IntegerField, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from branches.models import LeagueBranch

from ..models import AudienceState, LectureAudience, LectureState, NoLecture, QuotaExemption
from ..quota import QuotaRules
from .board import QuotaContext
from .counts import owing_in


def behind(monday: date, context: QuotaContext) -> QuerySet[LeagueBranch]:
    """League branches that owe more lectures in the week of `monday` than count for it; `missing` says how many.

    Exactly those for which `board.week_statuses` finds something missing (R70–R75). One query, whatever it is asked.
    """
    counting = audiences_that_count(monday, context.rules_on(monday))
    return short_of(owing(monday, context), counting, context.owed(monday), "missing")


def owing(monday: date, context: QuotaContext) -> QuerySet[LeagueBranch]:
    """League branches that owe lectures in the week of `monday`: junior, with a responsible Party branch, not exempt."""
    exempt = QuotaExemption.objects.granted().filter(from_on__lte=monday + timedelta(days=6), to_on__gte=monday)
    return LeagueBranch.objects.filter(owing_in([monday], context)).exclude(pk__in=exempt.values("league_branch_id"))


def unexplained(branches: QuerySet[LeagueBranch], monday: date) -> QuerySet[LeagueBranch]:
    """Without those about which somebody said why there is no lecture in that week: they are not asked for one any more."""
    return branches.exclude(pk__in=NoLecture.objects.filter(monday=monday).values("league_branch_id"))


def short_of(
    branches: QuerySet[LeagueBranch], audiences: QuerySet[LectureAudience], required: int, name: str
) -> QuerySet[LeagueBranch]:
    """Those of `branches` with fewer than `required` of `audiences`; the annotation `name` says how many are missing.

    Asked as "has at least n" for each n: sets that are made once, where a count a branch would be made as often as there are branches.
    """
    return branches.annotate(**{name: lacking(audiences, required, "pk")}).filter(**{f"{name}__gt": 0})


def lacking(audiences: QuerySet[LectureAudience], required: int, column: str) -> Any:
    """How many of `required` a League branch lacks, as an expression; `column` holds its number."""
    expression: Any = Value(0, output_field=IntegerField())
    for number in range(1, required + 1):
        have = audiences.order_by().values("league_branch_id").annotate(number=Count("pk")).filter(number__gte=number)
        expression = expression + Case(
            When(**{f"{column}__in": have.values("league_branch_id")}, then=Value(0)),
            default=Value(1),
            output_field=IntegerField(),
        )
    return expression


def audiences_that_count(monday: date, rules: QuotaRules) -> QuerySet[LectureAudience]:
    """Lectures of the week as heard, that count (R71–R73): given, confirmed, long enough, from the prescribed textbook."""
    heard = _of_week(monday).filter(state=AudienceState.CONFIRMED, lecture__state=LectureState.DELIVERED)
    heard = heard.alias(length=Coalesce("minutes_heard", "lecture__minutes")).filter(length__gte=rules.min_minutes)
    return heard.filter(lecture__textbook__is_prescribed=True) if rules.textbook_required else heard


def audiences_planned(monday: date) -> QuerySet[LectureAudience]:
    """Lectures of the week that are planned, or given and not denied: nothing more is to be planned for them."""
    return _of_week(monday).exclude(state=AudienceState.DENIED).exclude(lecture__state=LectureState.CANCELLED)


def _of_week(monday: date) -> QuerySet[LectureAudience]:
    return LectureAudience.objects.filter(lecture__on__range=(monday, monday + timedelta(days=6)))


def key_of(*parts: Any) -> Concat:
    """A dedupe key as an expression: words as they are, expressions as text."""
    return Concat(
        *(Value(part) if isinstance(part, str) else Cast(part, CharField()) for part in parts), output_field=CharField()
    )
