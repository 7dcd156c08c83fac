"""Who is told in a secretary's place while they are away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from .office_models import Absence, Post, PostKind
from .stages import Stage

# Whose place, and who stands in: the first of these posts that somebody present holds.
STAND_INS = {
    PostKind.BRANCH_SECRETARY: (PostKind.DEPUTY_SECRETARY, PostKind.ORGANIZATION_OFFICER),
    PostKind.LEAGUE_SECRETARY: (PostKind.LEAGUE_DEPUTY,),
}


def deputies_of(user_ids: Sequence[int], on: date) -> dict[int, set[int]]:
    """Account -> accounts of the deputies, for those who are secretaries and away on a day (absent, or left).

    A deputy who is away too is passed over. A fixed number of queries.
    """
    absent = Absence.objects.filter(Q(to_on=None) | Q(to_on__gte=on), from_on__lte=on).values("person_id")
    is_away = Q(person__in=absent) | Q(person__stage=Stage.LEFT) | Q(person__left_on__lte=on)
    posts = Post.objects.current(on).filter(person__user__isnull=False, person__user__is_active=True)
    wanted = set(user_ids)
    away = [
        row
        for row in Post.objects.current(on)
        .filter(is_away, kind__in=STAND_INS, person__user__isnull=False)
        .values_list("kind", "party_branch_id", "league_branch_id", "person__user_id")
        if row[3] in wanted
    ]
    if not away:
        return {}
    holders: dict[tuple[str, int | None, int | None], set[int]] = defaultdict(set)
    present = posts.exclude(is_away).filter(
        Q(party_branch_id__in={row[1] for row in away}) | Q(league_branch_id__in={row[2] for row in away}),
        kind__in=[kind for kinds in STAND_INS.values() for kind in kinds],
    )
    for kind, party_id, league_id, user_id in present.values_list(
        "kind", "party_branch_id", "league_branch_id", "person__user_id"
    ):
        holders[kind, party_id, league_id].add(user_id)
    found: dict[int, set[int]] = defaultdict(set)
    for kind, party_id, league_id, user_id in away:
        for stand_in in STAND_INS[PostKind(kind)]:
            if there := holders[stand_in, party_id, league_id] - {user_id}:
                found[user_id] |= there
                break
    return dict(found)
