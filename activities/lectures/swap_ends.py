"""Questions about a lecture end with it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from notifications.services import retire_notices

from ..models import Lecture, LectureSwap, SwapState
from . import notices_plan


def end_open_swaps(lecture: Lecture, *, now: datetime) -> None:
    """Questions about a lecture that is over or cancelled need no answer; call it with the lecture locked."""
    rows = LectureSwap.objects.select_for_update().filter(state=SwapState.ASKED)
    for swap in rows.filter(Q(lecture=lecture) | Q(in_return=lecture)).order_by("pk"):
        swap.state, swap.answered_at = SwapState.WITHDRAWN, now
        swap.save()
        retire_notices(prefix=notices_plan.swap_prefix(swap.pk), now=now)
