"""What two paired branches do together, and who stands in for whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from branches.models import PartyBranch
from branches.querysets import CollegeWideQuerySet
from members.models import Person

from .querysets import CoverQuerySet, FindingQuerySet, MilestoneQuerySet, OfPairingQuerySet, TaskQuerySet


class Side(models.TextChoices):
    HELPING = "helping", _("helping branch")
    PARTNER = "partner", _("partner branch")
    BOTH = "both", _("both branches")


class TaskArea(models.TextChoices):
    """The three heads of the shared work plan, weak links found on the way, and the four areas of a member pair."""

    STANDARDS = "standards", _("organisation by the rules")
    BUILDING = "building", _("building the organisation")
    DEVELOPMENT = "development", _("developing members")
    WEAK_LINK = "weak_link", _("weak link to mend")
    STUDY = "study", _("study")
    LIFE = "life", _("life")
    JOB_HUNTING = "job_hunting", _("job hunting")
    WORK = "work", _("work")


PLAN_AREAS = (TaskArea.STANDARDS, TaskArea.BUILDING, TaskArea.DEVELOPMENT, TaskArea.WEAK_LINK)
PAIR_AREAS = (TaskArea.STUDY, TaskArea.LIFE, TaskArea.JOB_HUNTING, TaskArea.WORK)


class PairingTask(models.Model):
    """One line of the shared work plan, or of a member pair's own tasks (`member_pairing` set)."""

    pairing = models.ForeignKey(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="tasks"
    )
    member_pairing = models.ForeignKey(
        "pairings.MemberPairing", verbose_name=_("member pairing"), null=True, blank=True, on_delete=models.PROTECT, related_name="tasks",
    )  # fmt: skip
    area = models.CharField(_("area"), max_length=20, choices=TaskArea)
    what = models.CharField(_("what is to be done"), max_length=200)
    side = models.CharField(_("which side"), max_length=10, choices=Side, default=Side.BOTH)
    who = models.ForeignKey(
        Person, verbose_name=_("who"), null=True, blank=True, on_delete=models.PROTECT, related_name="pairing_tasks"
    )
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ticked off by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)

    history = HistoricalRecords()
    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task of a pairing")
        verbose_name_plural = _("tasks of pairings")
        ordering = [F("done_on").asc(nulls_first=True), F("due_on").asc(nulls_last=True), "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(due_on=None) | Q(due_on__gte=F("starts_on")),
                name="pairing_task_due_after_start",
                violation_error_message=_("A task cannot be due before it starts. Choose a later day."),
            ),
            models.CheckConstraint(condition=Q(area__in=TaskArea.values), name="pairing_task_area_known"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="pairing_task_side_known"),
            models.CheckConstraint(
                condition=Q(done_on=None) | Q(done_by__isnull=False), name="pairing_task_done_has_author"
            ),
        ]

    def __str__(self) -> str:
        return self.what


class InspectionMaterial(models.Model):
    """One kind of record that is looked at in a cross-inspection; the college keeps the list."""

    name = models.CharField(_("record"), max_length=50, unique=True)
    hint = models.CharField(_("what is expected"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("record to inspect")
        verbose_name_plural = _("records to inspect")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class CrossInspection(models.Model):
    """One branch of a pairing looks through the records of the other (材料互查)."""

    pairing = models.ForeignKey(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="inspections"
    )
    inspecting_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("inspecting branch"), on_delete=models.PROTECT, related_name="+"
    )
    inspected_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("inspected branch"), on_delete=models.PROTECT, related_name="+"
    )
    on = models.DateField(_("date"))
    inspectors = models.CharField(_("inspectors"), max_length=100, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )

    history = HistoricalRecords()
    objects = OfPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("cross-inspection")
        verbose_name_plural = _("cross-inspections")
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(inspecting_branch=F("inspected_branch")), name="inspection_of_the_other_branch"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.inspecting_branch.short_name} → {self.inspected_branch.short_name} {self.on}"


