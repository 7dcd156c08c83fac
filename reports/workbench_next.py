"""What to do next when nothing waits: by role, pages that are open to it."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.scope import Role

from .workbench_parts import Task

NOBODY: Final = "nobody"
OF_A_PERSON: Final[tuple[tuple[Any, str, str], ...]] = (
    (_("See which activities are coming"), "activities", "calendar"),
    (_("Look at your own record"), "my_record", "person"),
)
# Words, address, icon. An administrator's first steps stand in a panel of their own.
NEXT: Final[dict[str, tuple[tuple[Any, str, str], ...]]] = {
    Role.STAFF.value: (
        (_("See what is overdue in the branches"), "supervision", "shield-check"),
        (_("See which branches there are"), "organisation", "building"),
    ),
    Role.SECRETARY.value: (
        (_("See how the branch is going"), "dashboards", "bar-chart"),
        (_("Plan the next activity"), "activities", "calendar"),
    ),
    Role.COUNSELLOR.value: (
        (_("Look at the support needs of your classes"), "mentoring_needs", "heart"),
        (_("See the people of your classes"), "people", "people"),
    ),
    Role.COMMITTEE.value: OF_A_PERSON,
    Role.LEAGUE_SECRETARY.value: OF_A_PERSON,
    Role.PERSON.value: OF_A_PERSON,
    NOBODY: ((_("See your account"), "account_home", "person"),),
}


def next_steps(role: str) -> list[Task]:
    return [Task(str(words), 0, reverse(name), icon) for words, name, icon in NEXT.get(role, ())]
