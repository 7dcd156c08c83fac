"""What is said about conversion reviews and opinions of partner branches. No text names a person; the page behind it does.

Half-year reviews (R20) are spoken of by mentoring/ already; here they stand in the checklist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.services import load_calendar
from members.models import Post, Sponsor
from members.office_models import MANAGING_POSTS
from members.rules import approval_due_on, approval_limit_on
from notifications.services import retire_done
from pairing_portal.common.registries import DueNotice, NoticeKind, register_notices

from .models import ConversionReview, PartnerOpinion, ReviewOpinion

OPENED: Final = "evaluations.conversion_opened"
OPINION: Final = "evaluations.opinion_wanted"
NOTICE_OVER: Final = "evaluations.notice_over"
MEETING: Final = "evaluations.conversion_meeting"
DECIDED: Final = "evaluations.conversion_decided"
APPROVAL: Final = "evaluations.conversion_approval"
PARTNER: Final = "evaluations.partner_opinion"
SOON: Final = timedelta(days=7)
# The partner branch is asked once a term, in its last weeks.
TERM_ENDS: Final = timedelta(weeks=4)


def register() -> None:
    kinds = (
        NoticeKind(OPENED, gettext_lazy("A conversion review is open"), _opened_text, obsolete_among=_closed, to_office=True),
        NoticeKind(OPINION, gettext_lazy("A sponsor's opinion is asked for"), _opinion_text, obsolete_among=_no_longer_asked),
        NoticeKind(NOTICE_OVER, gettext_lazy("A public notice is over"), _notice_text, obsolete_among=_met, to_office=True),
        NoticeKind(MEETING, gettext_lazy("A branch meeting on conversion is due"), _meeting_text, obsolete_among=_met, to_office=True),
        NoticeKind(DECIDED, gettext_lazy("A conversion is decided"), _decided_text, may_mute=False),
        NoticeKind(APPROVAL, gettext_lazy("An approval is overdue"), _approval_text, obsolete_among=_closed, to_office=True),
        NoticeKind(PARTNER, gettext_lazy("Opinions on the partner branch's members"), _partner_text, obsolete_among=_partner_written, to_office=True),
    )  # fmt: skip
    sources = {
        OPENED: compute_opened,
        OPINION: compute_opinions,
        NOTICE_OVER: compute_notices_over,
        MEETING: compute_meetings,
        APPROVAL: compute_approvals,
        PARTNER: compute_partner,
    }
    register_notices(kinds, sources)


def review_prefix(review_id: int) -> str:
    """Of everything said to the branch about one review; the answer to the person stays."""
    return f"evaluations.review:{review_id}:"


def opinion_prefix(review_id: int) -> str:
    return f"{review_prefix(review_id)}opinion:"


def meeting_prefix(review_id: int) -> str:
    return f"{review_prefix(review_id)}meeting:"


def retire_partner(*, now: datetime) -> None:
    """An opinion was written: branches that have written about everybody are no longer asked."""
    retire_done(kind=PARTNER, now=now)


# --- What is due ---------------------------------------------------------------------------------


def compute_opened(now: datetime) -> Iterator[DueNotice]:
    """To those who run the branch, and to the person, who hands in the application; once each."""
    rows = list(_open_rows())
    users = _managers({row.party_branch_id for row in rows}, timezone.localdate(now))
    for row in rows:
        for user_id in users.get(row.party_branch_id, []):
            if user_id != row.person.user_id:
                yield _notice(OPENED, row, f"opened:{user_id}", user_id, said="branch")
        if row.person.user_id and row.applied_on is None:
            yield _notice(OPENED, row, f"opened:{row.person.user_id}", row.person.user_id, said="person")


def compute_opinions(now: datetime) -> Iterator[DueNotice]:
    """To each sponsor with an account who has not given an opinion: once, and again when the probation is over."""
    today = timezone.localdate(now)
    rows = {row.person_id: row for row in _open_rows().filter(meeting_on=None)}
    given = set(
        ReviewOpinion.objects.filter(review__in=[row.pk for row in rows.values()], kind="sponsor").values_list(
            "review__person_id", "author_id"
        )
    )
    asked = Sponsor.objects.filter(person_id__in=rows, sponsor__user__isnull=False, sponsor__left_on=None)
    for person_id, sponsor_id, user_id in asked.values_list("person_id", "sponsor_id", "sponsor__user_id"):
        if (person_id, sponsor_id) in given:
            continue
        row = rows[person_id]
        said = "again" if today >= row.due_on else "first"
        yield DueNotice(
            kind=OPINION, user_id=user_id, dedupe_key=f"{opinion_prefix(row.pk)}{said}:{user_id}",
            subject=_subject(row) | {"sponsor": sponsor_id}, link=reverse("sponsor_opinion", args=[row.pk]),
        )  # fmt: skip


def compute_notices_over(now: datetime) -> Iterator[DueNotice]:
    """On the day after the notice came down."""
    today = timezone.localdate(now)
    yield from _to_managers(
        NOTICE_OVER, [(row, "notice_over", {}) for row in _open_rows().filter(notice_to_on__lt=today, meeting_on=None)], today
    )  # fmt: skip


def compute_meetings(now: datetime) -> Iterator[DueNotice]:
    """A week before the probation is over (or the day it was deferred to), then every week after it (R19)."""
    today = timezone.localdate(now)
    said = []
    for row in _open_rows().filter(meeting_on=None, due_on__lte=today + SOON):
        by = max(row.due_on, row.deferred_to or row.due_on)
        if by > today + SOON:
            continue
        late = (today - by).days
        word = "soon" if late <= 0 else f"late{(late - 1) // 7}"
        said.append((row, f"meeting:{by.isoformat()}:{word}", {"by": by.isoformat(), "said": word[:4]}))
    yield from _to_managers(MEETING, said, today)


def compute_approvals(now: datetime) -> Iterator[DueNotice]:
    """When the three months are over, and a fortnight before the last day (R15)."""
    from .conversion_facts import numbers_on

    today, said = timezone.localdate(now), []
    number = numbers_on(today)
    for row in _open_rows().filter(meeting_on__isnull=False):
        by, limit = approval_due_on(row.meeting_on, number), approval_limit_on(row.meeting_on, number)
        if today > by:
            word = "last" if today >= limit - timedelta(days=14) else "late"
            said.append((row, f"approval:{word}", {"by": by.isoformat(), "limit": limit.isoformat()}))
    yield from _to_managers(APPROVAL, said, today)


def compute_partner(now: datetime) -> Iterator[DueNotice]:
    """In the last weeks of teaching, to branches with paired members of whom they have written nothing this term."""
    today = timezone.localdate(now)
    term = load_calendar().term_of(today)
    if term is None or today < term.teaching_ends_on - TERM_ENDS:
        return
    managers = _managers(None, today)
    unwritten = _unwritten(set(managers), term.start_monday, today)
    for branch_id, users in managers.items():
        waiting = unwritten.get(branch_id, 0)
        for user_id in users if waiting else []:
            yield DueNotice(
                kind=PARTNER, user_id=user_id, dedupe_key=f"{PARTNER}:{branch_id}:{term.start_monday.isoformat()}:{user_id}",
                subject={"branch": branch_id, "since": term.start_monday.isoformat(), "count": waiting},
                link=reverse("partner_opinions"),
                expires_at=timezone.make_aware(datetime.combine(term.ends_on, time.max)),
            )  # fmt: skip


def decided(review: ConversionReview) -> list[DueNotice]:
    """To the person, once the higher committee has answered."""
    if review.person.user_id is None:
        return []
    subject = _subject(review) | {"decision": review.decision, "approved": bool(review.is_approved)}
    return [DueNotice(
        kind=DECIDED, user_id=review.person.user_id, dedupe_key=f"{DECIDED}:{review.pk}:{review.person.user_id}",
        subject=subject, link=reverse("conversion", args=[review.pk]),
    )]  # fmt: skip


# --- Shared --------------------------------------------------------------------------------------


def _open_rows() -> Any:
    return ConversionReview.objects.open().select_related("person").order_by("pk")


def _subject(row: ConversionReview) -> dict[str, Any]:
    return {"review": row.pk, "due": row.due_on.isoformat()}


def _notice(kind: str, row: ConversionReview, key: str, user_id: int, **more: Any) -> DueNotice:
    return DueNotice(
        kind=kind, user_id=user_id, dedupe_key=review_prefix(row.pk) + key, subject=_subject(row) | more,
        link=reverse("conversion", args=[row.pk]),
    )  # fmt: skip


def _to_managers(
    kind: str, said: Sequence[tuple[ConversionReview, str, dict[str, Any]]], today: date
) -> Iterator[DueNotice]:
    """To those who run the branch, but for the person under review."""
    if not said:
        return
    users = _managers({row.party_branch_id for row, _key, _more in said}, today)
    for row, key, more in said:
        for user_id in users.get(row.party_branch_id, []):
            if user_id != row.person.user_id:
                yield _notice(kind, row, f"{key}:{user_id}", user_id, **more)


def _managers(branch_ids: set[int] | None, on: date) -> dict[int, list[int]]:
    posts = Post.objects.current(on).filter(
        kind__in=MANAGING_POSTS, person__user__isnull=False, party_branch__is_active=True
    )
    if branch_ids is not None:
        posts = posts.filter(party_branch_id__in=branch_ids)
    found: dict[int, set[int]] = defaultdict(set)
    for branch_id, user_id in posts.values_list("party_branch_id", "person__user_id"):
        found[branch_id].add(user_id)
    return {branch_id: sorted(users) for branch_id, users in sorted(found.items())}


def _unwritten(branch_ids: set[int], since: date, today: date) -> dict[int, int]:
    """Branch → how many members of its partner branches it has not written about since the term began; two queries."""
    from .opinion_services import paired_with

    asked = {
        (branch.pk, person.pk)
        for branch, person, pair in paired_with(frozenset(branch_ids), today)
        if pair.ended_on is None
    }
    written = PartnerOpinion.objects.filter(by_branch_id__in=branch_ids, given_on__gte=since)
    asked -= set(written.values_list("by_branch_id", "person_id"))
    counts: dict[int, int] = defaultdict(int)
    for branch_id, _person_id in asked:
        counts[branch_id] += 1
    return counts


def _closed(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("review") for subject in subjects]
    waiting = set(ConversionReview.objects.open().filter(pk__in=ids).values_list("pk", flat=True))
    return [subject.get("review") not in waiting for subject in subjects]


def _met(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("review") for subject in subjects]
    waiting = set(ConversionReview.objects.open().filter(pk__in=ids, meeting_on=None).values_list("pk", flat=True))
    return [subject.get("review") not in waiting for subject in subjects]


def _no_longer_asked(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    ids = [subject.get("review") for subject in subjects]
    given = set(ReviewOpinion.objects.filter(review_id__in=ids, kind="sponsor").values_list("review_id", "author_id"))
    over = _met(subjects, now)
    return [
        is_over or (subject.get("review"), subject.get("sponsor")) in given
        for subject, is_over in zip(subjects, over, strict=True)
    ]


def _partner_written(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    today = timezone.localdate(now)
    by_term: dict[str, set[int]] = defaultdict(set)
    for subject in subjects:
        by_term[str(subject["since"])].add(int(subject["branch"]))
    waiting = {since: _unwritten(ids, date.fromisoformat(since), today) for since, ids in by_term.items()}
    return [not waiting[str(subject["since"])].get(int(subject["branch"])) for subject in subjects]


# --- Words ---------------------------------------------------------------------------------------


def _on(subject: dict[str, Any], key: str = "due") -> str:
    return str(date_format(date.fromisoformat(str(subject[key]))))


def _opened_text(subject: dict[str, Any]) -> tuple[str, str]:
    if subject.get("said") == "person":
        return (
            _("Your probation is over on %(on)s") % {"on": _on(subject)},
            _("Hand in your written application for full membership to the branch."),
        )
    return (
        _("A conversion review is open: the probation is over on %(on)s") % {"on": _on(subject)},
        _("The page lists what is still to be done, by when, and what the portal knows."),
    )


def _opinion_text(subject: dict[str, Any]) -> tuple[str, str]:
    return (
        _("Your opinion as a sponsor is asked for"),
        _("A few sentences are enough. The probation is over on %(on)s.") % {"on": _on(subject)},
    )


def _notice_text(subject: dict[str, Any]) -> tuple[str, str]:
    return (
        _("A public notice on a conversion is over"),
        _("Write down what it brought, then call the branch meeting."),
    )


def _meeting_text(subject: dict[str, Any]) -> tuple[str, str]:
    if subject.get("said") == "soon":
        return (
            _("A branch meeting on a conversion is due on %(on)s") % {"on": _on(subject, "by")},
            _("Look at the checklist first: it says what is missing."),
        )
    return (
        _("A conversion is overdue since %(on)s (rule R19)") % {"on": _on(subject, "by")},
        _("Call the branch meeting. Until then the person stays a probationary member."),
    )


def _decided_text(subject: dict[str, Any]) -> tuple[str, str]:
    body = _("The branch's decision and the higher committee's answer stand on the page of the review.")
    if not subject.get("approved"):
        return _("The higher committee did not approve the branch's decision"), body
    titles = {
        "convert": _("Your conversion to full membership is approved"),
        "extend": _("Your probation is extended"),
        "annul": _("The decision on your probationary membership is approved"),
    }
    return titles.get(str(subject.get("decision")), _("Your review is decided")), body


def _approval_text(subject: dict[str, Any]) -> tuple[str, str]:
    return (
        _("An approval was due by %(by)s (rule R15)") % {"by": _on(subject, "by")},
        _("Ask the higher committee. The last day is %(limit)s; after that the branch decides again.")
        % {"limit": _on(subject, "limit")},
    )


def _partner_text(subject: dict[str, Any]) -> tuple[str, str]:
    return (
        _("Before the term ends: a word on the members paired with your branch"),
        _("A sentence or two on each, on the example they set. It stands in the pack their own branch decides from."),
    )