class InspectionFinding(models.Model):
    """What was expected and found of one kind of record; a problem has a day to be mended by."""

    inspection = models.ForeignKey(
        CrossInspection, verbose_name=_("cross-inspection"), on_delete=models.CASCADE, related_name="findings"
    )
    material = models.ForeignKey(
        InspectionMaterial, verbose_name=_("record"), on_delete=models.PROTECT, related_name="findings"
    )
    expected = models.PositiveSmallIntegerField(_("expected"), null=True, blank=True)
    found = models.PositiveSmallIntegerField(_("found"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    mend_by_on = models.DateField(_("mend by"), null=True, blank=True)
    mended_on = models.DateField(_("mended on"), null=True, blank=True)
    mended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reported mended by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    mend_note = models.CharField(_("how it was mended"), max_length=300, blank=True)

    history = HistoricalRecords()
    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["inspection_id", "material__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["inspection", "material"], name="finding_once_per_record"),
            models.CheckConstraint(
                condition=Q(problem="", mend_by_on=None) | ~Q(problem="") & Q(mend_by_on__isnull=False),
                name="finding_problem_has_a_day",
                violation_error_message=_("A problem needs a day to be mended by."),
            ),
            models.CheckConstraint(
                condition=Q(mended_on=None) | ~Q(problem="") & Q(mended_by__isnull=False),
                name="finding_mended_was_a_problem",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.material}"


class ProjectState(models.TextChoices):
    RUNNING = "running", pgettext_lazy("project", "running")
    FINISHED = "finished", _("finished")
    STOPPED = "stopped", _("stopped")


class JointProject(models.Model):
    """A research project of both branches (党建思政课题)."""

    pairing = models.ForeignKey(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="projects"
    )
    title = models.CharField(_("title"), max_length=100)
    question = models.CharField(_("what is asked"), max_length=500, blank=True)
    lead = models.ForeignKey(
        Person, verbose_name=_("lead"), null=True, blank=True, on_delete=models.PROTECT, related_name="projects_led"
    )
    members = models.ManyToManyField(
        Person, verbose_name=_("project members"), blank=True, related_name="joint_projects"
    )
    state = models.CharField(_("state"), max_length=10, choices=ProjectState, default=ProjectState.RUNNING)
    outcome = models.CharField(_("outcome"), max_length=500, blank=True)

    history = HistoricalRecords()
    objects = OfPairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("joint project")
        verbose_name_plural = _("joint projects")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ProjectState.values), name="joint_project_state_known"),
            models.UniqueConstraint(
                fields=["pairing", "title"], name="joint_project_title_once",
                violation_error_message=_("This pairing has a project of that title."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title


class ProjectMilestone(models.Model):
    project = models.ForeignKey(
        JointProject, verbose_name=_("joint project"), on_delete=models.CASCADE, related_name="milestones"
    )
    title = models.CharField(_("title"), max_length=100)
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)

    history = HistoricalRecords()
    objects = MilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return self.title


class CoverDuty(models.TextChoices):
    """What may be taken over. Never quorum, vote or post in the other branch: membership is not lent."""

    LECTURES = "lectures", _("lectures")
    GUIDANCE = "guidance", _("guidance of applicants and activists")
    FILES = "files", _("files")
    STUDY = "study", _("study meetings")
    MEETINGS = "meetings", _("preparing meetings")


class CoverState(models.TextChoices):
    ASKED = "asked", _("asked")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    ENDED = "ended", _("ended")


class Cover(models.Model):
    """A member of one paired branch stands in for somebody of the other who is away."""

    pairing = models.ForeignKey(
        "pairings.BranchPairing", verbose_name=_("pairing"), on_delete=models.PROTECT, related_name="covers"
    )
    absent = models.ForeignKey(
        Person, verbose_name=_("who is away"), null=True, blank=True, on_delete=models.PROTECT, related_name="covered_by",
        help_text=_("Empty: the branch as a whole."),
    )  # fmt: skip
    stand_in = models.ForeignKey(Person, verbose_name=_("stand-in"), on_delete=models.PROTECT, related_name="covers")
    duty = models.CharField(_("duty"), max_length=20, choices=CoverDuty)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    state = models.CharField(_("state"), max_length=10, choices=CoverState, default=CoverState.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    history = HistoricalRecords()
    objects = CoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("stand-in duty")
        verbose_name_plural = _("stand-in duties")
        ordering = ["from_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(absent=None) | ~Q(absent=F("stand_in")), name="cover_by_somebody_else",
                violation_error_message=_("Nobody stands in for themselves."),
            ),
            models.CheckConstraint(
                condition=Q(to_on__gte=F("from_on")), name="cover_ends_after_start",
                violation_error_message=_("A stand-in duty cannot end before it begins."),
            ),
            models.CheckConstraint(condition=Q(state__in=CoverState.values), name="cover_state_known"),
            models.CheckConstraint(condition=Q(duty__in=CoverDuty.values), name="cover_duty_known"),
            models.CheckConstraint(
                condition=Q(state=CoverState.ASKED) | Q(answered_by__isnull=False, answered_at__isnull=False),
                name="cover_answer_has_author",
            ),
            models.UniqueConstraint(
                fields=["pairing", "absent", "duty", "from_on"],
                condition=Q(state__in=("asked", "accepted"), absent__isnull=False),
                name="cover_open_once",
                violation_error_message=_("Somebody was asked for this duty and time already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.stand_in} → {self.absent or self.pairing.partner_branch.short_name}"
