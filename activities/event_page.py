"""What the page of an activity says: when in words, what to do next, who takes part, what was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from branches.calendar import Calendar
from pairing_portal.common.scope import Scope

from .attend_services import EARLY, LATE
from .event_models import Activity, ActivityHost, ActivityState, Participation, ParticipationState
from .event_rules import may_keep_list, may_run

OPEN_STATES: Final = (ActivityState.DRAFT, ActivityState.PROPOSED, ActivityState.APPROVED, ActivityState.PUBLISHED)
STATE_TONES: Final = {
    ActivityState.DRAFT: "neutral", ActivityState.PROPOSED: "wait", ActivityState.APPROVED: "ok", ActivityState.PUBLISHED: "ok",
    ActivityState.FINISHED: "neutral", ActivityState.CANCELLED: "exempt",
}  # fmt: skip
PERSON_TONES: Final = {
    ParticipationState.INVITED: "neutral", ParticipationState.SIGNED_UP: "ok", ParticipationState.WAITING: "wait",
    ParticipationState.LEAVE_ASKED: "wait", ParticipationState.LEAVE: "exempt", ParticipationState.PRESENT: "ok",
    ParticipationState.ABSENT: "late", ParticipationState.WITHDRAWN: "exempt",
}  # fmt: skip
# In the order of the page.
GROUPS: Final = (
    ParticipationState.PRESENT, ParticipationState.SIGNED_UP, ParticipationState.WAITING, ParticipationState.LEAVE_ASKED,
    ParticipationState.LEAVE, ParticipationState.INVITED, ParticipationState.ABSENT, ParticipationState.WITHDRAWN,
)  # fmt: skip
TOLD: Final = ("title", "starts_at", "ends_at", "place", "capacity", "state")
CHANGES_SHOWN: Final = 12


@dataclass(frozen=True)
class Step:
    """The one thing to do next. `is_post` is a press; otherwise a page. `question` is asked first."""

    url: str
    label: str
    icon: str
    is_post: bool = False
    question: str = ""


@dataclass
class May:
    """What one user may do with an activity now, and the words where nothing is to be done."""

    run: bool = False
    keep_list: bool = False
    edit: bool = False
    cancel: bool = False
    decline: bool = False
    step: Step | None = None
    waits: str = ""


def when_words(activity: Activity, calendar: Calendar) -> str:
    """2026年10月30日(第8教学周) 周五 15:00–17:00; both days where it lasts longer."""
    starts, ends = timezone.localtime(activity.starts_at), timezone.localtime(activity.ends_at)
    first = f"{calendar.label(starts.date())} {date_format(starts, 'D')} {time_format(starts)}"
    if starts.date() == ends.date():
        return f"{first}–{time_format(ends)}"
    return f"{first} – {date_format(ends, 'DATE_FORMAT')} {time_format(ends)}"


def short_when(activity: Activity) -> str:
    """For lists: 10月30日 周五 15:00–17:00."""
    starts, ends = timezone.localtime(activity.starts_at), timezone.localtime(activity.ends_at)
    first = f"{date_format(starts, 'MONTH_DAY_FORMAT')} {date_format(starts, 'D')} {time_format(starts)}"
    if starts.date() == ends.date():
        return f"{first}–{time_format(ends)}"
    return f"{first} – {date_format(ends, 'MONTH_DAY_FORMAT')}"


def host_name(activity: Activity) -> str:
    """Short for Party branches, whose full name is long."""
    host = activity.host
    return getattr(host, "short_name", host.name)


def allowed(activity: Activity, scope: Scope, hosts: Iterable[ActivityHost], now: datetime) -> May:
    """Rights and the next step; `hosts` are the co-hosts."""
    waiting = [row for row in hosts if row.approved_at is None]
    mine = [row for row in waiting if scope.manages(row.party_branch_id)]
    run = may_run(activity, scope)
    own_draft = activity.created_by_id == scope.user_id and activity.state == ActivityState.DRAFT
    may = May(run=run, keep_list=may_keep_list(activity, scope))
    may.edit = may.cancel = (run and activity.state in OPEN_STATES) or own_draft
    may.decline = activity.state == ActivityState.PROPOSED and bool(mine)
    if may.decline:
        may.step = Step(reverse("activity_approve", args=[activity.pk]), _("Approve"), "check-circle", is_post=True)
    elif run:
        may.step = _step_of_host(activity, waiting, now)
    elif activity.state == ActivityState.PUBLISHED and may.keep_list and activity.starts_at - EARLY <= now:
        may.step = _list_step(activity)
    may.waits = _waits(activity, may, waiting)
    return may


def _step_of_host(activity: Activity, waiting: list[ActivityHost], now: datetime) -> Step | None:
    key = [activity.pk]
    if activity.state == ActivityState.DRAFT and waiting:
        return Step(reverse("activity_send", args=key), _("Send to the other side"), "send", is_post=True)
    if activity.state in (ActivityState.DRAFT, ActivityState.APPROVED):
        ask = _("Publish it? Everybody invited is told now.")
        return Step(reverse("activity_publish", args=key), _("Publish and invite"), "megaphone", True, ask)
    if activity.state != ActivityState.PUBLISHED:
        return None
    if now >= activity.ends_at:
        return Step(reverse("activity_finish", args=key), _("Finish with a summary"), "flag")
    if now >= activity.starts_at - EARLY:
        return Step(reverse("activity_projector", args=key), _("Show the check-in code"), "qr-code")
    return _list_step(activity)


def _list_step(activity: Activity) -> Step:
    return Step(reverse("activity_list", args=[activity.pk]), _("Who comes"), "people")


def _waits(activity: Activity, may: May, waiting: list[ActivityHost]) -> str:
    """What everybody waits for, when this user has nothing to press."""
    if activity.state == ActivityState.PROPOSED and not may.decline:
        names = "、".join(row.party_branch.short_name for row in waiting)
        return _("Waiting for the yes of %(branches)s.") % {"branches": names}
    if activity.state in (ActivityState.DRAFT, ActivityState.APPROVED) and not may.run:
        return _("The secretary of the host publishes it.")
    return ""


@dataclass(frozen=True)
class Own:
    """One's own part: state, and what can be pressed."""

    row: Participation | None
    tone: str = "neutral"
    sign_up: bool = False
    withdraw: bool = False
    ask_leave: bool = False
    come_after_all: bool = False
    place_in_line: int = 0


