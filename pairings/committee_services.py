"""Same post to same post (R91): proposed by the portal, vacancies flagged, adjusted by hand, published with the board."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import PartyBranch
from members.models import Post, PostKind
from members.office_models import LEAGUE_POSTS
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .board_services import count_change, open_board
from .models import BranchPairing, CommitteePairing

COMMITTEE_KINDS = [kind for kind in PostKind if kind not in LEAGUE_POSTS]


def current_posts(branch: PartyBranch, today: date) -> list[Post]:
    """The posts of a branch's committee held on a day, in the order of the committee."""
    order = {kind: number for number, kind in enumerate(COMMITTEE_KINDS)}
    posts = Post.objects.filter(party_branch=branch, kind__in=COMMITTEE_KINDS).current(today).select_related("person")
    return sorted(posts, key=lambda post: (order[PostKind(post.kind)], post.pk))


@transaction.atomic
def propose_committee(*, pairing_id: int, version: int | None, scope: Scope, today: date) -> tuple[int, int]:
    """Put a row on the board for each post of either side that has none; a side without holder stays vacant.

    Rows of posts that ended go. Returns how many rows were made and how many of the board's rows have a vacancy.
    """
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    helping, partner = current_posts(pairing.helping_branch, today), current_posts(pairing.partner_branch, today)
    _take_off_ended(pairing, {post.pk for post in (*helping, *partner)}, today)
    rows = list(CommitteePairing.objects.filter(pairing=pairing, ended_on=None))
    taken = {row.helping_post_id for row in rows} | {row.partner_post_id for row in rows}
    free: dict[str, list[list[Post]]] = defaultdict(lambda: [[], []])
    for side, posts in enumerate((helping, partner)):
        for post in posts:
            if post.pk not in taken:
                free[post.kind][side].append(post)
    made = 0
    for kind in COMMITTEE_KINDS:
        ours, theirs = free.get(kind, [[], []])
        made += _fill_vacancies(rows, kind, ours, theirs)
        for number in range(max(len(ours), len(theirs))):
            CommitteePairing.objects.create(
                pairing=pairing,
                kind=kind,
                helping_post=ours[number] if number < len(ours) else None,
                partner_post=theirs[number] if number < len(theirs) else None,
            )
            made += 1
    count_change(pairing)
    vacancies = CommitteePairing.objects.filter(pairing=pairing, ended_on=None).vacant().count()
    return made, vacancies


def _fill_vacancies(rows: list[CommitteePairing], kind: str, ours: list[Post], theirs: list[Post]) -> int:
    """A row that waited for a holder gets the new one."""
    filled = 0
    for row in rows:
        if row.kind != kind:
            continue
        if row.helping_post_id is None and ours:
            row.helping_post, row.published_at = ours.pop(0), None
        elif row.partner_post_id is None and theirs:
            row.partner_post, row.published_at = theirs.pop(0), None
        else:
            continue
        row.save()
        filled += 1
    return filled


def _take_off_ended(pairing: BranchPairing, standing: set[int], today: date) -> None:
    for row in CommitteePairing.objects.filter(pairing=pairing, ended_on=None):
        sides = [post_id for post_id in (row.helping_post_id, row.partner_post_id) if post_id]
        if all(post_id in standing for post_id in sides):
            continue
        take_off(row, today)


def take_off(row: CommitteePairing, today: date) -> None:
    """A draft row goes, a published one ends."""
    if row.published_at is None:
        row.delete()
    else:
        row.ended_on = today
        row.save()


@transaction.atomic
def pair_posts(
    *,
    pairing_id: int,
    helping_post_id: int | None,
    partner_post_id: int | None,
    version: int | None,
    scope: Scope,
    today: date,
) -> CommitteePairing | None:
    """Pair two posts by hand, also of different kinds; one side None leaves it without counterpart on purpose.

    Raises `Refused` (R91) for a post of another branch or one that has ended.
    """
    pairing = open_board(pairing_id=pairing_id, version=version, scope=scope)
    helping = _post(pairing.helping_branch, helping_post_id, today)
    partner = _post(pairing.partner_branch, partner_post_id, today)
    if helping is None and partner is None:
        raise Refused(_("Choose at least one of the two posts."), rule="R91")
    for row in CommitteePairing.objects.filter(pairing=pairing, ended_on=None):
        if (helping and row.helping_post_id == helping.pk) or (partner and row.partner_post_id == partner.pk):
            if (row.helping_post_id, row.partner_post_id) == (helping and helping.pk, partner and partner.pk):
                raise Refused(_("These two posts are paired already."), rule="R91")
            take_off(row, today)
    kind = helping.kind if helping else partner.kind if partner else ""
    made = CommitteePairing.objects.create(pairing=pairing, kind=kind, helping_post=helping, partner_post=partner)
    count_change(pairing)
    return made


def _post(branch: PartyBranch, post_id: int | None, today: date) -> Post | None:
    if post_id is None:
        return None
    post = next((post for post in current_posts(branch, today) if post.pk == post_id), None)
    if post is None:
        raise Refused(
            _("This is no post held in %(branch)s today. Reload the page.") % {"branch": branch.short_name}, rule="R91"
        )
    return post
