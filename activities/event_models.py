"""Activities of the calendar: what kinds there are, when and where, who hosts, who takes part."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from branches.models import LeagueBranch, PartyBranch
from branches.querysets import CollegeWideQuerySet
from members.models import Person
from pairings.models import BranchPairing

from .event_querysets import ActivityHostQuerySet, ActivityQuerySet, ParticipationQuerySet


class KindGroup(models.TextChoices):
    """The six lines of the pairing work, organisational life, and what League branches host."""

    LINE = "line", _("the six lines")
    ORGANISATION = "organisation", _("organisational life")
    LEAGUE = "league", _("League branches")


class OwnFields(models.TextChoices):
    """Which fields of its own a kind of activity has beside those of every activity."""

    NONE = "", _("none")
    MICRO_LECTURE = "micro_lecture", _("micro Party lecture")
    READING = "reading", _("perspectives and reading month")
    EXPERIENCE = "experience", _("experience sharing")
    CLASSICS = "classics", _("red classics")
    CONTEST = "contest", _("contest")
    SERVICE = "service", _("volunteer service")
    MEETING = "meeting", _("meeting with minutes")


class ActivityKind(models.Model):
    """A kind of activity with its sign and colour; seeded, kept by the college. `tone` names a colour of the tokens."""

    key = models.SlugField(_("key"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)
    group = models.CharField(_("group"), max_length=20, choices=KindGroup)
    own_fields = models.CharField(_("fields of its own"), max_length=20, choices=OwnFields, blank=True)
    icon = models.CharField(_("sign"), max_length=40)
    tone = models.CharField(_("colour"), max_length=20)
    # R40, R41: key of the policy row that says how often a Party branch owes one, "" when it owes none.
    owed_by = models.CharField(_("owed as"), max_length=40, blank=True)
    counts_as_training = models.BooleanField(_("counts as training"), default=False)
    counts_as_service = models.BooleanField(_("counts as volunteer service"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("kind of activity")
        verbose_name_plural = _("kinds of activities")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class ActivityState(models.TextChoices):
    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("waiting for approval")
    APPROVED = "approved", _("approved")
    PUBLISHED = "published", _("published")
    FINISHED = "finished", _("finished")
    CANCELLED = "cancelled", _("cancelled")


# Seen by those concerned; before that an activity is its hosts' business.
KNOWN_STATES = (ActivityState.PUBLISHED, ActivityState.FINISHED, ActivityState.CANCELLED)


class Audience(models.TextChoices):
    """Who is invited when it is published."""

    MEMBERS = "members", _("Party members of the hosts")
    PARTY = "party", _("Party members, activists and applicants of the hosts")
    COMMITTEE = "committee", _("committee members of the hosts")
    LEAGUE = "league", _("the class of the League branch")
    OPEN = "open", _("everybody of the department may sign up")


class Activity(models.Model):
    """One event of the calendar. A repeated one is a row each; `repeat_of` is the first."""

    kind = models.ForeignKey(
        ActivityKind, verbose_name=_("kind of activity"), on_delete=models.PROTECT, related_name="activities"
    )
    title = models.CharField(_("title"), max_length=100)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("host Party branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="activities"
    )  # fmt: skip
    league_branch = models.ForeignKey(
        LeagueBranch, verbose_name=_("host League branch"), null=True, blank=True, on_delete=models.PROTECT, related_name="activities"
    )  # fmt: skip
    # The pairing this joint activity belongs to.
    pairing = models.ForeignKey(
        BranchPairing,
        verbose_name=_("pairing"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
    )
    audience = models.CharField(_("audience"), max_length=20, choices=Audience, default=Audience.MEMBERS)
    starts_at = models.DateTimeField(_("starts at"), db_index=True)
    ends_at = models.DateTimeField(_("ends at"))
    place = models.CharField(_("place"), max_length=100, blank=True)
    capacity = models.PositiveSmallIntegerField(_("places"), null=True, blank=True)
    sign_up_until = models.DateTimeField(_("sign-up until"), null=True, blank=True)
    needs_sign_up = models.BooleanField(_("with sign-up"), default=False)
    state = models.CharField(_("state"), max_length=20, choices=ActivityState, default=ActivityState.DRAFT)
    repeat_rule = models.CharField(_("repeats"), max_length=200, blank=True)
    repeat_of = models.ForeignKey(
        "self", verbose_name=_("repetition of"), null=True, blank=True, on_delete=models.SET_NULL, related_name="repetitions"
    )  # fmt: skip
    # Raised by every change that those invited should know of; sequence number of the calendar feed.
    version = models.PositiveIntegerField(default=0, editable=False)
    # Signs the codes on the projector; never leaves the server.
    check_in_secret = models.CharField(max_length=43, editable=False)
    is_check_in_open = models.BooleanField(_("check-in open"), default=False)
    summary = models.TextField(_("summary"), max_length=3000, blank=True)
    # What each present person is credited with; empty until finished.
    counted_minutes = models.PositiveSmallIntegerField(_("counted minutes"), null=True, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("finished by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    cancel_reason = models.CharField(_("why cancelled"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("planned by"), on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("planned at"))

    history = HistoricalRecords(excluded_fields=["check_in_secret"])
    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ["starts_at", "pk"]
        permissions = [("export_activity", "Can export activities")]
        indexes = [
            models.Index(fields=["party_branch", "starts_at"], name="activity_party_starts"),
            models.Index(fields=["league_branch", "starts_at"], name="activity_league_starts"),
            models.Index(fields=["repeat_of"], name="activity_repeat_of"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(party_branch__isnull=False, league_branch=None)
                | Q(party_branch=None, league_branch__isnull=False),
                name="activity_has_one_host",
                violation_error_message=_("An activity is hosted by one Party branch or one League branch."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="activity_ends_after_start",
                violation_error_message=_("An activity must end after it starts."),
            ),
            models.CheckConstraint(condition=~Q(title=""), name="activity_has_title"),
            models.CheckConstraint(condition=Q(state__in=ActivityState.values), name="activity_state_known"),
            models.CheckConstraint(
                condition=~Q(state=ActivityState.CANCELLED) | ~Q(cancel_reason=""), name="activity_cancelled_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=ActivityState.FINISHED)
                | Q(finished_by__isnull=False, finished_at__isnull=False, counted_minutes__isnull=False),
                name="activity_finished_has_author",
            ),
            models.CheckConstraint(condition=Q(capacity=None) | Q(capacity__gte=1), name="activity_capacity_sane"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def host(self) -> PartyBranch | LeagueBranch:
        host = self.party_branch or self.league_branch
        assert host is not None  # kept by the database
        return host

    @property
    def is_joint(self) -> bool:
        return bool(self.pairing_id)


class ActivityHost(models.Model):
    """A branch that hosts with the first host, and its yes; the activity is approved when all have said it."""

    activity = models.ForeignKey(
        Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="co_hosts"
    )
    party_branch = models.ForeignKey(
        PartyBranch, verbose_name=_("Party branch"), on_delete=models.PROTECT, related_name="co_hosted"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("approved by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    objects = ActivityHostQuerySet.as_manager()

    class Meta:
        verbose_name = _("co-host")
        verbose_name_plural = _("co-hosts")
        constraints = [models.UniqueConstraint(fields=["activity", "party_branch"], name="activity_host_once")]

    def __str__(self) -> str:
        return str(self.party_branch)


class ParticipationState(models.TextChoices):
    INVITED = "invited", _("invited")
    SIGNED_UP = "signed_up", _("signed up")
    WAITING = "waiting", _("on the waiting list")
    LEAVE_ASKED = "leave_asked", _("asks for leave")
    LEAVE = "leave", _("on leave")
    PRESENT = "present", _("present")
    ABSENT = "absent", _("absent")
    WITHDRAWN = "withdrawn", _("cancelled")


class CheckInWay(models.TextChoices):
    CODE = "code", _("with the code")
    LIST = "list", _("on the list")
    BACK = "back", _("entered afterwards")


class Participation(models.Model):
    """One person and one activity, from the invitation to what counts."""

    activity = models.ForeignKey(
        Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="participations"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="participations"
    )
    state = models.CharField(_("state"), max_length=20, choices=ParticipationState, default=ParticipationState.INVITED)
    signed_up_at = models.DateTimeField(_("signed up at"), null=True, blank=True)
    leave_reason = models.CharField(_("why on leave"), max_length=200, blank=True)
    checked_in_at = models.DateTimeField(_("checked in at"), null=True, blank=True)
    checked_out_at = models.DateTimeField(_("checked out at"), null=True, blank=True)
    way = models.CharField(_("checked in"), max_length=10, choices=CheckInWay, blank=True)
    back_reason = models.CharField(_("why entered afterwards"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # fmt: skip

    history = HistoricalRecords()
    objects = ParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        ordering = ["activity_id", "person__name_key"]
        indexes = [models.Index(fields=["person", "state"], name="participation_person")]
        constraints = [
            models.UniqueConstraint(fields=["activity", "person"], name="participation_once"),
            models.CheckConstraint(
                condition=~Q(state=ParticipationState.PRESENT) | Q(checked_in_at__isnull=False) & ~Q(way=""),
                name="participation_present_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(way=CheckInWay.BACK) | ~Q(back_reason=""), name="participation_back_entry_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(checked_out_at=None) | Q(checked_out_at__gte=F("checked_in_at")),
                name="participation_out_after_in",
            ),
            models.CheckConstraint(condition=Q(state__in=ParticipationState.values), name="participation_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.activity}"
