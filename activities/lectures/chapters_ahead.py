"""Which chapters of the prescribed textbook a League branch has neither heard nor been promised yet."""

from __future__ import annotations

from collections.abc import Collection

from ..models import TextbookChapter
from .coverage import coverage, prescribed_textbook


def chapters_ahead(league_branch_ids: Collection[int]) -> dict[int, list[TextbookChapter]]:
    """Per League branch, in the order of the book; three queries however many there are. Empty without a prescribed textbook."""
    book = prescribed_textbook()
    covered = coverage(league_branch_ids, book)
    for chapter in covered.chapters:
        assert book is not None
        chapter.textbook = book
    return {
        branch_id: [
            chapter
            for chapter in covered.chapters
            if not covered.heard(branch_id, chapter.pk).given and not covered.heard(branch_id, chapter.pk).planned
        ]
        for branch_id in league_branch_ids
    }
