"""What is said about activities, to whom, and when it need not be said any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from members.models import Person, Post
from pairing_portal.common.registries import DueNotice, NoticeKind, notice_kinds

from .event_models import Activity, ActivityHost, ActivityState, Participation, ParticipationState

APPROVAL_ASKED = "activities.approval_asked"
APPROVED = "activities.approved"
DECLINED = "activities.declined"
INVITED = "activities.invited"
CHANGED = "activities.changed"
CANCELLED = "activities.cancelled"
PLACE_FREE = "activities.place_free"
LEAVE_ASKED = "activities.leave_asked"
LEAVE_ANSWERED = "activities.leave_answered"


def register() -> None:
    for kind, label, title, body, obsolete in (
        (APPROVAL_ASKED, gettext_lazy("Approval of a joint activity"), gettext_lazy("Please approve: %(name)s"),
         gettext_lazy("The other side plans a joint activity. Look at it, then approve or send it back."), ActivityState.PROPOSED),
        (APPROVED, gettext_lazy("A joint activity is approved"), gettext_lazy("Approved by all: %(name)s"),
         gettext_lazy("It can be published now."), ActivityState.APPROVED),
        (DECLINED, gettext_lazy("A joint activity was sent back"), gettext_lazy("Sent back: %(name)s"),
         gettext_lazy("The reason: %(reason)s"), None),
        (INVITED, gettext_lazy("Invitation to an activity"), gettext_lazy("You are invited: %(name)s"),
         gettext_lazy("%(when)s, %(place)s. Sign up or ask for leave on its page."), ActivityState.PUBLISHED),
        (CHANGED, gettext_lazy("An activity has moved"), gettext_lazy("New time or place: %(name)s"),
         gettext_lazy("Now %(when)s, %(place)s."), ActivityState.PUBLISHED),
        (CANCELLED, gettext_lazy("An activity is cancelled"), gettext_lazy("Cancelled: %(name)s"),
         gettext_lazy("The reason: %(reason)s"), None),
        (PLACE_FREE, gettext_lazy("A place has become free"), gettext_lazy("You have a place: %(name)s"),
         gettext_lazy("You were on the waiting list. Give the place back if you cannot come."), ActivityState.PUBLISHED),
        (LEAVE_ASKED, gettext_lazy("Somebody asks for leave"), gettext_lazy("Leave is asked for: %(name)s"),
         gettext_lazy("Look at the reason on the page and answer."), ActivityState.PUBLISHED),
        (LEAVE_ANSWERED, gettext_lazy("Your leave was answered"), gettext_lazy("Your leave was answered: %(name)s"),
         gettext_lazy("The answer stands on the page."), None),
    ):  # fmt: skip
        notice_kinds.register(
            kind,
            NoticeKind(
                kind,
                label,
                _text(title, body),
                obsolete_among=_left_state(obsolete) if obsolete else None,
                to_office=kind == APPROVAL_ASKED,
            ),
        )


def _text(title: Any, body: Any) -> Any:
    return lambda subject: (str(title) % _plain(subject), str(body) % _plain(subject))


def _plain(subject: dict[str, Any]) -> dict[str, Any]:
    return {"name": "", "when": "", "place": _("place to be announced"), "reason": ""} | {
        key: value for key, value in subject.items() if value
    }


def _left_state(state: ActivityState) -> Any:
    """Obsolete once the activity is in another state or over."""

    def obsolete_among(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
        ids = {subject.get("activity") for subject in subjects}
        standing = set(Activity.objects.filter(pk__in=ids, state=state, ends_at__gt=now).values_list("pk", flat=True))
        return [subject.get("activity") not in standing for subject in subjects]

    return obsolete_among


def _subject(activity: Activity) -> dict[str, Any]:
    from django.utils import timezone
    from django.utils.formats import date_format

    when = date_format(timezone.localtime(activity.starts_at), "DATETIME_FORMAT")
    return {"activity": activity.pk, "name": activity.title, "when": when, "place": activity.place}


def _to(
    activity: Activity, kind: str, user_ids: Iterable[int], *, mark: object = "", but: User | None = None, **more: Any
) -> list[DueNotice]:
    return [
        DueNotice(
            kind=kind,
            user_id=user_id,
            dedupe_key=f"{kind}:{activity.pk}:{mark}:{user_id}",
            subject=_subject(activity) | more,
            link=f"/activities/{activity.pk}/",
            expires_at=activity.ends_at if kind in (INVITED, CHANGED, PLACE_FREE) else None,
        )
        for user_id in sorted(set(user_ids) - {but.pk if but else None})
    ]


def approval_asked(activity: Activity, waiting: Iterable[ActivityHost], by: User) -> list[DueNotice]:
    users = Post.objects.secretary_users(*(row.party_branch for row in waiting))
    return _to(activity, APPROVAL_ASKED, users, mark=activity.version, but=by)


def approved(activity: Activity, by: User) -> list[DueNotice]:
    return _to(activity, APPROVED, _host_users(activity), mark=activity.version, but=by)


def declined(activity: Activity, reason: str, by: User) -> list[DueNotice]:
    return _to(activity, DECLINED, _host_users(activity), mark=activity.version, but=by, reason=reason)


def _host_users(activity: Activity) -> list[int]:
    users = Post.objects.secretary_users(activity.party_branch) if activity.party_branch else []
    return [*users, activity.created_by_id]


def invited(activity: Activity, people: Iterable[Person], by: User) -> list[DueNotice]:
    return _to(activity, INVITED, (person.user_id for person in people if person.user_id), but=by)


def _concerned(activity: Activity) -> list[int]:
    gone = (ParticipationState.WITHDRAWN, ParticipationState.LEAVE)
    rows = activity.participations.exclude(state__in=gone).filter(person__user__isnull=False)
    return list(rows.values_list("person__user_id", flat=True))


def changed(activity: Activity, by: User) -> list[DueNotice]:
    return _to(activity, CHANGED, _concerned(activity), mark=activity.version, but=by)


def cancelled(activity: Activity, by: User) -> list[DueNotice]:
    return _to(activity, CANCELLED, _concerned(activity), but=by, reason=activity.cancel_reason)


def place_free(activity: Activity, people: Iterable[Person]) -> list[DueNotice]:
    return [
        notice
        for person in people
        if person.user_id
        for notice in _to(activity, PLACE_FREE, [person.user_id], mark=activity.participations.count())
    ]


def leave_asked(activity: Activity, row: Participation) -> list[DueNotice]:
    return _to(activity, LEAVE_ASKED, _host_users(activity), mark=row.pk)


def leave_answered(activity: Activity, row: Participation, accepted: bool) -> list[DueNotice]:
    if not row.person.user_id:
        return []
    return _to(activity, LEAVE_ANSWERED, [row.person.user_id], mark=f"{row.pk}.{int(accepted)}")
