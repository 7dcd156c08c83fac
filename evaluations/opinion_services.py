"""Opinions: of sponsors and others in a conversion review, and of the partner branch on the people paired with it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from members.models import Person, Sponsor
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairings.models import MemberPairing

from . import notices_conversion as notices
from .conversion_services import lock_review, manage_objection
from .models import ConversionReview, OpinionKind, PartnerOpinion, ReviewOpinion

LENGTH, PARTNER_LENGTH = 2000, 1000
# A pair that ended so long ago is still written about: people are judged after a term, not in it.
PAIRED_SINCE = timedelta(days=180)


# --- In a review ---------------------------------------------------------------------------------


def asked_reviews(scope: Scope) -> list[ConversionReview]:
    """Open reviews of those the user sponsors; a sponsor sees no more of the review than this."""
    if scope.person_id is None:
        return []
    rows = ConversionReview.objects.open().filter(person__sponsors__sponsor_id=scope.person_id, meeting_on=None)
    return list(rows.exclude(person_id=scope.person_id).select_related("person__party_branch", "party_branch"))


def own_opinion(review: ConversionReview, scope: Scope) -> ReviewOpinion | None:
    return ReviewOpinion.objects.filter(review=review, kind=OpinionKind.SPONSOR, author_id=scope.person_id or 0).first()


@transaction.atomic
def give_sponsor_opinion(
    *, review: ConversionReview, text: str, scope: Scope, by: User, today: date, now: datetime
) -> ReviewOpinion:
    """The sponsor's own words; sent again before the meeting they correct the first ones (the history keeps both)."""
    review = _open_for_opinions(review)
    if scope.person_id == review.person_id:
        raise Refused(_("Nobody gives an opinion on themselves."), rule="R08")
    if not Sponsor.objects.filter(person=review.person_id, sponsor=scope.person_id or 0).exists():
        raise Refused(_("Only the sponsors on record are asked here. The committee records the other opinions."), rule="R08")  # fmt: skip
    row = own_opinion(review, scope) or ReviewOpinion(
        review=review, kind=OpinionKind.SPONSOR, author_id=scope.person_id, recorded_at=now
    )
    row.text, row.given_on, row.recorded_by = _words(text, LENGTH), today, by
    retire_notices(prefix=notices.opinion_prefix(review.pk), now=now, user_id=by.pk)
    return _save(row)


@transaction.atomic
def record_opinion(
    *, review: ConversionReview, kind: str, author: Person | None, text: str, given_on: date, scope: Scope, by: User,
    today: date, now: datetime,
) -> ReviewOpinion:  # fmt: skip
    """An opinion the committee heard; a sponsor's on paper names the sponsor."""
    review = _open_for_opinions(review)
    if objection := manage_objection(review, scope):
        raise Refused(objection)
    if kind not in OpinionKind.values:
        raise Refused(_("Choose whose opinion it is."), field="kind")
    if given_on > today:
        raise Refused(_("This day is still to come. Record what has happened."), field="given_on")
    if author is not None and author.pk == review.person_id:
        raise Refused(_("Nobody gives an opinion on themselves."), field="author")
    if kind == OpinionKind.SPONSOR:
        if author is None or not Sponsor.objects.filter(person=review.person_id, sponsor=author).exists():
            raise Refused(_("Choose which of the sponsors said it."), rule="R08", field="author")
        if ReviewOpinion.objects.filter(review=review, kind=kind, author=author).exists():
            raise Refused(_("This sponsor has given an opinion already. Correct that one."), field="author")
    row = ReviewOpinion(
        review=review, kind=kind, author=author if kind == OpinionKind.SPONSOR else None, given_on=given_on,
        text=_words(text, LENGTH), recorded_by=by, recorded_at=now,
    )  # fmt: skip
    if author is not None and author.user_id:
        retire_notices(prefix=notices.opinion_prefix(review.pk), now=now, user_id=author.user_id)
    return _save(row)


@transaction.atomic
def correct_opinion(
    *, opinion: ReviewOpinion, text: str, given_on: date, scope: Scope, by: User, today: date
) -> ReviewOpinion:
    """By who recorded it for others, while the meeting has not decided. A sponsor's own words only the sponsor changes."""
    review = _open_for_opinions(opinion.review)
    opinion = ReviewOpinion.objects.select_for_update(of=("self",)).select_related("recorded_by").get(pk=opinion.pk)
    if objection := manage_objection(review, scope):
        raise Refused(objection)
    if opinion.author is not None and opinion.recorded_by_id == opinion.author.user_id:
        raise Refused(_("These are the sponsor's own words; only the sponsor changes them."))
    if given_on > today:
        raise Refused(_("This day is still to come. Record what has happened."), field="given_on")
    opinion.text, opinion.given_on, opinion.recorded_by = _words(text, LENGTH), given_on, by
    return _save(opinion)


