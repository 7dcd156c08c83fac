"""What the database itself refuses, whoever writes: each constraint by its name, its words where it has any."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from mentoring.models import ContactCard, GoalStep, LeagueGuidance, MentoringGoal, Mentorship
from tests.cast import Cast
from tests.mentoring.crew import STARTS, TODAY

BEFORE = STARTS - dt.timedelta(days=1)


def mentorship(cast: Cast, **changes) -> Mentorship:
    """A running link of tier 3 unless something is changed; not saved."""
    values = {
        "tier": 3, "mentor": cast.person("liu_secretary"), "mentee": cast.person("liu_member"), "party_branch": cast.liu,
        "state": "active", "starts_on": STARTS, "created_at": timezone.now(), "published_at": timezone.now(),
    }  # fmt: skip
    return Mentorship(**values | changes)


def guidance(cast: Cast, **changes) -> LeagueGuidance:
    values = {
        "person": cast.person("liu_member"), "league_branch": cast.one, "party_branch": cast.liu, "state": "active",
        "starts_on": STARTS, "created_at": timezone.now(), "published_at": timezone.now(),
    }  # fmt: skip
    return LeagueGuidance(**values | changes)


def faults(row) -> list[str]:
    try:
        row.validate_constraints()
    except ValidationError as error:
        return error.messages
    return []


def is_refused(row) -> bool:
    """The database refuses exactly what the form's check refuses."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        assert faults(row) != []
        return True
    row.delete()
    return False


LINKS = [
    ("mentorship_of_two_people", {"mentee": "liu_secretary"}, True),
    ("mentorship_ends_after_start", {"ends_on": BEFORE}, True),
    ("mentorship_ends_after_start", {"ends_on": STARTS}, True),
    ("mentorship_ends_after_start", {"ends_on": STARTS + dt.timedelta(days=1)}, False),
    ("mentorship_ended_after_start", {"state": "ended", "ended_on": BEFORE}, True),
    ("mentorship_ended_after_start", {"state": "ended", "ended_on": STARTS}, False),
    ("mentorship_over_has_its_day", {"state": "ended"}, True),
    ("mentorship_over_has_its_day", {"state": "declined"}, True),
    ("mentorship_over_has_its_day", {"state": "declined", "ended_on": TODAY}, False),
    ("mentorship_over_has_its_day", {"ended_on": TODAY}, True),
    ("mentorship_over_has_its_day", {"state": "draft", "ended_on": TODAY}, True),
    ("mentorship_over_has_its_day", {"state": "unheard"}, True),
    ("mentorship_formal_in_tier_two", {"is_formal": True}, True),
    ("mentorship_formal_in_tier_two", {"is_formal": True, "tier": 2}, False),
    ("mentorship_tier_known", {"tier": 4}, True),
    ("mentorship_tier_known", {"tier": 0}, True),
    ("mentorship_classmate_said_yes", {"tier": 1}, True),
    ("mentorship_classmate_said_yes", {"tier": 1, "answered_at": TODAY}, False),
    ("mentorship_classmate_said_yes", {"tier": 1, "state": "offered"}, False),
    ("mentorship_known_means_published", {"published_at": None}, True),
    ("mentorship_known_means_published", {"published_at": None, "state": "offered", "tier": 1}, True),
    ("mentorship_known_means_published", {"published_at": None, "state": "ended", "ended_on": TODAY}, True),
    ("mentorship_known_means_published", {"published_at": None, "state": "draft"}, False),
]


@pytest.mark.parametrize(("name", "changes", "refused"), LINKS)
def test_what_a_link_must_keep(cast, name, changes, refused):
    assert name in {constraint.name for constraint in Mentorship._meta.constraints}
    if "mentee" in changes:
        changes = changes | {"mentee": cast.person(changes["mentee"])}
    if "answered_at" in changes:
        changes = changes | {"answered_at": timezone.now()}
    row = mentorship(cast, **changes)
    assert is_refused(row) == refused
    broken = [rule.name for rule in Mentorship._meta.constraints if not holds(rule, row)]
    assert broken == ([name] if refused else [])


