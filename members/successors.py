"""Who in a branch could take over what somebody holds there: proposals by name, never decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.utils.translation import gettext as _

from pairing_portal.common.registries import SuccessorIdea, successor_ideas

from .models import Person, Post, Stage
from .office_models import LEAGUE_POSTS, PostKind

NAMED: Final = 3
# Who holds one of these is asked first when a secretary goes.
FIRST_ASKED: Final = (PostKind.DEPUTY_SECRETARY, PostKind.ORGANIZATION_OFFICER)


def post_ideas(person_id: int, branch_id: int, on: date) -> list[SuccessorIdea]:
    """For each open post in the branch: full members who are here, without a post there first; for its secretary the deputies."""
    posts = Post.objects.filter(person_id=person_id, party_branch_id=branch_id, ended_on=None).exclude(
        kind__in=LEAGUE_POSTS
    )
    return [
        SuccessorIdea(_("post: %(post)s") % {"post": post.get_kind_display()}, qualified(post, on))
        for post in posts.order_by("kind", "pk")
    ]


def qualified(post: Post, on: date) -> list[str]:
    """At most three names: full members on campus after that day, who stay longest first."""
    held = Q(posts__party_branch_id=post.party_branch_id, posts__ended_on=None)
    first = Q(posts__kind__in=FIRST_ASKED) if post.kind == PostKind.BRANCH_SECRETARY else Q(pk=None)
    people = (
        Person.objects.on_campus(on)
        .filter(stage=Stage.FULL, party_branch_id=post.party_branch_id)
        .exclude(pk=post.person_id)
        .annotate(
            is_first=Count("posts", filter=held & first, distinct=True), load=Count("posts", filter=held, distinct=True),
            is_student=Case(
                When(graduates_on__isnull=True, then=Value(0)), default=Value(1), output_field=IntegerField()
            ),
        )
        .order_by("-is_first", "load", "-is_student", "-graduates_on", "name_key", "pk")
    )  # fmt: skip
    return [person.name for person in people[:NAMED]]


def ideas_for(person_id: int, branch_id: int, on: date) -> list[SuccessorIdea]:
    """Every room's proposals for what the person holds in the branch."""
    found: list[SuccessorIdea] = []
    for ideas in successor_ideas:
        answers: Sequence[SuccessorIdea] = ideas(person_id, branch_id, on)
        found += answers
    return found
