"""What the page of an activity shows of its own fields; each line its own part."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.utils import timezone

from pairing_portal.common.scope import Scope

from . import line_services as lines
from .event_models import Activity, OwnFields, ParticipationState
from .event_rules import may_keep_list
from .line_models import (
    ActivityTalk,
    ClassicViewing,
    ContestRound,
    ContestTeam,
    Horizon,
    ServiceDetail,
    TalkRating,
    Viewpoint,
)


def own_fields_of(activity: Activity, scope: Scope) -> dict[str, Any]:
    """`line` and what its part of the page needs; `line` is empty where there is nothing of its own."""
    parts = {
        OwnFields.MICRO_LECTURE: _talks, OwnFields.EXPERIENCE: _talks, OwnFields.READING: _reading, OwnFields.CLASSICS: _classics,
        OwnFields.CONTEST: _contest, OwnFields.SERVICE: _service,
    }  # fmt: skip
    line = activity.kind.own_fields
    if line not in parts:
        return {"line": ""}
    may_keep = may_keep_list(activity, scope) and activity.state != "cancelled"
    return {"line": line, "may_keep": may_keep} | parts[OwnFields(line)](activity, scope)


def _talks(activity: Activity, scope: Scope) -> dict[str, Any]:
    """Four queries, however many talks."""
    talks = list(ActivityTalk.objects.visible_to(scope).filter(activity=activity).select_related("speaker"))
    averages = lines.averages_of(activity)
    person = scope.person_id or 0
    present = activity.participations.filter(person_id=person, state=ParticipationState.PRESENT).exists()
    own = dict(
        TalkRating.objects.visible_to(scope)
        .filter(talk__activity=activity, person_id=person)
        .values_list("talk_id", "stars")
    )
    rows = []
    for talk in talks:
        average, count = averages.get(talk.pk, (None, 0))
        may_rate = present and talk.speaker_id != person
        rows.append({"talk": talk, "average": average, "count": count, "own": own.get(talk.pk), "may_rate": may_rate})
    return {"talks": rows, "stars": range(1, 6)}


def _reading(activity: Activity, scope: Scope) -> dict[str, Any]:
    rows = Viewpoint.objects.visible_to(scope).filter(activity=activity).order_by()
    counts = dict(rows.values_list("horizon").annotate(Count("pk")))
    horizons = [(value, label, counts.get(value, 0)) for value, label in Horizon.choices]
    return {"horizons": horizons, "may_post": lines.may_post(activity, scope.person_id, timezone.now())}


def _classics(activity: Activity, scope: Scope) -> dict[str, Any]:
    rows = ClassicViewing.objects.visible_to(scope).filter(activity=activity).order_by()
    return {"viewings": list(rows.values_list("classic__title").annotate(Count("pk")).order_by("classic__title"))}


def _contest(activity: Activity, scope: Scope) -> dict[str, Any]:
    rounds = ContestRound.objects.visible_to(scope).filter(activity=activity).count()
    return {"rounds": rounds, "teams": ContestTeam.objects.visible_to(scope).filter(activity=activity).count()}


def _service(activity: Activity, scope: Scope) -> dict[str, Any]:
    return {"service": ServiceDetail.objects.visible_to(scope).filter(activity=activity).first()}
