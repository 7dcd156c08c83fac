"""Who sees what of the reports room."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Scope


class SnapshotQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> SnapshotQuerySet:
        """The own branches' figures, those of the own departments."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(party_branch_id__in=scope.branch_ids) | Q(party_branch__department_id__in=scope.department_ids)
        )


class ExportJobQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> ExportJobQuerySet:
        """One's own exports: the file holds what its maker may see."""
        return self.filter(user_id=scope.user_id or 0)