def own_part(activity: Activity, person_id: int | None, now: datetime) -> Own | None:
    """None when it does not concern the person: neither invited nor open to them."""
    if person_id is None:
        return None
    row = activity.participations.filter(person_id=person_id).first()
    is_coming = activity.state == ActivityState.PUBLISHED and activity.starts_at > now
    may_sign_up = is_coming and activity.needs_sign_up and (activity.sign_up_until or activity.starts_at) > now
    if row is None:
        return Own(None, sign_up=True) if may_sign_up and activity.audience == "open" else None
    taken = (ParticipationState.SIGNED_UP, ParticipationState.WAITING)
    resting = (ParticipationState.PRESENT, ParticipationState.LEAVE_ASKED, ParticipationState.LEAVE)
    running = activity.state == ActivityState.PUBLISHED and activity.ends_at > now
    return Own(
        row,
        PERSON_TONES[ParticipationState(row.state)],
        sign_up=may_sign_up and row.state not in (*taken, *resting),
        withdraw=is_coming and row.state in taken,
        ask_leave=running and row.state not in (*resting, ParticipationState.WITHDRAWN),
        come_after_all=running and row.state in (ParticipationState.LEAVE_ASKED, ParticipationState.LEAVE),
        place_in_line=_place_in_line(activity, row) if row.state == ParticipationState.WAITING else 0,
    )


def _place_in_line(activity: Activity, row: Participation) -> int:
    waiting = activity.participations.filter(state=ParticipationState.WAITING).order_by("signed_up_at", "pk")
    return list(waiting.values_list("pk", flat=True)).index(row.pk) + 1


@dataclass
class Group:
    """People of one state."""

    state: str
    label: Any
    tone: str
    rows: list[Participation] = field(default_factory=list)


def groups_of(rows: Iterable[Participation]) -> list[Group]:
    """By state in the order of the page; states nobody is in are left out."""
    groups = {state: Group(state, state.label, PERSON_TONES[state]) for state in GROUPS}
    for row in rows:
        groups[ParticipationState(row.state)].rows.append(row)
    return [group for group in groups.values() if group.rows]


@dataclass(frozen=True)
class Counts:
    """How many are invited at all, come, wait, were here."""

    all: int
    coming: int
    waiting: int
    present: int
    expected: int


def counts_of(activity: Activity) -> Counts:
    """One query."""
    states = Counter(activity.participations.values_list("state", flat=True))
    gone = states["leave"] + states["withdrawn"] + states["waiting"]
    if activity.needs_sign_up:
        gone += states["invited"]
    total = sum(states.values())
    return Counts(total, states["signed_up"] + states["present"], states["waiting"], states["present"], total - gone)


@dataclass(frozen=True)
class Change:
    """One entry of the history: who, when, what."""

    at: datetime
    by: str
    what: str


def history_of(activity: Activity) -> list[Change]:
    """The newest changes of what those invited care for; one query and one for the names."""
    versions = list(activity.history.select_related("history_user")[: CHANGES_SHOWN * 4])
    found = []
    for newer, older in zip(versions, [*versions[1:], None], strict=True):
        if older is None and len(versions) == CHANGES_SHOWN * 4:
            break  # the one before is not among those read
        what = "、".join(_differences(newer, older))
        if what:
            found.append(Change(newer.history_date, str(newer.history_user or ""), what))
    return found[:CHANGES_SHOWN]


def _differences(newer: Any, older: Any) -> Iterator[str]:
    if older is None:
        yield _("planned")
        return
    for name in TOLD:
        before, after = getattr(older, name), getattr(newer, name)
        if before == after:
            continue
        if name == "state":
            yield str(ActivityState(after).label)
        else:
            label = Activity._meta.get_field(name).verbose_name
            yield f"{label} {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    return "—" if value in (None, "") else str(value)


def shows_code(activity: Activity, now: datetime) -> bool:
    """The check-in may be opened: half an hour before to two hours after."""
    return activity.state == ActivityState.PUBLISHED and activity.starts_at - EARLY <= now <= activity.ends_at + LATE
