"""Exports under way, yesterday's figures of the supervision board, and the sums the dashboards read."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import PartyBranch

from .querysets import ExportJobQuerySet, SnapshotQuerySet
from .rollup_models import LogRollup

__all__ = ["ExportJob", "ExportState", "LogRollup", "SupervisionSnapshot"]


class SupervisionSnapshot(models.Model):
    """What was overdue by one rule in one branch on one day: the trend of the supervision board."""

    on = models.DateField(_("day"))
    rule = models.CharField(_("rule"), max_length=40)
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.CASCADE, related_name="+"
    )
    overdue = models.PositiveIntegerField(_("overdue"))
    oldest_days = models.PositiveIntegerField(_("oldest, days"), default=0)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of supervision")
        verbose_name_plural = _("days of supervision")
        ordering = ["-on", "rule"]
        constraints = [
            models.UniqueConstraint(fields=["on", "rule", "party_branch"], name="supervision_snapshot_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.rule}"


class ExportState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("being written")
    DONE = "done", _("ready")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ExportJob(models.Model):
    """One export: what, for what, by whom; its file is private and expires."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="export_jobs"
    )
    report = models.CharField(_("report"), max_length=60)
    parameters = models.JSONField(_("filter"), default=dict, blank=True)
    format = models.CharField(_("format"), max_length=4, default="xlsx")
    purpose = models.CharField(_("purpose"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=ExportState, default=ExportState.QUEUED)
    created_at = models.DateTimeField(_("asked at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    rows_done = models.PositiveIntegerField(_("rows written"), default=0)
    rows_total = models.PositiveIntegerField(_("rows in all"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # Whoever holds the lease writes; a worker that died loses it.
    lease_token = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    file = models.CharField(_("file"), max_length=120, blank=True)
    size = models.PositiveIntegerField(_("size in bytes"), null=True, blank=True)
    expires_at = models.DateTimeField(_("link valid until"), null=True, blank=True)
    error = models.CharField(_("why it failed"), max_length=200, blank=True)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], condition=Q(state="queued"), name="export_queued")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known"),
            models.CheckConstraint(condition=~Q(state="done") | ~Q(file=""), name="export_done_has_file"),
            models.CheckConstraint(condition=~Q(purpose=""), name="export_has_purpose"),
        ]

    def __str__(self) -> str:
        return self.report
