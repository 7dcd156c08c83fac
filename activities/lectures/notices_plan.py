"""What is said about planned lectures, swaps and spot checks. No names of people: outside texts are read by outsiders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from members.models import Post, StaffRole
from members.office_models import LEAGUE_POSTS, SECRETARY_POSTS, StaffKind
from notifications.services import post_notices, retire_notices
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from ..models import (
    AudienceState,
    Lecture,
    LectureSpeaker,
    LectureState,
    LectureSwap,
    SpotCheck,
    SpotCheckState,
    SwapState,
)
from .clashes import Span

LECTURE_PLANNED = "activities.lecture_planned"
PLAN_CHANGED = "activities.lecture_plan_changed"
SWAP_ASKED = "activities.lecture_swap_asked"
SWAP_ANSWERED = "activities.lecture_swap_answered"
TAKEN_OVER = "activities.lecture_taken_over"
WAS_IT_GIVEN = "activities.lecture_was_it_given"
SPOT_DOUBTFUL = "activities.lecture_spot_doubtful"
# What became of a plan.
MOVED, CALLED_OFF, OTHER_SPEAKER = "moved", "called_off", "other_speaker"
# So long a speaker is asked whether a lecture of theirs took place.
ASKED_FOR = timedelta(days=14)
Subject = dict[str, Any]


def register() -> None:
    for kind in (
        NoticeKind(LECTURE_PLANNED, gettext_lazy("Lecture planned for your League branch"), _planned_text,
                   **asked_together(_no_longer_planned)),
        NoticeKind(PLAN_CHANGED, gettext_lazy("A planned lecture changed"), _changed_text, **asked_together(_day_over)),
        NoticeKind(SWAP_ASKED, gettext_lazy("A colleague asks you to give a lecture"), _asked_text,
                   **asked_together(_swaps_answered)),
        NoticeKind(SWAP_ANSWERED, gettext_lazy("Answer to your swap"), _answered_text, **asked_together(_day_over)),
        NoticeKind(TAKEN_OVER, gettext_lazy("A colleague gives your lecture today"), _taken_over_text, urgent=True,
                   **asked_together(_day_over)),
        NoticeKind(WAS_IT_GIVEN, gettext_lazy("Was the planned lecture given?"), _was_it_given_text,
                   **asked_together(_no_longer_planned)),
        NoticeKind(SPOT_DOUBTFUL, gettext_lazy("A spot check found something"), _doubtful_text,
                   **asked_together(_no_longer_doubtful)),
    ):  # fmt: skip
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(WAS_IT_GIVEN, ReminderSource(WAS_IT_GIVEN, compute_was_it_given))


# --- Who is told ----------------------------------------------------------------------------------


def _league_secretaries(league_branch_ids: Iterable[int]) -> list[tuple[int, int]]:
    """(League branch, user) of everybody who answers for one of them."""
    posts = Post.objects.filter(
        league_branch_id__in=list(league_branch_ids), kind__in=LEAGUE_POSTS, ended_on=None, person__user__isnull=False
    )
    return sorted(posts.values_list("league_branch_id", "person__user_id"))


def _subject(lecture: Lecture, **more: Any) -> Subject:
    at = lecture.starts_at.isoformat("minutes") if lecture.starts_at else ""
    return {"lecture": lecture.pk, "on": lecture.on.isoformat(), "at": at, "place": lecture.place, **more}


def when_words(subject: Subject) -> str:
    """Day, hour and room as people read them."""
    try:
        day = date_format(date.fromisoformat(subject.get("on", "")), "DATE_FORMAT")
        hour = time_format(time.fromisoformat(subject["at"])) if subject.get("at") else ""
    except ValueError:
        return ""
    return " ".join(part for part in (day, hour, subject.get("place", "")) if part)


def _week_page(league_branch_id: int, on: date) -> str:
    return f"{reverse('lecture_week', args=[league_branch_id])}?week={on.isoformat()}"


# --- Planned and changed --------------------------------------------------------------------------


def planned_prefix(lecture_id: int) -> str:
    return f"{LECTURE_PLANNED}:{lecture_id}:"


def given_prefix(lecture_id: int) -> str:
    return f"{WAS_IT_GIVEN}:{lecture_id}:"


def retire_plan(lecture: Lecture, *, now: datetime) -> None:
    """Nobody waits for this lecture any more."""
    retire_notices(prefix=planned_prefix(lecture.pk), now=now)
    retire_notices(prefix=given_prefix(lecture.pk), now=now)


def tell_planned(*, lectures: Sequence[Lecture], now: datetime) -> None:
    """Tell the League branches of a lecture or of a whole series: one notice each."""
    first = lectures[0]
    branches = first.audiences.values_list("league_branch_id", flat=True)
    post_notices(
        notices=[
            DueNotice(
                kind=LECTURE_PLANNED, user_id=user_id, dedupe_key=f"{planned_prefix(first.pk)}{branch_id}:{user_id}",
                subject=_subject(first, count=len(lectures)), link=_week_page(branch_id, first.on),
                urgent=first.on == timezone.localdate(now),
            )
            for branch_id, user_id in _league_secretaries(branches)
        ],
        now=now,
    )  # fmt: skip


def _planned_text(subject: Subject) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = _("A lecture is planned: %(when)s") % {"when": when_words(subject)}
    if count == 1:
        return title, _("If the hour or the room does not suit, tell the speaker.")
    body = ngettext("%(count)d lecture, week after week.", "%(count)d lectures, week after week.", count)
    return title, body % {"count": count}


def tell_changed(
    *, lecture: Lecture, what: str, urgent_day: date, by: User | None, now: datetime, speakers: bool = True
) -> None:
    """Tell the League branches, and the speakers but not the one who did it, what became of a plan. Urgent on the day itself.

    Speakers are told elsewhere of what was called off, and with `speakers` False.
    """
    branches = lecture.audiences.values_list("league_branch_id", flat=True)
    links = {user_id: _week_page(branch_id, lecture.on) for branch_id, user_id in _league_secretaries(branches)}
    if speakers and what != CALLED_OFF:
        own = LectureSpeaker.objects.filter(lecture=lecture, person__user__isnull=False)
        for user_id in own.values_list("person__user_id", flat=True):
            links.setdefault(user_id, reverse("lecture_plan"))
    if by is not None:
        links.pop(by.pk, None)
    post_notices(
        notices=[
            DueNotice(
                kind=PLAN_CHANGED, user_id=user_id, dedupe_key=f"{PLAN_CHANGED}:{lecture.pk}:{what}:{now:%Y%m%d%H%M%S}:{user_id}",
                subject=_subject(lecture, what=what), link=link, urgent=urgent_day == timezone.localdate(now),
            )
            for user_id, link in sorted(links.items())
        ],
        now=now,
    )  # fmt: skip


def _changed_text(subject: Subject) -> tuple[str, str]:
    titles = {
        MOVED: _("A lecture was moved: %(when)s"),
        CALLED_OFF: _("The lecture planned for %(when)s does not take place"),
        OTHER_SPEAKER: _("Another speaker gives the lecture: %(when)s"),
    }
    bodies = {
        MOVED: _("If the hour or the room does not suit, tell the speaker."),
        CALLED_OFF: _("The reason stands on the page of the week."),
        OTHER_SPEAKER: _("Hour and room stay as they were."),
    }
    what = subject.get("what", MOVED)
    return titles[what] % {"when": when_words(subject)}, bodies[what]


def _no_longer_planned(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    planned = set(
        Lecture.objects.filter(
            pk__in=[row.get("lecture") for row in subjects], state=LectureState.PLANNED
        ).values_list("pk", flat=True)
    )  # fmt: skip
    return [row.get("lecture") not in planned for row in subjects]


def _day_over(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    today = timezone.localdate(now).isoformat()
    return [str(row.get("on", "")) < today for row in subjects]


# --- Swaps ----------------------------------------------------------------------------------------


def swap_prefix(swap_id: int) -> str:
    return f"{SWAP_ASKED}:{swap_id}:"


def ask_colleague(*, swap: LectureSwap, now: datetime) -> None:
    """Put the question to the colleague."""
    _tell(
        swap.colleague.user_id, SWAP_ASKED, f"{swap_prefix(swap.pk)}{swap.colleague.user_id}",
        _subject(swap.lecture, swap=swap.pk, in_return=swap.in_return_id is not None), urgent_on=swap.lecture.on, now=now,
    )  # fmt: skip


def tell_answer(*, swap: LectureSwap, now: datetime) -> None:
    """Tell the one who asked what the colleague says."""
    _tell(
        swap.asker.user_id, SWAP_ANSWERED, f"{SWAP_ANSWERED}:{swap.pk}:{swap.state}:{swap.asker.user_id}",
        _subject(swap.lecture, swap=swap.pk, answer=swap.state), urgent_on=swap.lecture.on, now=now,
    )  # fmt: skip


def tell_replaced(*, lecture: Lecture, user_id: int | None, now: datetime) -> None:
    """Tell the speaker in whose place a colleague stands today."""
    _tell(
        user_id, TAKEN_OVER, f"{TAKEN_OVER}:{lecture.pk}:{now:%Y%m%d%H%M%S}:{user_id}", _subject(lecture),
        urgent_on=lecture.on, now=now,
    )  # fmt: skip


def _tell(user_id: int | None, kind: str, key: str, subject: Subject, *, urgent_on: date, now: datetime) -> None:
    if user_id is None:
        return
    notice = DueNotice(
        kind=kind, user_id=user_id, dedupe_key=key, subject=subject, link=reverse("lecture_plan"),
        urgent=urgent_on == timezone.localdate(now),
    )  # fmt: skip
    post_notices(notices=[notice], now=now)


def _asked_text(subject: Subject) -> tuple[str, str]:
    title = _("Can you give the lecture of %(when)s?") % {"when": when_words(subject)}
    if subject.get("in_return"):
        return title, _("A colleague would give one of yours in return. Say yes or no.")
    return title, _("A colleague asks you. Say yes or no.")


def _answered_text(subject: Subject) -> tuple[str, str]:
    when = {"when": when_words(subject)}
    if subject.get("answer") == SwapState.ACCEPTED:
        return _("A colleague gives your lecture of %(when)s") % when, _("The League branch is told.")
    return _("Your colleague cannot give the lecture of %(when)s") % when, _("Ask somebody else, or move it.")


def _taken_over_text(subject: Subject) -> tuple[str, str]:
    title = _("A colleague gives your lecture of %(when)s") % {"when": when_words(subject)}
    return title, _("You need not come. If that is a mistake, take it over again on your page of plans.")


def _swaps_answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    open_ids = set(
        LectureSwap.objects.open().filter(pk__in=[row.get("swap") for row in subjects]).values_list("pk", flat=True)
    )
    return [row.get("swap") not in open_ids for row in subjects]


# --- Was it given? --------------------------------------------------------------------------------


def is_over(lecture: Lecture, now: datetime) -> bool:
    """Its time has passed."""
    span = Span.of(lecture.on, lecture.starts_at or time.max.replace(microsecond=0), lecture.minutes)
    return span.end <= timezone.localtime(now).replace(tzinfo=None)


def compute_was_it_given(now: datetime) -> Iterator[DueNotice]:
    """Speakers of planned lectures whose time has passed, for a fortnight."""
    today = timezone.localdate(now)
    rows = LectureSpeaker.objects.filter(
        lecture__state=LectureState.PLANNED, lecture__on__range=(today - ASKED_FOR, today), person__user__isnull=False
    )
    for row in rows.select_related("lecture", "person").order_by("lecture_id", "pk"):
        if is_over(row.lecture, now):
            yield DueNotice(
                kind=WAS_IT_GIVEN, user_id=row.person.user_id,
                dedupe_key=f"{given_prefix(row.lecture_id)}{row.person.user_id}", subject=_subject(row.lecture),
                link=reverse("lecture_plan"),
            )  # fmt: skip


def _was_it_given_text(subject: Subject) -> tuple[str, str]:
    title = _("Did you give the lecture of %(when)s?") % {"when": when_words(subject)}
    return title, _("One tap asks the League branch to confirm it, so that it counts.")


# --- Spot checks ----------------------------------------------------------------------------------


def doubtful_prefix(check: SpotCheck) -> str:
    return f"{SPOT_DOUBTFUL}:{check.pk}:"


def tell_doubtful(*, check: SpotCheck, by: User, now: datetime) -> None:
    """Tell the League branch, the secretaries of the responsible Party branch and the department's staff what was found."""
    audience = check.audience
    branch, on = audience.league_branch, audience.lecture.on
    page, checks = _week_page(branch.pk, on), reverse("spot_checks")
    links = {user_id: page for _branch_id, user_id in _league_secretaries([branch.pk])}
    if branch.party_branch_id:
        posts = Post.objects.filter(party_branch_id=branch.party_branch_id, kind__in=SECRETARY_POSTS, ended_on=None)
        links |= dict.fromkeys(posts.filter(person__user__isnull=False).values_list("person__user_id", flat=True), page)
    staff = StaffRole.objects.filter(kind=StaffKind.ORGANISER, department_id=branch.department_id)
    links |= dict.fromkeys(staff.exclude(user=by).values_list("user_id", flat=True), checks)
    league = {user_id for _branch_id, user_id in _league_secretaries([branch.pk])}
    post_notices(
        notices=[
            DueNotice(
                kind=SPOT_DOUBTFUL, user_id=user_id, dedupe_key=f"{doubtful_prefix(check)}{now:%Y%m%d%H%M%S}:{user_id}",
                subject={"check": check.pk, "on": on.isoformat(), "name": branch.name, "answers": user_id in league},
                link=link,
            )
            for user_id, link in sorted(links.items())
        ],
        now=now,
    )  # fmt: skip


def _doubtful_text(subject: Subject) -> tuple[str, str]:
    title = _("%(name)s: the lecture of %(when)s was not as recorded") % {
        "name": subject.get("name", ""),
        "when": when_words(subject),
    }
    if subject.get("answers"):
        return title, _("A spot check found it. Look at your answer again: if it was a mistake, take it back.")
    return title, _("A spot check found it. The League branch is asked to look at its answer again.")


def _no_longer_doubtful(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    """The check was reopened, or the League branch took its answer back."""
    standing = set(
        SpotCheck.objects.filter(
            pk__in=[row.get("check") for row in subjects], state=SpotCheckState.DOUBTFUL,
            audience__state=AudienceState.CONFIRMED,
        ).values_list("pk", flat=True)
    )  # fmt: skip
    return [row.get("check") not in standing for row in subjects]
