"""What a row says, before the database is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from members.importing.drafts import RowProblem, Source

from ..tiers import Tier


@dataclass
class Named:
    """Who a row means: a number, a name, and what narrows the name (Party branch, class). "" where it says nothing."""

    number: str = ""
    name: str = ""
    branch: str = ""
    school_class: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.name)


@dataclass
class PairDraft:
    """One link as a row has it. `is_formal` None: not said. `mentee.name` is a League branch's in tier 4."""

    source: Source
    tier: Tier | None = None
    mentor: Named = field(default_factory=Named)
    mentee: Named = field(default_factory=Named)
    mentor_stage: str = ""
    is_formal: bool | None = None
    focus_areas: list[str] = field(default_factory=list)
    starts_on: date | None = None
    ends_on: date | None = None
    goal: str = ""
    # The file says that it has ended.
    is_over: bool = False
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Headings of the table as the file writes them, by field.
    headings: Mapping[str, str] = field(default_factory=dict)

    def refuse(self, key: str, message: str) -> None:
        """Object to this row because of the field `key`; an objection is said once."""
        if all(problem.message != message for problem in self.problems):
            self.problems.append(RowProblem(self.headings.get(key, ""), message, key))
