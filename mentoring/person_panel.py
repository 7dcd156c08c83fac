"""What a person's page shows of mentoring: published links and guidance, as far as the viewer may see them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from branches.policy import Policy
from pairing_portal.common.scope import Scope

from .health import health_of_guidances, health_of_links
from .models import LeagueGuidance, Mentorship
from .tiers import PUBLISHED_STATES


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Running ones first. The person themselves finds the way to their own page even before there is a link."""
    today, policy = timezone.localdate(), Policy()
    links = Mentorship.objects.visible_to(scope).of_person(person_id).filter(state__in=PUBLISHED_STATES)
    rows = sorted(links.select_related("mentor", "mentee"), key=lambda link: link.ended_on is not None)
    guided = LeagueGuidance.objects.visible_to(scope).filter(person_id=person_id, state__in=PUBLISHED_STATES)
    guidances = list(guided.select_related("league_branch"))
    is_me = scope.person_id == person_id
    if not (rows or guidances or is_me):
        return None
    health, guidance_health = health_of_links(rows, today, policy), health_of_guidances(guidances, today, policy)
    return {
        "rows": [
            {
                "link": link,
                "other": link.other(person_id),
                "health": health[link.pk],
                "is_mentor": link.mentor_id == person_id,
            }
            for link in rows
        ],
        "guidances": [{"guidance": row, "health": guidance_health[row.pk]} for row in guidances],
        "is_me": is_me,
    }
