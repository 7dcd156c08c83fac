"""What a League branch of each model type sets out to do in a year: a plan to begin with. Pure: no ORM, no clock.

The four model types and the six focus areas are those of the tiered mentoring scheme (background, second article).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from .tiers import FocusArea


@dataclass(frozen=True)
class MilestoneLine:
    """`share`: hundredths of the time left in the year that are gone when the milestone is due."""

    area: str
    what: Any
    share: int


@dataclass(frozen=True)
class PlannedMilestone:
    area: str
    what: str
    due_on: date


# By the values of `LeagueModelType`.
TEMPLATES: Final[dict[str, tuple[MilestoneLine, ...]]] = {
    "theory-learning": (
        MilestoneLine(FocusArea.THOUGHT, _("Form a theory study group and agree on the year's reading list"), 8),
        MilestoneLine(FocusArea.POLITICS, _("Hold the first League lecture with a guide as speaker"), 18),
        MilestoneLine(FocusArea.PARTY_LEADS_LEAGUE, _("Hold a joint study meeting with the responsible Party branch"), 32),
        MilestoneLine(FocusArea.IDEOLOGY, _("Discuss a current topic in class: sources, rumours, own standpoint"), 46),
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Share reading notes; every member shows one page"), 60),
        MilestoneLine(FocusArea.THOUGHT, _("Let members speak: a small lecture contest with textbook chapters"), 75),
        MilestoneLine(FocusArea.POLITICS, _("Sum up the year of study and show it to the next grade"), 92),
    ),
    "technology-innovation": (
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Form a technology interest group with a guide and a teacher"), 8),
        MilestoneLine(FocusArea.SAFETY, _("Give a safety lesson for laboratories and workshops"), 18),
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Collect ideas and choose at least one project of the branch"), 32),
        MilestoneLine(FocusArea.PARTY_LEADS_LEAGUE, _("Visit a project of the Party branch or a company with member engineers"), 48),
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Enter a project in a college contest"), 68),
        MilestoneLine(FocusArea.THOUGHT, _("Show what was made and tell what was learned from it"), 90),
    ),
    "online-publicity": (
        MilestoneLine(FocusArea.IDEOLOGY, _("Form an editorial group and agree on who checks before publishing"), 8),
        MilestoneLine(FocusArea.SAFETY, _("Give a lesson on fraud, privacy and manners online"), 20),
        MilestoneLine(FocusArea.POLITICS, _("Publish a first series on theory study in members' own words"), 34),
        MilestoneLine(FocusArea.THOUGHT, _("Portray exemplary members and classmates"), 50),
        MilestoneLine(FocusArea.PARTY_LEADS_LEAGUE, _("Make a short film together with the responsible Party branch"), 70),
        MilestoneLine(FocusArea.IDEOLOGY, _("Look back: what was read, what was corrected, what is handed on"), 92),
    ),
    "culture-and-sports": (
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Ask the members for their wishes and set the year's programme"), 8),
        MilestoneLine(FocusArea.SAFETY, _("Give a safety lesson for sports and outings"), 18),
        MilestoneLine(FocusArea.THOUGHT, _("Hold a cultural evening on the history of Party and college"), 34),
        MilestoneLine(FocusArea.PARTY_LEADS_LEAGUE, _("Hold a sports day together with the responsible Party branch"), 52),
        MilestoneLine(FocusArea.POLITICS, _("Hold a themed League Day with songs and readings"), 72),
        MilestoneLine(FocusArea.STUDY_CLIMATE, _("Hold the closing event and thank those who helped"), 92),
    ),
}  # fmt: skip


def planned_milestones(model_type: str, *, starts_on: date, ends_on: date) -> list[PlannedMilestone]:
    """The lines of a model type spread over the days left; all of them inside `starts_on` … `ends_on`."""
    days = max((ends_on - starts_on).days, 0)
    lines: Sequence[MilestoneLine] = TEMPLATES[model_type]
    return [
        PlannedMilestone(line.area, str(line.what), starts_on + timedelta(days=days * line.share // 100))
        for line in lines
    ]
