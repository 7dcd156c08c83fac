"""One search over what the user may see."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from branches.models import LeagueBranch, PartyBranch
from members.models import Person
from pairing_portal.common.registries import navigation
from pairing_portal.common.scope import Scope

LIMIT = 20


def search(scope: Scope, words: str) -> dict[str, Any]:
    """People, branches and pages that match; at most `LIMIT` of each, `more_people` says when there are more."""
    people = list(
        Person.objects.visible_to(scope)
        .search(words)
        .select_related("party_branch", "school_class")
        .distinct()[: LIMIT + 1]
    )
    return {
        "people": people[:LIMIT],
        "more_people": len(people) > LIMIT,
        "party_branches": PartyBranch.objects.visible_to(scope).filter(name__icontains=words)[:LIMIT],
        "league_branches": LeagueBranch.objects.visible_to(scope).filter(name__icontains=words)[:LIMIT],
        "pages": [
            {"label": entry.label, "url": reverse(entry.url_name)}
            for entry in navigation
            if scope.has(*entry.roles) and words.lower() in str(entry.label).lower()
        ],
    }
