"""What the portal holds of the records a cross-inspection looks at, and where Party group meetings are owed."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.evidence import kind_of, minutes_evidence
from activities.models import ActivityKind, MeetingMinutes
from activities.owed import A_YEAR, Duty, owed_between
from activities.owed_reader import owed_of
from branches.models import PolicyValue
from members.models import Person
from pairings.materials import MATERIALS
from tests.activities.test_owed import held
from tests.pairings.work import active_pairing, gap, inspect  # noqa: F401  # a fixture

pytestmark = pytest.mark.usefixtures("quiet_reminders")
D = dt.date
TODAY = D(2026, 10, 28)
RECORDS = [name for name, _hint in MATERIALS]
MONTHLY = Duty("theme_day", "主题党日", "flag", "theme_day_months", 1)
QUARTERLY = Duty("general_meeting", "支部党员大会", "people", "general_meeting_months", 3)
YEARLY = Duty("org_life_meeting", "组织生活会", "chat", A_YEAR, 1)


@pytest.mark.parametrize(
    ("duty", "first", "last", "count"),
    [
        (MONTHLY, D(2026, 10, 8), D(2026, 11, 6), 0),
        (MONTHLY, D(2026, 10, 8), D(2026, 11, 7), 1),
        (MONTHLY, D(2026, 10, 31), D(2027, 2, 27), 4),
        (QUARTERLY, D(2026, 10, 8), D(2027, 1, 7), 1),
        (YEARLY, D(2026, 10, 8), D(2026, 12, 30), 0),
        (YEARLY, D(2026, 10, 8), D(2026, 12, 31), 1),
        (YEARLY, D(2026, 1, 1), D(2028, 6, 1), 2),
        (MONTHLY, D(2026, 10, 8), D(2026, 10, 1), 0),
    ],
)
def test_what_fell_due_between_two_days(duty, first, last, count):
    assert owed_between(duty, first, last) == count


def signed(cast, activity):
    now = timezone.now()
    return MeetingMinutes.objects.create(
        activity=activity, written_by=cast.user("san_secretary"), written_at=now, signed_by=cast.user("san_secretary"), signed_at=now
    )  # fmt: skip


def test_each_record_finds_its_kind_and_no_other(cast):
    kinds = list(ActivityKind.objects.all())
    found = {name: kind_of(name, kinds) for name in RECORDS}
    assert {name: kind.key if kind else "" for name, kind in found.items()} == {
        "支部党员大会记录": "general_meeting", "支部委员会会议记录": "committee_meeting", "党小组会记录": "group_meeting",
        "党课记录": "party_lecture", "主题党日记录": "theme_day", "组织生活会材料": "org_life_meeting", "民主评议党员记录": "",
        "发展党员材料": "", "党费收缴台账": "", "换届材料": "",
    }  # fmt: skip


def test_held_signed_and_owed_are_counted_in_the_period_for_hosts_and_hosts_along(cast):
    signed(cast, held(cast, "theme_day", D(2026, 10, 8), branch=cast.san))
    held(cast, "theme_day", D(2026, 10, 20), with_branch=cast.san)
    held(cast, "theme_day", D(2026, 10, 21), with_branch=cast.san, approved=False)
    held(cast, "theme_day", D(2026, 10, 7), branch=cast.san)
    held(cast, "theme_day", D(2026, 10, 22), branch=cast.san, state="cancelled")
    held(cast, "theme_day", D(2026, 10, 23), branch=cast.er)
    found = minutes_evidence(cast.san.pk, RECORDS, D(2026, 10, 8), D(2026, 11, 7))
    row = found["主题党日记录"]
    assert (row.held, row.signed, row.owed) == (2, 1, 1)
    assert sorted(found) == sorted(
        ["支部党员大会记录", "支部委员会会议记录", "党小组会记录", "党课记录", "主题党日记录", "组织生活会材料"]
    )
    # No committee of three and no Party groups: neither meeting is owed.
    assert (found["支部委员会会议记录"].owed, found["党小组会记录"].owed) == (None, None)


def test_ten_records_ask_as_many_questions_as_one(cast):
    def questions(names):
        with CaptureQueriesContext(connection) as queries:
            minutes_evidence(cast.san.pk, names, D(2026, 10, 8), TODAY)
        return len(queries)

    assert questions(RECORDS) == questions(RECORDS[:1]) <= 10


def test_the_inspection_shows_it_beside_each_record_with_the_list_behind_it(cast, pairing, sign_in):
    signed(cast, held(cast, "general_meeting", D(2026, 10, 10), branch=cast.san))
    held(cast, "general_meeting", D(2026, 10, 15), branch=cast.san)
    row = inspect(cast, pairing, gap(0))
    client = sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    page = client.get(reverse("inspection", args=[row.pk])).content.decode()
    (address, words) = re.findall(r'<a class="evidence" href="([^"]+)">([^<]+)</a>', page)[0]
    assert words == "In the portal: 2 held, 1 with signed minutes · 0 owed"
    listed = client.get(address.replace("&amp;", "&"))
    assert (listed.status_code, listed.context["page"].paginator.count) == (200, 2)
    form = client.get(reverse("work_inspection_new", args=[pairing.pk])).content.decode()
    assert "In the portal: 2 held, 1 with signed minutes · 0 owed" in form
    assert "In the portal: 2 held" in client.get(reverse("inspection_edit", args=[row.pk])).content.decode()


# --- Party groups ---------------------------------------------------------------------------------


def owes_group_meetings(branch):
    return "group_meeting" in [row.duty.key for row in owed_of([branch], TODAY)[branch]]


def fill(cast, branch, count):
    """So many members of the branch in all."""
    there = Person.objects.filter(party_branch=branch, stage__in=("full", "probationary")).count()
    Person.objects.bulk_create(
        Person(
            number=f"2022093{number:04d}", name=f"程{number}", name_key=f"cheng{number}", department=branch.department, party_branch=branch,
            stage="full", enrolment_year=2022, applied_on=D(2022, 10, 1), activist_on=D(2023, 3, 1), candidate_on=D(2024, 3, 1),
            admitted_on=D(2024, 5, 1), converted_on=D(2025, 5, 1),
        )
        for number in range(there, count)
    )  # fmt: skip


def test_group_meetings_are_owed_by_large_branches_and_by_those_that_hold_one(cast, sign_in):
    assert owes_group_meetings(cast.er) is False
    fill(cast, cast.er, 20)
    assert owes_group_meetings(cast.er) is False
    fill(cast, cast.er, 21)
    assert owes_group_meetings(cast.er) is True
    assert owes_group_meetings(cast.san) is False
    held(cast, "group_meeting", D(2026, 9, 20), branch=cast.san, state="cancelled")
    assert owes_group_meetings(cast.san) is False
    held(cast, "group_meeting", D(2026, 9, 21), branch=cast.san)
    assert owes_group_meetings(cast.san) is True


def test_the_college_may_set_the_size(cast):
    fill(cast, cast.er, 12)
    PolicyValue.objects.create(key="group_expected_above", value="11", source="学院规定", effective_from=D(2026, 9, 1))
    assert owes_group_meetings(cast.er) is True


def test_the_page_says_why_they_are_not_owed(cast, sign_in):
    client = sign_in("er_secretary")
    client.cookies["django_language"] = "en"
    words = "Party group meetings are not owed: groups are expected in branches of more than 20 members"
    assert words in client.get(reverse("calendar")).content.decode()
    fill(cast, cast.er, 21)
    assert words not in client.get(reverse("calendar")).content.decode()
