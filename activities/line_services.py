"""Talks and their ratings, viewpoints of the reading month, classics, what a volunteer service was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db import transaction
from django.db.models import Avg, Count
from django.utils.translation import gettext as _

from members.models import Person
from members.stages import DEVELOPING_STAGES, MEMBER_STAGES
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .event_models import Activity, ActivityState, OwnFields, ParticipationState
from .event_rules import may_keep_list
from .event_services import lock_activity
from .line_models import (
    ActivityTalk,
    Classic,
    ClassicViewing,
    Horizon,
    ServiceDetail,
    ServiceKind,
    TalkRating,
    TalkTopic,
    Viewpoint,
)

# With fewer, an average would tell who gave what.
RATINGS_SHOWN_FROM: Final = 3
TALK_MINUTES: Final = 480
TALKS_AT_MOST: Final = 50
POSTS_A_DAY: Final = 20
TALK_LINES: Final = (OwnFields.MICRO_LECTURE, OwnFields.EXPERIENCE)
OLDEST_VIEWING: Final = date(2000, 1, 1)


def _kept(activity: Activity, scope: Scope, *lines: str) -> Activity:
    """The activity locked, for who keeps its list; of one of these lines and not called off. Raises `Refused`."""
    activity = lock_activity(activity)
    if not may_keep_list(activity, scope):
        raise Refused(_("The committee of the hosts writes this down."))
    if lines and activity.kind.own_fields not in lines:
        raise Refused(_("This kind of activity has no such fields."))
    if activity.state == ActivityState.CANCELLED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    return activity


# --- Talks --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Talk:
    """A talk as somebody writes it down: a speaker of the roster or a guest."""

    title: str
    speaker: Person | None = None
    guest: str = ""
    topic: str = ""
    minutes: int | None = None
    material: str = ""


@transaction.atomic
def save_talk(*, activity: Activity, talk: Talk, scope: Scope, talk_id: int | None = None) -> ActivityTalk:
    """A new talk, or a changed one."""
    activity = _kept(activity, scope, *TALK_LINES)
    guest, title = talk.guest.strip()[:50], talk.title.strip()[:100]
    if (talk.speaker is None) == (not guest):
        raise Refused(_("Name a speaker of the roster or a guest, one of the two."), field="number")
    if not title:
        raise Refused(_("Say what the talk is called."), field="title")
    if talk.minutes is not None and not 1 <= talk.minutes <= TALK_MINUTES:
        raise Refused(_("A talk lasts 1 to %(limit)d minutes.") % {"limit": TALK_MINUTES}, field="minutes")
    if talk.topic and talk.topic not in TalkTopic.values:
        raise Refused(_("Choose one of the topics."), field="topic")
    row = activity.talks.filter(pk=talk_id).first() if talk_id is not None else ActivityTalk(activity=activity)
    if row is None:
        raise Refused(_("This talk is gone. Reload the page."))
    if row.pk is None and activity.talks.count() >= TALKS_AT_MOST:
        raise Refused(_("An activity has at most %(limit)d talks.") % {"limit": TALKS_AT_MOST})
    if row.pk is not None and row.ratings.exists() and (row.speaker_id, row.guest) != (
        talk.speaker.pk if talk.speaker else None, guest,
    ):  # fmt: skip
        raise Refused(_("This talk was rated already: its speaker stays."), field="number")
    row.speaker, row.guest, row.title, row.topic = talk.speaker, guest, title, talk.topic
    row.minutes, row.material = talk.minutes, talk.material.strip()[:200]
    row.save()
    return row


@transaction.atomic
def remove_talk(*, talk: ActivityTalk, scope: Scope) -> None:
    """Only while nobody rated it."""
    _kept(talk.activity, scope)
    if talk.ratings.exists():
        raise Refused(_("This talk was rated already and stays."))
    talk.delete()


def may_rate(talk: ActivityTalk, person_id: int | None) -> bool:
    """Those who were present, but not the speaker."""
    if person_id is None or talk.speaker_id == person_id:
        return False
    return talk.activity.participations.filter(person_id=person_id, state=ParticipationState.PRESENT).exists()


@transaction.atomic
def rate_talk(*, talk: ActivityTalk, person: Person | None, stars: int) -> TalkRating:
    """One to five by a listener; again means otherwise. Who gave what is shown to nobody else."""
    if person is None or not may_rate(talk, person.pk):
        raise Refused(_("Talks are rated by those who were present; nobody rates their own."))
    if not 1 <= stars <= 5:
        raise Refused(_("Give one to five points."))
    rating, _made = TalkRating.objects.update_or_create(talk=talk, person=person, defaults={"stars": stars})
    return rating


def averages_of(activity: Activity) -> dict[int, tuple[Decimal | None, int]]:
    """Average and number of ratings a talk id; no average below three. One query."""
    rows = ActivityTalk.objects.filter(activity=activity).order_by()
    found = {}
    for pk, average, count in rows.values_list("pk").annotate(Avg("ratings__stars"), Count("ratings")):
        shown = Decimal(str(average)).quantize(Decimal("0.1"), ROUND_HALF_UP) if count >= RATINGS_SHOWN_FROM else None
        found[pk] = (shown, count)
    return found


# --- Viewpoints of the reading month --------------------------------------------------------------------


def may_post(activity: Activity, person_id: int | None, now: datetime) -> bool:
    """Who takes part, from the start until the activity is finished."""
    if person_id is None or activity.state != ActivityState.PUBLISHED or activity.starts_at > now:
        return False
    gone = (ParticipationState.WITHDRAWN, ParticipationState.WAITING)
    return activity.participations.filter(person_id=person_id).exclude(state__in=gone).exists()


@transaction.atomic
def post_viewpoint(
    *, activity: Activity, person: Person | None, horizon: str, source: str, words: str, now: datetime
) -> Viewpoint:
    """What was read, and what one thinks of it. The same text sent twice is one post."""
    activity = lock_activity(activity)
    if activity.kind.own_fields != OwnFields.READING:
        raise Refused(_("This kind of activity has no such fields."))
    if person is None or not may_post(activity, person.pk, now):
        raise Refused(_("Viewpoints are posted by those who take part, while the reading month runs."))
    source, words = source.strip()[:150], words.strip()
    if horizon not in Horizon.values:
        raise Refused(_("Choose what it is about."), field="horizon")
    if not source:
        raise Refused(_("Say what you read."), field="source")
    if not words or len(words) > 1000:
        raise Refused(_("Write down what you think, in at most 1000 characters."), field="words")
    own = activity.viewpoints.filter(person=person)
    same = own.filter(horizon=horizon, source=source, words=words).first()
    if same is not None:
        return same
    if own.filter(posted_at__gt=now - timedelta(days=1)).count() >= POSTS_A_DAY:
        raise Refused(_("At most %(limit)d viewpoints a day.") % {"limit": POSTS_A_DAY})
    return Viewpoint.objects.create(
        activity=activity, person=person, horizon=horizon, source=source, words=words, posted_at=now
    )


@transaction.atomic
def remove_viewpoint(*, activity: Activity, viewpoint_id: int, scope: Scope) -> None:
    """One's own, or any by who keeps the list."""
    activity = lock_activity(activity)
    row = activity.viewpoints.filter(pk=viewpoint_id).first()
    if row is None:
        raise Refused(_("This viewpoint is gone. Reload the page."))
    if row.person_id != scope.person_id and not may_keep_list(activity, scope):
        raise Refused(_("Only who wrote it, or the committee of the hosts, removes a viewpoint."))
    row.delete()


