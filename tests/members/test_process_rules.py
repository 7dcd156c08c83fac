"""Each rule R01–R20 is quoted where it acts: on the process record, or when a step is recorded; with id, title and source."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils.html import escape

from branches.models import PolicyValue
from members.models import DevelopmentStep, Person
from members.rules import RULES
from tests.members.process_crew import candidate, record, somebody

pytestmark = pytest.mark.django_db
D = dt.date
APPLIED = {"applied_on": D(2025, 3, 5)}
ACTIVIST = APPLIED | {"activist_on": D(2026, 3, 1)}
CANDIDATE = APPLIED | {"activist_on": D(2025, 6, 1), "candidate_on": D(2026, 6, 10)}
COUNT = {"eligible_count": "3", "present_count": "3", "yes_count": "3"}
NOTICE = {"notice_from_on": "2026-10-12", "notice_to_on": "2026-10-19"}


def member(cast, **more):
    return somebody(cast, **(CANDIDATE | {"candidate_on": D(2025, 7, 1), "admitted_on": D(2025, 10, 1)} | more))


def wait_of_three_months(cast):
    PolicyValue.objects.create(
        key="application_to_activist_months", value="3", source="本校", effective_from=D(2026, 1, 1)
    )
    return somebody(cast, applied_on=D(2026, 9, 1))


def with_application(cast, **more):
    person = member(cast, **more)
    record(cast, person, 22, D(2026, 10, 1))
    return person


def without_a_review(cast):
    person = candidate(cast)
    DevelopmentStep.objects.filter(person=person, number=10).delete()
    return person


def without_a_pre_review(cast):
    person = candidate(cast)
    DevelopmentStep.objects.filter(person=person, number=13).delete()
    return person


# Rule, who, the step that is recorded (None: it stands on the record itself), what is entered.
CASES = [
    ("R01", lambda cast: somebody(cast, born_on=D(2008, 10, 29)), 1, {"done_on": "2026-10-28"}),
    ("R02", lambda cast: somebody(cast, applied_on=D(2026, 9, 27)), None, {}),
    ("R03", wait_of_three_months, 3, {"done_on": "2026-10-28"}),
    ("R04", lambda cast: somebody(cast, **ACTIVIST), 5, {"done_on": "2026-10-28"}),
    ("R05", lambda cast: somebody(cast, **ACTIVIST), None, {}),
    ("R06", lambda cast: somebody(cast, **ACTIVIST), None, {}),
    ("R07", lambda cast: somebody(cast, **ACTIVIST), 7, {"done_on": "2026-10-28"}),
    ("R08", lambda cast: somebody(cast, **CANDIDATE), 9, {"done_on": "2026-10-28", "sponsor_1": "er_deputy"}),
    ("R09", lambda cast: somebody(cast, **CANDIDATE), 11, {"done_on": "2026-10-28", "days": "2", "hours": "16", "is_passed": "1"}),
    ("R10", without_a_review, 15, {"done_on": "2026-10-28"} | COUNT | NOTICE),
    ("R11", without_a_pre_review, 15, {"done_on": "2026-10-28"} | COUNT | NOTICE),
    ("R12", candidate, 15, {"done_on": "2026-10-28"} | COUNT),
    ("R13", lambda cast: candidate(cast, graduates_on=D(2027, 1, 27)), 15, {"done_on": "2026-10-28"} | COUNT | NOTICE),
    ("R14", candidate, 15, {"done_on": "2026-10-28"} | NOTICE | COUNT | {"yes_count": "1", "no_count": "2"}),
    ("R15", lambda cast: member(cast, admitted_on=D(2026, 7, 1)), 17, {"done_on": "2026-10-28"}),
    ("R16", member, None, {}),
    ("R17", lambda cast: with_application(cast, admitted_on=D(2025, 10, 29)), 23, {"done_on": "2026-10-28", "decision": "convert"} | COUNT | NOTICE),
    ("R18", with_application, 23, {"done_on": "2026-10-28", "decision": "extend", "extended_to": "2027-03-31"} | COUNT | NOTICE),
    ("R19", with_application, None, {}),
    ("R20", member, None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "who", "number", "data"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_is_quoted_where_it_acts(cast, sign_in, rule, who, number, data):
    person = who(cast)
    client = sign_in("er_secretary")
    before = DevelopmentStep.objects.filter(person=person).count()
    if number is None:
        page = client.get(reverse("process", args=[person.pk]))
    else:
        data = {key: cast.person(value).pk if key.startswith("sponsor") else value for key, value in data.items()}
        page = client.post(reverse("process_step", args=[person.pk, number]), data)
        assert page.status_code == 400
    words = page.content.decode()
    quoted = f"{rule} {escape(RULES[rule].title)} · {escape(RULES[rule].source)}"
    assert quoted in words
    assert DevelopmentStep.objects.filter(person=person).count() == before


def test_every_rule_has_its_case():
    assert [case[0] for case in CASES] == sorted(RULES)


def test_a_second_extension_is_refused(cast, sign_in):
    person = with_application(cast, admitted_on=D(2025, 8, 1), extended_to=D(2026, 10, 20))
    page = sign_in("er_secretary").post(
        reverse("process_step", args=[person.pk, 23]),
        {"done_on": "2026-10-28", "decision": "extend", "extended_to": "2027-04-20"} | COUNT | NOTICE,
    )
    assert page.status_code == 400
    assert [row.problem.rule for row in page.context["rules_said"] if row.problem.severity == "block"] == ["R18"]
    assert Person.objects.get(pk=person.pk).extended_to == D(2026, 10, 20)
