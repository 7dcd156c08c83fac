"""What the six lines have beside the fields of every activity."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.querysets import CollegeWideQuerySet
from members.models import Person
from pairings.models import PairingGroup

from .event_models import Activity
from .event_querysets import OfActivityQuerySet, ViewingQuerySet


class TalkTopic(models.TextChoices):
    """What an experience-sharing session is about."""

    STUDY = "study", _("study")
    INTERNSHIP = "internship", _("internship")
    JOB = "job", _("finding a job")
    BUSINESS = "business", _("own business")


class ActivityTalk(models.Model):
    """Somebody speaks: a micro Party lecture or an experience."""

    activity = models.ForeignKey(Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="talks")
    speaker = models.ForeignKey(
        Person, verbose_name=_("speaker"), null=True, blank=True, on_delete=models.PROTECT, related_name="activity_talks"
    )  # fmt: skip
    # Somebody from outside the roster.
    guest = models.CharField(_("guest"), max_length=50, blank=True)
    title = models.CharField(_("title"), max_length=100)
    topic = models.CharField(_("topic"), max_length=20, choices=TalkTopic, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)
    material = models.CharField(_("material"), max_length=200, blank=True)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("talk")
        verbose_name_plural = _("talks")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(speaker__isnull=False, guest="") | Q(speaker=None) & ~Q(guest=""),
                name="activity_talk_has_one_speaker",
                violation_error_message=_("Name a speaker of the roster or a guest, one of the two."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TalkRating(models.Model):
    """What a listener gives a talk, one to five; shown as an average from three on."""

    talk = models.ForeignKey(ActivityTalk, verbose_name=_("talk"), on_delete=models.CASCADE, related_name="ratings")
    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="+")
    stars = models.PositiveSmallIntegerField(_("points"))

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("rating of a talk")
        verbose_name_plural = _("ratings of talks")
        constraints = [
            models.UniqueConstraint(fields=["talk", "person"], name="talk_rating_once"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="talk_rating_one_to_five"),
        ]

    def __str__(self) -> str:
        return str(self.stars)


class Horizon(models.TextChoices):
    NEARBY = "nearby", _("around us")
    COUNTRY = "country", _("the country")
    WORLD = "world", _("the world")


class Viewpoint(models.Model):
    """A post of the reading month: what was read, and what one thinks of it."""

    activity = models.ForeignKey(
        Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="viewpoints"
    )
    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="viewpoints")
    horizon = models.CharField(_("about"), max_length=10, choices=Horizon)
    source = models.CharField(_("newspaper or article"), max_length=150)
    words = models.TextField(_("viewpoint"), max_length=1000)
    posted_at = models.DateTimeField(_("posted at"))

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("viewpoint")
        verbose_name_plural = _("viewpoints")
        ordering = ["-posted_at", "-pk"]

    def __str__(self) -> str:
        return self.source


class ClassicKind(models.TextChoices):
    FILM = "film", _("film")
    BOOK = "book", _("book")


class Classic(models.Model):
    """A film or book of the list; kept by the college."""

    kind = models.CharField(_("kind"), max_length=10, choices=ClassicKind)
    title = models.CharField(_("title"), max_length=100, unique=True)
    author = models.CharField(_("author or director"), max_length=100, blank=True)
    is_active = models.BooleanField(_("on the list"), default=True)

    objects = CollegeWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("classic")
        verbose_name_plural = _("classics")
        ordering = ["kind", "title"]

    def __str__(self) -> str:
        return f"《{self.title}》"


class ClassicViewing(models.Model):
    """Who saw or read a classic, when, with what thought; alone or at an activity."""

    classic = models.ForeignKey(Classic, verbose_name=_("classic"), on_delete=models.PROTECT, related_name="viewings")
    person = models.ForeignKey(
        Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="classic_viewings"
    )
    activity = models.ForeignKey(
        Activity, verbose_name=_("activity"), null=True, blank=True, on_delete=models.SET_NULL, related_name="viewings"
    )
    on = models.DateField(_("date"))
    thought = models.CharField(_("thought"), max_length=500, blank=True)

    objects = ViewingQuerySet.as_manager()

    class Meta:
        verbose_name = _("viewing of a classic")
        verbose_name_plural = _("viewings of classics")
        ordering = ["-on", "-pk"]
        constraints = [models.UniqueConstraint(fields=["classic", "person"], name="classic_viewing_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.classic}"


class TieRule(models.TextChoices):
    LAST_ROUND = "last_round", _("the better last round")
    BEST_ROUND = "best_round", _("the best single round")
    SHARED = "shared", _("the place is shared")


class ContestRound(models.Model):
    """One round of a contest; `weight` is its share of the whole."""

    activity = models.ForeignKey(Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="rounds")
    title = models.CharField(_("round"), max_length=50)
    position = models.PositiveSmallIntegerField(_("position"))
    max_score = models.DecimalField(_("highest score"), max_digits=5, decimal_places=1, default=100)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("round of a contest")
        verbose_name_plural = _("rounds of contests")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["activity", "position"], name="contest_round_position_once")]

    def __str__(self) -> str:
        return self.title


class ContestTeam(models.Model):
    """A team of a contest: a pairing group with its partner-branch pairs, from both sides."""

    activity = models.ForeignKey(Activity, verbose_name=_("activity"), on_delete=models.CASCADE, related_name="teams")
    group = models.ForeignKey(
        PairingGroup, verbose_name=_("pairing group"), null=True, blank=True, on_delete=models.PROTECT, related_name="contest_teams"
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=50)
    members = models.ManyToManyField(Person, verbose_name=_("members"), related_name="contest_teams", blank=True)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("team of a contest")
        verbose_name_plural = _("teams of contests")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "name"], name="contest_team_name_once"),
            models.UniqueConstraint(
                fields=["activity", "group"], condition=Q(group__isnull=False), name="contest_team_group_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ContestScore(models.Model):
    """What one judge gives one team in one round."""

    round = models.ForeignKey(ContestRound, verbose_name=_("round"), on_delete=models.CASCADE, related_name="scores")
    team = models.ForeignKey(ContestTeam, verbose_name=_("team"), on_delete=models.CASCADE, related_name="scores")
    judge = models.CharField(_("judge"), max_length=50)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=1)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("score of a contest")
        verbose_name_plural = _("scores of contests")
        constraints = [
            models.UniqueConstraint(fields=["round", "team", "judge"], name="contest_score_once_per_judge"),
            models.CheckConstraint(condition=Q(score__gte=0), name="contest_score_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.score)


class ContestSetup(models.Model):
    """How ties are broken, and whether the live result page is open."""

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, related_name="contest")
    tie_rule = models.CharField(_("ties"), max_length=20, choices=TieRule, default=TieRule.LAST_ROUND)
    is_live = models.BooleanField(_("results are shown live"), default=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("contest")
        verbose_name_plural = _("contests")

    def __str__(self) -> str:
        return str(self.activity)


class ServiceKind(models.TextChoices):
    """Kinds of volunteer service (background: 献公益)."""

    GREEN = "green", _("planting and caring for green")
    ENVIRONMENT = "environment", _("protecting the environment")
    HEALTH = "health", _("AIDS prevention and health education")
    LABOUR = "labour", _("voluntary labour")
    CARE = "care", _("caring for people in need")
    PROFESSIONAL = "professional", _("professional service")
    CULTURE = "culture", _("culture and arts")
    WISDOM = "wisdom", _("targeted help with learning")


class ServiceDetail(models.Model):
    """What a volunteer service was; travel does not count."""

    activity = models.OneToOneField(Activity, on_delete=models.CASCADE, related_name="service")
    kind = models.CharField(_("kind of service"), max_length=20, choices=ServiceKind)
    served = models.CharField(_("for whom"), max_length=100, blank=True)
    service_minutes = models.PositiveSmallIntegerField(_("minutes of service, travel left out"), null=True, blank=True)
    done = models.CharField(_("what was done"), max_length=500, blank=True)

    objects = OfActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("volunteer service")
        verbose_name_plural = _("volunteer services")

    def __str__(self) -> str:
        return str(self.get_kind_display())
