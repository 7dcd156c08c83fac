"""Observation records: the contact's each quarter, the branch's each half-year, corrected by who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_observations
from .models import Mentorship, ObservationKind, ObservationRecord
from .observation_rules import period_problems, person_problems, rule_of
from .services import lock_link, lock_people
from .tiers import LinkState

# The five headings of RULES.md 4.3(k), in the order of the form.
TEXTS: Final = ("politics", "study", "work", "masses", "strengths")


def contact_objection(link: Mentorship, scope: Scope) -> str:
    """Why the scope writes no contact's record for this link, in words; "" when it does."""
    if scope.person_id is None or scope.person_id != link.mentor_id:
        return _("The record is written by the cultivation contact of this link.")
    if not link.is_formal:
        return _("Only the formal cultivation contact writes observation records; a peer mentor logs talks instead.")
    if link.state != LinkState.ACTIVE:
        words = _("Records are written while the link runs. This one is “%(state)s”; what was recorded stays.")
        return words % {"state": link.get_state_display()}
    return ""


def review_objection(person: Person, scope: Scope) -> str:
    """Why the scope writes no review of the branch; "" when it does."""
    if scope.person_id == person.pk:
        return _("Nobody reviews themselves. Another member of the committee writes this.")
    if not scope.manages(person.party_branch_id):
        return _("The half-year review is written by the secretary or organisation officer of the person's branch.")
    return ""


@transaction.atomic
def record_contact(
    *, link: Mentorship, period_from: date, period_to: date, texts: Mapping[str, str], scope: Scope, by: User, today: date,
    now: datetime,
) -> ObservationRecord:  # fmt: skip
    """The contact's record of a quarter (R06). Raises `Refused` for anybody else, and for a period that does not fit."""
    link = lock_link(link)
    _refuse(contact_objection(link, scope), "R06")
    earlier = ObservationRecord.objects.filter(mentorship=link)
    row = ObservationRecord(
        person=link.mentee, kind=ObservationKind.CONTACT, mentorship=link, observer=link.mentor, recorded_by=by,
        signed_on=today, period_from=period_from, period_to=period_to,
    )  # fmt: skip
    _refuse_person(row)
    _write(row, texts, list(earlier.values_list("period_from", "period_to")), today)
    retire_notices(prefix=notices_observations.contact_prefix(link.pk), now=now)
    return row


@transaction.atomic
def record_review(
    *, person: Person, period_from: date, period_to: date, texts: Mapping[str, str], scope: Scope, by: User, today: date,
    now: datetime,
) -> ObservationRecord:  # fmt: skip
    """The branch's review of a half-year (R05; R20 for a probationary member). Raises as `record_contact`."""
    person = lock_people(person.pk)[person.pk]
    rule = rule_of(ObservationKind.BRANCH, person.stage)
    _refuse(review_objection(person, scope), rule)
    earlier = ObservationRecord.objects.filter(person=person, kind=ObservationKind.BRANCH)
    row = ObservationRecord(
        person=person, kind=ObservationKind.BRANCH, observer_id=scope.person_id, recorded_by=by, signed_on=today,
        period_from=period_from, period_to=period_to,
    )  # fmt: skip
    _refuse_person(row)
    _write(row, texts, list(earlier.values_list("period_from", "period_to")), today)
    notices_observations.retire_reviews(now=now)
    return row


@transaction.atomic
def correct_record(
    *,
    record: ObservationRecord,
    period_from: date,
    period_to: date,
    texts: Mapping[str, str],
    scope: Scope,
    today: date,
) -> ObservationRecord:
    """Correct what was written, at any time; the history keeps each version. By the contact, or by who runs the branch."""
    lock_people(record.person_id)
    row: ObservationRecord | None = (
        ObservationRecord.objects.changeable_by(scope).select_related("person").filter(pk=record.pk).first()
    )
    if row is None or row.person_id == scope.person_id:
        raise Refused(_("A record is corrected by the contact who wrote it, a review by the branch."))
    others = ObservationRecord.objects.filter(person_id=row.person_id, kind=row.kind)
    if row.mentorship_id is not None:
        others = others.filter(mentorship_id=row.mentorship_id)
    row.period_from, row.period_to = period_from, period_to
    _write(row, texts, list(others.exclude(pk=row.pk).values_list("period_from", "period_to")), today)
    return row


def _refuse_person(row: ObservationRecord) -> None:
    refuse_blocked(person_problems(name=row.person.name, stage=row.person.stage, kind=row.kind))


def _write(
    row: ObservationRecord, texts: Mapping[str, str], earlier: list[tuple[date, date]], today: date
) -> ObservationRecord:
    rule = rule_of(row.kind, row.person.stage)
    refuse_blocked(period_problems(
        period_from=row.period_from, period_to=row.period_to, today=today, earlier=earlier, rule=rule
    ))  # fmt: skip
    for name in TEXTS:
        setattr(row, name, texts[name].strip()[:1000])
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused(_("This period was recorded meanwhile. Reload the page."), rule=rule) from error
    return row


def _refuse(words: str, rule: str) -> None:
    if words:
        raise Refused(words, rule=rule)
