"""A conversion review from its opening to the approval, which writes back to the person. Locks: the person, then the review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from branches.services import load_calendar
from members.models import Person
from members.rules import Facts, Vote, check, probation_ends_on
from members.stages import Stage
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Problem, Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_conversion as notices
from .conversion_checks import (
    APPLICATION,
    COMMITTEE,
    MEETING,
    NOTICE,
    STEP_LABELS,
    ReviewFacts,
    done_steps,
    missing_opinions,
)
from .conversion_facts import facts_of, numbers_on, review_facts
from .conversion_outcome import write_outcome
from .evidence_pack import pack_of
from .models import ConversionReview, ReviewDecision

BATCH = 500
RULE_STEPS = {
    ReviewDecision.CONVERT: "conversion",
    ReviewDecision.EXTEND: "extension",
    ReviewDecision.ANNUL: "annulment",
}
COUNTS = {
    "eligible_count": "eligible", "present_count": "present", "written_count": "written", "issued_count": "issued",
    "returned_count": "returned", "yes_count": "yes", "no_count": "no", "abstained_count": "abstained",
}  # fmt: skip
# What taking back a step clears.
CLEARS: dict[str, dict[str, Any]] = {
    APPLICATION: {"applied_on": None},
    COMMITTEE: {"committee_reviewed_on": None},
    NOTICE: {"notice_from_on": None, "notice_to_on": None, "notice_result": ""},
    MEETING: {"meeting_on": None, "decision": "", "decision_reason": "", "extended_to": None, "pack": {}, "pack_at": None}
    | dict.fromkeys(COUNTS),
}  # fmt: skip


def lock_person(person_id: int) -> Person:
    person: Person = Person.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=person_id)
    return person


def lock_review(review: ConversionReview) -> ConversionReview:
    """The person's row first, then the review's, as everywhere; the review as it is now."""
    person = lock_person(review.person_id)
    rows = ConversionReview.objects.select_for_update(of=("self",)).select_related("party_branch")
    row: ConversionReview = rows.get(pk=review.pk)
    row.person = person
    return row


# --- Opening -------------------------------------------------------------------------------------


def due_day(person: Person, on: date) -> date | None:
    """R16: when the probation of somebody is over, by the policy of `on`; None for who is not probationary."""
    if person.stage != Stage.PROBATIONARY or person.admitted_on is None:
        return None
    return probation_ends_on(person.admitted_on, person.extended_to, numbers_on(on))


@transaction.atomic
def open_due_reviews(*, today: date, now: datetime) -> int:
    """Daily: a review for every probationary member of an active branch whose probation is over soon. Safe to repeat.

    One closed by hand for the same day stays closed; one that was not approved is followed by another.
    """
    number = numbers_on(today)
    until = today + timedelta(days=number("conversion_opens_days"))
    # Month ends make the two ways of counting differ by up to three days: asked for generously, then checked.
    latest = until - relativedelta(months=number("probation_months")) + timedelta(days=3)
    rows = Person.objects.filter(stage=Stage.PROBATIONARY, left_on=None, party_branch__is_active=True).filter(
        Q(extended_to__lte=until) | Q(extended_to=None, admitted_on__lte=latest)
    )
    rows = rows.exclude(conversion_reviews__in=ConversionReview.objects.open())
    due = {}
    for person in rows.select_for_update(of=("self",)).order_by("pk"):
        if person.admitted_on and (on := probation_ends_on(person.admitted_on, person.extended_to, number)) <= until:
            due[person.pk] = (person, on)
    known = ConversionReview.objects.filter(person_id__in=due).exclude(is_approved=False)
    settled = set(known.values_list("person_id", "due_on"))
    # Somebody may have opened one by hand before the rows were locked.
    open_now = set(ConversionReview.objects.open().filter(person_id__in=due).values_list("person_id", flat=True))
    made = [
        ConversionReview(person=person, party_branch_id=person.party_branch_id, due_on=on, opened_at=now)
        for person, on in due.values()
        if (person.pk, on) not in settled and person.pk not in open_now
    ]
    bulk_create_with_history(made, ConversionReview, batch_size=BATCH)
    return len(made)


@transaction.atomic
def open_review(*, person: Person, scope: Scope, by: User, today: date, now: datetime) -> ConversionReview:
    """By hand, at any time before or after the year. Raises `Refused` for who is not probationary, or has an open review."""
    person = lock_person(person.pk)
    if person.pk == scope.person_id:
        raise Refused(_("Nobody opens their own review. Another member of the committee does."))
    if not scope.manages(person.party_branch_id) and not scope.oversees(person.department_id):
        raise Refused(_("A review is opened by the secretary or organisation officer of the person's branch."))
    due_on = due_day(person, today)
    if due_on is None or person.party_branch is None:
        words = _("%(name)s is not a probationary member of a branch, so there is nothing to convert.")
        raise Refused(words % {"name": person.name}, rule="R16", field="person")
    if ConversionReview.objects.open().filter(person=person).exists():
        raise Refused(_("A review of %(name)s is open already.") % {"name": person.name}, field="person")
    review = ConversionReview(
        person=person, party_branch=person.party_branch, due_on=due_on, opened_at=now, opened_by=by
    )
    _save(review, by)
    return review


# --- The steps -----------------------------------------------------------------------------------


@transaction.atomic
def record_application(
    *, review: ConversionReview, applied_on: date, scope: Scope, by: User, today: date
) -> ConversionReview:
    """The written application came in (step 22 of 25)."""
    review = _open_for(review, scope)
    _before_meeting(review)
    _refuse_future(applied_on, today, "applied_on")
    admitted_on = review.person.admitted_on
    if admitted_on is not None and applied_on < admitted_on:
        words = _("The application cannot lie before the admission on %(on)s.")
        raise Refused(words % {"on": date_format(admitted_on)}, field="applied_on")
    review.applied_on = applied_on
    return _save(review, by)


@transaction.atomic
def record_committee(
    *, review: ConversionReview, committee_reviewed_on: date, scope: Scope, by: User, today: date
) -> ConversionReview:
    """The branch committee reviewed the material."""
    review = _open_for(review, scope)
    _before_meeting(review)
    _refuse_future(committee_reviewed_on, today, "committee_reviewed_on")
    if review.applied_on is not None and committee_reviewed_on < review.applied_on:
        words = _("The committee reviews after the application of %(on)s came in.")
        raise Refused(words % {"on": date_format(review.applied_on)}, field="committee_reviewed_on")
    review.committee_reviewed_on = committee_reviewed_on
    return _save(review, by)


@transaction.atomic
def record_notice(
    *, review: ConversionReview, notice_from_on: date, notice_to_on: date, notice_result: str, scope: Scope, by: User,
    today: date,
) -> ConversionReview:  # fmt: skip
    """The public notice, also while it still stands (R12). One that is too short is recorded with a reason only."""
    review = _open_for(review, scope)
    _before_meeting(review)
    if review.committee_reviewed_on is None:
        raise Refused(_("The committee reviews first. Record that, then the notice."), field="notice_from_on")
    if notice_from_on < review.committee_reviewed_on:
        words = _("The notice begins after the committee's review of %(on)s.")
        raise Refused(words % {"on": date_format(review.committee_reviewed_on)}, field="notice_from_on")
    if notice_to_on < notice_from_on:
        raise Refused(_("The public notice cannot end before it begins."), field="notice_to_on")
    if notice_to_on > notice_from_on + timedelta(days=90):
        raise Refused(_("That is more than three months. Check the year."), field="notice_to_on")
    review.notice_from_on, review.notice_to_on = notice_from_on, notice_to_on
    review.notice_result = notice_result.strip()[:300]
    facts = facts_of(review, days=dict(load_calendar().days))
    found = check("notice", facts, today, numbers_on(today))
    if found and not review.notice_result:
        words = found[0].message + " " + _("Or say below why it is shorter.")
        raise Refused(words, rule="R12", field="notice_to_on")
    return _save(review, by)


@transaction.atomic
def defer_discussion(
    *, review: ConversionReview, deferred_to: date, defer_reason: str, scope: Scope, by: User, today: date
) -> ConversionReview:
    """Of somebody transferred in: the discussion waits, six months at most; the day of conversion stays the same."""
    review = _open_for(review, scope)
    _before_meeting(review)
    until = review.due_on + relativedelta(months=numbers_on(today)("conversion_deferral_months"))
    if not review.due_on < deferred_to <= until:
        words = _("The discussion may wait until a day after %(due)s, at the latest %(until)s.")
        values = {"due": date_format(review.due_on), "until": date_format(until)}
        raise Refused(words % values, rule="R19", field="deferred_to")
    if not defer_reason.strip():
        raise Refused(_("Say from where the person was transferred in, and what is still to be learned."), field="defer_reason")  # fmt: skip
    review.deferred_to, review.defer_reason = deferred_to, defer_reason.strip()[:200]
    return _save(review, by)


@transaction.atomic
def record_meeting(
    *, review: ConversionReview, meeting_on: date, vote: Vote, decision: str, extended_to: date | None, reason: str,
    scope: Scope, by: User, today: date, now: datetime,
) -> ConversionReview:  # fmt: skip
    """The branch meeting with its count and its decision (R14, R17, R18); the evidence pack is kept as it lies now.

    Raises `Refused` for what a rule blocks, and for what it warns of unless `reason` says why it is right all the same.
    """
    review = _open_for(review, scope)
    _before_meeting(review)
    _still_probationary(review)
    if decision not in RULE_STEPS:
        raise Refused(_("Choose what the meeting decided."), field="decision")
    _refuse_future(meeting_on, today, "meeting_on")
    number = numbers_on(today)
    known = review_facts([review], number)[review.pk]
    facts = replace(known.facts, meeting_on=meeting_on, vote=vote, extend_to=extended_to)
    found = check(RULE_STEPS[ReviewDecision(decision)], facts, today, number)
    refuse_blocked(found)
    _refuse_unless_prepared(review, decision, meeting_on)
    words = reason.strip()[:500]
    if not words:
        _ask_reason(decision, found, known)
    review.meeting_on, review.decision, review.decision_reason = meeting_on, decision, words
    review.extended_to = extended_to if decision == ReviewDecision.EXTEND else None
    for column, name in COUNTS.items():
        setattr(review, column, getattr(vote, name))
    ballots = vote.present + vote.written
    review.issued_count = ballots if vote.issued is None else vote.issued
    review.returned_count = review.issued_count if vote.returned is None else vote.returned
    review.pack, review.pack_at = pack_of(review.person, today, now=now), now
    retire_notices(prefix=notices.meeting_prefix(review.pk), now=now)
    return _save(review, by)


def _refuse_unless_prepared(review: ConversionReview, decision: str, meeting_on: date) -> None:
    """A conversion needs application, committee and notice; the other decisions the committee."""
    needed = [(review.committee_reviewed_on, COMMITTEE)]
    if decision == ReviewDecision.CONVERT:
        needed = [(review.applied_on, APPLICATION), *needed, (review.notice_from_on, NOTICE)]
    for on, step in needed:
        if on is None:
            words = _("First comes: %(step)s. Record it, then the meeting.")
            raise Refused(words % {"step": STEP_LABELS[step]}, field="decision")
        if on > meeting_on:
            words = _("%(step)s (%(on)s) lies after this meeting. Check both dates.")
            raise Refused(words % {"step": STEP_LABELS[step], "on": date_format(on)}, field="meeting_on")


def _ask_reason(decision: str, found: Sequence[Problem], known: ReviewFacts) -> None:
    """Extending and annulling always want a reason; converting when a rule warns or an opinion is missing."""
    if decision != ReviewDecision.CONVERT:
        raise Refused(_("Say why; the person and the higher committee read it."), field="reason")
    missing = list(missing_opinions(known))
    for problem in found:
        raise Refused(problem.message + " " + _("If it is right all the same, say why."), rule=problem.rule, field="reason")  # fmt: skip
    if missing:
        words = _("Not heard yet: %(missing)s. Hear them first, or say why it is right all the same.")
        raise Refused(words % {"missing": "、".join(missing)}, field="reason")


@transaction.atomic
def record_approval(
    *, review: ConversionReview, approved_on: date, is_approved: bool, note: str, scope: Scope, by: User, today: date,
    now: datetime,
) -> ConversionReview:  # fmt: skip
    """The higher committee's answer (R15) closes the review; a yes is written to the person and to steps 22–24."""
    review = _open_for(review, scope)
    if review.meeting_on is None:
        raise Refused(_("The branch meeting comes before the approval. Record it first."), field="approved_on")
    _still_probationary(review)
    _refuse_future(approved_on, today, "approved_on")
    note = note.strip()[:500]
    facts: Facts = replace(facts_of(review, days={}), approved_on=approved_on)
    found = check("approval", facts, today, numbers_on(today))
    refuse_blocked(found)
    if found and not note:
        raise Refused(found[0].message, rule="R15", field="note")
    if not is_approved and not note:
        raise Refused(_("Say what the higher committee objected to."), field="note")
    review.approved_on, review.is_approved, review.approval_note, review.closed_at = approved_on, is_approved, note, now
    _save(review, by)
    if is_approved:
        write_outcome(review=review, by=by, today=today)
    retire_notices(prefix=notices.review_prefix(review.pk), now=now)
    post_notices(notices=notices.decided(review), now=now)
    return review


