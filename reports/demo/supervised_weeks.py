"""The supervision board's last eight weeks, so that a fresh demonstration shows a trend: more was overdue, week by week less."""

from __future__ import annotations

from datetime import date, timedelta

from ..models import SupervisionSnapshot
from ..supervision.snapshot_services import take_snapshot

WEEKS = 8


def remember_weeks(today: date) -> None:
    """Today's figures, and for each week before a few more of each."""
    take_snapshot(today=today)
    rows = list(SupervisionSnapshot.objects.filter(on=today))
    SupervisionSnapshot.objects.bulk_create(
        SupervisionSnapshot(
            on=today - timedelta(weeks=back), rule=row.rule, party_branch_id=row.party_branch_id,
            overdue=row.overdue + back * (1 + index % 2) // 2, oldest_days=row.oldest_days,
        )
        for index, row in enumerate(rows)
        for back in range(1, WEEKS)
    )  # fmt: skip
