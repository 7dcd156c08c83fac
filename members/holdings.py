"""What somebody holds in a branch, what would become of it, and who could take it over. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from pairing_portal.common.registries import SuccessorIdea, leave_effects, move_effects

from .models import Person, Post
from .office_models import LEAGUE_POSTS
from .successors import ideas_for


@dataclass(frozen=True)
class Holdings:
    """Lines by what ends, and names for what needs somebody else."""

    endings: list[tuple[str, list[str]]] = field(default_factory=list)
    ideas: list[SuccessorIdea] = field(default_factory=list)

    def without(self, keys: Collection[str]) -> Holdings:
        """Without the proposals for what a form asks about."""
        return Holdings(self.endings, [idea for idea in self.ideas if idea.key not in keys])

    @property
    def is_empty(self) -> bool:
        return not self.endings and not self.ideas


def moving_preview(*, people: Sequence[Person], branch_id: int | None, on: date) -> Holdings:
    """What these people hold in the branch they leave, and who could take it over."""
    if branch_id is None:
        return Holdings()
    ids = [person.pk for person in people]
    endings = [(str(_("Posts end")), [str(post) for post in open_posts(ids, branch_id)])]
    endings += [(str(effect.label), list(effect.preview(ids, branch_id))) for effect in move_effects]
    ideas = [idea for person in people for idea in ideas_for(person.pk, branch_id, on)]
    return Holdings([(label, lines) for label, lines in endings if lines], ideas)


def leaving_preview(*, people: Sequence[Person], on: date) -> Holdings:
    """What ends on the day these people leave the college, and who could take it over."""
    ids = [person.pk for person in people]
    posts = Post.objects.filter(person_id__in=ids, ended_on=None).select_related("party_branch", "league_branch")
    endings = [(str(_("Posts end")), [str(post) for post in posts])]
    endings += [(str(effect.label), list(effect.preview(ids))) for effect in leave_effects if effect.preview and ids]
    ideas = [idea for person in people for idea in ideas_for(person.pk, None, on)]
    return Holdings([(label, lines) for label, lines in endings if lines], ideas)


def open_posts(person_ids: Sequence[int], branch_id: int) -> list[Post]:
    """Open posts in a Party branch; those in League branches hang on the class and stay."""
    rows = Post.objects.filter(person_id__in=person_ids, party_branch_id=branch_id, ended_on=None)
    return list(rows.exclude(kind__in=LEAGUE_POSTS).select_related("person", "party_branch").order_by("kind", "pk"))
