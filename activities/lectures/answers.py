"""What League branches said about a lecture, read from the history: every answer, and every answer taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..models import AudienceState, LectureAudience


@dataclass(frozen=True)
class AnswerStep:
    """One step in words of the models: `state` is the answer given, or `waiting` when it was taken back, and `why`."""

    state: str
    who: str
    at: datetime
    why: str

    @property
    def is_taken_back(self) -> bool:
        return self.state == AudienceState.WAITING


def answer_steps(audience_ids: Iterable[int]) -> dict[int, list[AnswerStep]]:
    """The steps of each audience, oldest first, in one query; an answer undone at once, without a word, was none."""
    steps: dict[int, list[AnswerStep]] = defaultdict(list)
    rows = LectureAudience.history.filter(id__in=list(audience_ids)).order_by("history_date", "history_id")
    for row in rows.select_related("history_user"):
        told = steps[row.id]
        is_waiting = row.state == AudienceState.WAITING
        # The first row is the recording; two rows of one state are a correction of something else.
        if (told[-1].state if told else AudienceState.WAITING) == row.state:
            continue
        if is_waiting and not row.history_change_reason:
            told.pop()
            continue
        why = row.history_change_reason if is_waiting else row.reason
        told.append(AnswerStep(row.state, str(row.history_user or ""), row.history_date, why))
    return steps
