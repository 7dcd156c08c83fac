"""Steps 22 to 24 of the process record are written by conversion reviews: who has one open, or was converted by one."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from pairing_portal.common.registries import StepKeeper

from .models import ConversionReview, ReviewDecision

NUMBERS = (22, 23, 24)


def keepers_of(person_ids: Sequence[int]) -> dict[int, StepKeeper]:
    """Person id → the review that keeps the steps, open or approved; one query. After an annulment nothing is kept any more: who
    applies again begins anew."""
    rows = ConversionReview.objects.filter(person_id__in=person_ids).filter(Q(closed_at=None) | Q(is_approved=True))
    words = _(
        "The conversion review keeps these steps: the application, the meeting and the answer are recorded there."
    )
    newest = {
        person_id: (pk, decision, closed_at)
        for pk, person_id, decision, closed_at in rows.order_by("pk").values_list(
            "pk", "person_id", "decision", "closed_at"
        )
    }
    return {
        person_id: StepKeeper(NUMBERS, words, reverse("conversion", args=[pk]))
        for person_id, (pk, decision, closed_at) in newest.items()
        if closed_at is None or decision != ReviewDecision.ANNUL
    }
