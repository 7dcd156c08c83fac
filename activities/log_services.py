"""What happens to a log entry: submitted, corrected, taken back, confirmed, returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person
from mentoring.models import LeagueGuidance, Mentorship
from notifications.services import post_notices, retire_done
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope
from pairings.models import MemberPairing

from . import notices, notices_logs
from .log_checks import flag_of
from .models import LogEntry, LogPurpose, LogState
from .rules import log_problems


def submit_log(
    *,
    person: Person,
    on: date,
    minutes: int,
    purpose: str,
    summary: str,
    member_pairing: MemberPairing | None = None,
    league_branch: LeagueBranch | None = None,
    mentorship: Mentorship | None = None,
    league_guidance: LeagueGuidance | None = None,
    focus_area: str = "",
    late_reason: str = "",
    starts_at: time | None = None,
    idempotency_key: str | None = None,
    today: date,
    now: datetime,
) -> LogEntry:
    """Log what `person` did; it waits for confirmation. The same `idempotency_key` twice gives the same entry.

    Raises `Refused` with the first rule that forbids it.
    """
    try:
        with transaction.atomic():
            # The person's row is the lock under which the day's minutes are added up.
            Person.objects.select_for_update().get(pk=person.pk)
            if idempotency_key:
                known = LogEntry.objects.filter(idempotency_key=idempotency_key, person=person).first()
                if known is not None:
                    return known
            refuse_blocked(
                log_problems(
                    person=person, on=on, minutes=minutes, purpose=purpose, member_pairing=member_pairing,
                    league_branch=league_branch, mentorship=mentorship, league_guidance=league_guidance,
                    focus_area=focus_area, late_reason=late_reason, starts_at=starts_at, today=today, policy=Policy(),
                )
            )  # fmt: skip
            guided = league_guidance if purpose == LogPurpose.LEAGUE_BRANCH else None
            entry = LogEntry.objects.create(
                person=person, on=on, minutes=minutes, purpose=purpose, summary=summary.strip(),
                member_pairing=member_pairing if purpose == LogPurpose.PAIRING else None,
                league_branch=league_branch if purpose == LogPurpose.LEAGUE_BRANCH else None,
                mentorship=mentorship if purpose == LogPurpose.MENTORING else None,
                league_guidance=guided, focus_area=focus_area if guided else "",
                late_reason=late_reason.strip(), idempotency_key=idempotency_key or None, state=LogState.SUBMITTED,
                created_at=now, submitted_at=now, starts_at=starts_at,
                flag=flag_of(person=person, on=on, summary=summary),
            )  # fmt: skip
            post_notices(notices=notices_logs.asks(entry, now), now=now)
            return entry
    except IntegrityError as error:
        raise Refused(_("This entry could not be saved as it is. Check what it was for.")) from error


def _lock_entry(entry: LogEntry) -> LogEntry:
    """The entry as it stands, locked. Raises `Refused` when its author took it back meanwhile."""
    try:
        row: LogEntry = LogEntry.objects.select_for_update(of=("self",)).select_related("person").get(pk=entry.pk)
    except LogEntry.DoesNotExist as error:
        raise Refused(_("This entry was taken back already and is gone.")) from error
    return row


@transaction.atomic
def correct_log(
    *, entry: LogEntry, on: date, minutes: int, summary: str, late_reason: str = "", focus_area: str = "",
    starts_at: time | None = None, reason: str = "", today: date, now: datetime,
) -> LogEntry:  # fmt: skip
    """Correct an own entry; it waits for confirmation again. `focus_area` "" keeps it. A confirmed one asks for a `reason`:
    the history keeps both, and who confirmed it is told. Raises `Refused` for what an activity or a lecture made."""
    Person.objects.select_for_update().get(pk=entry.person_id)
    entry = _lock_entry(entry)
    if entry.lecture_id is not None:
        raise Refused(_("This entry comes from a confirmed lecture. Correct the lecture instead."))
    if entry.activity_id is not None:
        raise Refused(_("This entry was made when the activity was finished. Ask its organiser to correct it."))
    confirmed_by = entry.confirmed_by if entry.state == LogState.CONFIRMED else None
    if confirmed_by is not None and not reason.strip():
        raise Refused(
            _("Please say why a confirmed entry is corrected: who confirmed it will read it."), field="reason"
        )
    if entry.league_guidance_id is not None and focus_area:
        entry.focus_area = focus_area
    refuse_blocked(
        log_problems(
            person=entry.person, on=on, minutes=minutes, purpose=entry.purpose, member_pairing=entry.member_pairing,
            league_branch=entry.league_branch, mentorship=entry.mentorship, league_guidance=entry.league_guidance,
            focus_area=entry.focus_area, late_reason=late_reason, starts_at=starts_at, today=today, policy=Policy(),
            entry_id=entry.pk, entered_on=timezone.localdate(entry.created_at),
        )
    )  # fmt: skip
    entry.on, entry.minutes, entry.summary, entry.late_reason = on, minutes, summary.strip(), late_reason.strip()
    entry.starts_at = starts_at
    entry.flag = flag_of(person=entry.person, on=on, summary=summary, entry_id=entry.pk)
    entry.state, entry.submitted_at, entry.return_reason = LogState.SUBMITTED, now, ""
    entry.confirmed_by = entry.confirmed_at = None
    if confirmed_by is not None:
        entry._change_reason = reason.strip()[:100]  # type: ignore[attr-defined]  # what simple_history reads
    entry.save()
    post_notices(notices=notices_logs.asks(entry, now), now=now)
    if confirmed_by is not None:
        post_notices(notices=[notices_logs.corrected(entry, user_id=confirmed_by.pk, now=now)], now=now)
    return entry


@transaction.atomic
def withdraw_log(*, entry: LogEntry) -> None:
    """Take back an own entry that nobody confirmed."""
    entry = _lock_entry(entry)
    if entry.state == LogState.CONFIRMED:
        raise Refused(_("This entry was confirmed meanwhile and stays. Ask the secretary to return it."))
    entry.delete()


@transaction.atomic
def confirm_logs(*, entry_ids: Sequence[int], scope: Scope, by: User, now: datetime) -> int:
    """Confirm what waits for one in bulk; what somebody else confirmed meanwhile is left. Returns how many.

    Nobody confirms their own entry; entries of others' branches and links are not touched.
    """
    entries = list(LogEntry.objects.confirmable_by(scope).filter(pk__in=entry_ids).select_for_update(of=("self",)))
    for entry in entries:
        entry.state, entry.confirmed_by, entry.confirmed_at = LogState.CONFIRMED, by, now
        entry.save()
    _retire_asking(now)
    return len(entries)


def _retire_asking(now: datetime) -> None:
    """What was said about entries that wait leaves the bell where nothing waits any more."""
    for kind in (notices.LOGS_WAITING, notices_logs.LOG_ASKS):
        retire_done(kind=kind, now=now)


@transaction.atomic
def return_log(*, entry: LogEntry, reason: str, scope: Scope, by: User, now: datetime) -> LogEntry:
    """Send an entry back with a reason; its author is told. A confirmed one can be returned for correction too."""
    entry = _lock_entry(entry)
    if not LogEntry.objects.judged_by(scope).filter(pk=entry.pk).exists():
        raise Refused(
            _("Only the secretary of the person's branch, or the other one of the two, may return this entry.")
        )
    if entry.state not in (LogState.SUBMITTED, LogState.CONFIRMED):
        raise Refused(_("This entry is “%(state)s” now. Reload the page.") % {"state": entry.get_state_display()})
    if entry.lecture_id is not None:
        raise Refused(_("This entry comes from a confirmed lecture. Correct the lecture instead."))
    if not reason.strip():
        raise Refused(_("Please say why: the author will read it."), field="reason")
    entry.state, entry.return_reason = LogState.RETURNED, reason.strip()[:200]
    entry.confirmed_by = entry.confirmed_at = None
    entry.save()
    _retire_asking(now)
    if entry.person.user_id:
        post_notices(
            notices=[
                DueNotice(
                    kind=notices.LOG_RETURNED,
                    user_id=entry.person.user_id,
                    dedupe_key=f"{notices.LOG_RETURNED}:{entry.pk}:{now:%Y%m%d%H%M%S}",
                    subject={"entry": entry.pk, "on": entry.on.isoformat()},
                    link=f"/log/{entry.pk}/",
                )
            ],
            now=now,
        )
    return entry
