"""Mentoring: reviews and records of those observed, links nobody talks in, League branches with too few guides, feedback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from evaluations.feedback_reader import league_officers, sides_of
from evaluations.models import FeedbackExchange, Side
from members.stages import Stage
from mentoring.health import HealthLimits, HealthState, LinkHealth, health_of_guidances, health_of_links
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.observation_rules import DUE
from mentoring.observations import contact_links, intervals_on, next_of_link, next_of_person, observed_people

from .base import NOBODY, Overdue, SupervisionSource, Watch

# A closed exchange can no longer be answered; for so long it is worth a word with the one who was silent.
FEEDBACK_SHOWN: Final = timedelta(days=30)


def _reviews(watch: Watch, stages: tuple[str, ...]) -> Iterator[Overdue]:
    intervals = intervals_on(watch.today)
    for person in observed_people(Q(party_branch_id__in=watch.ids, stage__in=stages)):
        due = next_of_person(person, intervals)
        if due is None or due.standing(watch.today) != DUE:
            continue
        branch_id = person.party_branch_id
        yield Overdue(
            f"review-{person.pk}", branch_id, _("Review due on %(on)s") % {"on": date_format(due.due_on)}, due.due_on,
            reverse("mentoring_review", args=[person.pk]), person.pk, watch.runs(branch_id),
            f"{reverse('mentoring_observations')}?branch={branch_id}",
        )  # fmt: skip


def find_activist_reviews(watch: Watch) -> Iterator[Overdue]:
    """R05: the branch's half-year review of activists and candidates."""
    return _reviews(watch, (Stage.ACTIVIST, Stage.CANDIDATE))


def find_probation_reviews(watch: Watch) -> Iterator[Overdue]:
    """R20: of probationary members."""
    return _reviews(watch, (Stage.PROBATIONARY,))


def find_contact_records(watch: Watch) -> Iterator[Overdue]:
    """R06: the contact's record; the contact writes it."""
    intervals = intervals_on(watch.today)
    for link in contact_links(Q(mentee__party_branch_id__in=watch.ids)):
        due = next_of_link(link, intervals)
        if due.standing(watch.today) != DUE:
            continue
        branch_id = link.mentee.party_branch_id
        yield Overdue(
            f"record-{link.pk}", branch_id, _("Contact's record due on %(on)s") % {"on": date_format(due.due_on)},
            due.due_on, reverse("mentoring_observe", args=[link.pk]), link.mentee_id,
            watch.or_secretaries(link.mentor.user_id, branch_id), reverse("mentoring_link", args=[link.pk]),
        )  # fmt: skip


def _links(watch: Watch) -> list[Mentorship]:
    rows = Mentorship.objects.running().filter(party_branch_id__in=watch.ids)
    return list(rows.select_related("mentor").order_by("pk"))


def find_silent_links(watch: Watch) -> Iterator[Overdue]:
    """R84: links and guidance without a confirmed talk for as long as makes them silent."""
    limit, links = HealthLimits.on(watch.today, watch.policy).talk_silent_days, _links(watch)
    health = health_of_links(links, watch.today, watch.policy)
    for link in links:
        if health[link.pk].state == HealthState.SILENT:
            yield _quiet("link", link.pk, link.party_branch_id, link.mentor_id, link.mentor.user_id, health[link.pk], limit, watch)  # fmt: skip
    guided = LeagueGuidance.objects.running().filter(party_branch_id__in=watch.ids)
    guidances = list(guided.select_related("person", "league_branch").order_by("pk"))
    states = health_of_guidances(guidances, watch.today, watch.policy)
    for row in guidances:
        if states[row.pk].state == HealthState.SILENT:
            yield _quiet("guidance", row.pk, row.party_branch_id, row.person_id, row.person.user_id, states[row.pk], limit, watch)  # fmt: skip


def find_quiet_links(watch: Watch) -> Iterator[Overdue]:
    """Links without a confirmed talk in the days of the rule, not silent yet."""
    limits, links = HealthLimits.on(watch.today, watch.policy), _links(watch)
    health = health_of_links(links, watch.today, watch.policy)
    for link in links:
        found = health[link.pk]
        limit = limits.talk_every_days + 1 if found.talks.last_on else limits.talk_first_within_days
        if found.state == HealthState.NEEDS_WORD and found.days >= limit:
            yield _quiet("link", link.pk, link.party_branch_id, link.mentor_id, link.mentor.user_id, found, limit, watch)  # fmt: skip


def _quiet(
    kind: str, pk: int, branch_id: int, person_id: int, user_id: int | None, health: LinkHealth, limit: int, watch: Watch
) -> Overdue:  # fmt: skip
    """The mentor is the one to arrange a talk; the person of the row."""
    return Overdue(
        f"{kind}-{pk}", branch_id, health.words, watch.today - timedelta(days=health.days - limit),
        reverse(f"mentoring_{kind}", args=[pk]), person_id, watch.or_secretaries(user_id, branch_id),
    )  # fmt: skip