def holds(constraint, row) -> bool:
    try:
        constraint.validate(type(row), row)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": BEFORE}, ["结束日期必须晚于开始日期。"]),
        ({"mentee": "liu_secretary"}, ["不能自己帮扶自己。"]),
    ],
)
def test_the_words_of_a_link_s_constraints(cast, changes, words):
    if "mentee" in changes:
        changes = {"mentee": cast.person(changes["mentee"])}
    assert faults(mentorship(cast, **changes)) == words


@pytest.mark.parametrize("state", ["draft", "offered", "active"])
def test_two_are_linked_once_at_a_time_in_a_tier(cast, state):
    mentorship(cast, state=state).save()
    again = mentorship(cast)
    assert faults(again) == ["这两个人在本层次已经结对。"]
    assert is_refused(again)
    assert not is_refused(mentorship(cast, tier=2))
    assert not is_refused(mentorship(cast, mentor=cast.person("liu_member"), mentee=cast.person("liu_secretary")))


@pytest.mark.parametrize("state", ["ended", "declined"])
def test_after_the_end_they_may_be_linked_again(cast, state):
    mentorship(cast, state=state, ended_on=TODAY).save()
    assert not is_refused(mentorship(cast))


GUIDANCES = [
    ("guidance_ends_after_start", {"ends_on": STARTS}, True),
    ("guidance_ends_after_start", {"ends_on": STARTS + dt.timedelta(days=1)}, False),
    ("guidance_ended_after_start", {"state": "ended", "ended_on": BEFORE}, True),
    ("guidance_ended_after_start", {"state": "ended", "ended_on": STARTS}, False),
    ("guidance_over_has_its_day", {"state": "ended"}, True),
    ("guidance_over_has_its_day", {"ended_on": TODAY}, True),
    ("guidance_over_has_its_day", {"state": "offered"}, True),
    ("guidance_over_has_its_day", {"state": "draft"}, False),
]


@pytest.mark.parametrize(("name", "changes", "refused"), GUIDANCES)
def test_what_a_guidance_must_keep(cast, name, changes, refused):
    row = guidance(cast, **changes)
    assert is_refused(row) == refused
    assert [rule.name for rule in LeagueGuidance._meta.constraints if not holds(rule, row)] == (
        [name] if refused else []
    )


@pytest.mark.parametrize("state", ["draft", "active"])
def test_a_member_guides_a_league_branch_once_at_a_time(cast, state):
    guidance(cast, state=state).save()
    again = guidance(cast)
    assert faults(again) == ["该党员已在帮扶这个团支部。"]
    assert is_refused(again)
    assert not is_refused(guidance(cast, league_branch=cast.old))
    LeagueGuidance.objects.update(state="ended", ended_on=TODAY)
    assert not is_refused(guidance(cast))


GOALS = [
    ("mentoring_goal_says_what", {"what": ""}),
    ("mentoring_goal_reached_or_dropped", {"reached_on": TODAY, "dropped_on": TODAY, "drop_reason": "改变计划"}),
    ("mentoring_goal_has_an_author", {"mentor_agreed_at": None}),
    ("mentoring_goal_dropped_has_reason", {"dropped_on": TODAY}),
]


@pytest.mark.parametrize(("name", "changes"), GOALS)
def test_what_a_goal_must_keep(cast, name, changes):
    link = mentorship(cast)
    link.save()
    values = {
        "mentorship": link,
        "what": "按期转正",
        "due_on": TODAY,
        "proposed_by": link.mentor,
        "mentor_agreed_at": timezone.now(),
    }
    row = MentoringGoal(**values | changes)
    assert is_refused(row)
    assert [rule.name for rule in MentoringGoal._meta.constraints if not holds(rule, row)] == [name]
    goal = MentoringGoal.objects.create(**values)
    assert is_refused(GoalStep(goal=goal, what="", due_on=TODAY))


@pytest.mark.parametrize(
    ("values", "refused"),
    [({"way": "other"}, True), ({"way": "pigeon"}, True), ({"way": "other", "words": "办公室"}, False), ({}, False)],
)
def test_a_contact_card_says_how(cast, values, refused):
    assert is_refused(ContactCard(person=cast.person("liu_member"), **values)) == refused
