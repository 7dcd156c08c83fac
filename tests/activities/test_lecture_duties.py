"""Lecture duties on the page: proposed, changed by hand, stored all or nothing, ended with a successor, capped under a lock."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from activities.lectures import duty_proposal, duty_services
from activities.lectures.duty_proposal import Seat, Speaker, propose
from activities.lectures.duty_services import NeedsConfirmation, Pick, assign_duties, end_duty, reopen_duty
from activities.lectures.season import MonthsAhead
from activities.models import LectureDuty
from branches.models import LeagueBranch, PolicyValue
from members.access import scope_for
from members.models import ExcellentMember, Person
from pairing_portal.common.problems import Refused
from tests.activities.talks import second_league_branch
from tests.cast import MEMBER, build_cast
from tests.pairings.deeds import race

PAGE = reverse("lecture_duties")


def deed(cast, who="liu_secretary"):
    return {
        "scope": scope_for(cast.user(who)), "by": cast.user(who), "today": timezone.localdate(), "now": timezone.now(),
    }  # fmt: skip


def choose(cast, *names):
    for name in names:
        ExcellentMember.objects.create(person=cast.person(name), academic_year=cast.year)


def pick(cast, name="liu_member", league=None):
    return Pick(cast.person(name).pk, (league or cast.one).pk)


def standing():
    rows = LectureDuty.objects.filter(ended_on=None).order_by("league_branch_id", "person__number")
    return [(duty.person.name, duty.league_branch.name) for duty in rows]


def stay(cast, *names):
    """They study on for a year, so that nothing has to be confirmed on their account."""
    Person.objects.filter(pk__in=[cast.person(name).pk for name in names]).update(graduates_on=dt.date(2028, 6, 30))


@pytest.fixture
def ready(cast):
    """Liu's two members are chosen and stay on campus; One and Old are junior League branches."""
    second_league_branch(cast)
    choose(cast, "liu_member", "liu_secretary")
    stay(cast, "liu_member", "liu_secretary")
    return cast


def test_the_page_proposes_with_reasons_and_stores_nothing(ready, sign_in):
    page = sign_in("liu_secretary").get(PAGE, {"propose": "1"})
    board = page.context["board"]
    assert [[slot.picked is not None for slot in row.slots] for row in board.rows] == [[True, True], [True, True]]
    assert "本系" in board.rows[0].slots[0].why
    assert page.context["proposed"] == 4
    assert LectureDuty.objects.count() == 0


def test_one_post_assigns_all_and_the_same_again_changes_nothing(ready, sign_in):
    client = sign_in("liu_secretary")
    data = {
        f"seat-{ready.one.pk}": [ready.person("liu_member").pk, ready.person("liu_secretary").pk],
        f"seat-{ready.old.pk}": [ready.person("liu_member").pk, ""],
    }
    assert client.post(PAGE, data).status_code == 302
    found = standing()
    assert found == [("上官涵", ready.one.name), ("周鑫", ready.one.name), ("周鑫", ready.old.name)]
    duty = LectureDuty.objects.first()
    assert (duty.assigned_by, duty.assigned_at) == (ready.user("liu_secretary"), timezone.now())
    again = client.post(PAGE, data)
    assert (again.status_code, again.context["refused"]) == (400, "这些任务已经安排好了，没有改动。")
    assert standing() == found


def test_all_or_nothing_when_a_speaker_would_have_too_many(ready, sign_in):
    third = LeagueBranch.objects.create(
        department=ready.civil, name="土木系2026级造价团支部", enrolment_year=2026, party_branch=ready.liu
    )
    picks = [pick(ready, league=league) for league in (ready.one, ready.old, third)]
    with pytest.raises(Refused) as refusal:
        assign_duties(picks=picks, year=ready.year, **deed(ready))
    assert (refusal.value.rule, LectureDuty.objects.count()) == ("R74", 0)
    PolicyValue.objects.create(
        key="league_branches_per_speaker", value="3", source="x", effective_from=dt.date(2026, 9, 1)
    )
    assert len(assign_duties(picks=picks, year=ready.year, **deed(ready))) == 3


def test_who_is_not_chosen_needs_a_confirmation_and_is_no_refusal(cast, sign_in):
    stay(cast, "liu_member")
    client, data = sign_in("liu_secretary"), {f"seat-{cast.one.pk}": [cast.person("liu_member").pk]}
    asked = client.post(PAGE, data)
    assert (asked.status_code, [problem.rule for problem in asked.context["warnings"]]) == (400, ["R74"])
    assert f'value="{cast.person("liu_member").pk}" selected' in asked.content.decode()
    assert LectureDuty.objects.count() == 0
    assert client.post(PAGE, data | {"is_confirmed": "1"}).status_code == 302
    assert standing() == [("周鑫", cast.one.name)]
    assert "不是优秀党员" in client.get(PAGE).content.decode()


