"""The last eight weeks of each rule, from the days the portal kept, and the change since a week ago."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import Sum

from pairing_portal.common.scope import Scope

from ..models import SupervisionSnapshot

WEEKS: Final = 8


@dataclass(frozen=True)
class Trend:
    """`values`: one a week that has a day on record, the oldest first, today's the last. `change`: None before there is a week."""

    values: tuple[int, ...]
    change: int | None = None

    @property
    def points(self) -> str:
        return sparkline(self.values)

    @property
    def fewer(self) -> int:
        """How many fewer than a week ago."""
        return max(0, -(self.change or 0))


def trends(
    *, scope: Scope, branch_ids: Collection[int], now_overdue: Mapping[str, int], today: date
) -> dict[str, Trend]:  # fmt: skip
    """Source key → its trend over the branches; two queries. A day on record without a row of a rule had nothing overdue by it;
    where there never was anything, there is nothing to say."""
    days = _days(today)
    rows = SupervisionSnapshot.objects.visible_to(scope).filter(on__in=days, party_branch_id__in=branch_ids)
    sums = {
        (rule, on): total
        for rule, on, total in rows.order_by().values_list("rule", "on").annotate(total=Sum("overdue"))
    }
    a_week_ago = today - timedelta(days=7)
    before = max((day for day in days if day <= a_week_ago), default=None)
    found = {}
    for key, count in now_overdue.items():
        past = tuple(sums.get((key, day), 0) for day in days)
        if not count and not any(past):
            found[key] = Trend(())
            continue
        change = None if before is None else count - sums.get((key, before), 0)
        found[key] = Trend((*past, count), change)
    return found


def _days(today: date) -> list[date]:
    """The last day on record of each of the seven weeks that end before today's, counted back from today; oldest first."""
    first = today - timedelta(weeks=WEEKS)
    kept = SupervisionSnapshot.objects.filter(on__gt=first, on__lt=today).order_by().values_list("on", flat=True)
    newest: dict[int, date] = {}
    for on in kept.distinct():
        week = (today - on).days // 7
        if 1 <= week < WEEKS:
            newest[week] = max(newest.get(week, on), on)
    return [newest[week] for week in sorted(newest, reverse=True)]


def sparkline(values: Sequence[int]) -> str:
    """Points of a polyline, 100 wide and 24 high; "" for fewer than two values."""
    if len(values) < 2:
        return ""
    top, step = max(max(values), 1), 100 / (len(values) - 1)
    return " ".join(f"{index * step:.1f},{22 - 20 * value / top:.1f}" for index, value in enumerate(values))
