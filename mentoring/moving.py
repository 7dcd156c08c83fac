"""Somebody goes over to another Party branch: links kept by the branch they leave end, all others stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Person
from notifications.services import post_notices, retire_notices

from . import notices
from .models import HelpRequest, LeagueGuidance, LinkState, Mentorship


def open_rows(person_ids: Sequence[int], branch_id: int | None) -> list[Mentorship | LeagueGuidance]:
    """What hangs on the branch; None: on any. Tier 1 is kept by the mentor's branch: a classmate who is helped and joins another
    branch keeps their helper."""
    theirs = Q(mentor_id__in=person_ids) | Q(mentee_id__in=person_ids)
    links = Mentorship.objects.open().filter(theirs)
    guidances = LeagueGuidance.objects.open().filter(person_id__in=person_ids)
    if branch_id is not None:
        links, guidances = links.filter(party_branch_id=branch_id), guidances.filter(party_branch_id=branch_id)
    return [*links.with_people(), *guidances.with_names()]


def end_links_of_movers(person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None) -> list[str]:
    """Open links and guidances end, drafts go; who is concerned is told. Returns a line each.

    Runs in the caller's transaction, which has locked the movers.
    """
    rows, now, told = open_rows(person_ids, from_branch_id), timezone.now(), []
    lines = [str(row) for row in rows]
    for row in rows:
        if row.state == LinkState.DRAFT:
            row.delete()
            continue
        if isinstance(row, Mentorship) and row.state == LinkState.OFFERED:
            retire_notices(prefix=notices.offer_prefix(row), now=now)
        row.state, row.ended_on = LinkState.ENDED, max(on, row.starts_on)
        row.end_reason = _("moved to another branch")
        row.save()
        told += notices.ended_by_leaving(row)
    post_notices(notices=[notice for notice in told if notice.user_id != by_user_id], now=now)
    return lines


def preview_links_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    """What `end_links_of_movers` would end."""
    return [str(row) for row in open_rows(person_ids, from_branch_id)]


def handover(branch_id: int, today: date) -> list[Any]:
    """For a new secretary: drafts, offers that wait, running links, calls for help. Counts, no names."""
    from django.urls import reverse

    from pairing_portal.common.registries import HandoverItem

    kept = Mentorship.objects.filter(party_branch_id=branch_id)
    guidances = LeagueGuidance.objects.filter(party_branch_id=branch_id)
    drafts = kept.filter(state=LinkState.DRAFT).count() + guidances.filter(state=LinkState.DRAFT).count()
    plan = reverse("mentoring_plan", args=[branch_id])
    people = Person.objects.filter(party_branch_id=branch_id).values("pk")
    rows = [
        HandoverItem(_("Mentoring drafts to publish"), drafts, plan),
        HandoverItem(
            _("Offers of help without an answer"), kept.filter(state=LinkState.OFFERED).count(), reverse("mentoring_health")
        ),
        HandoverItem(_("Running mentoring links"), kept.running().count(), reverse("mentoring_health")),
        HandoverItem(_("Guides of League branches"), guidances.running().count(), plan),
        HandoverItem(
            _("Calls for help to answer"), HelpRequest.objects.open().filter(person__in=people).count(),
            reverse("mentoring_helps"),
        ),
    ]  # fmt: skip
    return [row for row in rows if row.count]
