"""Party groups: set up, assigned, led, dissolved; what R35 says; where they are shown and what owes their meetings."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from activities.owed_reader import owed_of
from members import party_group_services as services
from members import transfer_services
from members.access import scope_for
from members.models import DevelopmentStep, PartyGroup, PartyGroupPlace, Person
from members.party_group_moving import end_stray_places
from members.party_groups import facts_of_groups, group_of
from members.services import leave_people
from members.structure_page import read_structures
from pairing_portal.common.problems import Refused
from tests.conftest import TODAY
from tests.pairings.crew import enrol

pytestmark = pytest.mark.django_db


def who(cast, name="er_secretary"):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY}


def make(
    cast,
    name="第一党小组",
    people=("er_member", "er_deputy", "er_probationary"),
    leader="er_member",
    by="er_secretary",
    **more,
):
    ids = [cast.person(one).pk for one in people]
    values = {"branch": cast.er, "on": TODAY} | who(cast, by) | more
    return services.set_up_group(name=name, people=ids, leader_id=cast.person(leader).pk if leader else None, **values)


def names(group):
    return set(PartyGroupPlace.objects.open().filter(group=group).values_list("person__name", flat=True))


def test_a_group_is_set_up_with_its_people_and_leader(cast):
    group, problems = make(cast)
    assert (problems, group.leader, names(group)) == ([], cast.person("er_member"), {"罗萍妍", "张红", "潘桂"})
    assert group_of(cast.person("er_deputy").pk) == group
    assert [(one.members, one.full, one.leader_is_full) for one in facts_of_groups([cast.er.pk])[cast.er.pk]] == [
        (3, 2, True)
    ]
    assert group.history.first().history_user == cast.user("er_secretary")


@pytest.mark.parametrize(
    ("people", "leader", "warned"),
    [
        (("er_member", "er_deputy"), "er_member", True),
        (("er_member", "er_deputy", "er_probationary"), "er_probationary", True),
        (("er_member", "er_deputy", "er_probationary"), None, True),
        (("er_member", "er_deputy", "er_probationary"), "er_deputy", False),
    ],
)
def test_r35_warns_and_forbids_nothing(cast, people, leader, warned):
    _group, problems = make(cast, people=people, leader=leader)
    assert [(one.rule, one.severity) for one in problems] == ([("R35", "warn")] if warned else [])
    assert all("R35" in str(one) and "第一党小组" in str(one) for one in problems)
    structure = read_structures([cast.er], scope=scope_for(cast.user("er_secretary")), today=TODAY)[0]
    assert [one.rule for one in structure.problems if one.rule == "R35"] == (["R35"] if warned else [])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"people": ("er_member", "san_member")}, "people"),
        ({"people": ("san_activist",)}, "people"),
        ({"on": TODAY + dt.timedelta(days=1)}, "on"),
        ({"on": TODAY - dt.timedelta(days=400)}, "on"),
        ({"by": "san_secretary"}, ""),
        ({"by": "administrator"}, ""),
        ({"by": "er_member"}, ""),
    ],
)
def test_what_is_refused(cast, changes, field):
    with pytest.raises(Refused) as refusal:
        make(cast, **changes)
    assert refusal.value.field == field
    assert (PartyGroup.objects.count(), PartyGroupPlace.objects.count()) == (0, 0)


def test_a_name_is_free_again_once_the_group_is_dissolved(cast):
    group, _problems = make(cast, people=("er_member",))
    with pytest.raises(Refused):
        make(cast, people=("er_deputy",), leader="er_deputy")
    services.dissolve_group(group=group, on=TODAY, **who(cast))
    make(cast, people=("er_deputy",), leader="er_deputy")
    assert PartyGroup.objects.count() == 2


def test_several_are_assigned_at_once_and_come_over_from_another_group(cast):
    others = enrol(cast.er, 4)
    first, _problems = make(cast)
    second, _problems = make(cast, "第二党小组", people=(), leader=None)
    ids = [one.pk for one in others] + [cast.person("er_member").pk]
    count, problems = services.assign_members(group=second, people=ids, on=TODAY, **who(cast))
    assert (count, names(second)) == (5, {"学生100", "学生101", "学生102", "学生103", "罗萍妍"})
    first.refresh_from_db()
    # The first lost its leader and has two left; the second has no leader yet.
    assert (first.leader, names(first), len(problems)) == (None, {"张红", "潘桂"}, 2)
    assert services.assign_members(group=second, people=ids, on=TODAY, **who(cast))[0] == 0


def test_a_leader_is_one_of_the_group(cast):
    group, _problems = make(cast, leader=None)
    with pytest.raises(Refused) as refusal:
        services.change_leader(group=group, leader_id=cast.person("er_secretary").pk, **who(cast))
    assert refusal.value.field == "leader"
    row, problems = services.change_leader(group=group, leader_id=cast.person("er_deputy").pk, **who(cast))
    assert (row.leader, problems) == (cast.person("er_deputy"), [])


def test_change_puts_out_who_is_not_ticked(cast):
    group, _problems = make(cast)
    people = [cast.person("er_deputy").pk, cast.person("er_secretary").pk]
    row, problems = services.change_group(
        group=group, name="新名", people=people, leader_id=None, **who(cast, "er_deputy")
    )
    assert (row.name, row.leader, names(row), len(problems)) == ("新名", None, {"张红", "甘杰怡"}, 1)
    assert PartyGroupPlace.objects.get(person=cast.person("er_member")).left_on == TODAY


def test_the_database_keeps_one_group_a_person_and_no_leader_of_a_dissolved_one(cast):
    group, _problems = make(cast)
    other, _problems = make(cast, "第二党小组", people=(), leader=None)
    for deed in (
        lambda: PartyGroupPlace.objects.create(group=other, person=cast.person("er_member"), joined_on=TODAY),
        lambda: PartyGroup.objects.create(branch=cast.er, name="第一党小组", formed_on=TODAY),
        lambda: PartyGroup.objects.filter(pk=group.pk).update(dissolved_on=TODAY),
        lambda: PartyGroup.objects.filter(pk=other.pk).update(leader=cast.person("er_member")),
        lambda: PartyGroupPlace.objects.update(left_on=TODAY - dt.timedelta(days=1)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()


def test_moving_and_leaving_end_the_place_and_say_the_vacancy(cast):
    group, _problems = make(cast)
    person = cast.person("er_member")
    preview = transfer_services.moving_preview(people=[person], branch_id=cast.er.pk, on=TODAY)
    assert ["罗萍妍：不再编入第一党小组。", "第一党小组需要另选组长。"] in [lines for _label, lines in preview.endings]
    lines = leave_people(people=[person], left_on=TODAY, today=TODAY, by=cast.user("er_secretary"))
    assert {"罗萍妍：不再编入第一党小组。", "第一党小组需要另选组长。"} <= set(lines)
    group.refresh_from_db()
    assert (group.leader, names(group)) == (None, {"张红", "潘桂"})


def test_a_roster_that_moved_somebody_counts_at_once_and_is_settled_daily(cast):
    group, _problems = make(cast)
    Person.objects.filter(pk=cast.person("er_member").pk).update(party_branch=cast.si)
    assert facts_of_groups([cast.er.pk])[cast.er.pk][0].members == 2
    assert (end_stray_places(TODAY), end_stray_places(TODAY)) == (1, 0)
    group.refresh_from_db()
    assert (group.leader, names(group)) == (None, {"张红", "潘桂"})


def group_meetings(cast):
    return [row.duty.key for row in owed_of([cast.er], TODAY)[cast.er] if row.duty.key == "group_meeting"]


def test_group_meetings_are_owed_where_groups_are_stored(cast):
    assert group_meetings(cast) == []
    group, _problems = make(cast)
    assert group_meetings(cast) == ["group_meeting"]
    services.dissolve_group(group=group, on=TODAY, **who(cast))
    enrol(cast.er, 25)
    # The branch keeps its groups here and has none: its size says nothing any more.
    assert group_meetings(cast) == []


def test_a_large_branch_that_keeps_none_owes_them_by_its_size(cast):
    enrol(cast.er, 25)
    assert group_meetings(cast) == ["group_meeting"]


def test_step_19_shows_the_group(cast, sign_in):
    make(cast)
    person = cast.person("er_member")
    DevelopmentStep.objects.create(person=person, number=19, done_on=dt.date(2025, 5, 12))
    page = sign_in("er_secretary").get(reverse("process", args=[person.pk])).content.decode()
    assert "党小组：第一党小组" in page
    mine = sign_in("er_member").get(reverse("person", args=[person.pk])).content.decode()
    assert "第一党小组 · 党小组组长" in mine


# --- Pages ---------------------------------------------------------------------------------------


def test_the_page_sets_up_changes_and_dissolves(cast, sign_in):
    client = sign_in("er_secretary")
    page = client.get(reverse("party_groups", args=[cast.er.pk])).content.decode()
    assert "尚未设立党小组" in page
    ids = [str(cast.person(one).pk) for one in ("er_member", "er_deputy")]
    sent = {"name": "第一党小组", "people": ids, "leader": ids[0], "on": "2026-10-28"}
    answer = client.post(reverse("party_group_new", args=[cast.er.pk]), sent, follow=True)
    group = PartyGroup.objects.get()
    assert (names(group), group.leader_id) == ({"罗萍妍", "张红"}, int(ids[0]))
    assert "R35" in answer.content.decode()
    probationary = str(cast.person("er_probationary").pk)
    sent = {"name": "第一党小组", "people": [*ids, probationary], "leader": ids[1]}
    answer = client.post(reverse("party_group", args=[group.pk]), sent, follow=True)
    group.refresh_from_db()
    assert (names(group), group.leader_id, "R35" in answer.content.decode()) == (
        {"罗萍妍", "张红", "潘桂"},
        int(ids[1]),
        False,
    )
    structure = client.get(reverse("structure", args=[cast.er.pk])).content.decode()
    assert "第一党小组" in structure
    client.post(reverse("party_group_dissolve", args=[group.pk]), {"on": "2026-10-28"})
    group.refresh_from_db()
    assert (group.dissolved_on, names(group)) == (TODAY, set())


def test_bad_input_is_said_and_writes_nothing(cast, sign_in):
    client = sign_in("er_secretary")
    stranger = str(cast.person("san_member").pk)
    for sent in (
        {"name": "", "on": "2026-10-28"},
        {"name": "一", "people": [stranger], "on": "2026-10-28"},
        {"name": "一", "on": "2026-13-40"},
        {"name": "一", "leader": "x", "on": "2026-10-28"},
        {"name": "字" * 41, "on": "2026-10-28"},
    ):
        assert client.post(reverse("party_group_new", args=[cast.er.pk]), sent).status_code == 400
    assert PartyGroup.objects.count() == 0


def test_a_member_reads_the_own_group_in_the_administration_never(cast, sign_in):
    group, _problems = make(cast)
    assert sign_in("er_member").get(reverse("party_group", args=[group.pk])).status_code == 403
    assert sign_in("san_secretary").get(reverse("party_group", args=[group.pk])).status_code == 404
    assert sign_in("san_secretary").get(reverse("party_groups", args=[cast.er.pk])).status_code in (403, 404)


def test_the_administration_dissolves_by_the_service(cast, sign_in):
    group, _problems = make(cast)
    client = sign_in("er_secretary")
    listed = client.get(reverse("admin:members_partygroup_changelist")).content.decode()
    assert "第一党小组" in listed
    sent = {"action": "dissolve_selected", "_selected_action": [group.pk]}
    client.post(reverse("admin:members_partygroup_changelist"), sent)
    group.refresh_from_db()
    assert (group.dissolved_on, group.leader, names(group)) == (TODAY, None, set())
    other, _problems = make(cast, "第二党小组")
    place = PartyGroupPlace.objects.open().get(person=cast.person("er_member"))
    sent = {"action": "take_out_selected", "_selected_action": [place.pk]}
    client.post(reverse("admin:members_partygroupplace_changelist"), sent)
    place.refresh_from_db()
    other.refresh_from_db()
    assert (place.left_on, other.leader) == (TODAY, None)


def test_other_branches_groups_are_not_in_the_administration(cast, sign_in):
    group, _problems = make(cast)
    client = sign_in("san_secretary")
    assert "第一党小组" not in client.get(reverse("admin:members_partygroup_changelist")).content.decode()
    client.post(
        reverse("admin:members_partygroup_changelist"), {"action": "dissolve_selected", "_selected_action": [group.pk]}
    )
    group.refresh_from_db()
    assert group.dissolved_on is None
