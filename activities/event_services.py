"""The life of an activity: plan, approve (a joint one by both sides), publish, change, cancel, finish; each step is one service."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from dateutil.rrule import rrulestr
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from members.models import Person, Post
from members.stages import DEVELOPING_STAGES, MEMBER_STAGES
from notifications.services import post_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_events as notices
from .credit_services import credit_people, refuse_minutes
from .event_models import (
    Activity,
    ActivityHost,
    ActivityState,
    Audience,
    Participation,
    ParticipationState,
)
from .event_rules import Plan, may_plan, may_run, plan_problems

REPEATS_AT_MOST = 60
FIELDS = (
    "kind", "title", "description", "audience", "starts_at", "ends_at", "place", "capacity", "sign_up_until", "needs_sign_up",
)  # fmt: skip


@transaction.atomic
def plan_activity(
    *, plan: Plan, repeat_rule: str = "", once: bool = False, scope: Scope, by: User, now: datetime
) -> list[Activity]:
    """Write a draft, or a draft a repetition (RFC 5545 rule, e.g. FREQ=WEEKLY;COUNT=8); the first is what it repeats.

    A joint activity takes the other side of its pairing as co-host. `once`: the same planned by the same user before, as by a
    form sent twice, is returned and not written again. Raises `Refused`.
    """
    if not may_plan(scope, party_branch=plan.party_branch, league_branch=plan.league_branch):
        raise Refused(_("Activities are planned by the committee of the host."), field="host")
    refuse_blocked(plan_problems(plan, now))
    if once and (before := _planned_before(plan, by)):
        return before
    made: list[Activity] = []
    length = plan.ends_at - plan.starts_at
    ahead = plan.starts_at - plan.sign_up_until if plan.sign_up_until else None
    for starts_at in repetitions(repeat_rule, plan.starts_at):
        one = replace(
            plan, starts_at=starts_at, ends_at=starts_at + length, sign_up_until=starts_at - ahead if ahead is not None else None
        )  # fmt: skip
        activity = Activity(
            party_branch=plan.party_branch, league_branch=plan.league_branch, pairing=plan.pairing,
            check_in_secret=secrets.token_urlsafe(32), created_by=by, created_at=now, repeat_rule=repeat_rule if not made else "",
            repeat_of=made[0] if made else None, **{name: getattr(one, name) for name in FIELDS},
        )  # fmt: skip
        activity.title, activity.place = activity.title.strip(), activity.place.strip()
        activity.save()
        ActivityHost.objects.bulk_create(
            ActivityHost(activity=activity, party_branch=branch) for branch in co_hosts_of(plan)
        )
        made.append(activity)
    return made


def _planned_before(plan: Plan, by: User) -> list[Activity]:
    """The same of the same user that was not called off, with its repetitions; the host is locked until the end of the plan."""
    host = plan.party_branch or plan.league_branch
    assert host is not None  # checked by the rules
    type(host).objects.select_for_update(of=("self",)).get(pk=host.pk)
    same = Activity.objects.exclude(state=ActivityState.CANCELLED).filter(
        party_branch=plan.party_branch, league_branch=plan.league_branch, kind=plan.kind, title=plan.title.strip(),
        starts_at=plan.starts_at, ends_at=plan.ends_at, created_by=by, repeat_of=None,
    )  # fmt: skip
    first = same.first()
    return [first, *first.repetitions.all()] if first else []


def co_hosts_of(plan: Plan) -> list[PartyBranch]:
    """The other side of the pairing, and whoever else was named; never the first host."""
    named = {branch.pk: branch for branch in plan.co_hosts}
    if plan.pairing is not None:
        named |= {branch.pk: branch for branch in (plan.pairing.helping_branch, plan.pairing.partner_branch)}
    own = plan.party_branch.pk if plan.party_branch else None
    return [branch for pk, branch in sorted(named.items()) if pk != own]


def repetitions(rule: str, first: datetime) -> list[datetime]:
    """The moments a rule gives, local clock time kept. Raises `Refused` for a rule that is none, or never ends within reason."""
    if not rule:
        return [first]
    local = timezone.localtime(first)
    if len(rule) > 200 or "\n" in rule or not rule.startswith("FREQ="):
        raise Refused(_("This repetition could not be read. Choose one of those offered."), field="repeat_rule")
    if "COUNT=" not in rule and "UNTIL=" not in rule:
        raise Refused(_("Say how often it repeats, or until when."), field="repeat_rule")
    try:
        found = rrulestr(rule, dtstart=local.replace(tzinfo=None))
        moments = [moment for moment, _number in zip(found, range(REPEATS_AT_MOST + 1), strict=False)]
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(
            _("This repetition could not be read. Choose one of those offered."), field="repeat_rule"
        ) from error
    if len(moments) > REPEATS_AT_MOST:
        words = _("That would be more than %(limit)d activities. Choose a shorter time.")
        raise Refused(words % {"limit": REPEATS_AT_MOST}, field="repeat_rule")
    if not moments:
        raise Refused(_("This repetition has no day. Choose a later end."), field="repeat_rule")
    return [timezone.make_aware(moment) for moment in moments]


def lock_activity(activity: Activity) -> Activity:
    """The activity as it stands now, locked."""
    rows = Activity.objects.select_for_update(of=("self",)).with_names()
    row: Activity = rows.get(pk=activity.pk)
    return row


def _refuse(activity: Activity, scope: Scope, *allowed: ActivityState) -> None:
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    if activity.state not in allowed:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})


@transaction.atomic
def send_for_approval(*, activity: Activity, scope: Scope, by: User, now: datetime) -> Activity:
    """The first host says yes by sending; with co-hosts it waits for theirs, without it is approved."""
    activity = lock_activity(activity)
    _refuse(activity, scope, ActivityState.DRAFT)
    waiting = list(activity.co_hosts.select_related("party_branch").filter(approved_at=None))
    activity.state = ActivityState.PROPOSED if waiting else ActivityState.APPROVED
    activity.save()
    post_notices(notices=notices.approval_asked(activity, waiting, by), now=now)
    return activity


@transaction.atomic
def approve_activity(*, activity: Activity, scope: Scope, by: User, now: datetime) -> Activity:
    """A co-host says yes; the last yes approves. Raises `Refused` for everybody else."""
    activity = lock_activity(activity)
    if activity.state != ActivityState.PROPOSED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    mine = list(activity.co_hosts.filter(party_branch_id__in=scope.managed_branch_ids, approved_at=None))
    if not mine:
        raise Refused(_("The secretaries of the branches that host along approve this."))
    for row in mine:
        row.approved_by, row.approved_at = by, now
        row.save()
    if not activity.co_hosts.filter(approved_at=None).exists():
        activity.state = ActivityState.APPROVED
        activity.save()
        post_notices(notices=notices.approved(activity, by), now=now)
    return activity


@transaction.atomic
def decline_activity(*, activity: Activity, reason: str, scope: Scope, by: User, now: datetime) -> Activity:
    """A co-host says no, with a reason: it is a draft again."""
    activity = lock_activity(activity)
    if activity.state != ActivityState.PROPOSED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if not activity.co_hosts.filter(party_branch_id__in=scope.managed_branch_ids).exists():
        raise Refused(_("The secretaries of the branches that host along approve this."))
    if not reason.strip():
        raise Refused(_("Please say why: the other side will read it."), field="reason")
    activity.co_hosts.update(approved_by=None, approved_at=None)
    activity.state = ActivityState.DRAFT
    activity.save()
    post_notices(notices=notices.declined(activity, reason.strip()[:200], by), now=now)
    return activity


@transaction.atomic
def publish_activity(*, activity: Activity, scope: Scope, by: User, now: datetime) -> Activity:
    """Invite the audience and tell them. A draft without co-hosts is approved by this press."""
    activity = lock_activity(activity)
    _refuse(activity, scope, ActivityState.DRAFT, ActivityState.APPROVED)
    if activity.state == ActivityState.DRAFT and activity.co_hosts.filter(approved_at=None).exists():
        raise Refused(_("Both sides approve a joint activity first. Send it to the other side."))
    activity.state = ActivityState.PUBLISHED
    activity.save()
    known = set(activity.participations.values_list("person_id", flat=True))
    invited = [person for person in audience_of(activity) if person.pk not in known]
    Participation.objects.bulk_create(
        [Participation(activity=activity, person=person) for person in invited], batch_size=500, ignore_conflicts=True
    )
    if activity.ends_at > now:
        post_notices(notices=notices.invited(activity, invited, by), now=now)
    return activity


def audience_of(activity: Activity | Plan) -> list[Person]:
    """Whom publishing invites: people of the hosts by stage or post, the class, or nobody when all may sign up."""
    if activity.audience == Audience.OPEN:
        return []
    people = Person.objects.present()
    if activity.league_branch is not None:
        return list(people.filter(school_class__isnull=False, school_class=activity.league_branch.school_class_id))
    if isinstance(activity, Plan):
        branches: set[int | None] = {branch.pk for branch in co_hosts_of(activity)}
        own = activity.party_branch.pk if activity.party_branch else None
    else:
        branches = set(activity.co_hosts.values_list("party_branch_id", flat=True))
        own = activity.party_branch_id
    branches.add(own)
    if activity.audience == Audience.COMMITTEE:
        posts = Post.objects.filter(party_branch__in=branches, ended_on=None).values("person_id")
        return list(people.filter(pk__in=posts))
    stages = MEMBER_STAGES if activity.audience == Audience.MEMBERS else (*MEMBER_STAGES, *DEVELOPING_STAGES)
    return list(people.filter(party_branch__in=branches, stage__in=stages))


@transaction.atomic
def change_activity(*, activity: Activity, plan: Plan, scope: Scope, by: User, now: datetime) -> Activity:
    """Change what is not over; a new time or place of a published one is told to those concerned."""
    activity = lock_activity(activity)
    own_draft = activity.created_by_id == by.pk and activity.state == ActivityState.DRAFT
    if not own_draft:
        _refuse(
            activity,
            scope,
            ActivityState.DRAFT,
            ActivityState.PROPOSED,
            ActivityState.APPROVED,
            ActivityState.PUBLISHED,
        )
    elif activity.state != ActivityState.DRAFT:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    plan.party_branch, plan.league_branch, plan.pairing = (
        activity.party_branch,
        activity.league_branch,
        activity.pairing,
    )
    refuse_blocked(plan_problems(plan, now))
    before = (activity.starts_at, activity.ends_at, activity.place)
    if activity.state == ActivityState.PUBLISHED:
        plan.audience = activity.audience
    for name in FIELDS:
        setattr(activity, name, getattr(plan, name))
    moved = (activity.starts_at, activity.ends_at, activity.place) != before
    if activity.state in (ActivityState.PROPOSED, ActivityState.APPROVED) and moved and activity.co_hosts.exists():
        activity.co_hosts.update(approved_by=None, approved_at=None)
        activity.state = ActivityState.PROPOSED
        post_notices(
            notices=notices.approval_asked(activity, activity.co_hosts.select_related("party_branch"), by), now=now
        )
    if moved:
        activity.version += 1
    activity.save()
    if moved and activity.state == ActivityState.PUBLISHED:
        post_notices(notices=notices.changed(activity, by), now=now)
    if activity.state == ActivityState.PUBLISHED and activity.starts_at > now:
        # More places than before: the waiting list moves up.
        from .attend_services import promote_waiting

        promote_waiting(activity, now=now)
    return activity


@transaction.atomic
def move_activity(
    *, activity: Activity, starts_at: datetime, ends_at: datetime, scope: Scope, by: User, now: datetime
) -> Activity:
    """Move it in the calendar; the sign-up deadline moves along."""
    row = Activity.objects.with_names().get(pk=activity.pk)
    shift = starts_at - row.starts_at
    plan = Plan(**{name: getattr(row, name) for name in FIELDS})
    plan.starts_at, plan.ends_at = starts_at, ends_at
    plan.sign_up_until = row.sign_up_until + shift if row.sign_up_until else None
    return change_activity(activity=row, plan=plan, scope=scope, by=by, now=now)


@transaction.atomic
def cancel_activity(*, activity: Activity, reason: str, scope: Scope, by: User, now: datetime) -> Activity:
    """Call it off, with a reason; it stays on record, and those concerned are told. A draft is deleted."""
    activity = lock_activity(activity)
    own_draft = activity.created_by_id == by.pk and activity.state == ActivityState.DRAFT
    if not own_draft:
        _refuse(
            activity,
            scope,
            ActivityState.DRAFT,
            ActivityState.PROPOSED,
            ActivityState.APPROVED,
            ActivityState.PUBLISHED,
        )
    if activity.state == ActivityState.DRAFT:
        activity.delete()
        return activity
    if not reason.strip():
        raise Refused(_("Please say why: those invited will read it."), field="reason")
    was_known = activity.state == ActivityState.PUBLISHED
    activity.state, activity.cancel_reason = ActivityState.CANCELLED, reason.strip()[:200]
    activity.is_check_in_open = False
    activity.version += 1
    activity.save()
    if was_known and activity.ends_at > now:
        post_notices(notices=notices.cancelled(activity, by), now=now)
    return activity


@transaction.atomic
def finish_activity(
    *, activity: Activity, summary: str, counted_minutes: int, scope: Scope, by: User, now: datetime
) -> Activity:
    """Close it: who should have come and did not is absent, who came is credited with one confirmed log entry each.

    Raises `Refused` for minutes out of the range; volunteer service counts without the ways.
    """
    activity = lock_activity(activity)
    _refuse(activity, scope, ActivityState.PUBLISHED)
    if activity.starts_at > now:
        raise Refused(_("It has not begun yet. Finish it when it is over."))
    refuse_minutes(activity, counted_minutes, "counted_minutes")
    if not summary.strip():
        raise Refused(_("One sentence about what came of it is needed."), field="summary")
    activity.state, activity.summary, activity.counted_minutes = (
        ActivityState.FINISHED,
        summary.strip()[:3000],
        counted_minutes,
    )
    activity.finished_by, activity.finished_at, activity.is_check_in_open = by, now, False
    activity.save()
    # Where people sign up, being invited binds nobody.
    bound = [ParticipationState.SIGNED_UP, *([] if activity.needs_sign_up else [ParticipationState.INVITED])]
    for row in activity.participations.filter(state__in=bound):
        row.state = ParticipationState.ABSENT
        row.save()
    present = activity.participations.filter(state=ParticipationState.PRESENT).select_related("person")
    credit_people(activity, [row.person for row in present], by=by, now=now)
    return activity
