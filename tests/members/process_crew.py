"""People on the way in branch Er, and a form's data for every step."""

from __future__ import annotations

import datetime as dt

from members.models import Person, Sponsor
from members.process_rules import Entry
from members.process_services import record_step
from members.rules import Vote
from pairing_portal.common.scope import Role, Scope

TODAY = dt.date(2026, 10, 28)
D = dt.date
PASSED = Vote(eligible=3, present=3, yes=3)


def scope_of_er(cast) -> Scope:
    er = frozenset({cast.er.pk})
    return Scope(
        user_id=cast.user("er_secretary").pk, person_id=cast.person("er_secretary").pk, roles=frozenset({Role.SECRETARY}),
        branch_ids=er, managed_branch_ids=er,
    )  # fmt: skip


def somebody(cast, number="2024990001", **dates) -> Person:
    """Somebody of branch Er, born in 2005, graduating in June 2028 unless `dates` says otherwise."""
    values = {
        "name": "韦小明", "department": cast.mech, "party_branch": cast.er, "born_on": D(2005, 3, 1), "graduates_on": D(2028, 6, 30),
        "programme": "bachelor", "enrolment_year": 2024,
    } | dates  # fmt: skip
    person = Person(number=number, **values)
    person.settle_stage(TODAY)
    person.save()
    return person


def act(cast, service=record_step, *, today=TODAY, **arguments):
    return service(scope=scope_of_er(cast), by=cast.user("er_secretary"), today=today, **arguments)


def record(cast, person, number, on, *, today=TODAY, **entry):
    return act(cast, person=person, number=number, entry=Entry(done_on=on, **entry), today=today).step


def candidate(cast, *, sponsors=True, **dates) -> Person:
    """A candidate with two sponsors, a clean review, a training that was passed and a pre-review: ready for the meeting."""
    person = somebody(
        cast, **({"applied_on": D(2025, 3, 5), "activist_on": D(2025, 6, 1), "candidate_on": D(2026, 6, 10)} | dates)
    )
    if sponsors:
        for name in ("er_secretary", "er_deputy"):
            Sponsor.objects.create(person=person, sponsor=cast.person(name))
    record(cast, person, 10, D(2026, 7, 1), is_passed=True)
    record(cast, person, 11, D(2026, 9, 1), days=3, hours=24, is_passed=True)
    record(cast, person, 13, D(2026, 10, 12))
    return person


NOTICE = {"notice_from_on": D(2026, 10, 12), "notice_to_on": D(2026, 10, 19)}
