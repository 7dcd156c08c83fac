"""What a signed-in person may see: the type every `visible_to(scope)` takes.

`members.access.scope_for(user)` is the one place that builds a `Scope` from posts and roles; everything else
only reads it. A scope holds ids, so it can be compared, logged and tested without a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the portal. One person may hold several."""

    ADMINISTRATOR = "administrator"
    STAFF = "staff"  # Party organiser of a department or of the whole college (组织员)
    COUNSELLOR = "counsellor"  # 辅导员, sees own classes
    SECRETARY = "secretary"  # branch secretary or deputy (书记、副书记)
    COMMITTEE = "committee"  # the other posts of a branch committee (支委)
    LEAGUE_SECRETARY = "league_secretary"  # 团支书
    PERSON = "person"  # anybody with a row in the roster


def _ids() -> frozenset[int]:
    return frozenset()


@dataclass(frozen=True)
class Scope:
    """Ids of what one user may see and change.

    `whole_college`: an administrator or `college_staff`, the organisers of the whole college. `branch_ids`: Party branches whose people are seen (committee posts); `managed_branch_ids` ⊆ `branch_ids`: those
    that may be changed (secretary, deputy, committee member for organisation); `league_branch_ids`: League
    branches of which the user is secretary; `guided_league_branch_ids`: League branches for which a managed Party
    branch is responsible; `home_department_ids`: departments the user belongs to in any way, for the
    names of branches and classes only.
    """

    user_id: int | None = None
    person_id: int | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    whole_college: bool = False
    college_staff: bool = False
    department_ids: frozenset[int] = field(default_factory=_ids)
    home_department_ids: frozenset[int] = field(default_factory=_ids)
    branch_ids: frozenset[int] = field(default_factory=_ids)
    managed_branch_ids: frozenset[int] = field(default_factory=_ids)
    own_branch_ids: frozenset[int] = field(default_factory=_ids)
    league_branch_ids: frozenset[int] = field(default_factory=_ids)
    guided_league_branch_ids: frozenset[int] = field(default_factory=_ids)
    class_ids: frozenset[int] = field(default_factory=_ids)

    def has(self, *roles: Role) -> bool:
        """True when the user holds at least one of `roles`."""
        return not self.roles.isdisjoint(roles)

    def manages(self, branch_id: int | None) -> bool:
        """True when the user runs this Party branch (not merely sees it)."""
        return branch_id in self.managed_branch_ids

    def oversees(self, department_id: int | None) -> bool:
        """True for staff of the department or of the whole college; never for a mere administrator."""
        return self.college_staff or department_id in self.department_ids


NOBODY = Scope()
EVERYBODY_ROLES = frozenset(Role)
SETUP_ROLES = frozenset({Role.ADMINISTRATOR, Role.STAFF})
BRANCH_ROLES = frozenset({Role.SECRETARY, Role.COMMITTEE})
ADMIN_SITE_ROLES = SETUP_ROLES | BRANCH_ROLES | {Role.COUNSELLOR}
