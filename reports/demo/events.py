"""Activities of the demonstration: what is coming, what waits for a yes, what is finished and counted. All through the services."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from activities import attend_services, event_services
from activities.event_rules import Plan
from activities.models import Activity, ActivityKind, ActivityState, Audience
from members.access import scope_for
from pairings.models import BranchPairing

from .people import Company

# More than half of the host's full members are among them, so that the meeting can decide.
PRESENT_AT_JOINT = 20
PRESENT_AT_SERVICE = 6


def set_up_events(company: Company, users: dict[str, User], *, today: date) -> None:
    """A theme day next week, a joint study finished, one that waits, a volunteer service finished, a contest with sign-up."""
    er, san, liu = (company.branch(name) for name in ("第二", "第三", "第六"))
    with_san = BranchPairing.objects.get(helping_branch=er, partner_branch=san)
    next_week = today + timedelta(days=7 - today.weekday())
    past = _workday_before(max(with_san.starts_on, today - timedelta(days=9)), not_before=with_san.starts_on)
    for key, branch in (("er_secretary", er), ("liu_secretary", liu)):
        plan = plan_for(
            "theme_day",
            "主题党日：重温入党誓词",
            next_week + timedelta(days=3),
            (15, 17),
            party_branch=branch,
            place="A101",
        )
        publish(draft(plan, users[key], today, 9), users[key], today)
    joint = _joint(with_san, users, past)
    # Here, because it takes the steps of this file.
    from . import records

    records.write_minutes(joint, users, past)
    others = list(BranchPairing.objects.filter(helping_branch=er).exclude(pk=with_san.pk))
    records.hold_contest(with_san, others, users, past)
    waiting = plan_for(
        "experience", "经验交流：实习与就业", next_week + timedelta(days=9), (19, 21), party_branch=san, pairing=with_san, place="图书馆报告厅"
    )  # fmt: skip
    step(
        event_services.send_for_approval,
        draft(waiting, users["san_secretary"], today, 8),
        users["san_secretary"],
        today,
        8,
    )
    service = plan_for(
        "volunteer", "校园无偿献血志愿服务", past, (8, 11), party_branch=liu, place="校医院", audience=Audience.PARTY
    )
    _held(service, users["liu_secretary"], PRESENT_AT_SERVICE, "引导、登记共 3 小时，服务献血师生 120 人次。")
    contest = plan_for(
        "contest", "党史知识竞赛", next_week + timedelta(days=10), (19, 21), party_branch=liu, place="学生活动中心", audience=Audience.OPEN,
        needs_sign_up=True, capacity=30, description="三人一队，必答、抢答两轮。",
    )  # fmt: skip
    activity = publish(draft(contest, users["liu_secretary"], today, 9), users["liu_secretary"], today)
    for key in ("activist", "speaker", "helper"):
        attend_services.sign_up(activity=activity, person=users[key].person, now=_at(today, 9, 30))


def plan_for(kind: str, title: str, on: date, hours: tuple[int, int], **more: Any) -> Plan:
    first, last = hours
    kinds = ActivityKind.objects.get(key=kind)
    return Plan(kind=kinds, title=title, starts_at=_at(on, first), ends_at=_at(on, last), **more)


def _at(on: date, hour: int, minute: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(on, time(hour, minute)))


def _workday_before(on: date, *, not_before: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return max(not_before, on - timedelta(days=max(0, on.weekday() - 4)))


def who_at(user: User, on: date, hour: int) -> dict[str, Any]:
    return {"scope": scope_for(user, on), "by": user, "now": _at(on, hour)}


def draft(plan: Plan, user: User, on: date, hour: int) -> Activity:
    return event_services.plan_activity(plan=plan, **who_at(user, on, hour))[0]


def step(service: Any, activity: Activity, user: User, on: date, hour: int) -> Activity:
    done: Activity = service(activity=activity, **who_at(user, on, hour))
    return done


def publish(activity: Activity, user: User, on: date) -> Activity:
    return step(event_services.publish_activity, activity, user, on, 9)


def _joint(pairing: BranchPairing, users: dict[str, User], on: date) -> Activity:
    """Both sides said yes; twenty were there."""
    plan = plan_for(
        "joint_study", "联合学习：党的二十届四中全会精神", on, (15, 17), party_branch=pairing.helping_branch, pairing=pairing, place="B305"
    )  # fmt: skip
    ours, theirs = users["er_secretary"], users["san_secretary"]
    activity = step(event_services.send_for_approval, draft(plan, ours, on, 8), ours, on, 8)
    step(event_services.approve_activity, activity, theirs, on, 9)
    return finish(
        activity,
        ours,
        on,
        PRESENT_AT_JOINT,
        "两个支部逐段学习公报，各谈一条结合专业的打算；商定下月互查“三会一课”记录。",
    )


def _held(plan: Plan, user: User, count: int, summary: str) -> None:
    on = timezone.localtime(plan.starts_at).date()
    finish(draft(plan, user, on, 7), user, on, count, summary)


def finish(
    activity: Activity, user: User, on: date, count: int, summary: str, counted_minutes: int | None = None
) -> Activity:
    """Published, ticked on the list and finished in the evening: nobody is told any more of what is over."""
    if activity.state != ActivityState.PUBLISHED:
        activity = step(event_services.publish_activity, activity, user, on, 18)
    ids = list(activity.participations.order_by("pk").values_list("person_id", flat=True)[:count])
    attend_services.mark_present(
        activity=activity, person_ids=ids, present=True, **who_at(user, on, _hour_of(activity))
    )
    minutes = int((activity.ends_at - activity.starts_at) / timedelta(minutes=1))
    counted = minutes if counted_minutes is None else counted_minutes
    return event_services.finish_activity(
        activity=activity, summary=summary, counted_minutes=counted, **who_at(user, on, _hour_of(activity) + 1)
    )


def _hour_of(activity: Activity) -> int:
    """In the evening, or once it is over."""
    return max(18, timezone.localtime(activity.ends_at).hour)
