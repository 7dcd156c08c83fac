"""Consent, what is recorded under it, and reading it. The one door to `SupportNeed`; nothing here puts a code into a message or a log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import AuditAction, User
from accounts.services import record_audit
from members.models import Person
from members.stages import Stage
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope

from . import consent_text, needs
from .models import ConsentState, Mentorship, SupportConsent, SupportNeed, SupportReading
from .needs import RECORDING_ROLES, ReaderRole
from .querysets import need_readers
from .services import lock_people

# RULES.md P10: consent three years after its end; readings as long as the trail.
CONSENT_KEPT_YEARS: Final = 3
READINGS_KEPT_YEARS: Final = 2


# --- Who -----------------------------------------------------------------------------------------


def readable_people(scope: Scope) -> Any:
    """People whose needs the scope may read, if there are any."""
    rows = Person.objects.filter(pk__in=Person.objects.filter(need_readers(scope)).values("pk"))
    return rows.select_related("party_branch", "school_class")


def helped_people(scope: Scope) -> Any:
    """Of one's own classes or branch, everybody with a running link: no sign of who has a need recorded."""
    mentees = Mentorship.objects.running().values("mentee_id")
    return readable_people(scope).filter(pk__in=mentees).exclude(pk=scope.person_id or 0)


def is_helped(person_id: int) -> bool:
    """What everybody may know who sees the person's links."""
    return bool(Mentorship.objects.running().filter(mentee_id=person_id).exists())


def role_of(person: Person, scope: Scope) -> ReaderRole | None:
    """As what the scope may read this person's needs; None when it may not (see `need_readers`)."""
    if scope.person_id is not None and scope.person_id == person.pk:
        return ReaderRole.SELF
    if not readable_people(scope).filter(pk=person.pk).exists():
        return None
    if scope.has(Role.COUNSELLOR) and person.school_class_id in scope.class_ids:
        return ReaderRole.COUNSELLOR
    if scope.has(Role.SECRETARY) and (scope.manages(person.party_branch_id) or _is_guided(person, scope)):
        return ReaderRole.SECRETARY
    return ReaderRole.MENTOR


def _is_guided(person: Person, scope: Scope) -> bool:
    """Of a League branch for which a branch of the scope is responsible."""
    mine = Q(party_branch=None, school_class__league_branches__in=scope.guided_league_branch_ids)
    return bool(Person.objects.filter(mine, pk=person.pk).exists())


def may_record(person: Person, scope: Scope) -> bool:
    return role_of(person, scope) in RECORDING_ROLES


# --- Consent -------------------------------------------------------------------------------------


def consent_of(person_id: int) -> SupportConsent | None:
    """The consent in force, to whatever version of the text."""
    return SupportConsent.objects.in_force().filter(person_id=person_id).first()


def is_current(consent: SupportConsent | None) -> bool:
    """In force, and to the text as it stands now: only then something new may be recorded."""
    return consent is not None and consent.state == ConsentState.GIVEN and consent.version == consent_text.VERSION


@transaction.atomic
def give_consent(*, scope: Scope, version: str, ip: str | None, now: datetime) -> SupportConsent:
    """The person agrees to the text they were shown. Twice is once; an older consent ends and what it covers goes on under the new."""
    person = _lock_oneself(scope)
    if version != consent_text.VERSION:
        raise Refused(_("The text was changed meanwhile. Please read it again before you agree."), rule="P3")
    standing = consent_of(person.pk)
    if standing is not None and is_current(standing):
        return standing
    if standing is not None:
        standing.state, standing.withdrawn_at = ConsentState.WITHDRAWN, now
        standing.save()
    fresh = SupportConsent.objects.create(person=person, version=version, given_at=now, given_from=ip)
    SupportNeed.objects.filter(person=person).update(consent=fresh)
    return fresh


@transaction.atomic
def withdraw_consent(*, scope: Scope, now: datetime) -> None:
    """The person takes it back: what was recorded is erased in the same transaction, the consent stays as withdrawn."""
    person = _lock_oneself(scope)
    standing = consent_of(person.pk)
    if standing is None:
        raise Refused(_("There is no consent that could be withdrawn: nothing is recorded."))
    _end_consent(person.pk, now)


def _lock_oneself(scope: Scope) -> Person:
    person = lock_people(scope.person_id or 0).get(scope.person_id or 0)
    if person is None:
        raise Refused(_("Only the person concerned can agree or withdraw, with their own account."))
    if _has_left(person):
        raise Refused(_("You have left the college: nothing is recorded about you any more."))
    return person


def _has_left(person: Person) -> bool:
    return person.stage == Stage.LEFT


def _end_consent(person_id: int, now: datetime) -> None:
    SupportNeed.objects.filter(person_id=person_id).delete()
    for consent in SupportConsent.objects.in_force().filter(person_id=person_id):
        consent.state, consent.withdrawn_at = ConsentState.WITHDRAWN, max(now, consent.given_at)
        consent.save()


