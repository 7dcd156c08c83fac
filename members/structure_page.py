"""The structure of branches as pages show it: posts, vacancies, problems, elections. A fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Q

from branches.models import PartyBranch, Programme
from branches.policy import Policy
from pairing_portal.common.problems import Problem
from pairing_portal.common.scope import Role, Scope

from .models import Person, Post, PostKind, Stage
from .office_models import LEAGUE_POSTS
from .party_groups import facts_of_groups
from .post_services import may_fill
from .stages import MEMBER_STAGES
from .structure import (
    BranchFacts,
    LeagueTerm,
    Officer,
    StructureNumbers,
    election_notice_from,
    structure_problems,
    vacant_kinds,
)

ORDER = {kind: position for position, kind in enumerate(PostKind.values)}


@dataclass(frozen=True)
class Vacancy:
    """A post that should have a holder, and whether the reader may fill it."""

    kind: str
    label: str
    may_fill: bool = False

    @property
    def is_secretary(self) -> bool:
        return self.kind == PostKind.BRANCH_SECRETARY


@dataclass
class Structure:
    """One branch: who is in office, what is vacant, what does not fit."""

    branch: PartyBranch
    facts: BranchFacts
    posts: list[Post] = field(default_factory=list)
    vacancies: list[Vacancy] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    election_from: date | None = None

    @property
    def secretary(self) -> Post | None:
        return next((post for post in self.posts if post.kind == PostKind.BRANCH_SECRETARY), None)

    @property
    def warnings(self) -> int:
        return sum(problem.severity == "warn" for problem in self.problems)


def may_see(scope: Scope, branch: PartyBranch) -> bool:
    """The branch's committee and the department; administrators, who appoint for set-up."""
    return branch.pk in scope.branch_ids or scope.oversees(branch.department_id) or scope.has(Role.ADMINISTRATOR)


def read_structures(branches: Sequence[PartyBranch], *, scope: Scope, today: date) -> list[Structure]:
    """What each branch looks like on a day. Six queries, however many branches."""
    policy = Policy()
    numbers = StructureNumbers.in_force(lambda key: policy.number(key, today))
    ids = [branch.pk for branch in branches]
    counts = _counts(ids)
    posts, leagues = _posts(ids, today)
    groups = facts_of_groups(ids)
    found = []
    for branch in branches:
        full, members = counts.get(branch.pk, (0, 0))
        facts = BranchFacts(
            full=full, members=members, officers=[_officer(post) for post in posts[branch.pk]],
            term_ends_on=branch.committee_term_ends_on, leagues=leagues[branch.pk],
            groups=groups.get(branch.pk, ()),
        )  # fmt: skip
        ends_on = branch.committee_term_ends_on
        found.append(
            Structure(
                branch, facts, posts[branch.pk],
                [Vacancy(kind, str(PostKind(kind).label), may_fill(scope, kind, branch)) for kind in vacant_kinds(facts, numbers)],
                structure_problems(facts, numbers, today),
                election_notice_from(ends_on, numbers) if ends_on else None,
            )
        )  # fmt: skip
    return found


def _counts(branch_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Branch id → (full members, members)."""
    found: dict[int, tuple[int, int]] = {}
    rows = Person.objects.filter(party_branch_id__in=list(branch_ids), stage__in=MEMBER_STAGES).order_by()
    for branch_id, stage, count in rows.values_list("party_branch_id", "stage").annotate(count=Count("pk")):
        full, members = found.get(branch_id, (0, 0))
        found[branch_id] = (full + count * (stage == Stage.FULL), members + count)
    return found


def _posts(branch_ids: Sequence[int], today: date) -> tuple[dict[int, list[Post]], dict[int, list[LeagueTerm]]]:
    """Who is in office in the branches, and since when the secretaries of their League branches are."""
    posts: dict[int, list[Post]] = defaultdict(list)
    leagues: dict[int, list[LeagueTerm]] = defaultdict(list)
    rows = (
        Post.objects.current(today)
        .filter(
            Q(party_branch_id__in=branch_ids)
            | Q(
                league_branch__party_branch_id__in=branch_ids,
                league_branch__is_active=True,
                kind=PostKind.LEAGUE_SECRETARY,
            )
        )
        .select_related("person", "party_branch", "league_branch")
    )
    for post in sorted(rows, key=lambda post: (ORDER[post.kind], post.pk)):
        if post.party_branch_id is not None:
            posts[post.party_branch_id].append(post)
        elif post.league_branch is not None and post.league_branch.party_branch_id is not None:
            leagues[post.league_branch.party_branch_id].append(LeagueTerm(post.league_branch.name, post.since))
    return posts, leagues


def _officer(post: Post) -> Officer:
    is_full = post.person.stage == Stage.FULL or post.person.programme == Programme.STAFF
    return Officer(post.person_id, post.person.name, post.kind, str(post.get_kind_display()), is_full)


def past_posts(branch: PartyBranch, today: date) -> Any:
    """Terms that are over, the newest first."""
    rows = Post.objects.filter(party_branch=branch, ended_on__isnull=False, ended_on__lte=today)
    return rows.exclude(kind__in=LEAGUE_POSTS).select_related("person").order_by("-ended_on", "kind", "pk")
