"""Minutes of organisational life (RULES.md 4.3(i)): what they start from, written, corrected, signed; and when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.policy import policy_number
from members.models import Person
from members.stages import Stage
from notifications.services import retire_done
from pairing_portal.common.problems import Problem, Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from .event_models import Activity, ActivityState, Audience, OwnFields, Participation, ParticipationState
from .event_querysets import ActivityQuerySet
from .event_rules import may_keep_list
from .record_models import MeetingMinutes, Motion

HELD_STATES: Final = (ActivityState.PUBLISHED, ActivityState.FINISHED)
# Meetings of longer ago are not asked about any more.
ASKED_FOR: Final = timedelta(days=90)
VOTES_AT_MOST: Final = 10
MINUTES_DUE: Final = "activities.minutes_due"


@dataclass(frozen=True)
class Text:
    """What is written in minutes."""

    session: str = ""
    chair: Person | None = None
    recorder: Person | None = None
    guests: str = ""
    eligible_count: int | None = None
    present_count: int | None = None
    agenda: str = ""
    points: str = ""
    resolutions: str = ""


@dataclass(frozen=True)
class Vote:
    what: str
    yes: int = 0
    no: int = 0
    abstained: int = 0


TEXT_FIELDS: Final = tuple(field.name for field in fields(Text))


def has_minutes(activity: Activity) -> bool:
    return activity.kind.own_fields == OwnFields.MEETING


def may_write(activity: Activity, scope: Scope) -> bool:
    """The committee of a host, and who planned the meeting."""
    return may_keep_list(activity, scope)


def may_read(activity: Activity, scope: Scope) -> bool:
    """Once signed: who was invited, secretaries (of a paired branch they inspect), who oversees; before that who may write."""
    if may_write(activity, scope):
        return True
    if not MeetingMinutes.objects.filter(activity=activity, signed_at__isnull=False).exists():
        return False
    branch = activity.party_branch
    overseen = scope.whole_college or (branch is not None and scope.oversees(branch.department_id))
    invited = activity.participations.filter(person_id=scope.person_id or 0).exists()
    return bool(scope.managed_branch_ids) or overseen or invited


# --- What they start from -------------------------------------------------------------------------


def proposed_text(activity: Activity) -> Text:
    """Numbers and guests as the roster and the list of the meeting have them. Three queries."""
    present = [
        row.person for row in activity.participations.filter(state=ParticipationState.PRESENT).select_related("person")
    ]
    voting = [person for person in present if _has_vote(activity, person)]
    guests = "、".join(person.name for person in present if not _has_vote(activity, person))
    eligible = max(_eligible(activity), len(voting))
    return Text(session=activity.title[:100], guests=guests[:300], eligible_count=eligible, present_count=len(voting))


def _has_vote(activity: Activity, person: Person) -> bool:
    """Full members of the host; of a committee's meeting everybody who is invited."""
    if activity.audience == Audience.COMMITTEE or activity.party_branch_id is None:
        return True
    return bool(person.stage == Stage.FULL and person.party_branch_id == activity.party_branch_id)


def _eligible(activity: Activity) -> int:
    if activity.audience == Audience.COMMITTEE or activity.party_branch_id is None:
        return activity.participations.exclude(state=ParticipationState.WITHDRAWN).count()
    return int(Person.objects.filter(party_branch_id=activity.party_branch_id, stage=Stage.FULL).count())


def attendance(rows: Sequence[Participation]) -> tuple[list[Participation], list[Participation]]:
    """(present, absent) of those invited; who withdrew is neither."""
    gone = (ParticipationState.WITHDRAWN, ParticipationState.WAITING)
    present = [row for row in rows if row.state == ParticipationState.PRESENT]
    absent = [row for row in rows if row.state != ParticipationState.PRESENT and row.state not in gone]
    return present, absent


# --- R14 ------------------------------------------------------------------------------------------


def quorum_words(eligible: int | None, present: int | None) -> tuple[bool, str]:
    """(is there one, the sentence); "" when the numbers are not known yet."""
    if eligible is None or present is None:
        return False, ""
    values = {"present": present, "eligible": eligible}
    if 2 * present > eligible:
        return True, _(
            "%(present)d of %(eligible)d eligible are present: more than half, the meeting can decide."
        ) % values
    return False, _("%(present)d of %(eligible)d eligible are present: not more than half, the meeting cannot decide.") % values  # fmt: skip


def outcome_words(vote: Vote | Motion, eligible: int | None, present: int | None) -> tuple[bool, str]:
    """(carried, the sentence): more than half of all who are eligible, not of those present (R14)."""
    if eligible is None or present is None:
        return False, ""
    if not quorum_words(eligible, present)[0]:
        return False, _("not valid: too few present")
    values = {"yes": vote.yes, "eligible": eligible}
    if 2 * vote.yes > eligible:
        return True, _("carried: %(yes)d of %(eligible)d eligible in favour, more than half") % values
    return False, _("not carried: %(yes)d of %(eligible)d eligible in favour, not more than half") % values


