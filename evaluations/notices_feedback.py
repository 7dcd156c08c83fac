"""What is said about feedback: asked, soon over, to be read; how many are missing. No text names a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.policy import Policy
from members.models import Post
from members.office_models import MANAGING_POSTS
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, register_notices

from .feedback_reader import Ask, missing_asks
from .models import ClassFeedbackRoll, Feedback, FeedbackExchange, RoundKind

ASKED: Final = "evaluations.feedback_asked"
REMINDER: Final = "evaluations.feedback_reminder"
MISSING: Final = "evaluations.feedback_missing"
READY: Final = "evaluations.feedback_ready"
NUDGE: Final = "evaluations.feedback_nudge"
CLASS_ASKED: Final = "evaluations.class_feedback_asked"
# What closed longer ago is not spoken of any more.
RECENT: Final = timedelta(days=14)
Subject = dict[str, Any]


def register() -> None:
    kinds = (
        NoticeKind(ASKED, gettext_lazy("Feedback is asked of you"), _asked_text, **asked_together(_answered)),
        NoticeKind(REMINDER, gettext_lazy("Your feedback is still missing"), _reminder_text, **asked_together(_answered)),
        NoticeKind(NUDGE, gettext_lazy("You are reminded of feedback"), _nudge_text, **asked_together(_nothing_missing)),
        NoticeKind(READY, gettext_lazy("Feedback for you can be read"), _ready_text),
        NoticeKind(MISSING, gettext_lazy("A feedback round closed without all answers"), _missing_text, to_office=True),
        NoticeKind(CLASS_ASKED, gettext_lazy("Your class is asked without names"), _class_text, **asked_together(_class_answered)),
    )  # fmt: skip
    sources = {
        ASKED: compute_asked,
        REMINDER: compute_reminders,
        READY: compute_ready,
        MISSING: compute_missing,
        CLASS_ASKED: compute_class_asked,
    }
    register_notices(kinds, sources)


def ask_prefix(round_id: int, user_id: int) -> str:
    """Of everything a round asks of one account."""
    return f"evaluations.feedback_ask:{round_id}:{user_id}:"


# --- What is due ---------------------------------------------------------------------------------


def compute_asked(now: datetime) -> Iterator[DueNotice]:
    """Once a round and person, however many links they have; links that end are asked one by one."""
    yield from _by_person(ASKED, "asked", missing_asks(FeedbackExchange.objects.all(), now))


def compute_reminders(now: datetime) -> Iterator[DueNotice]:
    """Some days before the end (policy), to the side that is missing."""
    days = Policy().number("feedback_reminder_days", timezone.localdate(now))
    asks = missing_asks(FeedbackExchange.objects.filter(closes_at__lte=now + timedelta(days=days)), now)
    yield from _by_person(REMINDER, "soon", asks)


def _by_person(kind: str, word: str, asks: Sequence[Ask]) -> Iterator[DueNotice]:
    groups: dict[tuple[int, int, int], list[Ask]] = defaultdict(list)
    for ask in asks:
        single = ask.exchange_id if ask.kind == RoundKind.CLOSING else 0
        groups[ask.round_id, ask.user_id, single].append(ask)
    for (round_id, user_id, single), mine in groups.items():
        closes_at = min(ask.closes_at for ask in mine)
        link = reverse("feedback_exchange", args=[mine[0].exchange_id]) if len(mine) == 1 else reverse("feedback")
        yield DueNotice(
            kind=kind, user_id=user_id, dedupe_key=f"{ask_prefix(round_id, user_id)}{word}:{single}", link=link,
            subject={
                "round": round_id, "user": user_id, "exchange": single, "count": len(mine), "until": _last_day(closes_at)
            },
            expires_at=closes_at,
        )  # fmt: skip


def _last_day(closes_at: datetime) -> str:
    """The last day one may still answer."""
    return timezone.localdate(closes_at - timedelta(seconds=1)).isoformat()


def ready(exchange: FeedbackExchange) -> list[DueNotice]:
    """To both who answered, when both have: now they read each other."""
    rows = Feedback.objects.filter(exchange=exchange, author__user__is_active=True)
    return [_ready(exchange.pk, user_id) for user_id in rows.values_list("author__user_id", flat=True)]


def compute_ready(now: datetime) -> Iterator[DueNotice]:
    """When time ran out with one answer: the other of the two may read it now."""
    closed = FeedbackExchange.objects.filter(
        closes_at__lte=now, closes_at__gt=now - RECENT, revealed_at=None, feedback__isnull=False
    )
    rows = closed.values_list("pk", "feedback__side", "mentor__user_id", "mentee__user_id", "mentor__user__is_active", "mentee__user__is_active")  # fmt: skip
    for pk, side, mentor_user, mentee_user, mentor_active, mentee_active in rows:
        user_id, is_active = (mentee_user, mentee_active) if side == "mentor" else (mentor_user, mentor_active)
        if user_id is not None and is_active:
            yield _ready(pk, user_id)


def _ready(exchange_id: int, user_id: int) -> DueNotice:
    return DueNotice(
        kind=READY, user_id=user_id, dedupe_key=f"{READY}:{exchange_id}:{user_id}", subject={"exchange": exchange_id},
        link=reverse("feedback_exchange", args=[exchange_id]),
    )  # fmt: skip


def compute_missing(now: datetime) -> Iterator[DueNotice]:
    """After closing, to those who run the mentors' branch: how many links lack an answer, and the way to the list."""
    today = timezone.localdate(now)
    closed = FeedbackExchange.objects.filter(
        closes_at__lte=now, closes_at__gt=now - RECENT, revealed_at=None, called_off_at=None, mentor__party_branch__isnull=False
    )  # fmt: skip
    rows = list(
        closed.order_by()
        .values_list("round_id", "mentor__party_branch_id", TruncDate("closes_at"))
        .annotate(count=Count("pk"))
    )
    posts = Post.objects.current(today).filter(
        party_branch_id__in={branch_id for _round, branch_id, _on, _count in rows}, kind__in=MANAGING_POSTS, person__user__is_active=True
    )  # fmt: skip
    managers: dict[int, set[int]] = defaultdict(set)
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        managers[branch_id].add(user_id)
    for round_id, branch_id, on, count in rows:
        for user_id in sorted(managers[branch_id]):
            yield DueNotice(
                kind=MISSING, user_id=user_id, dedupe_key=f"{MISSING}:{round_id}:{branch_id}:{on.isoformat()}:{user_id}",
                subject={"round": round_id, "branch": branch_id, "count": count},
                link=f"{reverse('feedback_round', args=[round_id])}?state=without&branch={branch_id}",
            )  # fmt: skip


