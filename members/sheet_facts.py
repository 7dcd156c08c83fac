"""What the ready-made sheets say of people beyond their own row: steps, sponsors, posts, moves. Read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, Final

from .models import AffiliationTransfer, DevelopmentStep, Person, Post, PostKind, Sponsor, TransferKind, TransferState
from .office_models import LEAGUE_POSTS

CHUNK = 1_000
# As the importer reads them back.
POST_NAMES: Final[Mapping[str, str]] = {
    PostKind.BRANCH_SECRETARY: "书记", PostKind.DEPUTY_SECRETARY: "副书记", PostKind.ORGANIZATION_OFFICER: "组织委员",
    PostKind.PUBLICITY_OFFICER: "宣传委员", PostKind.DISCIPLINE_OFFICER: "纪检委员", PostKind.YOUTH_OFFICER: "青年委员",
    PostKind.UNITED_FRONT_OFFICER: "统战委员", PostKind.SECRECY_OFFICER: "保密委员",
}  # fmt: skip
TRANSFER_NAMES: Final[Mapping[str, str]] = {
    TransferKind.OUT: "转出(凭介绍信)", TransferKind.BRANCH: "校内转支部", TransferKind.STAYS: "组织关系保留在校", TransferKind.ABROAD: "出国(境)保留党籍",
}  # fmt: skip


@dataclass
class Facts:
    """By person; whatever is missing is unknown to the portal."""

    steps: dict[tuple[int, int], DevelopmentStep] = field(default_factory=dict)
    sponsors: dict[int, list[Sponsor]] = field(default_factory=lambda: defaultdict(list))
    posts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    transfers: dict[tuple[int, str], AffiliationTransfer] = field(default_factory=dict)

    def done(self, person: Person, number: int) -> date | None:
        step = self.steps.get((person.pk, number))
        return step.done_on if step else None

    def who(self, person: Person, number: int) -> str:
        step = self.steps.get((person.pk, number))
        return step.who if step else ""

    def has(self, person: Person, number: int) -> bool:
        return (person.pk, number) in self.steps

    def sponsor_names(self, person: Person) -> str:
        return "、".join(row.sponsor.name for row in self.sponsors.get(person.pk, []))

    def sponsors_since(self, person: Person) -> date | None:
        days = [row.named_on for row in self.sponsors.get(person.pk, []) if row.named_on]
        return max(days) if days else self.done(person, 9)

    def post_names(self, person: Person) -> str:
        return "、".join(self.posts.get(person.pk, []))

    def transfer(self, person: Person, *kinds: str) -> AffiliationTransfer | None:
        return next((row for kind in kinds if (row := self.transfers.get((person.pk, kind)))), None)


def facts_of(ids: Sequence[int], today: date) -> Facts:
    """Four queries, whatever the number of people."""
    found = Facts()
    for step in DevelopmentStep.objects.filter(person_id__in=ids):
        found.steps[step.person_id, step.number] = step
    for sponsor in Sponsor.objects.filter(person_id__in=ids).select_related("sponsor").order_by("pk"):
        found.sponsors[sponsor.person_id].append(sponsor)
    posts = Post.objects.current(today).filter(person_id__in=ids).exclude(kind__in=LEAGUE_POSTS)
    for person_id, kind in posts.order_by("pk").values_list("person_id", "kind"):
        found.posts[person_id].append(POST_NAMES[kind])
    moves = AffiliationTransfer.objects.filter(person_id__in=ids).exclude(state=TransferState.CALLED_OFF)
    for move in moves.order_by("starts_on", "pk"):
        found.transfers[move.person_id, move.kind] = move
    return found


def with_facts(people: Iterable[Any], today: date) -> Iterator[tuple[Person, Facts]]:
    """Each person with the facts, read for a thousand at a time."""
    rest = iter(people)
    while chunk := list(islice(rest, CHUNK)):
        facts = facts_of([person.pk for person in chunk], today)
        yield from ((person, facts) for person in chunk)
