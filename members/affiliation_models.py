"""Coming and going: transfers between branches, the affiliation of graduates, mobile members."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import PartyBranch

from .querysets import MobileQuerySet, TransferQuerySet


class TransferKind(models.TextChoices):
    BRANCH = "branch", _("to another branch of the college")
    OUT = "out", _("out, with a transfer letter")
    STAYS = "stays", _("affiliation stays at the college")
    ABROAD = "abroad", _("abroad, affiliation kept")


class TransferState(models.TextChoices):
    OPEN = "open", _("under way")
    DONE = "done", _("done")
    CALLED_OFF = "called_off", _("called off")
    TAKEN_BACK = "taken_back", _("taken back")


class AskedBy(models.TextChoices):
    """Which side asked for a move between branches; empty in rows from before it was kept."""

    FROM_BRANCH = "from", _("the old branch")
    TO_BRANCH = "to", _("the new branch")
    DEPARTMENT = "department", _("the department")


class AffiliationTransfer(models.Model):
    """One move of somebody's affiliation. A letter is valid 90 days; the receipt comes back."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="transfers"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=TransferKind)
    from_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("from branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    to_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("to branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    to_unit = models.CharField(_("to unit"), max_length=120, blank=True)
    letter_number = models.CharField(_("number of the letter"), max_length=40, blank=True)
    starts_on = models.DateField(_("on"))
    # Of a letter: its last valid day. Of staying: the day until which the affiliation may stay (two years at most).
    valid_until_on = models.DateField(_("valid until"), null=True, blank=True)
    receipt_on = models.DateField(_("receipt on"), null=True, blank=True)
    last_contact_on = models.DateField(_("last contact on"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=TransferState, default=TransferState.OPEN)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    asked_by = models.CharField(_("asked by"), max_length=10, choices=AskedBy, blank=True)
    # Who takes over what, chosen before it is done: {"pair:12": {"to": person id, "by": user id}}.
    successors = models.JSONField(_("chosen successors"), default=dict, blank=True, editable=False)
    settled_at = models.DateTimeField(_("done at"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("done by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    # What it did, in lines and as rows the rooms can give back; after taking it back, what is back and what is not.
    outcome = models.JSONField(_("what it ended"), default=dict, blank=True, editable=False)
    taken_back_why = models.CharField(_("why it was taken back"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip

    history = HistoricalRecords()
    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer of affiliation")
        verbose_name_plural = _("transfers of affiliation")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state=TransferState.OPEN), name="transfer_one_open",
                violation_error_message=_("A transfer of this person is under way already."),
            ),
            models.CheckConstraint(
                condition=~Q(kind=TransferKind.BRANCH) | Q(to_branch__isnull=False), name="transfer_to_a_branch"
            ),
            models.CheckConstraint(
                condition=~Q(kind=TransferKind.OUT) | ~Q(to_unit="") & Q(valid_until_on__isnull=False),
                name="transfer_out_has_unit_and_date",
            ),
            models.CheckConstraint(
                condition=Q(valid_until_on=None) | Q(valid_until_on__gte=F("starts_on")), name="transfer_valid_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state=TransferState.CALLED_OFF) | ~Q(reason=""), name="transfer_called_off_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=TransferState.TAKEN_BACK) | ~Q(taken_back_why=""), name="transfer_taken_back_has_reason"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class MobileMember(models.Model):
    """A member who cannot join the own branch for six months and more (流动党员): who keeps in touch, and when they did."""

    person = models.ForeignKey(
        "members.Person", verbose_name=_("member"), on_delete=models.PROTECT, related_name="mobile_times"
    )
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"), null=True, blank=True)
    cause = models.CharField(_("reason"), max_length=100)
    place = models.CharField(_("where to"), max_length=100, blank=True)
    contact = models.ForeignKey(
        "members.Person", verbose_name=_("keeps in touch"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    talked_on = models.DateField(_("talk before leaving on"), null=True, blank=True)
    last_contact_on = models.DateField(_("last contact on"), null=True, blank=True)
    ended_on = models.DateField(_("back on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = MobileQuerySet.as_manager()

    class Meta:
        verbose_name = _("mobile member")
        verbose_name_plural = _("mobile members")
        ordering = ["-from_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_on=None), name="mobile_member_one_open",
                violation_error_message=_("This member is registered as mobile already."),
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="mobile_member_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(contact=None) | ~Q(contact=F("person")), name="mobile_member_contact_is_another"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person} {self.from_on}"
