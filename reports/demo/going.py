"""Comings and goings of the demonstration: letters, a stay, a move that waits, mobile members, terms of committees."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from accounts.models import User
from branches.models import PartyBranch
from members import mobile_services, transfer_services
from members.access import scope_for
from members.models import Absence, Person, Post
from members.stages import MEMBER_STAGES


def run_comings_and_goings(users: dict[str, User], *, today: date) -> None:
    """Branch 2 sends two graduates off and asks for a move; branch 3's interns are mobile, one of them not spoken with."""
    _terms(today)
    _transfers(users["er_secretary"], today)
    _mobile(users["san_secretary"], today)


def _terms(today: date) -> None:
    """One committee's term ends in four months, another's has ended; the rest have two years."""
    for number, branch in enumerate(PartyBranch.objects.order_by("pk")):
        months = {0: 4, 1: -1}.get(number, 24)
        branch.committee_term_ends_on = (today + relativedelta(months=months)).replace(day=28)
        branch.save()


def _members_without_post(branch: PartyBranch) -> list[Person]:
    held = Post.objects.filter(ended_on=None).values("person")
    people = Person.objects.filter(party_branch=branch, stage__in=MEMBER_STAGES, left_on=None, user=None)
    return list(people.exclude(pk__in=held).order_by("graduates_on", "number"))


def _transfers(secretary: User, today: date) -> None:
    scope = scope_for(secretary, today)
    branch: Any = secretary.person.party_branch
    people = _members_without_post(branch)
    who: dict[str, Any] = {"scope": scope, "by": secretary, "today": today}
    units = ("南宁市青秀区人才服务中心党委", "柳州市城中区河东街道党工委")
    for person, unit, days in zip(people[-2:], units, (100, 80), strict=False):
        transfer_services.start_going(
            person=person, kind="out", on=today - timedelta(days=days), to_unit=unit, letter_number=f"{today.year}-{days:03}", **who
        )  # fmt: skip
    for person in people[-3:-2]:
        transfer_services.start_going(person=person, kind="stays", on=today - timedelta(days=60), **who)
    target = (
        PartyBranch.objects.filter(department=branch.department, is_active=True)
        .exclude(pk=branch.pk)
        .order_by("pk")
        .last()
    )
    if target is not None:
        for person in people[-4:-3]:
            transfer_services.ask_move(
                person=person,
                to_branch=target,
                on=today,
                reason="转专业",
                now=timezone.make_aware(datetime.combine(today, time(9))),
                **who,
            )


def _mobile(secretary: User, today: date) -> None:
    """Interns for half a year: two registered, others only proposed by the page."""
    scope = scope_for(secretary, today)
    branch: Any = secretary.person.party_branch
    here = Person.objects.on_campus(today).filter(party_branch=branch, stage__in=MEMBER_STAGES)
    contact = here.exclude(pk=secretary.person.pk).first()
    away = Absence.objects.on(today).filter(
        person__party_branch=branch, person__stage__in=MEMBER_STAGES, person__user=None
    )
    interns = list(away.select_related("person").order_by("-person__number"))[:3]
    for absence in interns:
        # These three stay with their firm for longer than the rest.
        absence.to_on = max(absence.to_on or today, absence.from_on + relativedelta(months=7))
        absence.save()
    for absence, is_talked in zip(interns[:2], (True, False), strict=False):
        talked = absence.from_on - timedelta(days=3) if is_talked else None
        row = mobile_services.register_mobile(
            person=absence.person, from_on=absence.from_on, to_on=absence.to_on, cause="顶岗实习", place="柳州", contact=contact,
            talked_on=talked, scope=scope, by=secretary, today=today,
        )  # fmt: skip
        if talked:
            mobile_services.log_contact(
                mobile=row, on=max(absence.from_on, today - timedelta(days=20)), scope=scope, by=secretary, today=today
            )
