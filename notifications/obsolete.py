"""Which notices ask for nothing any more: each kind is asked once for all its subjects."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pairing_portal.common.registries import notice_kinds

from .models import Notice

logger = logging.getLogger(__name__)


def done_by_now(notices: Sequence[Notice], now: datetime) -> tuple[set[int], set[str]]:
    """Ids of the notices that are fulfilled, expired or of a kind nobody knows; and the kinds that could not be asked.

    A room that fails to answer must not keep the others back: what it said of its own notices is unknown for this tick.
    """
    by_kind: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        by_kind[notice.kind].append(notice)
    done: set[int] = set()
    unanswered: set[str] = set()
    for kind, rows in by_kind.items():
        try:
            done.update(_done(kind, rows, now))
        except Exception as error:
            # The kind of error alone: its text may quote a row.
            logger.error("notices of kind %s cannot be checked: %s", kind, type(error).__name__)
            unanswered.add(kind)
    return done, unanswered


def _done(kind: str, notices: Sequence[Notice], now: datetime) -> list[int]:
    if kind not in notice_kinds:
        return [notice.pk for notice in notices]
    # Recipients of the same thing share its subject: it is asked about once.
    subjects = list({_subject_key(notice): notice.subject for notice in notices}.items())
    ask = notice_kinds.get(kind)
    if ask.obsolete_among is not None:
        answers = list(ask.obsolete_among([subject for _key, subject in subjects], now))
    else:
        answers = [ask.obsolete(subject, now) for _key, subject in subjects]
    done = {key for (key, _subject), is_done in zip(subjects, answers, strict=True) if is_done}
    return [
        notice.pk
        for notice in notices
        if _subject_key(notice) in done or (notice.expires_at is not None and notice.expires_at <= now)
    ]


def _subject_key(notice: Notice) -> str:
    return json.dumps(notice.subject, sort_keys=True)