def test_one_speaker_more_than_wanted_needs_a_confirmation(ready):
    PolicyValue.objects.create(
        key="speakers_per_league_branch", value="1", source="x", effective_from=dt.date(2026, 9, 1)
    )
    picks = [pick(ready), pick(ready, "liu_secretary")]
    with pytest.raises(NeedsConfirmation) as question:
        assign_duties(picks=picks, year=ready.year, **deed(ready))
    assert [problem.severity for problem in question.value.warnings] == ["warn"]
    assert len(assign_duties(picks=picks, year=ready.year, is_confirmed=True, **deed(ready))) == 2


@pytest.mark.parametrize(
    ("who", "name", "league"),
    [("er_secretary", "er_member", "one"), ("mech_organiser", "er_member", "one"), ("liu_secretary", "er_member", "one"),
     ("liu_secretary", "liu_activist", "one"), ("league_secretary", "liu_member", "one"), ("administrator", "liu_member", "one")],
)  # fmt: skip
def test_nobody_assigns_beyond_what_they_arrange(cast, who, name, league):
    with pytest.raises(Refused):
        assign_duties(
            picks=[pick(cast, name, getattr(cast, league))], year=cast.year, is_confirmed=True, **deed(cast, who)
        )
    assert LectureDuty.objects.count() == 0


@pytest.mark.parametrize("value", ["x", "-1", "９", "9" * 30, "1; drop"])
def test_rubbish_in_the_form_leads_nowhere(ready, sign_in, value):
    assert sign_in("liu_secretary").post(PAGE, {f"seat-{ready.one.pk}": [value]}).status_code == 404
    assert sign_in("liu_secretary").get(PAGE, {"year": value}).status_code == 404


def test_ending_needs_a_reason_offers_a_successor_and_hands_on(ready, sign_in):
    duty = assign_duties(picks=[pick(ready)], year=ready.year, **deed(ready))[0]
    page, client = reverse("lecture_duty_end", args=[duty.pk]), sign_in("liu_secretary")
    form = client.get(page).context["form"]
    assert form.initial["successor"] == ready.person("liu_secretary").pk
    assert client.post(page, {"reason": " ", "successor": ""}).status_code == 400
    data = {"reason": "外出实习", "successor": ready.person("liu_secretary").pk}
    assert client.post(page, data).url == PAGE
    duty.refresh_from_db()
    assert duty.ended_on == timezone.localdate()
    assert duty.history.latest().history_change_reason == "外出实习"
    assert standing() == [("上官涵", ready.one.name)]
    assert "外出实习" in client.get(PAGE).content.decode()


def test_an_end_without_successor_is_taken_back(ready, sign_in):
    duty = assign_duties(picks=[pick(ready)], year=ready.year, **deed(ready))[0]
    end_duty(duty=duty, reason="误", **deed(ready))
    with pytest.raises(Refused):
        end_duty(duty=duty, reason="误", **deed(ready))
    assert sign_in("liu_secretary").post(reverse("lecture_duty_reopen", args=[duty.pk])).status_code == 302
    assert standing() == [("周鑫", ready.one.name)]
    with pytest.raises(Refused):
        reopen_duty(duty=duty, **deed(ready))


def test_a_refused_successor_leaves_the_duty_standing(ready):
    duty = assign_duties(picks=[pick(ready)], year=ready.year, **deed(ready))[0]
    with pytest.raises(Refused):
        end_duty(duty=duty, reason="换人", successor_id=ready.person("liu_activist").pk, **deed(ready))
    assert standing() == [("周鑫", ready.one.name)]


@pytest.mark.parametrize(("who", "status"), [("liu_secretary", 200), ("civil_organiser", 200), ("college_organiser", 200),
                                             ("league_secretary", 403), ("liu_member", 403), ("stranger", 403)])  # fmt: skip
def test_who_opens_the_page(ready, sign_in, who, status):
    assert sign_in(who).get(PAGE).status_code == status


def count_queries(client, django_connection):
    with CaptureQueriesContext(django_connection) as queries:
        assert client.get(PAGE, {"propose": "1"}).status_code == 200
    return len(queries)


def test_the_page_takes_as_many_queries_for_one_league_branch_as_for_three(cast, sign_in):
    from django.db import connection

    choose(cast, "liu_member", "liu_secretary")
    client = sign_in("civil_organiser")
    client.get(PAGE)
    one = count_queries(client, connection)
    for name in "甲乙":
        LeagueBranch.objects.create(
            department=cast.civil, name=f"土木系2026级{name}团支部", enrolment_year=2026, party_branch=cast.liu
        )
    assert count_queries(client, connection) == one


# --- The solver, by itself ---------------------------------------------------------------------

