"""Log entries summed up at the grain the dashboards show, so that a page reads a few hundred rows and not millions."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activities.models import LogPurpose
from branches.models import Department, PartyBranch
from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Scope


class LogRollupQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> LogRollupQuerySet:
        """Those of the branches and departments the scope answers for; the college's for its own staff."""
        if scope.college_staff:
            return self
        return self.filter(
            Q(party_branch_id__in=scope.managed_branch_ids)
            | Q(party_branch__department_id__in=scope.department_ids)
            | Q(department_id__in=scope.department_ids)
        )


class LogRollup(models.Model):
    """Entries handed in of one month and purpose, of one active Party branch, of a department's, or of the whole college's.

    `party_branch` names the branch; with `department` alone it is the sum of the department's active branches, with neither that
    of all of them. Returned entries and drafts are not counted. `days`: whole days from handing in to confirmation, as text, to
    the number of confirmed entries that took so long; medians of several rows come from these exactly.
    """

    month = models.DateField(_("month"))
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    purpose = models.CharField(_("what for"), max_length=20, choices=LogPurpose)
    entries = models.PositiveIntegerField(_("entries"))
    minutes = models.PositiveBigIntegerField(_("minutes"))
    confirmed_entries = models.PositiveIntegerField(_("confirmed entries"))
    confirmed_minutes = models.PositiveBigIntegerField(_("confirmed minutes"))
    days = models.JSONField(_("days to confirmation"), default=dict, blank=True)

    objects = LogRollupQuerySet.as_manager()

    class Meta:
        verbose_name = _("sum of log entries")
        verbose_name_plural = _("sums of log entries")
        ordering = ["month", "purpose"]
        constraints = [
            models.UniqueConstraint(
                fields=["party_branch", "month", "purpose"],
                condition=Q(party_branch__isnull=False),
                name="rollup_once_a_branch",
            ),
            models.UniqueConstraint(
                fields=["department", "month", "purpose"],
                condition=Q(department__isnull=False),
                name="rollup_once_a_department",
            ),
            models.UniqueConstraint(
                fields=["month", "purpose"],
                condition=Q(department=None, party_branch=None),
                name="rollup_once_a_college",
            ),
            models.CheckConstraint(
                condition=Q(department=None) | Q(party_branch=None), name="rollup_of_one_unit"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.purpose}"