def find_few_guides(watch: Watch) -> Iterator[Overdue]:
    """R82: junior League branches with fewer guides than the scheme asks for; since the year began, or the last one ended."""
    if watch.year is None:
        return
    needed, junior = watch.number("guides_min"), watch.number("junior_study_years")
    leagues = [row for row in watch.leagues.values() if 1 <= row.study_year(watch.year.start_year) <= junior]
    ids = [row.pk for row in leagues]
    running = Counter(
        LeagueGuidance.objects.running().filter(league_branch_id__in=ids).values_list("league_branch_id", flat=True)
    )
    ended = LeagueGuidance.objects.filter(league_branch_id__in=ids, ended_on__gte=watch.year.starts_on).order_by()
    last = dict(ended.values_list("league_branch_id").annotate(last=Max("ended_on")))
    for league in leagues:
        if running[league.pk] >= needed or league.party_branch_id is None:
            continue
        missing = needed - running[league.pk]
        words = ngettext(
            "%(league)s: %(count)d guide missing", "%(league)s: %(count)d guides missing", missing
        ) % {"league": league.name, "count": missing}  # fmt: skip
        yield Overdue(
            f"guides-{league.pk}", league.party_branch_id, words, last.get(league.pk, watch.year.starts_on),
            f"{reverse('mentoring_guidance_new')}?league={league.pk}", user_ids=watch.runs(league.party_branch_id),
        )  # fmt: skip


def find_feedback(watch: Watch) -> Iterator[Overdue]:
    """Feedback that closed in the last weeks with a side missing: late feedback is one of the three named weaknesses."""
    of_mentor, of_mentee = Q(mentor__party_branch_id__in=watch.ids), Q(mentee__party_branch_id__in=watch.ids)
    closed = FeedbackExchange.objects.filter(
        of_mentor | of_mentee | Q(league_branch__party_branch_id__in=watch.ids), revealed_at=None, called_off_at=None,
        closes_at__lte=watch.now, closes_at__gt=watch.now - FEEDBACK_SHOWN,
    )  # fmt: skip
    rows = closed.select_related("mentor", "mentee", "league_branch", "round").prefetch_related("feedback")
    found = list(rows.order_by("closes_at", "pk"))
    officers = league_officers({row.league_branch_id for row in found if row.league_branch_id}, watch.today)
    for exchange in found:
        said = {answer.side for answer in exchange.feedback.all()}
        for side in sides_of(exchange):
            if side not in said and (row := _silent_side(exchange, side, officers, watch)) is not None:
                yield row


def _silent_side(
    exchange: Any, side: str, officers: dict[int, list[tuple[int, int]]], watch: Watch
) -> Overdue | None:  # fmt: skip
    """A row in the branch of the side that is missing; None when that branch is not watched."""
    person = {Side.MENTOR: exchange.mentor, Side.MENTEE: exchange.mentee}.get(Side(side))
    branch_id = person.party_branch_id if person else exchange.league_branch.party_branch_id
    if branch_id is None and person is not None:
        branch_id = watch.guiding.get(person.school_class_id) or exchange.mentor.party_branch_id
    if branch_id not in watch.branches:
        return None
    closed_on: date = timezone.localdate(exchange.closes_at)
    words = _("%(round)s closed on %(on)s without an answer of the %(side)s") % {
        "round": exchange.round.title, "on": date_format(closed_on), "side": Side(side).label,
    }  # fmt: skip
    if person is None:
        users = frozenset(user_id for _person, user_id in officers.get(exchange.league_branch_id, []))
    else:
        users = frozenset({person.user_id}) if person.user_id else NOBODY
    return Overdue(
        f"feedback-{exchange.pk}-{side}", branch_id, words, closed_on,
        reverse("feedback_exchange", args=[exchange.pk]),
        person.pk if person else None, users or watch.runs(branch_id),
    )  # fmt: skip


MENTORING: Final = (
    SupervisionSource("activist_review", "R05", gettext_lazy("Half-year review of activists"), "warn", find_activist_reviews, judges=True),
    SupervisionSource("contact_record", "R06", gettext_lazy("Records of cultivation contacts"), "info", find_contact_records, judges=True),
    SupervisionSource("probation_review", "R20", gettext_lazy("Half-year review of probationary members"), "info", find_probation_reviews, judges=True),
    SupervisionSource("silent", "R84", gettext_lazy("Links without a talk for long"), "warn", find_silent_links),
    SupervisionSource("quiet", "R84", gettext_lazy("Links that need a talk"), "info", find_quiet_links, is_ahead=True),
    SupervisionSource("guides", "R82", gettext_lazy("League branches with too few guides"), "warn", find_few_guides),
    SupervisionSource("feedback", "", gettext_lazy("Feedback with a side missing"), "info", find_feedback, is_ahead=True),
)  # fmt: skip