@transaction.atomic
def undo_last(*, review: ConversionReview, step: str, scope: Scope, by: User) -> str:
    """Take back the last step on record, while the review is open; `step`: the one that was meant. Pressed twice, or on an old
    page, nothing more is taken back. Returns its name. Raises `Refused`."""
    review = _open_for(review, scope)
    done = done_steps(review_facts([review], numbers_on(review.due_on))[review.pk])
    if not done:
        raise Refused(_("There is nothing to take back."))
    if done[-1] != step:
        raise Refused(_("The last step is “%(step)s” now. Look at the review again, then take it back from there.") % {"step": STEP_LABELS[done[-1]]})  # fmt: skip
    for name, value in CLEARS[done[-1]].items():
        setattr(review, name, value)
    _save(review, by)
    return str(STEP_LABELS[done[-1]])


@transaction.atomic
def close_review(*, review: ConversionReview, reason: str, scope: Scope, by: User, now: datetime) -> ConversionReview:
    """Close without an outcome: opened by mistake, moved away. The person's dates stay as they are."""
    review = _open_for(review, scope)
    if review.meeting_on is not None:
        raise Refused(_("The meeting has decided; what comes now is the approval. Take the meeting back first."))
    if not reason.strip():
        raise Refused(_("Say why the review is closed."), field="reason")
    _close([review], reason.strip()[:200], by, now)
    return review


