"""What the portal itself holds of the records a cross-inspection looks at: meetings held, minutes signed, meetings owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from pairing_portal.common.registries import Evidence

from .event_models import Activity, ActivityKind, ActivityState, OwnFields
from .owed import owed_between
from .owed_reader import owed_by

HELD: Final = Q(state=ActivityState.FINISHED)
SIGNED: Final = Q(minutes__signed_at__isnull=False)


def minutes_evidence(branch_id: int, records: Sequence[str], first: date, last: date) -> dict[str, Evidence]:
    """Record's name → what is there from `first` to `last` of the meetings the branch hosted, first or along.

    A record belongs to the kind of meeting whose name it contains ("支部党员大会记录": 支部党员大会), the longest one; records of
    no kind are left out. As many queries for one record as for ten.
    """
    kinds = list(ActivityKind.objects.filter(own_fields=OwnFields.MEETING))
    chosen = {name: kind for name in records if (kind := kind_of(name, kinds)) is not None}
    if not chosen:
        return {}
    counts = _counts(branch_id, [kind.pk for kind in chosen.values()], first, last)
    owed = _owed(branch_id, first, last)
    return {
        name: Evidence(*counts.get(kind.pk, (0, 0)), owed.get(kind.key), _list_of(kind, branch_id))
        for name, kind in chosen.items()
    }


def kind_of(record: str, kinds: Sequence[ActivityKind]) -> ActivityKind | None:
    """The kind of meeting a record is of."""
    found = [kind for kind in kinds if kind.name in record]
    return max(found, key=lambda kind: len(kind.name), default=None)


def _counts(branch_id: int, kind_ids: list[int], first: date, last: date) -> dict[int, tuple[int, int]]:
    """Kind → (held, with signed minutes)."""
    day = timedelta(days=1)
    begins, ends = (timezone.make_aware(datetime.combine(on, time.min)) for on in (first, last + day))
    beside = Q(co_hosts__party_branch_id=branch_id, co_hosts__approved_at__isnull=False)
    hosted = Activity.objects.filter(Q(party_branch_id=branch_id) | beside, kind_id__in=kind_ids)
    rows = Activity.objects.filter(HELD, pk__in=hosted.values("pk"), starts_at__gte=begins, starts_at__lt=ends)
    counted = rows.order_by().values_list("kind_id").annotate(held=Count("pk"), signed=Count("pk", filter=SIGNED))
    return {kind_id: (held, signed) for kind_id, held, signed in counted}


def _owed(branch_id: int, first: date, last: date) -> dict[str, int]:
    """Key of the kind → how many fell due; what this branch does not owe is not in it."""
    return {duty.key: owed_between(duty, first, last) for duty in owed_by(branch_id, last)}


def _list_of(kind: ActivityKind, branch_id: int) -> str:
    query = {"kind": kind.pk, "host": f"party-{branch_id}", "state": ActivityState.FINISHED.value, "when": "past"}
    return f"{reverse('activities')}?{urlencode(query)}"
