"""What an approved decision writes: the person's dates, and steps 22 to 24 of the process record with the vote."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import DevelopmentStep, Person, StepVote
from members.services import save_person
from members.stages import ORDERED_DATES

from .models import ConversionReview, ReviewDecision

# Steps whose day a person's date holds; written down before an annulment clears the dates.
DATED_STEPS = {1: "applied_on", 3: "activist_on", 7: "candidate_on", 15: "admitted_on"}


def write_outcome(*, review: ConversionReview, by: User, today: date) -> None:
    """To be called in the transaction that closes the review, with the person's row locked.

    Converted: full member from the day the probation was over, whenever the meeting was (the standing counts from there, R17).
    Extended: the new end. Annulled: no longer a member and nothing before it either, for joining again begins with a new
    application; so the dates are cleared and the stage falls back to League member or non-member. Nothing is lost by that: the days
    stand in the process record, in the person's history and in this review.
    """
    person = review.person
    match review.decision:
        case ReviewDecision.CONVERT:
            person.converted_on = review.due_on
        case ReviewDecision.EXTEND:
            person.extended_to = review.extended_to
        case ReviewDecision.ANNUL:
            _keep_days(person, by)
            for name in (*ORDERED_DATES, "extended_to"):
                setattr(person, name, None)
            person._change_reason = _("Probationary membership annulled; approved on %(on)s") % {  # type: ignore[attr-defined]  # the name simple_history reads
                "on": date_format(review.approved_on) if review.approved_on else ""
            }
    _write_steps(review, by)
    save_person(person=person, today=today, by=by)


def _keep_days(person: Person, by: User) -> None:
    for number, name in DATED_STEPS.items():
        on = getattr(person, name)
        if on is not None:
            DevelopmentStep.objects.get_or_create(
                person=person, number=number, defaults={"done_on": on, "recorded_by": by}
            )


def _write_steps(review: ConversionReview, by: User) -> None:
    """A second review, after an extension, writes over the steps of the first; their history keeps both."""
    decision = str(review.get_decision_display())
    if review.applied_on is not None:
        _step(review, 22, review.applied_on, by)
    meeting = _step(review, 23, review.meeting_on, by, note=decision, reason=review.decision_reason[:200])
    _step(review, 24, review.approved_on, by, note=decision)
    counts = {
        name: getattr(review, name) or 0
        for name in (
            "eligible_count", "present_count", "written_count", "issued_count", "returned_count", "yes_count", "no_count",
            "abstained_count",
        )
    }  # fmt: skip
    StepVote.objects.update_or_create(step=meeting, defaults=counts)


def _step(review: ConversionReview, number: int, on: date | None, by: User, **more: Any) -> DevelopmentStep:
    values = {"done_on": on, "recorded_by": by, "note": "", "reason": ""} | more
    row, _created = DevelopmentStep.objects.update_or_create(person=review.person, number=number, defaults=values)
    return row
