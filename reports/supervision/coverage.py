"""Which rule of the rule table (RULES.md 1.11) the portal checks, and where: one row a rule, so that what is missing stands in it too.

`acts` names the module and what in it acts, "module:name"; `page` the address where people meet it. A test looks both up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.rules import RULES

from .sources import SOURCES

Text = str | Promise


@dataclass(frozen=True)
class Place:
    """`severity` as the rule table has it. Without `acts` the portal does not check the rule yet."""

    rule: str
    title: Text
    severity: str
    acts: str = ""
    page: str = ""

    @property
    def is_checked(self) -> bool:
        return bool(self.acts)

    @property
    def watched_as(self) -> list[Text]:
        """What the supervision board calls it."""
        return [source.label for source in SOURCES if source.rule == self.rule]


_LIFE, _QUOTA = "activities.owed:what_is_owed", "activities.quota:judge"
_LINKS, _GUIDES = "mentoring.rules:link_problems", "mentoring.rules:guidance_problems"
_BOARD = "reports.supervision.sources_life"

COVERAGE: Final = (
    *(Place(rule.id, rule.title, rule.severity, "members.rules:RULES", "people") for rule in RULES.values()),
    Place("R30", _("Full members of a branch"), "warn", f"{_BOARD}:find_too_few", "supervision"),
    Place("R31", _("Size of a branch"), "info", f"{_BOARD}:find_too_many", "supervision"),
    Place("R32", _("Size of the committee"), "warn", f"{_BOARD}:find_committees", "supervision"),
    Place("R33", _("One post a person, officers are full members"), "warn", "members.post_services:appointment_problems", "organisation"),
    Place("R34", _("Term of the committee"), "info", f"{_BOARD}:find_terms", "supervision"),
    Place("R35", _("Party groups"), "warn"),
    Place("R40", _("Meetings and theme days by frequency"), "info", _LIFE, "calendar"),
    Place("R41", _("Organisational life meeting and appraisal every year"), "info", f"{_BOARD}:find_appraisals", "appraisals"),
    Place("R42", _("Training hours a year"), "info", "activities.ledgers:training_goal", "my_ledgers"),
    Place("R50", _("Share of excellent in the appraisal"), "warn", "evaluations.appraisal_rules:excellent_cap", "appraisals"),
    Place("R51", _("No grade for probationary members"), "block", "evaluations.appraisal_models:AppraisalResult", "appraisals"),
    Place("R60", _("League branches: members and committee"), "warn"),
    Place("R61", _("Term of the League committee"), "info"),
    Place("R70", _("Valid lectures a week"), "warn", "activities.quota:week_status", "lectures"),
    Place("R71", _("Length of a lecture"), "info", _QUOTA, "lectures"),
    Place("R72", _("Prescribed textbook"), "info", _QUOTA, "lectures"),
    Place("R73", _("Season of the lectures"), "info", "activities.quota:season_start", "lectures"),
    Place("R74", _("Speakers are excellent members assigned to the League branch"), "warn", "activities.lectures.duty_services:assign_duties", "lecture_duties"),
    Place("R75", _("Junior League branches owe lectures"), "info", "activities.quota:owes_lectures", "lectures"),
    Place("R80", _("New members of a senior member"), "block", _LINKS, "mentoring_rules"),
    Place("R81", _("The senior member joined earlier"), "block", _LINKS, "mentoring_rules"),
    Place("R82", _("Guides of a junior League branch"), "block", _GUIDES, "mentoring_rules"),
    Place("R83", _("The guide is ahead in years of study"), "block", _GUIDES, "mentoring_rules"),
    Place("R84", _("Mentors of the same class"), "block", _LINKS, "mentoring_rules"),
    Place("R85", _("Formal contacts are full members"), "block", _LINKS, "mentoring_rules"),
    Place("R86", _("No circles, nobody mentors themselves"), "block", _LINKS, "mentoring_rules"),
    Place("R90", _("Two different branches, each member in one group"), "block", "pairings.rules:branch_pairing_problems", "pairings"),
    Place("R91", _("Same post on both sides of a pairing"), "warn", "pairings.committee_services:pair_posts", "pairings"),
)  # fmt: skip


def covered() -> tuple[int, int]:
    """(rules the portal checks, rules of the table)."""
    return sum(place.is_checked for place in COVERAGE), len(COVERAGE)
