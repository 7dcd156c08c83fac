"""Who may import at all; what they may touch is decided row by row in the plan."""

from __future__ import annotations

from pairing_portal.common.scope import Role, Scope


def may_import(scope: Scope) -> bool:
    """Who keeps a roster: those who run a branch, counsellors of classes, staff, administrators."""
    return bool(scope.managed_branch_ids or scope.class_ids or scope.has(Role.STAFF, Role.ADMINISTRATOR))