def minutes_problems(text: Text, votes: Sequence[Vote]) -> list[Problem]:
    found = []
    eligible, present = text.eligible_count, text.present_count
    if eligible is not None and present is not None and present > eligible:
        found.append(Problem(_("There cannot be more present than eligible."), "R14", field="present_count"))
    if votes and (eligible is None or present is None):
        words = _("Say how many are eligible and present before you enter votes.")
        found.append(Problem(words, "R14", field="present_count"))
    if len(votes) > VOTES_AT_MOST:
        words = _("At most %(count)d votes stand in one set of minutes.")
        found.append(Problem(words % {"count": VOTES_AT_MOST}))
    for vote in votes:
        given = vote.yes + vote.no + vote.abstained
        if not vote.what.strip():
            found.append(Problem(_("Say what was voted on."), field="votes"))
        elif present is not None and given > present:
            words = _("“%(what)s”: %(given)d votes were given, but only %(present)d were present with a vote.")
            values = {"what": vote.what, "given": given, "present": present}
            found.append(Problem(words % values, "R14", field="votes"))
    return found


# --- Write, correct, sign -------------------------------------------------------------------------


@transaction.atomic
def write_minutes(
    *, activity: Activity, text: Text, votes: Sequence[Vote], seen: int, scope: Scope, by: User, now: datetime
) -> MeetingMinutes:
    """Write minutes or correct them; each version stays in the history. `seen` is how many versions the writer has seen.

    Raises `Refused`, also when somebody else saved in between: nobody's text is lost unseen.
    """
    activity = _lock(activity)
    _check_writer(activity, scope, now)
    refuse_blocked(minutes_problems(text, votes))
    minutes = MeetingMinutes.objects.filter(activity=activity).first()
    if seen != (minutes.history.count() if minutes else 0):
        raise Refused(
            _("Somebody else saved these minutes meanwhile. Copy your text, reload the page and add it there.")
        )
    if minutes is None:
        minutes = MeetingMinutes(activity=activity, written_by=by, written_at=now)
    for name in TEXT_FIELDS:
        value = getattr(text, name)
        setattr(minutes, name, value.strip() if isinstance(value, str) else value)
    before = _votes_of(minutes) if minutes.pk else []
    after = [Vote(vote.what.strip(), vote.yes, vote.no, vote.abstained) for vote in votes]
    if minutes.pk and before != after:
        words = _("votes: %(before)s → %(after)s") % {"before": _short(before), "after": _short(after)}
        cast(Any, minutes)._change_reason = words[:100]
    minutes.save()
    if before != after:
        Motion.objects.filter(minutes=minutes).delete()
        Motion.objects.bulk_create(
            Motion(minutes=minutes, what=vote.what, yes=vote.yes, no=vote.no, abstained=vote.abstained)
            for vote in after
        )
    retire_done(kind=MINUTES_DUE, now=now)
    return minutes


def _votes_of(minutes: MeetingMinutes) -> list[Vote]:
    return [Vote(row.what, row.yes, row.no, row.abstained) for row in Motion.objects.filter(minutes=minutes)]


def _short(votes: Sequence[Vote]) -> str:
    return "、".join(f"{vote.what[:12]} {vote.yes}/{vote.no}/{vote.abstained}" for vote in votes) or "—"


@transaction.atomic
def sign_minutes(*, activity: Activity, scope: Scope, by: User, now: datetime) -> MeetingMinutes:
    """Sign once everything a reader needs is there; a correction after that is seen in the history. Raises `Refused`."""
    activity = _lock(activity)
    _check_writer(activity, scope, now)
    minutes = MeetingMinutes.objects.filter(activity=activity).first()
    if minutes is None:
        raise Refused(_("There are no minutes yet. Write them first."))
    if minutes.signed_at is not None:
        raise Refused(_("These minutes are signed already."))
    needed = ("chair", "recorder", "eligible_count", "present_count", "agenda", "points")
    missing = [name for name in needed if getattr(minutes, name) in (None, "")]
    if missing:
        names = "、".join(str(MeetingMinutes._meta.get_field(name).verbose_name) for name in missing)  # type: ignore[union-attr]  # a column, not a relation
        raise Refused(_("Before signing, fill in: %(names)s") % {"names": names})
    minutes.signed_at, minutes.signed_by = now, by
    minutes.save()
    return minutes


def _lock(activity: Activity) -> Activity:
    rows = Activity.objects.select_for_update(of=("self",)).select_related("kind", "party_branch", "league_branch")
    return rows.get(pk=activity.pk)  # type: ignore[no-any-return]  # the stubs know no querysets of ours


def _check_writer(activity: Activity, scope: Scope, now: datetime) -> None:
    if not has_minutes(activity):
        raise Refused(_("This kind of activity has no minutes."))
    if not may_write(activity, scope):
        raise Refused(_("Minutes are written by the committee of the host."))
    if activity.state not in HELD_STATES or activity.starts_at > now:
        raise Refused(_("Minutes are written when the meeting has begun."))


# --- When they are due ----------------------------------------------------------------------------


def due_on(activity: Activity) -> date:
    """The last day on which they are in time, by the policy of the day the meeting ended."""
    ended = timezone.localdate(activity.ends_at)
    return ended + timedelta(days=policy_number("minutes_within_days", ended))


def without_minutes(now: datetime) -> ActivityQuerySet:
    """Meetings that were held and have no minutes."""
    rows: ActivityQuerySet = Activity.objects.filter(
        kind__own_fields=OwnFields.MEETING, state__in=HELD_STATES, ends_at__lt=now, ends_at__gt=now - ASKED_FOR, minutes=None
    )  # fmt: skip
    return rows
