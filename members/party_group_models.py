"""Party groups (党小组) of a branch and who is in which: no organ, set up and changed by the branch (rule R35)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import PartyBranch

from .querysets import PartyGroupPlaceQuerySet, PartyGroupQuerySet


class PartyGroup(models.Model):
    """A group of members of one branch; the leader is one of them. Dissolved groups stay with their days."""

    branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.PROTECT, related_name="party_groups"
    )
    name = models.CharField(_("name"), max_length=40)
    leader = models.ForeignKey(
        "members.Person", verbose_name=_("group leader"), null=True, blank=True, on_delete=models.PROTECT, related_name="led_groups"
    )  # fmt: skip
    formed_on = models.DateField(_("set up on"))
    dissolved_on = models.DateField(_("dissolved on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = PartyGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("Party group")
        verbose_name_plural = _("Party groups")
        ordering = ["branch_id", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "name"], condition=Q(dissolved_on=None), name="party_group_name_once",
                violation_error_message=_("The branch has a Party group of this name already."),
            ),
            models.UniqueConstraint(
                fields=["leader"], condition=Q(dissolved_on=None, leader__isnull=False), name="party_group_leader_of_one",
                violation_error_message=_("This member leads another Party group."),
            ),
            models.CheckConstraint(
                condition=Q(dissolved_on=None) | Q(dissolved_on__gte=F("formed_on")), name="party_group_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(dissolved_on=None) | Q(leader=None), name="party_group_dissolved_has_no_leader"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.name)


class PartyGroupPlace(models.Model):
    """Somebody belonged to a Party group from one day to another."""

    group = models.ForeignKey(
        PartyGroup, verbose_name=_("Party group"), on_delete=models.PROTECT, related_name="places"
    )
    person = models.ForeignKey(
        "members.Person", verbose_name=_("member"), on_delete=models.PROTECT, related_name="party_group_places"
    )
    joined_on = models.DateField(_("from"))
    left_on = models.DateField(_("until"), null=True, blank=True)

    history = HistoricalRecords()
    objects = PartyGroupPlaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("place in a Party group")
        verbose_name_plural = _("places in Party groups")
        ordering = ["group_id", "person__name_key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(left_on=None), name="party_group_one_a_person",
                violation_error_message=_("A member is in one Party group at a time."),
            ),
            models.CheckConstraint(
                condition=Q(left_on=None) | Q(left_on__gte=F("joined_on")), name="party_group_place_ends_after_start"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person} · {self.group}"