@transaction.atomic
def close_settled_reviews(*, today: date, now: datetime) -> int:
    """Daily: reviews of people whose dates say that they are members already, or no longer on probation, are closed."""
    rows = ConversionReview.objects.open().exclude(person__stage=Stage.PROBATIONARY).select_related("person")
    found = list(rows.select_for_update(of=("self",)).order_by("person_id"))
    _close(found, _("no longer a probationary member"), None, now)
    return len(found)


# --- Somebody leaves -----------------------------------------------------------------------------


def end_reviews_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect: open reviews close with the reason. The people's rows are locked by the caller."""
    from django.utils import timezone

    by = User.objects.filter(pk=by_user_id).first() if by_user_id else None
    rows = list(ConversionReview.objects.open().select_for_update(of=("self",)).filter(person_id__in=person_ids).select_related("person"))  # fmt: skip
    _close(rows, _("left on %(on)s") % {"on": date_format(left_on)}, by, timezone.now())
    return [_("%(name)s: the conversion review is closed.") % {"name": row.person.name} for row in rows]


def preview_reviews_of(person_ids: list[int]) -> list[str]:
    rows = ConversionReview.objects.open().filter(person_id__in=person_ids).select_related("person")
    return [_("%(name)s: the conversion review is closed.") % {"name": row.person.name} for row in rows]


