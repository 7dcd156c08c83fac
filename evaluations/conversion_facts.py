"""Conversion reviews as the facts their rules and checklist ask for: a fixed number of queries for any number of reviews."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Max

from branches.policy import Policy
from branches.services import load_calendar
from members.models import Sponsor
from members.rules import Facts, Number, Vote
from mentoring.models import ObservationKind, ObservationRecord

from .conversion_checks import ReviewFacts
from .models import ConversionReview, OpinionKind, ReviewOpinion


def numbers_on(on: date) -> Number:
    """The numbers of policy in force on a day."""
    policy = Policy()
    return lambda key: policy.number(key, on)


def vote_of(review: ConversionReview) -> Vote | None:
    if review.eligible_count is None:
        return None
    return Vote(
        eligible=review.eligible_count, present=review.present_count or 0, written=review.written_count or 0,
        issued=review.issued_count, returned=review.returned_count, yes=review.yes_count or 0, no=review.no_count or 0,
        abstained=review.abstained_count or 0,
    )  # fmt: skip


def review_facts(reviews: Iterable[ConversionReview], number: Number) -> dict[int, ReviewFacts]:
    """Review id → its facts. Select `person` along."""
    rows = list(reviews)
    people = {row.person_id for row in rows}
    days = dict(load_calendar().days)
    sponsors: dict[int, set[int]] = defaultdict(set)
    for person_id, sponsor_id in Sponsor.objects.filter(person_id__in=people).values_list("person_id", "sponsor_id"):
        sponsors[person_id].add(sponsor_id)
    heard: dict[int, set[int]] = defaultdict(set)
    kinds: dict[int, set[str]] = defaultdict(set)
    opinions = ReviewOpinion.objects.filter(review_id__in=[row.pk for row in rows])
    for review_id, kind, author_id in opinions.values_list("review_id", "kind", "author_id"):
        kinds[review_id].add(kind)
        if kind == OpinionKind.SPONSOR:
            heard[review_id].add(author_id)
    written = ObservationRecord.objects.filter(person_id__in=people, kind=ObservationKind.BRANCH).order_by()
    reviewed = dict(written.values("person_id").annotate(last=Max("period_to")).values_list("person_id", "last"))
    opens_days = number("conversion_opens_days")
    return {
        row.pk: ReviewFacts(
            facts=facts_of(row, days=days, reviewed_on=reviewed.get(row.person_id)), due_on=row.due_on,
            applied_on=row.applied_on, committee_on=row.committee_reviewed_on, decision=row.decision,
            deferred_to=row.deferred_to, sponsor_ids=frozenset(sponsors[row.person_id]),
            sponsors_heard=frozenset(heard[row.pk]), opinion_kinds=frozenset(kinds[row.pk]), opens_days=opens_days,
            is_closed=row.closed_at is not None, days=days,
        )
        for row in rows
    }  # fmt: skip


def facts_of(review: ConversionReview, *, days: dict[date, str], reviewed_on: date | None = None) -> Facts:
    """The review's own facts. An extension that this review decided on is `extend_to`; one from before is `extended_to`."""
    person = review.person
    before = person.extended_to if review.extended_to is None or person.extended_to != review.extended_to else None
    return Facts(
        pk=person.pk, name=person.name, applied_on=person.applied_on, admitted_on=person.admitted_on, extended_to=before,
        leaves_on=person.graduates_on, reviewed_on=reviewed_on, notice_from_on=review.notice_from_on,
        notice_to_on=review.notice_to_on, meeting_on=review.meeting_on, vote=vote_of(review),
        approved_on=review.approved_on, extend_to=review.extended_to, days=days,
    )  # fmt: skip
