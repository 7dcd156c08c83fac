"""Which chapters of a textbook a League branch has heard, read set-wise: two queries however many branches there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q

from ..models import AudienceState, LectureAudience, LectureState, Textbook, TextbookChapter


@dataclass(frozen=True)
class Heard:
    """How often a League branch heard a chapter: `given` (whatever it said but "did not take place"), `confirmed` of these,
    and `planned`: still to come."""

    given: int = 0
    confirmed: int = 0
    planned: int = 0


NEVER = Heard()


@dataclass(frozen=True)
class Coverage:
    """The chapters of one textbook in their order, and what each League branch heard of them."""

    chapters: tuple[TextbookChapter, ...] = ()
    counts: Mapping[tuple[int, int], Heard] = field(default_factory=dict)

    def heard(self, league_branch_id: int, chapter_id: int) -> Heard:
        return self.counts.get((league_branch_id, chapter_id), NEVER)

    def heard_count(self, league_branch_id: int) -> int:
        """Chapters the League branch has confirmed at least once."""
        return sum(self.heard(league_branch_id, chapter.pk).confirmed > 0 for chapter in self.chapters)

    def next_chapter(self, league_branch_id: int) -> TextbookChapter | None:
        """The first chapter not given yet, None when all were."""
        return next((row for row in self.chapters if not self.heard(league_branch_id, row.pk).given), None)


def prescribed_textbook() -> Textbook | None:
    """The textbook that counts; the first by title where a college prescribes several."""
    found: Textbook | None = Textbook.objects.filter(is_prescribed=True).order_by("title", "pk").first()
    return found


def coverage(league_branch_ids: Collection[int], textbook: Textbook | None) -> Coverage:
    """What each League branch heard of each chapter. Without a textbook there is nothing to hear."""
    if textbook is None:
        return Coverage()
    chapters = tuple(TextbookChapter.objects.filter(textbook=textbook).order_by("number"))
    return Coverage(chapters, _counts(league_branch_ids, [chapter.pk for chapter in chapters]))


def _counts(league_branch_ids: Collection[int], chapter_ids: Sequence[int]) -> dict[tuple[int, int], Heard]:
    if not league_branch_ids or not chapter_ids:
        return {}
    delivered = Q(lecture__state=LectureState.DELIVERED) & ~Q(state=AudienceState.DENIED)
    rows = (
        LectureAudience.objects.filter(
            league_branch_id__in=league_branch_ids, lecture__textbook_chapter_id__in=chapter_ids
        )
        .order_by()
        .values_list("league_branch_id", "lecture__textbook_chapter_id")
        .annotate(
            given=Count("pk", filter=delivered),
            confirmed=Count("pk", filter=Q(lecture__state=LectureState.DELIVERED, state=AudienceState.CONFIRMED)),
            planned=Count("pk", filter=Q(lecture__state=LectureState.PLANNED)),
        )
    )
    return {(branch_id, chapter_id): Heard(*counts) for branch_id, chapter_id, *counts in rows}