AHEAD = MonthsAhead(8, 8)


def seat(pk, *, department=1, branch=1, majors=(), has=()):
    return Seat(pk, department, branch, frozenset(majors), frozenset(has))


def speaker(pk, *, department=1, branch=1, major="", year=3, ahead=AHEAD, load=0):
    return Speaker(pk, f"n{pk:03}", department, branch, major, year, ahead, load)


def couples(found):
    return sorted((couple.seat.pk, couple.speaker.pk) for couple in found.couples)


def test_near_ones_are_preferred_and_what_stands_is_kept():
    seats = [seat(1, majors=["土木工程"], has=[9]), seat(2, department=2, branch=2)]
    speakers = [speaker(1, major="土木工程"), speaker(2, department=2, branch=2), speaker(9, load=2)]
    found = propose(seats, speakers, wanted=2, most=1)
    assert couples(found) == [(1, 1), (2, 2)]
    reasons = dict(next(couple.reasons for couple in found.couples if couple.seat.pk == 1))
    assert set(reasons) >= {duty_proposal.SAME_DEPARTMENT, duty_proposal.SAME_BRANCH, duty_proposal.SAME_MAJOR}
    assert found.short == {2: (1, duty_proposal.ALL_TAKEN)}


def test_who_is_away_all_season_is_not_asked():
    found = propose([seat(1)], [speaker(1, ahead=MonthsAhead(0, 8))], wanted=1, most=2)
    assert (found.couples, found.short) == ([], {1: (1, duty_proposal.NOBODY_THERE)})


@given(
    seats=st.integers(0, 6),
    loads=st.lists(st.integers(0, 3), max_size=6),
    wanted=st.integers(1, 3),
    most=st.integers(1, 3),
)
def test_limits_hold_nobody_twice_and_the_load_is_balanced(seats, loads, wanted, most):
    people = [speaker(number, load=load) for number, load in enumerate(loads, start=1)]
    found = propose([seat(number) for number in range(1, seats + 1)], people, wanted=wanted, most=most)
    pairs = couples(found)
    assert len(pairs) == len(set(pairs))
    given_to = {one.pk: sum(person == one.pk for _seat, person in pairs) for one in people}
    for one in people:
        assert given_to[one.pk] == 0 or one.load + given_to[one.pk] <= most
    for number in range(1, seats + 1):
        has = sum(place == number for place, _person in pairs)
        assert has + found.short.get(number, (0, ""))[0] == wanted
    fresh = [given_to[one.pk] for one in people if one.load == 0]
    # Whoever begins with nothing gets as much as the others, give or take one.
    assert not fresh or max(fresh) - min(fresh) <= 1


# --- Twenty at once ------------------------------------------------------------------------------

TWENTY = 20


@pytest.fixture
def race_cast(transactional_db, today):
    return build_cast(today)


def crowd_of_leagues(cast):
    stay(cast, "liu_member")
    choose(cast, "liu_member")
    return [
        LeagueBranch.objects.create(
            department=cast.civil, name=f"土木系2026级{number}团支部", enrolment_year=2026, party_branch=cast.liu
        )
        for number in range(TWENTY)
    ]


def press_all(cast, leagues):
    common = deed(cast)

    def press(index):
        try:
            assign_duties(picks=[pick(cast, league=leagues[index])], year=cast.year, **common)
        except Refused as refusal:
            return refusal.rule
        return "assigned"

    return sorted(race(press, TWENTY))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_twenty_duties_for_one_speaker_two_are_assigned(race_cast):
    leagues = crowd_of_leagues(race_cast)
    assert press_all(race_cast, leagues) == ["R74"] * (TWENTY - 2) + ["assigned"] * 2
    assert LectureDuty.objects.filter(ended_on=None).count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_speaker_gets_more(race_cast, monkeypatch):
    """The negative control: everybody has counted before anybody writes."""
    leagues = crowd_of_leagues(race_cast)
    meet = threading.Barrier(TWENTY)

    def read(person_ids, league_ids):
        return Person.objects.in_bulk(set(person_ids)), LeagueBranch.objects.in_bulk(set(league_ids))

    refuse = duty_services._refuse_overload
    monkeypatch.setattr(duty_services, "lock_duties", read)
    monkeypatch.setattr(duty_services, "_refuse_overload", lambda *facts: (meet.wait(timeout=30), refuse(*facts))[1])
    assert press_all(race_cast, leagues).count("assigned") > 2


def test_members_alone_are_named(cast):
    """A person who was admitted on paper alone is none yet; the cast's members are."""
    assert MEMBER["admitted_on"] < timezone.localdate()
    with pytest.raises(Refused) as refusal:
        assign_duties(picks=[pick(cast, "liu_activist")], year=cast.year, is_confirmed=True, **deed(cast))
    assert refusal.value.rule == "R74"
