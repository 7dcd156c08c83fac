"""What the rules are asked about: people, League branches, the links that stand, the numbers in force. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from branches.policy import Policy
from members.stages import MEMBER_STAGES


@dataclass(frozen=True)
class PersonFacts:
    """What the rules ask of a person. `study_year` is that of the academic year of the day; None for staff."""

    pk: int
    number: str
    name: str
    stage: str
    branch_id: int | None = None
    branch_name: str = ""
    department_id: int | None = None
    class_id: int | None = None
    class_name: str = ""
    programme: str = ""
    study_year: int | None = None
    admitted_on: date | None = None
    graduates_on: date | None = None

    @property
    def is_member(self) -> bool:
        return self.stage in MEMBER_STAGES


@dataclass(frozen=True)
class LeagueFacts:
    """What the rules ask of a League branch."""

    pk: int
    name: str
    study_year: int
    branch_id: int | None = None
    department_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True)
class LinkFacts:
    """A link of tiers 1–3 that takes a place (`ended_on` None) or is over. `pk` 0: only planned."""

    pk: int
    tier: int
    mentor_id: int
    mentee_id: int
    starts_on: date
    ended_on: date | None = None
    is_formal: bool = False


@dataclass(frozen=True)
class GuideFacts:
    """A guidance of tier 4 that takes a place, or is over."""

    pk: int
    person_id: int
    league_branch_id: int
    starts_on: date
    ended_on: date | None = None


@dataclass
class Network:
    """The links among which a new one would stand; grows while many are planned at once."""

    links: list[LinkFacts] = field(default_factory=list)
    guides: list[GuideFacts] = field(default_factory=list)

    def open_links(self, tier: int) -> list[LinkFacts]:
        return [link for link in self.links if link.tier == tier and link.ended_on is None]

    def mentees_of(self, mentor_id: int, tier: int) -> list[LinkFacts]:
        return [link for link in self.open_links(tier) if link.mentor_id == mentor_id]

    def mentors_of(self, mentee_id: int, tier: int) -> list[LinkFacts]:
        return [link for link in self.open_links(tier) if link.mentee_id == mentee_id]

    def guides_of(self, league_branch_id: int) -> list[GuideFacts]:
        return [row for row in self.guides if row.league_branch_id == league_branch_id and row.ended_on is None]

    def leads_to(self, start_id: int, goal_id: int, tier: int) -> bool:
        """True when `start_id` mentors `goal_id` within the tier, directly or through others."""
        mentees: dict[int, list[int]] = {}
        for link in self.open_links(tier):
            mentees.setdefault(link.mentor_id, []).append(link.mentee_id)
        seen, waiting = {start_id}, [start_id]
        while waiting:
            for mentee_id in mentees.get(waiting.pop(), []):
                if mentee_id == goal_id:
                    return True
                if mentee_id not in seen:
                    seen.add(mentee_id)
                    waiting.append(mentee_id)
        return False


@dataclass(frozen=True)
class Limits:
    """The numbers in force on one day (RULES.md R04, R80, R82, R84; all of them policy)."""

    classmates_per_mentor: int = 1
    contacts_max: int = 2
    contact_mentees_warn: int = 5
    senior_mentees_max: int = 2
    guides_min: int = 2
    guides_max: int = 3
    junior_study_years: int = 1

    @classmethod
    def on(cls, day: date, policy: Policy | None = None) -> Limits:
        policy = policy or Policy()
        return cls(**{name: policy.number(name, day) for name in cls.__dataclass_fields__})