def _open_for_opinions(review: ConversionReview) -> ConversionReview:
    review = lock_review(review)
    if review.closed_at is not None:
        raise Refused(_("This review is closed. What was decided stays as it is."))
    if review.meeting_on is not None:
        raise Refused(_("The branch meeting has decided; opinions are heard before it."))
    return review


def _save(row: ReviewOpinion) -> ReviewOpinion:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused(_("Somebody was quicker. Reload the page and look again.")) from error
    return row


def _words(text: str, length: int) -> str:
    words = text.strip()
    if not words:
        raise Refused(_("Write the opinion in a sentence or two."), field="text")
    if len(words) > length:
        raise Refused(_("That is longer than fits (%(length)d characters).") % {"length": length}, field="text")
    return words


# --- Of the partner branch -----------------------------------------------------------------------


def paired_with(branch_ids: frozenset[int], today: date) -> list[tuple[PartyBranch, Person, MemberPairing]]:
    """(own branch, member of the partner branch, their pair), each person once a branch; pairs running or ended lately."""
    pairs = MemberPairing.objects.published().filter(Q(ended_on=None) | Q(ended_on__gte=today - PAIRED_SINCE))
    pairs = pairs.filter(Q(pairing__helping_branch_id__in=branch_ids) | Q(pairing__partner_branch_id__in=branch_ids))
    found: dict[tuple[int, int], tuple[PartyBranch, Person, MemberPairing]] = {}
    rows = pairs.select_related("pairing__helping_branch", "pairing__partner_branch", "helper", "partner", "helper__school_class", "partner__school_class")  # fmt: skip
    for pair in rows.order_by("ended_on", "-starts_on", "pk"):
        for ours, theirs in (
            (pair.pairing.helping_branch, pair.partner),
            (pair.pairing.partner_branch, pair.helper),
        ):
            if ours.pk in branch_ids:
                found.setdefault((ours.pk, theirs.pk), (ours, theirs, pair))
    return sorted(found.values(), key=lambda row: (row[0].pk, row[1].name_key, row[1].pk))


@transaction.atomic
def write_partner_opinion(
    *, person: Person, by_branch: PartyBranch, text: str, given_on: date, scope: Scope, by: User, today: date,
    now: datetime,
) -> PartnerOpinion:  # fmt: skip
    """What the branch says of a member of its partner branch (先锋模范作用的考核监督). Raises `Refused` for who is not paired."""
    PartyBranch.objects.select_for_update().get(pk=by_branch.pk)
    if not scope.manages(by_branch.pk):
        raise Refused(_("The secretary or organisation officer of the partner branch writes this."))
    if person.pk == scope.person_id:
        raise Refused(_("Nobody gives an opinion on themselves."))
    if person.pk not in {row[1].pk for row in paired_with(frozenset({by_branch.pk}), today)}:
        words = _("%(name)s is not paired with anybody of %(branch)s. A branch writes about those it is paired with.")
        raise Refused(words % {"name": person.name, "branch": by_branch.short_name})
    if given_on > today:
        raise Refused(_("This day is still to come. Record what has happened."), field="given_on")
    if PartnerOpinion.objects.filter(person=person, by_branch=by_branch, given_on=given_on).exists():
        raise Refused(_("There is an opinion of that day already. Correct that one."), field="given_on")
    row = PartnerOpinion(
        person=person, by_branch=by_branch, text=_words(text, PARTNER_LENGTH), given_on=given_on, recorded_by=by,
        recorded_at=now,
    )  # fmt: skip
    row.save()
    notices.retire_partner(now=now)
    return row


@transaction.atomic
def correct_partner_opinion(*, opinion: PartnerOpinion, text: str, scope: Scope, by: User) -> PartnerOpinion:
    """Correct the words; every version stays in the history."""
    row: PartnerOpinion = PartnerOpinion.objects.select_for_update(of=("self",)).get(pk=opinion.pk)
    if not scope.manages(row.by_branch_id) or row.person_id == scope.person_id:
        raise Refused(_("The branch that wrote this opinion corrects it."))
    row.text, row.recorded_by = _words(text, PARTNER_LENGTH), by
    row.save()
    return row
