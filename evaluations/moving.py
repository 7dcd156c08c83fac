"""Somebody goes over to another Party branch: the conversion review of the old branch closes, the new one opens its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.services import retire_notices

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


def handover(branch_id: int, today: date) -> list[Any]:
    """For a new secretary: conversion reviews under way."""
    from django.urls import reverse

    from pairing_portal.common.registries import HandoverItem

    count = ConversionReview.objects.open().filter(party_branch_id=branch_id).count()
    return [HandoverItem(_("Conversion reviews under way"), count, reverse("conversions"))] if count else []
