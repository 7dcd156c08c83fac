"""Somebody goes over to another Party branch: the conversion review of the old branch closes, the new one opens its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Stage
from notifications.services import retire_notices
from pairing_portal.common.registries import Handing, Restorer

from .models import ConversionReview
from .notices_conversion import review_prefix


def close_reviews_of_movers(
    person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None
) -> list[str]:
    """Open reviews of the old branch close with the reason. The people's rows are locked by the caller."""
    by, now = (User.objects.filter(pk=by_user_id).first() if by_user_id else None), timezone.now()
    rows = _rows(person_ids, from_branch_id).select_for_update(of=("self",))
    lines = []
    for row in rows:
        row.closed_at, row.close_reason = now, _("moved to another branch")
        row._history_user = by
        row.save()
        retire_notices(prefix=review_prefix(row.pk), now=now)
        lines.append(_("%(name)s: the conversion review is closed.") % {"name": row.person.name})
    return lines


def preview_reviews_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    """What `close_reviews_of_movers` would close."""
    return [
        _("%(name)s: the conversion review is closed.") % {"name": row.person.name}
        for row in _rows(person_ids, from_branch_id)
    ]


def _rows(person_ids: Sequence[int], branch_id: int) -> Any:
    rows = ConversionReview.objects.open().filter(person_id__in=person_ids, party_branch_id=branch_id)
    return rows.select_related("person").order_by("person_id", "pk")


def held(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    """The open review."""
    rows = ConversionReview.objects.open().filter(person_id=person_id)
    rows = rows.filter(party_branch_id=branch_id) if branch_id is not None else rows
    return [{"review": pk} for pk in rows.order_by("pk").values_list("pk", flat=True)]


def restore(rows: Sequence[dict[str, Any]], handing: Handing) -> tuple[list[str], list[str]]:
    """The review is open again as it lay, unless another one was opened or the person is no longer probationary."""
    back, by_hand = [], []
    reviews = ConversionReview.objects.filter(pk__in=[row["review"] for row in rows], closed_at__isnull=False)
    for row in reviews.select_for_update(of=("self",)).select_related("person").order_by("pk"):
        words = _("conversion review of %(name)s") % {"name": row.person.name}
        if row.person.stage != Stage.PROBATIONARY or ConversionReview.objects.open().filter(person=row.person).exists():
            by_hand.append(words)
            continue
        row.closed_at, row.close_reason = None, ""
        row._history_user = handing.by
        row.save()
        back.append(words)
    return back, by_hand


RESTORER = Restorer(held, restore)
