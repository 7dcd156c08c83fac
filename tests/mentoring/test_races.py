"""Many at once for the last place: one gets it and the others read why. PostgreSQL only; SQLite lets one write at a time."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from branches.models import LeagueBranch
from members.models import Person
from members.services import leave_people
from mentoring import facts, guidance_services, rules, services
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.tiers import LinkState, Tier
from pairing_portal.common.problems import Refused
from tests.cast import build_cast
from tests.mentoring.crew import TODAY, act, activists, as_person, classmates, guide, link, new_members, seniors
from tests.mentoring.deeds import class_helper
from tests.pairings.deeds import race

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 20


@pytest.fixture
def cast(transactional_db, today):
    return build_cast(today)


def outcome(results, kind) -> tuple[int, set[str]]:
    """How many got the place, and what the others were told; nothing else may come back."""
    others = [result for result in results if not isinstance(result, kind)]
    assert [repr(result) for result in others if not isinstance(result, Refused)] == []
    return len(results) - len(others), {result.text for result in others}


def unlocked(*ids):
    """`lock_people` with the lock taken away, for the negative controls."""
    return {
        person.pk: person for person in Person.objects.filter(pk__in=ids).select_related("party_branch", "school_class")
    }


def meet_before_writing(monkeypatch, clients) -> None:
    """Everybody has read before anybody writes: the worst moment, without which a control might pass by luck."""
    meet = threading.Barrier(clients)
    for module, name in ((services, "link_problems"), (guidance_services, "guidance_problems")):
        check = getattr(rules, name)
        monkeypatch.setattr(module, name, lambda case, check=check: (check(case), meet.wait(timeout=20))[0])


def take_the_locks_away(monkeypatch, clients) -> None:
    monkeypatch.setattr(services, "lock_people", unlocked)
    monkeypatch.setattr(guidance_services, "lock_people", unlocked)
    monkeypatch.setattr(
        guidance_services,
        "_lock_leagues",
        lambda *ids: {row.pk: row for row in LeagueBranch.objects.filter(pk__in=ids)},
    )
    meet_before_writing(monkeypatch, clients)


# --- Four places that run out --------------------------------------------------------------------


def third_new_member(cast, clients):
    """One place is left with a senior member."""
    senior, fresh = cast.person("liu_member"), new_members(cast, clients + 1)
    link(cast, senior, fresh[0])
    return lambda index: link(cast, senior, fresh[index + 1])


def second_contact(cast, clients):
    """One formal contact is missing, many full members would do."""
    activist = activists(cast, 1)[0]
    link(cast, cast.person("liu_member"), activist, tier=2, is_formal=True)
    mentors = seniors(cast, clients)
    return lambda index: link(cast, mentors[index], activist, tier=2, is_formal=True)


def one_classmate(cast, clients):
    """A helper has one place for a classmate."""
    helper, mentees = class_helper(cast), classmates(cast, clients)
    return lambda index: link(cast, helper, mentees[index], tier=1, accept=False)


def third_guide(cast, clients):
    """A League branch has two guides."""
    for person in seniors(cast, 2, start=40):
        guide(cast, person)
    guides = seniors(cast, clients)
    return lambda index: guide(cast, guides[index])


PLACES = {
    third_new_member: (
        Mentorship,
        "不能结对：周鑫在本层次已有 2 名帮扶对象（上限 2）。可先终止其中一对，或另选帮扶人。（规则 R80）",
        lambda: Mentorship.objects.filter(tier=3, state="active").count(),
        2,
    ),
    second_contact: (
        Mentorship,
        "积极分子20已有 2 名培养联系人（上限 2）。可先终止其中一名，或改设朋辈帮扶人。（规则 R04）",
        lambda: Mentorship.objects.filter(tier=2, is_formal=True, state="active").count(),
        2,
    ),
    one_classmate: (
        Mentorship,
        "不能结对：蓝洋涵在本层次已有 1 名帮扶对象（上限 1）。可先终止其中一对，或另选帮扶人。（规则 R84）",
        lambda: Mentorship.objects.filter(tier=1, state="offered").count(),
        1,
    ),
    third_guide: (
        LeagueGuidance,
        "不能结对：土木系2026级土木工程团支部已有 3 名帮扶人（上限 3）。请先终止其中一名的帮扶。（规则 R82）",
        lambda: LeagueGuidance.objects.filter(state="active").count(),
        3,
    ),
}
places = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)


@places
def test_of_twenty_at_once_one_gets_the_last_place_and_the_others_read_why(cast, place):
    kind, words, count, limit = PLACES[place]
    results = race(place(cast, MANY), MANY)
    assert outcome(results, kind) == (1, {words})
    assert count() == limit
    assert kind.history.count() == kind.objects.count()


@places
def test_without_the_lock_the_same_race_breaks_the_limit(cast, place, monkeypatch):
    """The negative control: all read that a place is free, and all take it."""
    _kind, _words, count, limit = PLACES[place]
    work = place(cast, 4)
    take_the_locks_away(monkeypatch, 4)
    race(work, 4)
    assert count() == limit + 3


def test_of_twenty_at_once_for_the_same_two_one_link_is_made(cast):
    senior, fresh = cast.person("liu_member"), new_members(cast, 1)[0]
    results = race(lambda _index: link(cast, senior, fresh), MANY)
    assert outcome(results, Mentorship) == (1, {"周鑫与新党员1在本层次已经结对。请修改原来的结对，不要重复新建。"})
    assert Mentorship.objects.count() == 1


def test_without_the_lock_the_database_still_holds_the_same_two_apart(cast, monkeypatch):
    """Not one link more, but the words no longer say what happened."""
    senior, fresh = cast.person("liu_member"), new_members(cast, 1)[0]
    take_the_locks_away(monkeypatch, 4)
    results = race(lambda _index: link(cast, senior, fresh), 4)
    assert outcome(results, Mentorship) == (1, {"这对帮扶刚刚已经建立，或与现有结对不符。请刷新页面。"})
    assert Mentorship.objects.count() == 1


# --- Circles -------------------------------------------------------------------------------------


def ring(cast, monkeypatch, count):
    """`count` members who would each mentor the next; the dates of admission say nothing against it here."""
    people = seniors(cast, count)
    monkeypatch.setitem(rules._CHECKS, Tier.NEW_MEMBERS, lambda case: iter(()))
    return people, lambda index: link(cast, people[index], people[(index + 1) % count])


def is_closed(people) -> bool:
    network = facts.load_network([person.pk for person in people])
    return network.leads_to(people[0].pk, people[0].pk, Tier.NEW_MEMBERS)


@pytest.mark.parametrize("count", [3, 4])
def test_links_made_at_once_never_close_a_circle(cast, monkeypatch, count):
    people, work = ring(cast, monkeypatch, count)
    made, said = outcome(race(work, count), Mentorship)
    assert (made, len(said), is_closed(people)) == (count - 1, 1, False)
    assert next(iter(said)).endswith("会形成循环。请另选帮扶人。（规则 R86）")


def test_of_two_that_would_close_a_circle_of_four_one_is_made(cast, monkeypatch):
    people, work = ring(cast, monkeypatch, 4)
    work(0), work(2)
    assert outcome(race(lambda index: work(2 * index + 1), 2), Mentorship)[0] == 1
    assert not is_closed(people)


def test_locking_the_two_people_alone_lets_a_circle_of_four_be_closed(cast, monkeypatch):
    """The negative control: people are locked as ever, but the two links share nobody and neither waits for the other."""
    people, work = ring(cast, monkeypatch, 4)
    work(0), work(2)
    monkeypatch.setattr(services, "wait_for_other_links", lambda: None)
    meet_before_writing(monkeypatch, 2)
    assert outcome(race(lambda index: work(2 * index + 1), 2), Mentorship)[0] == 2
    assert is_closed(people)


# --- The order of locks --------------------------------------------------------------------------


def test_two_plans_published_at_once_are_published_once(cast):
    mentors, fresh = seniors(cast, 4), new_members(cast, 4)
    rows = [link(cast, mentor, mentee, as_draft=True) for mentor, mentee in zip(reversed(mentors), fresh, strict=True)]
    plans = [rows, rows[::-1], rows[:2], rows[2:]]
    results = race(lambda index: services.publish_links(links=plans[index], **act(cast, "liu_secretary")), 4)
    assert [repr(result) for result in results if not isinstance(result, list)] == []
    assert sorted(row.pk for result in results for row in result) == sorted(row.pk for row in rows)
    assert set(Mentorship.objects.values_list("state", flat=True)) == {"active"}


def test_an_offer_answered_by_many_at_once_has_one_answer(cast):
    helper, mentee = class_helper(cast), classmates(cast, 1)[0]
    row, scope = link(cast, helper, mentee, tier=1, accept=False), as_person(mentee)
    results = race(
        lambda index: services.answer_offer(
            link=row, accept=bool(index % 2), scope=scope, now=timezone.now(), today=TODAY
        ),
        8,
    )
    won, said = outcome(results, Mentorship)
    row.refresh_from_db()
    assert (won, said) == (1, {f"这份帮扶意向现为“{row.get_state_display()}”。请刷新页面。"})
    assert row.history.count() == 2


def test_a_link_handed_on_by_many_at_once_has_one_successor(cast):
    old, following = link(cast, cast.person("liu_member"), new_members(cast, 1)[0]), seniors(cast, 8)
    results = race(lambda index: services.hand_on(link=old, mentor=following[index], **act(cast, "liu_secretary")), 8)
    assert outcome(results, Mentorship) == (1, {"这对帮扶现为“已结束”。请刷新页面。"})
    assert Mentorship.objects.filter(state=LinkState.ACTIVE).count() == 1


def test_a_draft_discarded_and_published_at_once_is_one_or_the_other(cast):
    row = link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    hand = act(cast, "liu_secretary")
    results = race(
        lambda index: (
            services.publish_links(links=[row], **hand)
            if index % 2
            else services.discard_draft(link=row, scope=hand["scope"])
        ),
        4,
    )
    others = {type(result) for result in results}
    assert others <= {list, type(None), Refused}
    assert list(Mentorship.objects.values_list("state", flat=True)) in ([], ["active"])


def test_everything_at_once_on_the_same_people_ends_without_a_deadlock(cast):
    """Arranging, handing on, answering, ending, publishing and leaving, in all directions, again and again."""
    mentors, fresh, helper = seniors(cast, 4), new_members(cast, 4), class_helper(cast)
    mates = classmates(cast, 4)
    scopes = [as_person(mate) for mate in mates]
    hand = act(cast, "liu_secretary")

    def step(index):
        at, row = index // 6 % 4, None
        match index % 6:
            case 0:
                return link(cast, mentors[at], fresh[-1 - at])
            case 1:
                row = Mentorship.objects.filter(tier=3, state="active").order_by("pk").first()
                return row and services.hand_on(link=row, mentor=mentors[-1 - at], **hand)
            case 2:
                row = Mentorship.objects.filter(tier=3, state="active").order_by("-pk").first()
                return row and services.end_link(link=row, reason="换人", **hand)
            case 3:
                row = link(cast, helper, mates[at], tier=1, accept=False)
                return services.answer_offer(
                    link=row, accept=at % 2 == 0, scope=scopes[at], now=timezone.now(), today=TODAY
                )
            case 4:
                row = link(cast, mentors[at], fresh[at], as_draft=True)
                return services.publish_links(links=[row, *Mentorship.objects.filter(state="draft")], **hand)
            case _:
                guide(cast, mentors[at])
                return leave_people(people=[mentors[1], fresh[2]], left_on=TODAY, today=TODAY, by=hand["by"])

    for _round in range(3):
        faults = [
            result for result in race(step, 24) if isinstance(result, Exception) and not isinstance(result, Refused)
        ]
        assert [repr(fault) for fault in faults] == []
    assert not [pk for pk in mentors if is_closed([pk])]


def test_a_link_is_not_made_with_somebody_who_is_leaving(cast):
    """Whoever comes second sees what the first did: no open link of somebody who left."""
    senior, fresh = cast.person("liu_member"), new_members(cast, 7)

    def work(index):
        if index == 0:
            return leave_people(people=[senior], left_on=TODAY, today=TODAY, by=None)
        return link(cast, senior, fresh[index - 1])

    results = race(work, 8)
    assert [
        repr(result) for result in results if isinstance(result, Exception) and not isinstance(result, Refused)
    ] == []
    assert Mentorship.objects.open().count() == 0


def test_the_network_lock_is_let_go_with_the_transaction(cast):
    link(cast, cast.person("liu_member"), new_members(cast, 1)[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)