def nudges(user_ids: Iterable[int], today: date) -> list[DueNotice]:
    """By hand, at most once a day a person: the key holds the day."""
    return [
        DueNotice(
            kind=NUDGE, user_id=user_id, dedupe_key=f"{NUDGE}:{user_id}:{today.isoformat()}", subject={"user": user_id},
            link=reverse("feedback"),
        )
        for user_id in user_ids
    ]  # fmt: skip


def compute_class_asked(now: datetime) -> Iterator[DueNotice]:
    """Everybody on a roll who has not answered, once."""
    rows = ClassFeedbackRoll.objects.filter(
        exchange__in=FeedbackExchange.objects.open(now), has_answered=False, person__user__is_active=True
    )
    for exchange_id, closes_at, person_id, user_id in rows.values_list(
        "exchange_id", "exchange__closes_at", "person_id", "person__user_id"
    ):
        yield DueNotice(
            kind=CLASS_ASKED, user_id=user_id, dedupe_key=f"{CLASS_ASKED}:{exchange_id}:{user_id}", expires_at=closes_at,
            subject={"exchange": exchange_id, "person": person_id, "until": _last_day(closes_at)},
            link=reverse("feedback_class", args=[exchange_id]),
        )  # fmt: skip


# --- When it is done -----------------------------------------------------------------------------


def _asks_of(user_ids: set[Any], now: datetime, **lookup: Any) -> list[Ask]:
    concerns = Q(mentor__user_id__in=user_ids) | Q(mentee__user_id__in=user_ids) | Q(league_branch__isnull=False)
    return missing_asks(FeedbackExchange.objects.filter(concerns, **lookup), now)


def _answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    users = {subject.get("user") for subject in subjects}
    asks = _asks_of(users, now, round_id__in={subject.get("round") for subject in subjects})
    waiting = {(ask.round_id, ask.user_id, number) for ask in asks for number in (0, ask.exchange_id)}
    return [
        (subject.get("round"), subject.get("user"), subject.get("exchange", 0)) not in waiting for subject in subjects
    ]


def _nothing_missing(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    waiting = {ask.user_id for ask in _asks_of({subject.get("user") for subject in subjects}, now)}
    return [subject.get("user") not in waiting for subject in subjects]


def _class_answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    rows = ClassFeedbackRoll.objects.filter(
        exchange__in=FeedbackExchange.objects.open(now).filter(pk__in={s.get("exchange") for s in subjects}), has_answered=False
    )  # fmt: skip
    waiting = set(rows.values_list("exchange_id", "person_id"))
    return [(subject.get("exchange"), subject.get("person")) not in waiting for subject in subjects]


# --- Words ---------------------------------------------------------------------------------------


def _until(subject: Subject) -> str:
    day = parse_date(str(subject.get("until", "")))
    return date_format(day) if day else ""


def _asked_text(subject: Subject) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext("Feedback is asked of you: %(count)d link", "Feedback is asked of you: %(count)d links", count)
    return title % {"count": count}, _("A minute each, until %(until)s. The other side reads it when both have answered.") % {"until": _until(subject)}  # fmt: skip


def _reminder_text(subject: Subject) -> tuple[str, str]:
    return _("Your feedback is still missing"), _("It is asked until %(until)s; it takes a minute.") % {
        "until": _until(subject)
    }


def _nudge_text(subject: Subject) -> tuple[str, str]:
    return _("Your feedback is still missing"), _("Your branch or department reminds you. It takes a minute.")


def _ready_text(subject: Subject) -> tuple[str, str]:
    return _("Feedback for you can be read"), _("What the other side said stands beside what you said.")


def _missing_text(subject: Subject) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext(
        "Feedback closed: %(count)d link lacks an answer", "Feedback closed: %(count)d links lack an answer", count
    )
    return title % {"count": count}, _("The list says which; a talk with the two is the next step.")


def _class_text(subject: Subject) -> tuple[str, str]:
    return _("Your class is asked about its guidance"), _("Until %(until)s, without names: nobody can tell which answer is yours.") % {"until": _until(subject)}  # fmt: skip
