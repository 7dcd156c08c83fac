"""Who could take over what somebody holds: proposals by name, the best first; and how posts are handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.models import PartyBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, Succession, Successor, SuccessorIdea, successor_ideas
from pairing_portal.common.scope import Scope

from .models import Person, Post, Stage
from .office_models import LEAGUE_POSTS, PostKind
from .post_services import appoint_to_post, may_fill
from .restoring import refuse_other_holder

NAMED: Final = 3
# Who holds one of these is asked first when a secretary goes.
FIRST_ASKED: Final = (PostKind.DEPUTY_SECRETARY, PostKind.ORGANIZATION_OFFICER)
POST: Final = "post"


def post_ideas(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """For each open post in a Party branch: full members who are here, without a post there first; for its secretary the deputies."""
    posts = Post.objects.filter(person_id=person_id, party_branch_id__isnull=False, ended_on=None)
    posts = posts.exclude(kind__in=LEAGUE_POSTS).order_by("kind", "pk")
    if branch_id is not None:
        posts = posts.filter(party_branch_id=branch_id)
    ideas = []
    for post in posts:
        people = qualified(post, on)
        ideas.append(
            SuccessorIdea(
                _("post: %(post)s") % {"post": post.get_kind_display()}, [person.name for person in people], f"{POST}-{post.pk}",
                [Successor(person.pk, person.name, _why(person)) for person in people],
            )
        )  # fmt: skip
    return ideas


def _why(person: Person) -> str:
    load = person.load  # type: ignore[attr-defined]  # annotated by `qualified`
    posts = ngettext("%(count)d post now", "%(count)d posts now", load) % {"count": load} if load else _("no post yet")
    if person.graduates_on is None:
        return str(posts)
    return _("%(posts)s, here until %(day)s") % {"posts": posts, "day": date_format(person.graduates_on)}


def qualified(post: Post, on: date) -> list[Person]:
    """At most three: full members on campus after that day, who stay longest first."""
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
    return list(people[:NAMED])


def ideas_for(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """Every room's proposals for what the person holds in the branch; None: wherever it is."""
    found: list[SuccessorIdea] = []
    for ideas in successor_ideas:
        answers: Sequence[SuccessorIdea] = ideas(person_id, branch_id, on)
        found += answers
    return found


# --- Posts are handed on -------------------------------------------------------------------------


def fillable(numbers: Sequence[int], scope: Scope) -> set[int]:
    """Posts the scope may fill: a branch fills its own but for its secretary."""
    posts = Post.objects.filter(pk__in=numbers).select_related("party_branch")
    return {
        post.pk for post in posts if post.party_branch is not None and may_fill(scope, post.kind, post.party_branch)
    }


def names_of_chosen(kept: Mapping[str, Any], ideas: Sequence[SuccessorIdea]) -> dict[int, str]:
    """By id, of successors chosen before who are no longer among the best; whoever sees the transfer reads who was chosen."""
    shown = {one.person_id for idea in ideas for one in idea.candidates}
    missing = {value["to"] for value in kept.values()} - shown
    return dict(Person.objects.filter(pk__in=missing).values_list("pk", "name")) if missing else {}


def lock_branches(numbers: Sequence[int]) -> None:
    """Appointments lock the branch before they touch people."""
    branches = Post.objects.filter(pk__in=numbers, party_branch__isnull=False).values("party_branch")
    list(PartyBranch.objects.select_for_update().filter(pk__in=branches).order_by("pk").values_list("pk", flat=True))


def hand_post_over(number: int, successor_id: int, handing: Handing) -> str:
    """The successor is appointed from that day; the term of the holder ends with it."""
    post = Post.objects.select_related("party_branch", "person").get(pk=number)
    if post.ended_on is not None or post.party_branch is None:
        raise Refused(_("This term has ended already."))
    refuse_other_holder(post.person_id, handing)
    successor = Person.objects.get(pk=successor_id)
    if successor.party_branch_id != post.party_branch_id:
        raise Refused(_("%(name)s is not of this branch. Choose somebody else.") % {"name": successor.name})
    since = max(handing.on, post.since or handing.on)
    appoint_to_post(
        person=successor, kind=post.kind, branch=post.party_branch, since=since, scope=handing.scope, by=handing.by,
        now=handing.now, replace_holder=True,
    )  # fmt: skip
    return _("%(what)s goes from %(old)s to %(new)s.") % {
        "what": post.get_kind_display(), "old": post.person.name, "new": successor.name,
    }  # fmt: skip


POSTS: Final = Succession(fillable, hand_post_over, lock_branches)