# --- What is recorded ----------------------------------------------------------------------------


def mark_of(person_id: int) -> str:
    """Changes with every entry: a form sent back with an older mark is refused."""
    at = SupportNeed.objects.filter(person_id=person_id).values_list("recorded_at", flat=True).first()
    return at.isoformat() if at else ""


@sensitive_variables("codes", "wanted")
@transaction.atomic
def record_need(
    *, person: Person, codes: Collection[str], scope: Scope, by: User, now: datetime, seen: str | None = None
) -> None:
    """Replace what is recorded; an empty set erases it. By the person, the class's counsellor or the branch secretary.

    Only with the person's consent to the current text (erasing needs none). `seen` is the mark of what the form showed.
    """
    person = lock_people(person.pk)[person.pk]
    if not may_record(person, scope):
        raise Refused(
            _("Only the person, the counsellor of the class and the branch secretary record this."), rule="P2"
        )
    if seen is not None and seen != mark_of(person.pk):
        raise Refused(_("Somebody changed this meanwhile. Look at it again before you save."))
    wanted = needs.in_order(codes)
    if len(wanted) != len(set(codes)):
        raise Refused(_("Choose from the list only."), field="codes")
    if not wanted:
        SupportNeed.objects.filter(person=person).delete()
        return
    if _has_left(person):
        raise Refused(_("This person has left the college: nothing is recorded any more."))
    consent = consent_of(person.pk)
    if consent is None or not is_current(consent):
        words = _(
            "Nothing can be recorded without the person's consent to the current text. General support needs neither."
        )
        raise Refused(words, rule="P3")
    values = {"consent": consent, "codes": needs.pack(person.pk, wanted), "recorded_by": by, "recorded_at": now}
    need = SupportNeed.objects.filter(person=person).first()
    if need is None:
        SupportNeed.objects.create(person=person, **values)
        return
    for name, value in values.items():
        setattr(need, name, value)
    need.save()


@transaction.atomic
def read_need(*, person: Person, scope: Scope, by: User, now: datetime, ip: str | None = None) -> tuple[str, ...]:
    """Codes of the person, possibly none. Each reading is kept, also of nothing: for the person, and in the trail without a name.

    Raises `Refused` for everybody who is neither the person nor a running mentor, the counsellor or the secretary.
    """
    person = lock_people(person.pk)[person.pk]
    role = role_of(person, scope)
    if role is None:
        raise Refused(_("You may not read this."), rule="P2")
    reading = SupportReading.objects.create(person=person, reader=by, role=role, at=now)
    record_audit(
        action=AuditAction.READ_SENSITIVE, user=by, now=now, ip=ip, object_type="support_need", object_id=reading.pk
    )
    need = SupportNeed.objects.filter(person=person).first()
    return needs.unpack(person.pk, need.codes) if need is not None else ()


# --- How long ------------------------------------------------------------------------------------


def erase_needs_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Who leaves takes their needs along. No line says so: it would tell that there was one."""
    now = timezone.now()
    if left_on <= timezone.localdate(now):
        for person_id in person_ids:
            _end_consent(person_id, now)
    return []


@transaction.atomic
def forget_what_is_over(today: date) -> int:
    """Daily: needs of people who have left, consents three years after their end, readings two years old. Returns how many rows went."""
    now = timezone.now()
    left = Q(person__stage=Stage.LEFT) | Q(person__left_on__lte=today)
    with_need = SupportNeed.objects.filter(left).values_list("person_id", flat=True)
    with_consent = SupportConsent.objects.in_force().filter(left).values_list("person_id", flat=True)
    leavers = {*with_need, *with_consent}
    for person_id in leavers:
        _end_consent(person_id, now)
    consents = SupportConsent.objects.filter(
        state=ConsentState.WITHDRAWN, withdrawn_at__date__lt=today - relativedelta(years=CONSENT_KEPT_YEARS)
    ).delete()[0]
    readings = SupportReading.objects.filter(at__date__lt=today - relativedelta(years=READINGS_KEPT_YEARS)).delete()[0]
    return len(leavers) + consents + readings


def own_data(user_id: int) -> dict[str, Any]:
    """For the person's download: consents and readings. The codes are shown on the page alone: no export carries them."""
    consents = SupportConsent.objects.filter(person__user_id=user_id)
    readings = SupportReading.objects.filter(person__user_id=user_id).select_related("reader")
    return {
        "consents": [
            {
                "version": row.version,
                "given_at": row.given_at,
                "address": row.given_from,
                "withdrawn_at": row.withdrawn_at,
            }
            for row in consents
        ],
        "readings": [{"at": row.at, "role": row.role, "reader": row.reader.display_name} for row in readings],
        "categories": _("Shown on the page “My support needs” only; no file carries them."),
    }
