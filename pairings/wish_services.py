"""What a member wishes for the pairing of a year."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from branches.models import AcademicYear

from .models import MatchingWish


@transaction.atomic
def save_wish(
    *, person_id: int, year: AcademicYear, offers: Sequence[str], asks: Sequence[str], is_left_out: bool
) -> MatchingWish:
    """Write a person's wishes for a year; the last word counts. Areas are values of `SupportArea`."""
    wish, _created = MatchingWish.objects.update_or_create(
        person_id=person_id,
        academic_year=year,
        defaults={"offers": sorted(set(offers)), "asks": sorted(set(asks)), "is_left_out": is_left_out},
    )
    return wish