# --- Classics -------------------------------------------------------------------------------------------


@transaction.atomic
def record_viewing(
    *, classic: Classic, person: Person | None, on: date, thought: str, today: date, activity: Activity | None = None
) -> ClassicViewing:
    """“I have seen it”, with the day and a thought; again means otherwise. Members and those on their way to be one."""
    if person is None or person.stage not in (*MEMBER_STAGES, *DEVELOPING_STAGES):
        raise Refused(_("The list of classics is kept for members, activists and applicants."))
    if not classic.is_active:
        raise Refused(_("%(classic)s is no longer on the list.") % {"classic": classic})
    if not OLDEST_VIEWING <= on <= today:
        raise Refused(_("Choose a day that is not in the future."), field="on")
    values = {"on": on, "thought": thought.strip()[:500]}
    if activity is not None:
        values["activity"] = activity
    row, _made = ClassicViewing.objects.update_or_create(classic=classic, person=person, defaults=values)
    return row


@transaction.atomic
def forget_viewing(*, classic: Classic, person: Person | None) -> None:
    """Take it back."""
    deleted, _kinds = ClassicViewing.objects.filter(classic=classic, person=person).delete()
    if person is None or not deleted:
        raise Refused(_("You have not marked this one. Reload the page."))


# --- Volunteer service ------------------------------------------------------------------------------------


@transaction.atomic
def save_service(
    *, activity: Activity, kind: str, served: str, service_minutes: int | None, done: str, scope: Scope
) -> ServiceDetail:
    """What the service was; its minutes leave travel out and are never more than the activity lasts."""
    activity = _kept(activity, scope, OwnFields.SERVICE)
    if kind not in ServiceKind.values:
        raise Refused(_("Choose the kind of service."), field="kind")
    longest = int((activity.ends_at - activity.starts_at) / timedelta(minutes=1))
    if service_minutes is not None and not 1 <= service_minutes <= longest:
        words = _("Between 1 and %(limit)d minutes: the activity is no longer than that, and travel does not count.")
        raise Refused(words % {"limit": longest}, field="service_minutes")
    if activity.state == ActivityState.FINISHED:
        before = ServiceDetail.objects.filter(activity=activity).values_list("service_minutes", flat=True).first()
        if service_minutes != before:
            raise Refused(_("The activity is finished and its minutes are credited."), field="service_minutes")
    values = {
        "kind": kind,
        "served": served.strip()[:100],
        "service_minutes": service_minutes,
        "done": done.strip()[:500],
    }
    row, _made = ServiceDetail.objects.update_or_create(activity=activity, defaults=values)
    return row
