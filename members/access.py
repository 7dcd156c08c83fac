"""The one place that turns posts and roles into what may be seen."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from accounts.models import User
from branches.models import LeagueBranch, PartyBranch
from pairing_portal.common.scope import Role, Scope

from .models import Person, Post, StaffRole
from .office_models import MANAGING_POSTS, SECRETARY_POSTS, StaffKind
from .stages import Stage


def scope_for(user: User, today: date | None = None) -> Scope:
    """What `user` may see on `today` (the portal's own day when not given).

    Power over the system is not power to judge people: a superuser is an `ADMINISTRATOR` who sees the whole
    college for set-up, and holds no other role by it.
    """
    if not user.is_active:
        return Scope()
    day = today or timezone.localdate()
    roles: set[Role] = set()
    person = (
        Person.objects.filter(user=user).values("pk", "party_branch_id", "department_id", "stage", "left_on").first()
    )
    # Who has left holds nothing any more, even where a post was not ended.
    has_left = person is not None and (person["stage"] == Stage.LEFT or (person["left_on"] or date.max) <= day)
    posts = _current_posts(person["pk"], day) if person and not has_left else []
    staff = list(StaffRole.objects.filter(user=user).prefetch_related("classes"))

    branch_ids = {post.party_branch_id for post in posts if post.party_branch_id}
    managed = {post.party_branch_id for post in posts if post.party_branch_id and post.kind in MANAGING_POSTS}
    league_ids = {post.league_branch_id for post in posts if post.league_branch_id}
    organisers = [role for role in staff if role.kind == StaffKind.ORGANISER]
    counsellors = [role for role in staff if role.kind == StaffKind.COUNSELLOR]
    department_ids = {role.department_id for role in organisers if role.department_id}
    college_staff = any(role.department_id is None for role in organisers)

    if person:
        roles.add(Role.PERSON)
    if user.is_superuser:
        roles.add(Role.ADMINISTRATOR)
    if organisers:
        roles.add(Role.STAFF)
    if counsellors:
        roles.add(Role.COUNSELLOR)
    if any(post.kind in SECRETARY_POSTS for post in posts):
        roles.add(Role.SECRETARY)
    if branch_ids:
        roles.add(Role.COMMITTEE)
    if league_ids:
        roles.add(Role.LEAGUE_SECRETARY)
    home = department_ids | {role.department_id for role in counsellors if role.department_id}
    if person:
        home.add(person["department_id"])
    if branch_ids:
        home |= set(PartyBranch.objects.filter(pk__in=branch_ids).values_list("department_id", flat=True))
    guided = (
        set(LeagueBranch.objects.filter(party_branch_id__in=managed).values_list("pk", flat=True)) if managed else set()
    )
    return Scope(
        user_id=user.pk,
        person_id=person["pk"] if person else None,
        roles=frozenset(roles),
        whole_college=user.is_superuser or college_staff,
        college_staff=college_staff,
        department_ids=frozenset(department_ids),
        home_department_ids=frozenset(home),
        branch_ids=frozenset(branch_ids),
        managed_branch_ids=frozenset(managed),
        own_branch_ids=frozenset({person["party_branch_id"]} - {None}) if person else frozenset(),
        league_branch_ids=frozenset(league_ids),
        guided_league_branch_ids=frozenset(guided),
        class_ids=frozenset(school_class.pk for role in counsellors for school_class in role.classes.all()),
    )


def _current_posts(person_id: int, today: date) -> list[Post]:
    return list(
        Post.objects.filter(person_id=person_id).current(today).only("kind", "party_branch_id", "league_branch_id")
    )
