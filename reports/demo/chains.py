"""The tiered mentoring of branch 6: all four chains, with what goes well and what does not. All through the services."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.models import User
from branches.models import AcademicYear, LeagueBranch
from members.access import scope_for
from members.models import Person
from mentoring.guidance_services import arrange_guidance
from mentoring.models import Mentorship
from mentoring.services import answer_offer, arrange_link
from mentoring.tiers import FocusArea, Tier

from .people import Company
from .together import moment

GOALS = {
    Tier.CLASSMATES: "期末前补上高等数学",
    Tier.ACTIVISTS: "按期完成培养考察",
    Tier.NEW_MEMBERS: "按期转正，能独立讲一次微党课",
}
# Numbers in the story's own year: mentor, mentee. The last activist has no contact yet.
CONTACTS = [(f"202505300{number:02}", f"202505100{number:02}") for number in range(1, 10)]
NEW_MEMBERS = [
    ("20250530001", "20240510001"), ("20250530001", "20240510002"), ("20250530002", "20240510003"),
    ("20250530002", "20240510004"), ("20250530003", "20240510005"), ("20250530003", "20240510006"),
    ("20250530004", "20240510007"),
]  # fmt: skip
# Mentor, mentee, and the answer; None still waits.
CLASSMATES = [
    ("20250510004", "20250593001", True), ("20250510005", "20250593002", True), ("20250510008", "20250593002", True),
]  # fmt: skip
WAITING = ("20250510004", "20250593003")
FOCUS = tuple(FocusArea.values)


def set_up_chains(company: Company, year: AcademicYear, secretary: User, *, today: date, ends_on: date) -> None:
    """Arrange the four tiers some weeks ago; the classmates answer the next day."""
    # Not after the graduation of those who leave this year: the demonstration's summer is a teaching term.
    on = min(today, max(year.starts_on, today - timedelta(weeks=6)), date(year.start_year + 1, 6, 1))
    step = {
        "scope": scope_for(secretary, on),
        "by": secretary,
        "today": on,
        "now": moment(on, 9),
        "accept_warnings": True,
    }
    when = {"starts_on": on, "ends_on": ends_on if ends_on > on else None}
    for tier, pairs in ((Tier.ACTIVISTS, CONTACTS), (Tier.NEW_MEMBERS, NEW_MEMBERS)):
        for mentor, mentee in pairs:
            arrange_link(
                tier=tier, mentor=company.by_number[mentor], mentee=company.by_number[mentee], is_formal=tier == Tier.ACTIVISTS,
                goal=GOALS[tier], **when, **step,
            )  # fmt: skip
    for mentor, mentee, answer in CLASSMATES:
        link = arrange_link(
            tier=Tier.CLASSMATES, mentor=company.by_number[mentor], mentee=company.by_number[mentee],
            goal=GOALS[Tier.CLASSMATES], **when, **step,
        )  # fmt: skip
        _answer(link, accept=answer, today=on)
    _guides(company, year, when, step)


def _answer(link: Mentorship, *, accept: bool, today: date) -> None:
    user = link.mentee.user
    assert user is not None
    answer_offer(link=link, accept=accept, scope=scope_for(user, today), now=moment(today, 20), today=today)


def _guides(company: Company, year: AcademicYear, when: dict[str, object], step: dict[str, object]) -> None:
    """Two guides for each junior League branch; the last has one and looks for another."""
    juniors = [branch for branch in company.league_branches if branch.study_year(year.start_year) == 1]
    seniors = [company.by_number[f"202505300{number:02}"] for number in range(3, 10)]
    for index, (guide, branch) in enumerate(_in_twos(seniors, juniors)):
        arrange_guidance(
            guide=guide, league_branch=branch, focus_areas=[FOCUS[index % 6], FOCUS[(index + 3) % 6]], **when, **step
        )  # fmt: skip


def _in_twos(guides: list[Person], branches: list[LeagueBranch]) -> list[tuple[Person, LeagueBranch]]:
    return [(guide, branches[index // 2]) for index, guide in enumerate(guides) if index // 2 < len(branches)]
