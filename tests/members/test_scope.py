"""From posts and roles to what may be seen."""

from members.access import scope_for
from members.models import Person
from pairing_portal.common.scope import Role


def names(scope) -> set[str]:
    return set(Person.objects.visible_to(scope).values_list("name", flat=True))


def test_secretary_sees_own_branch_and_nobody_of_the_partner(cast):
    scope = scope_for(cast.user("er_secretary"))
    assert scope.roles == {Role.SECRETARY, Role.COMMITTEE, Role.PERSON}
    assert scope.managed_branch_ids == {cast.er.pk}
    assert names(scope) == {"甘杰怡", "张红", "罗萍妍", "潘桂"}


def test_member_sees_only_themselves(cast):
    assert names(scope_for(cast.user("er_member"))) == {"罗萍妍"}


def test_secretary_of_the_responsible_branch_sees_the_class_of_the_league_branch(cast):
    assert names(scope_for(cast.user("liu_secretary"))) == {"上官涵", "周鑫", "蓝洋涵", "张轩丽", "农军"}


def test_league_secretary_and_counsellor_see_the_class(cast):
    assert names(scope_for(cast.user("league_secretary"))) == {"张轩丽", "农军"}
    assert names(scope_for(cast.user("counsellor"))) == {"张轩丽", "农军"}


def test_organiser_sees_the_department_and_the_college_organiser_everybody(cast):
    assert len(names(scope_for(cast.user("mech_organiser")))) == 8
    assert len(names(scope_for(cast.user("college_organiser")))) == 13


def test_stranger_sees_nobody_and_administrator_is_no_judge(cast):
    assert names(scope_for(cast.user("stranger"))) == set()
    scope = scope_for(cast.user("administrator"))
    assert scope.whole_college
    assert scope.roles == {Role.ADMINISTRATOR}
    assert not scope.oversees(cast.mech.pk)


def test_a_post_that_ended_gives_nothing(cast, today):
    post = cast.person("er_secretary").posts.get()
    post.ended_on = today
    post.save()
    assert scope_for(cast.user("er_secretary")).roles == {Role.PERSON}
