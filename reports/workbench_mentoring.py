"""What mentoring puts on the workbench: what waits, one figure, and a cell for each branch. A few queries each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.policy import Policy
from mentoring.health import HealthState, LinkHealth, count_health, health_of_links
from mentoring.health_page import rows_address
from mentoring.links import draft_counts
from mentoring.models import HelpRequest, LeagueGuidance, LeagueMilestone, Mentorship
from mentoring.observation_rules import DUE
from mentoring.observations import due_rows
from mentoring.tiers import LinkState
from pairing_portal.common.scope import Role, Scope

from .workbench_parts import Figure, Task

MILESTONES_AHEAD = timedelta(days=7)
LEAGUE = ("plan__league_branch", "plan__league_branch__name")


def mentoring_tasks(scope: Scope, today: date) -> list[Task]:
    """Own offers and links that fell silent; for who runs a branch also calls for help, its links, drafts; observations due."""
    policy = Policy()
    late_before = timezone.now() - timedelta(days=policy.number("confirm_reminder_days", today))
    tasks = _offers(scope, late_before) if scope.person_id else []
    if scope.has(Role.SECRETARY):
        tasks += _helps(scope, late_before)
    tasks += _silent(scope, today, policy)
    if scope.person_id:
        tasks += _observations(scope, today)
        tasks += _milestones(scope, today)
    if scope.managed_branch_ids:
        tasks += _drafts(scope)
    return tasks


def _offers(scope: Scope, late_before: datetime) -> list[Task]:
    waiting = Mentorship.objects.visible_to(scope).filter(mentee_id=scope.person_id, state=LinkState.OFFERED)
    found = waiting.aggregate(count=Count("pk"), oldest=Min("published_at"))
    return _task(_("Offers of help to answer"), found, reverse("my_mentoring"), "heart", late_before)


def _helps(scope: Scope, late_before: datetime) -> list[Task]:
    calls = HelpRequest.objects.changeable_by(scope).open()
    found = calls.aggregate(count=Count("pk", distinct=True), oldest=Min("asked_at"))
    return _task(_("Calls for help to answer"), found, reverse("mentoring_helps"), "chat", late_before)


def _silent(scope: Scope, today: date, policy: Policy) -> list[Task]:
    """Silent links: own ones as mentor lead to one's own page, those of own branches to the list."""
    links = Mentorship.objects.visible_to(scope).running()
    own = list(links.filter(mentor_id=scope.person_id or 0))
    kept = list(links.filter(party_branch_id__in=scope.managed_branch_ids)) if scope.managed_branch_ids else []
    health = health_of_links({link.pk: link for link in [*own, *kept]}.values(), today, policy)
    tasks = []
    mine = _silent_among(own, health)
    if mine:
        tasks.append(
            Task(_("People of mine without a talk for long"), mine, reverse("my_mentoring"), "people", is_late=True)
        )
    if count := _silent_among(kept, health):
        branches = {link.party_branch_id for link in kept}
        address = rows_address(branches.pop() if len(branches) == 1 else None, HealthState.SILENT)
        tasks.append(Task(_("Mentoring links without a talk for long"), count, address, "diagram-3", is_late=True))
    return tasks


def _silent_among(links: list[Mentorship], health: dict[int, LinkHealth]) -> int:
    return sum(health[link.pk].state == HealthState.SILENT for link in links)


def _observations(scope: Scope, today: date) -> list[Task]:
    """Records the user is the one to write, past their day or due today."""
    due = [row for row in due_rows(scope, today, own_only=True) if row.may_write and row.standing == DUE]
    if not due:
        return []
    oldest = min(row.next.due_on for row in due)
    return [
        Task(
            _("Observation records due"),
            len(due),
            reverse("mentoring_observations"),
            "journal-text",
            oldest,
            oldest < today,
        )
    ]


def _milestones(scope: Scope, today: date) -> list[Task]:
    """Milestones due within a week or past their day, of League branches one is secretary of or guides."""
    mine = Q(plan__league_branch__in=scope.league_branch_ids)
    mine |= Q(plan__league_branch__guidances__in=LeagueGuidance.objects.running().filter(person_id=scope.person_id))
    rows = LeagueMilestone.objects.changeable_by(scope).open().filter(mine, due_on__lte=today + MILESTONES_AHEAD)
    # With its id: two milestones of one day are two.
    found = rows.order_by("due_on", "pk").distinct().values_list("pk", *LEAGUE, "due_on")
    by_branch: dict[tuple[int, str], list[date]] = {}
    for _milestone, pk, name, due_on in found:
        by_branch.setdefault((pk, name), []).append(due_on)
    return [
        Task(
            _("Milestones due: %(name)s") % {"name": name}, len(days), reverse("mentoring_league", args=[pk]), "flag",
            days[0], days[0] < today,
        )
        for (pk, name), days in by_branch.items()
    ]  # fmt: skip


def _drafts(scope: Scope) -> list[Task]:
    return [
        Task(
            _("Mentoring drafts to publish: %(branch)s") % {"branch": branch.short_name}, count,
            reverse("mentoring_plan", args=[branch.pk]), "pencil-square",
        )
        for branch, count in draft_counts(scope)
        if branch.pk in scope.managed_branch_ids
    ]  # fmt: skip


def _task(label: str, found: dict[str, Any], address: str, icon: str, late_before: datetime) -> list[Task]:
    if not found["count"]:
        return []
    oldest = found["oldest"]
    return [Task(label, found["count"], address, icon, oldest, bool(oldest and oldest < late_before))]


def mentoring_figure(scope: Scope, today: date) -> Figure:
    """Running links with a confirmed talk within the days of the rule (30 unless the college set another number)."""
    policy = Policy()
    days = policy.number("talk_every_days", today)
    health = health_of_links(list(Mentorship.objects.visible_to(scope).running()), today, policy)
    since = today - timedelta(days=days)
    talked = sum(1 for row in health.values() if row.talks.last_on is not None and row.talks.last_on >= since)
    hint = ngettext(
        "mentoring links with a confirmed talk in the last %(days)d day",
        "mentoring links with a confirmed talk in the last %(days)d days",
        days,
    ) % {"days": days}
    return Figure(_("Links with a talk"), f"{talked}/{len(health)}", hint, reverse("mentoring_health"))


def mentoring_cells(scope: Scope, today: date) -> dict[int, dict[str, Any]]:
    """By id of the branch that keeps them: how many links run, and how many of them ask for somebody."""
    links = list(Mentorship.objects.visible_to(scope).running())
    health = health_of_links(links, today)
    by_branch: dict[int, list[LinkHealth]] = {}
    for link in links:
        by_branch.setdefault(link.party_branch_id, []).append(health[link.pk])
    return {
        branch_id: {
            "total": len(rows),
            "silent": count_health(rows)[HealthState.SILENT],
            "needs_word": count_health(rows)[HealthState.NEEDS_WORD],
            "on_track": count_health(rows)[HealthState.ON_TRACK],
            "silent_url": rows_address(branch_id, HealthState.SILENT),
            "needs_word_url": rows_address(branch_id, HealthState.NEEDS_WORD),
        }
        for branch_id, rows in by_branch.items()
    }
