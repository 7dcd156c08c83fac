"""More members for the two branches of the cast, and an active pairing between them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.access import scope_for
from members.models import Absence, Person
from pairings.models import BranchPairing
from tests.cast import MEMBER, PROBATIONARY

MAJORS = ("数控技术", "模具设计与制造")


def activate(cast, *, partner=None, helper=None) -> BranchPairing:
    """An active pairing, confirmed by both secretaries, 8 October to 30 June."""
    now = timezone.now()
    return BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=helper or cast.er, partner_branch=partner or cast.san,
        starts_on=dt.date(2026, 10, 8), ends_on=dt.date(2027, 6, 30), state="active", author_branch=helper or cast.er,
        helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip


def enrol(branch, count, *, start=100, programme="bachelor", year=2023, major=None, **more) -> list[Person]:
    """`count` invented student members of a branch, numbered from `start`."""
    today = dt.date(2026, 10, 28)
    made = []
    for number in range(start, start + count):
        person = Person(
            number=f"{year}{branch.pk % 100:02}{number:05}", name=f"学生{number}", department=branch.department, party_branch=branch,
            programme=programme, enrolment_year=year, major=major or MAJORS[number % 2],
            graduates_on=dt.date(2027, 6, 30), **(MEMBER if programme == "bachelor" else PROBATIONARY) | more,
        )  # fmt: skip
        person.settle_stage(today)
        person.save()
        made.append(person)
    return made


def send_away(person: Person, first: dt.date, last: dt.date | None) -> None:
    Absence.objects.create(person=person, from_on=first, to_on=last)


def by(cast, name):
    """Who presses: the scope of a member of the cast."""
    return {"scope": scope_for(cast.user(name))}
