"""Once a day: what is overdue by each rule in each branch, kept for the trend for two years."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db import transaction

from ..models import SupervisionSnapshot
from .base import Watch, every_branch
from .sources import find_overdue

KEPT_YEARS: Final = 2
BATCH: Final = 500


@transaction.atomic
def take_snapshot(*, today: date, now: datetime | None = None) -> int:
    """Write the day's rows, replacing what an earlier run of the day wrote, and drop what is older than two years.

    Rules and branches with nothing overdue have no row. Returns how many rows the day has.
    """
    watch = Watch.over(every_branch(), today, now)
    rows = []
    for key, found in find_overdue(watch).items():
        by_branch: dict[int, list[int]] = {}
        for row in found:
            by_branch.setdefault(row.branch_id, []).append(row.days(today))
        rows += [
            SupervisionSnapshot(on=today, rule=key, party_branch_id=pk, overdue=len(days), oldest_days=max(days))
            for pk, days in by_branch.items()
        ]
    SupervisionSnapshot.objects.filter(on=today).delete()
    SupervisionSnapshot.objects.filter(on__lt=today - relativedelta(years=KEPT_YEARS)).delete()
    # Two ticks at once: the second finds the first one's rows, which say the same.
    SupervisionSnapshot.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return len(rows)
