"""What is said about an appraisal: write, vote, read your grade; an objection, its answer. No text names a person or a grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Post
from members.office_models import MANAGING_POSTS
from members.stages import MEMBER_STAGES
from notifications.services import retire_notices
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, register_notices

from .appraisal_services import still_voting
from .models import AppraisalResult, AppraisalRoll, AppraisalRound, AppraisalState, SelfAppraisal

WRITE: Final = "evaluations.appraisal_write"
VOTE: Final = "evaluations.appraisal_vote"
LAST_CALL: Final = "evaluations.appraisal_last_call"
SHOWN: Final = "evaluations.appraisal_shown"
OBJECTION: Final = "evaluations.appraisal_objection"
ANSWERED: Final = "evaluations.appraisal_answered"
LAST_DAYS: Final = timedelta(days=2)
Subject = dict[str, Any]


def register() -> None:
    kinds = (
        NoticeKind(WRITE, gettext_lazy("The appraisal asks for your words"), _write_text, **asked_together(_written)),
        NoticeKind(VOTE, gettext_lazy("The appraisal's ballot is open"), _vote_text, **asked_together(_voted), may_mute=False),
        NoticeKind(LAST_CALL, gettext_lazy("The appraisal's ballot closes soon"), _last_text, **asked_together(_voted), may_mute=False),
        NoticeKind(SHOWN, gettext_lazy("The result of your appraisal"), _shown_text, may_mute=False),
        NoticeKind(OBJECTION, gettext_lazy("An objection waits for an answer"), _objection_text, **asked_together(_answered), to_office=True),
        NoticeKind(ANSWERED, gettext_lazy("Your objection was answered"), _answered_text, may_mute=False),
    )  # fmt: skip
    sources = {
        WRITE: compute_write,
        VOTE: compute_vote,
        LAST_CALL: compute_last_call,
        SHOWN: compute_shown,
        OBJECTION: compute_objections,
        ANSWERED: compute_answers,
    }
    register_notices(kinds, sources)


def retire_ballot_notices(round_id: int, now: datetime) -> None:
    """What was said of a ballot no longer holds: it is open for longer, or withdrawn."""
    for kind in (VOTE, LAST_CALL):
        retire_notices(prefix=f"{kind}:{round_id}:", now=now)


def _page(round_id: int) -> str:
    return reverse("appraisal", args=[round_id])


def compute_write(now: datetime) -> Iterator[DueNotice]:
    """Once a round: members who have not written of themselves."""
    today = timezone.localdate(now)
    open_rounds = AppraisalRound.objects.filter(state=AppraisalState.WRITING, write_until_on__gte=today)
    for round in open_rounds:
        people = round.party_branch.people.filter(stage__in=MEMBER_STAGES, user__is_active=True)
        wrote = SelfAppraisal.objects.filter(round=round).values("person_id")
        for person_id, user_id in people.exclude(pk__in=wrote).values_list("pk", "user_id"):
            yield DueNotice(
                kind=WRITE, user_id=user_id, dedupe_key=f"{WRITE}:{round.pk}:{user_id}",
                subject={"round": round.pk, "person": person_id, "year": round.year, "until": round.write_until_on.isoformat()},
                link=_page(round.pk),
            )  # fmt: skip


def _roll_open(now: datetime) -> Any:
    today = timezone.localdate(now)
    waiting = still_voting(
        AppraisalRoll.objects.filter(
            round__state=AppraisalState.VOTING, round__vote_until_on__gte=today, person__user__is_active=True
        )
    )
    return waiting.values_list("round_id", "round__year", "round__vote_until_on", "person_id", "person__user_id")


def compute_vote(now: datetime) -> Iterator[DueNotice]:
    """Once a ballot and last day: everybody on the roll who has not voted. Open for longer, it is said anew with the new day."""
    for round_id, year, until, person_id, user_id in _roll_open(now):
        yield DueNotice(
            kind=VOTE, user_id=user_id, dedupe_key=f"{VOTE}:{round_id}:{until.isoformat()}:{user_id}",
            subject={"round": round_id, "person": person_id, "year": year, "until": until.isoformat()}, link=_page(round_id),
        )  # fmt: skip


def compute_last_call(now: datetime) -> Iterator[DueNotice]:
    """Two days before a ballot closes: who has not voted."""
    soon = timezone.localdate(now) + LAST_DAYS
    for round_id, year, until, person_id, user_id in _roll_open(now):
        if until <= soon:
            yield DueNotice(
                kind=LAST_CALL, user_id=user_id, dedupe_key=f"{LAST_CALL}:{round_id}:{until.isoformat()}:{user_id}", urgent=True,
                subject={"round": round_id, "person": person_id, "year": year, "until": until.isoformat()}, link=_page(round_id),
            )  # fmt: skip


def compute_shown(now: datetime) -> Iterator[DueNotice]:
    """Each member, once the grades are shown."""
    shown = AppraisalResult.objects.filter(round__shown_at__gte=now - timedelta(days=30), person__user__is_active=True)
    for pk, round_id, year, user_id in shown.values_list("pk", "round_id", "round__year", "person__user_id"):
        yield DueNotice(
            kind=SHOWN, user_id=user_id, dedupe_key=f"{SHOWN}:{round_id}:{user_id}", subject={"year": year},
            link=reverse("appraisal_result", args=[pk]),
        )  # fmt: skip


def compute_objections(now: datetime) -> Iterator[DueNotice]:
    """The officers who run the branch, but not the one who objects."""
    today = timezone.localdate(now)
    waiting = AppraisalResult.objects.filter(objected_at__isnull=False, answered_at=None)
    for pk, branch_id, person_id, due_on in waiting.values_list(
        "pk", "round__party_branch_id", "person_id", "answer_due_on"
    ):
        posts = Post.objects.current(today).filter(
            party_branch_id=branch_id, kind__in=MANAGING_POSTS, person__user__is_active=True
        )
        for user_id in set(posts.exclude(person_id=person_id).values_list("person__user_id", flat=True)):
            yield DueNotice(
                kind=OBJECTION, user_id=user_id, dedupe_key=f"{OBJECTION}:{pk}:{user_id}",
                subject={"result": pk, "due": due_on.isoformat()}, link=reverse("appraisal_result", args=[pk]),
            )  # fmt: skip


def compute_answers(now: datetime) -> Iterator[DueNotice]:
    """Who objected, once it is answered."""
    recent = AppraisalResult.objects.filter(answered_at__gte=now - timedelta(days=30), person__user__is_active=True)
    for pk, user_id in recent.values_list("pk", "person__user_id"):
        yield DueNotice(
            kind=ANSWERED, user_id=user_id, dedupe_key=f"{ANSWERED}:{pk}:{user_id}", subject={},
            link=reverse("appraisal_result", args=[pk]),
        )  # fmt: skip


# --- When it is done -----------------------------------------------------------------------------


def _written(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    rounds = {subject["round"] for subject in subjects}
    open_rounds = set(
        AppraisalRound.objects.filter(pk__in=rounds, state=AppraisalState.WRITING).values_list("pk", flat=True)
    )
    wrote = set(SelfAppraisal.objects.filter(round_id__in=rounds).values_list("round_id", "person_id"))
    return [
        subject.get("round") not in open_rounds or (subject.get("round"), subject.get("person")) in wrote
        for subject in subjects
    ]


def _voted(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    waiting = {(round_id, person_id) for round_id, _year, _until, person_id, _user in _roll_open(now)}
    return [(subject.get("round"), subject.get("person")) not in waiting for subject in subjects]


def _answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    ids = {subject["result"] for subject in subjects}
    waiting = set(AppraisalResult.objects.filter(pk__in=ids, answered_at=None).values_list("pk", flat=True))
    return [subject.get("result") not in waiting for subject in subjects]


# --- Words ---------------------------------------------------------------------------------------


def _write_text(subject: Subject) -> tuple[str, str]:
    return _("Appraisal %(year)s: write of your own year") % subject, _(
        "Until %(until)s; then the ballot opens."
    ) % subject


def _vote_text(subject: Subject) -> tuple[str, str]:
    return _("Appraisal %(year)s: the ballot is open") % subject, _("Until %(until)s. Nobody can tell which ballot is yours.") % subject  # fmt: skip


def _last_text(subject: Subject) -> tuple[str, str]:
    return _("Appraisal %(year)s: the ballot closes on %(until)s") % subject, _("Your ballot is still missing.")


def _shown_text(subject: Subject) -> tuple[str, str]:
    return _("Appraisal %(year)s: your result can be read") % subject, _("With the committee's reason. If it is wrong, say so there.")  # fmt: skip


def _objection_text(subject: Subject) -> tuple[str, str]:
    return _("An objection to an appraisal waits for the committee"), _("An answer is due by %(due)s.") % subject


def _answered_text(subject: Subject) -> tuple[str, str]:
    return _("Your objection was answered"), _("Read the answer on the page of your appraisal.")
