"""Who may import links at all; which of them is decided row by row in the plan."""

from __future__ import annotations

from pairing_portal.common.scope import Scope


def may_import_pairs(scope: Scope) -> bool:
    """Those who arrange links: who runs a Party branch, and the organisers of departments and of the college."""
    return bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff)
