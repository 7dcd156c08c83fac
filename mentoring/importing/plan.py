"""What one file would do: links made, changed cell by cell, left alone, left out, refused. Made by `planner`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from branches.models import LeagueBranch, PartyBranch
from members.importing.drafts import Source
from members.importing.plan import Refusal
from members.models import Person

from ..models import LeagueGuidance, Mentorship
from ..tiers import Tier


@dataclass(frozen=True)
class PlannedLink:
    """A link of tiers 1–3 (`mentee` a person) or a guidance (a League branch) that is not there yet."""

    source: Source
    tier: Tier
    mentor: Person
    mentee: Person | LeagueBranch
    keeper: PartyBranch
    starts_on: date
    ends_on: date | None
    is_formal: bool = False
    goal: str = ""
    focus_areas: tuple[str, ...] = ()

    @property
    def mentee_key(self) -> str:
        """What tells the mentee from all others: the number, or the League branch's name."""
        return self.mentee.number if isinstance(self.mentee, Person) else self.mentee.name

    def content(self) -> tuple[Any, ...]:
        return (
            self.tier.value, self.mentor.number, self.mentee_key, self.keeper.pk, self.starts_on, self.ends_on, self.is_formal,
            self.goal, self.focus_areas,
        )  # fmt: skip


@dataclass(frozen=True)
class PlannedChange:
    """A link that stands and of which the file knows better; `changes`: (field, old, new)."""

    source: Source
    row: Mentorship | LeagueGuidance
    changes: tuple[tuple[str, Any, Any], ...]

    @property
    def tier(self) -> Tier:
        return Tier(self.row.tier) if isinstance(self.row, Mentorship) else Tier.LEAGUE_BRANCHES

    @property
    def mentor(self) -> Person:
        return self.row.mentor if isinstance(self.row, Mentorship) else self.row.person

    @property
    def mentee(self) -> Person | LeagueBranch:
        return self.row.mentee if isinstance(self.row, Mentorship) else self.row.league_branch


@dataclass
class Plan:
    """Everything one file would do. Nothing is written until `apply.apply_plan`."""

    created: list[PlannedLink] = field(default_factory=list)
    updated: list[PlannedChange] = field(default_factory=list)
    unchanged: int = 0
    # Rows that say nothing to do, such as links that have ended.
    left_out: int = 0
    refused: list[Refusal] = field(default_factory=list)
    notes: list[tuple[Source, str]] = field(default_factory=list)

    @property
    def changes_anything(self) -> bool:
        return bool(self.created or self.updated)

    def fingerprint(self) -> str:
        """The same for two plans that do the same; a preview is applied only if it still holds."""
        digest = hashlib.sha256()
        digest.update(repr([link.content() for link in self.created]).encode())
        digest.update(repr([(change.tier.value, change.row.pk, change.changes) for change in self.updated]).encode())
        digest.update(repr([(row.source.sheet, row.source.row, row.message) for row in self.refused]).encode())
        return digest.hexdigest()
