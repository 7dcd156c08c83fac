"""How a branch is built: rules R30–R35 and R61 over plain facts. Pure: imports no ORM.

Each problem says what the rule asks, what is there, and what would mend it; nothing here blocks anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dateutil.relativedelta import relativedelta
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.problems import Problem

SECRETARY: Final = "branch_secretary"
# Every committee has these beside its secretary (RULES.md 1.6).
EXPECTED_POSTS: Final = (SECRETARY, "organization_officer", "publicity_officer", "discipline_officer")


@dataclass(frozen=True)
class StructureNumbers:
    """The numbers of the rules in force on a day, from policy."""

    min_full: int = 3
    max_members: int = 50
    max_student_members: int = 30
    committee_from: int = 7
    committee_min: int = 3
    committee_max: int = 7
    term_notice_months: int = 6
    group_min: int = 3
    groups_above: int = 20
    league_term_years: int = 1

    @classmethod
    def in_force(cls, number: Callable[[str], int]) -> StructureNumbers:
        """Read with `number(key)`, as `Policy().number` on a day."""
        return cls(
            min_full=number("branch_min_full_members"), max_members=number("branch_max_members"),
            max_student_members=number("student_branch_max_members"), committee_from=number("committee_required_from"),
            committee_min=number("committee_min"), committee_max=number("committee_max"),
            term_notice_months=number("committee_term_notice_months"), group_min=number("group_min_members"),
            groups_above=number("group_expected_above"), league_term_years=number("league_committee_term_years"),
        )  # fmt: skip


@dataclass(frozen=True)
class Officer:
    """Somebody with a post: `is_full` also for teachers, whose membership the roster does not always hold."""

    person_id: int
    name: str
    kind: str
    label: str
    is_full: bool = True


@dataclass(frozen=True)
class GroupFacts:
    """A Party group of the branch."""

    name: str
    members: int
    full: int
    leader_is_full: bool = True


@dataclass(frozen=True)
class LeagueTerm:
    """The secretary of a League branch this branch guides, in office since a day."""

    league: str
    since: date | None


@dataclass(frozen=True)
class BranchFacts:
    """One Party branch on one day. `groups` is empty where the branch keeps none in the portal."""

    full: int
    members: int
    is_student: bool = True
    officers: Sequence[Officer] = ()
    term_ends_on: date | None = None
    groups: Sequence[GroupFacts] | None = ()
    leagues: Sequence[LeagueTerm] = ()

    @property
    def committee(self) -> int:
        """People on the committee: somebody with two posts counts once."""
        return len({officer.person_id for officer in self.officers})


def structure_problems(facts: BranchFacts, numbers: StructureNumbers, today: date) -> list[Problem]:
    """Everything that is not as the rules want it, what warns first. Empty: as it should be."""
    found = [
        *_few(facts, numbers),
        *_many(facts, numbers),
        *_committee(facts, numbers),
        *_officers(facts),
        *term_problems(facts.term_ends_on, numbers, today, has_committee=bool(facts.officers)),
        *_groups(facts, numbers),
        *_leagues(facts, numbers, today),
    ]
    return sorted(found, key=lambda problem: problem.severity != "warn")


def vacant_kinds(facts: BranchFacts, numbers: StructureNumbers) -> list[str]:
    """Posts that should have a holder and have none: the secretary always, the rest where a committee is required."""
    held = {officer.kind for officer in facts.officers}
    wanted = EXPECTED_POSTS if facts.full >= numbers.committee_from else (SECRETARY,)
    return [kind for kind in wanted if kind not in held]


def _few(facts: BranchFacts, numbers: StructureNumbers) -> Iterator[Problem]:
    if facts.full < numbers.min_full:
        words = ngettext(
            "A branch needs %(least)d full members and has %(count)d. Form a joint branch with another, or move members here.",
            "A branch needs %(least)d full members and has %(count)d. Form a joint branch with another, or move members here.",
            facts.full,
        )
        yield Problem(words % {"least": numbers.min_full, "count": facts.full}, "R30", "warn")


def _many(facts: BranchFacts, numbers: StructureNumbers) -> Iterator[Problem]:
    most = min(numbers.max_members, numbers.max_student_members) if facts.is_student else numbers.max_members
    if facts.members > most:
        words = _(
            "The branch has %(count)d members; at most %(most)d are usual. Divide it, or move members to another branch."
        )
        yield Problem(words % {"count": facts.members, "most": most}, "R31", "info")


def _committee(facts: BranchFacts, numbers: StructureNumbers) -> Iterator[Problem]:
    if not any(officer.kind == SECRETARY for officer in facts.officers):
        yield Problem(_("The branch has no secretary. The department appoints one."), "R32", "warn")
    size = facts.committee
    if facts.full >= numbers.committee_from and size < numbers.committee_min:
        words = _(
            "With %(full)d full members a committee of %(least)d to %(most)d is required; %(count)d are in office. "
            "Let the branch elect, then enter the posts."
        )
        yield Problem(words % _sizes(facts, numbers), "R32", "warn")
    elif size > numbers.committee_max:
        words = _("The committee has %(count)d people; at most %(most)d are allowed. End the posts that are too many.")
        yield Problem(words % _sizes(facts, numbers), "R32", "warn")
    elif facts.full >= numbers.committee_from and size % 2 == 0:
        words = _(
            "The committee has %(count)d people; an odd number decides more easily. Think of it at the next election."
        )
        yield Problem(words % _sizes(facts, numbers), "R32", "info")


def _sizes(facts: BranchFacts, numbers: StructureNumbers) -> dict[str, int]:
    return {
        "full": facts.full, "least": numbers.committee_min, "most": numbers.committee_max, "count": facts.committee,
    }  # fmt: skip


def _officers(facts: BranchFacts) -> Iterator[Problem]:
    posts = Counter(officer.person_id for officer in facts.officers)
    seen = set()
    for officer in facts.officers:
        if posts[officer.person_id] > 1 and officer.person_id not in seen:
            seen.add(officer.person_id)
            labels = _(", ").join(one.label for one in facts.officers if one.person_id == officer.person_id)
            words = _("%(name)s holds several posts (%(posts)s); one person holds one post. End all but one.")
            yield Problem(words % {"name": officer.name, "posts": labels}, "R33", "warn")
        if not officer.is_full:
            words = _("%(name)s (%(post)s) is no full member; officers are full members. Appoint another, or wait.")
            yield Problem(words % {"name": officer.name, "post": officer.label}, "R33", "warn")


def term_problems(
    term_ends_on: date | None, numbers: StructureNumbers, today: date, *, has_committee: bool = True
) -> Iterator[Problem]:
    """Rule R34: the election that is due, or a term nobody entered."""
    if term_ends_on is None:
        if has_committee:
            words = _("Nobody entered when the committee's term ends. Enter the day, then the portal reminds in time.")
            yield Problem(words, "R34", "info")
    elif term_ends_on < today:
        words = _("The committee's term ended on %(day)s. Hold the election, or ask the department to put it off.")
        yield Problem(words % {"day": date_format(term_ends_on)}, "R34", "warn")
    elif election_notice_from(term_ends_on, numbers) <= today:
        words = _("The committee's term ends on %(day)s. Prepare the election and report it to the department.")
        yield Problem(words % {"day": date_format(term_ends_on)}, "R34", "info")


def election_notice_from(term_ends_on: date, numbers: StructureNumbers) -> date:
    """The first day on which the election is spoken of: so many calendar months before the term ends."""
    return term_ends_on - relativedelta(months=numbers.term_notice_months)


def _groups(facts: BranchFacts, numbers: StructureNumbers) -> Iterator[Problem]:
    yield from group_problems(facts.groups or (), numbers, members=facts.members)


def group_problems(groups: Sequence[GroupFacts], numbers: StructureNumbers, *, members: int = 0) -> list[Problem]:
    """Rule R35: what a group lacks, or that a branch of so many `members` normally has some."""
    if not groups:
        words = _(
            "Branches of more than %(most)d members are normally divided into Party groups. Form them, or say why not."
        )
        large = members > numbers.groups_above
        return [Problem(words % {"most": numbers.groups_above}, "R35", "info")] if large else []
    few = _(
        "The Party group %(group)s needs %(least)d members, one of them a full member who leads it. Join it with another."
    )
    leader = _("The Party group %(group)s has no full member as its leader. Choose one of its full members.")
    found = []
    for group in groups:
        if group.members < numbers.group_min or group.full < 1:
            found.append(Problem(few % {"group": group.name, "least": numbers.group_min}, "R35", "warn"))
        elif not group.leader_is_full:
            found.append(Problem(leader % {"group": group.name}, "R35", "warn"))
    return found


def _leagues(facts: BranchFacts, numbers: StructureNumbers, today: date) -> Iterator[Problem]:
    for term in facts.leagues:
        if term.since is not None and term.since + relativedelta(years=numbers.league_term_years) <= today:
            words = _(
                "%(league)s: its secretary is in office since %(since)s; League committees serve %(years)d year. Hold the election."
            )
            yield Problem(
                words % {"league": term.league, "since": date_format(term.since), "years": numbers.league_term_years},
                "R61", "info",
            )  # fmt: skip