def _close(rows: Sequence[ConversionReview], reason: str, by: User | None, now: datetime) -> None:
    for row in rows:
        row.closed_at, row.close_reason = now, reason
        _save(row, by)
        retire_notices(prefix=notices.review_prefix(row.pk), now=now)


# --- Shared --------------------------------------------------------------------------------------


def manage_objection(review: ConversionReview, scope: Scope) -> str:
    """Why the scope does not run this review; "" when it does."""
    if scope.person_id == review.person_id:
        return _("Nobody records their own review. Another member of the committee does.")
    if scope.manages(review.party_branch_id) or scope.oversees(review.party_branch.department_id):
        return ""
    return _("The review is kept by the secretary or organisation officer of the branch.")


def _open_for(review: ConversionReview, scope: Scope) -> ConversionReview:
    """Locked, open, and the scope's to keep; else `Refused`."""
    review = lock_review(review)
    if objection := manage_objection(review, scope):
        raise Refused(objection)
    if review.closed_at is not None:
        raise Refused(_("This review is closed. What was decided stays as it is."))
    if review.meeting_on is None:
        # The dates of the person may have been corrected since the review was opened.
        review.due_on = due_day(review.person, review.due_on) or review.due_on
    return review


def _still_probationary(review: ConversionReview) -> None:
    if review.person.stage != Stage.PROBATIONARY:
        words = _("%(name)s is not a probationary member any more, so nothing is decided here. Close the review.")
        raise Refused(words % {"name": review.person.name}, rule="R16")


def _before_meeting(review: ConversionReview) -> None:
    if review.meeting_on is not None:
        raise Refused(_("The branch meeting has decided. Take it back first, then correct what lies before it."))


def _refuse_future(on: date, today: date, field: str) -> None:
    if on > today:
        raise Refused(_("This day is still to come. Record what has happened."), field=field)


def _save(review: ConversionReview, by: User | None) -> ConversionReview:
    review._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    try:
        with transaction.atomic():
            review.save()
    except IntegrityError as error:
        raise Refused(_("Somebody was quicker. Reload the page and look again.")) from error
    return review
