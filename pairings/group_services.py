"""One branch split over several partners: a draft by the solver or by hand, then published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import AcademicYear, PartyBranch
from members.models import Absence, Person, Programme, Stage
from notifications.services import post_notices
from pairing_portal.common.matching import SplitItem, balanced_split
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope

from .board_services import StaleBoard
from .models import BranchPairing, BranchSplit, GroupPlace, MemberPairing, PairingGroup
from .notices_board import GROUPS_PUBLISHED
from .services import end_member_pairing

GROUP_NAMES = "一二三四五六七八九十"


@dataclass(frozen=True)
class SplitReport:
    """What a proposal came to: people a group, and for each feature its values a group."""

    sizes: dict[str, int]
    moved: int


def helping_pairings(branch: PartyBranch, year: AcademicYear) -> list[BranchPairing]:
    """The active pairings in which a branch helps, in a fixed order."""
    return list(
        BranchPairing.objects.filter(helping_branch=branch, academic_year=year, state="active")
        .with_branches()
        .order_by("partner_branch_id")
    )


def members_to_split(branch: PartyBranch, today: date) -> list[Person]:
    """Student members of the branch who are still there."""
    people = (
        Person.objects.filter(party_branch=branch, stage__in=(Stage.PROBATIONARY, Stage.FULL))
        .exclude(programme=Programme.STAFF)
        .exclude(graduates_on__lt=today)
        .select_related("school_class")
        .order_by("number")
    )
    return list(people)


@transaction.atomic
def open_split(
    *, branch: PartyBranch, year: AcademicYear, version: int | None, scope: Scope, today: date
) -> tuple[BranchSplit, list[PairingGroup]]:
    """The split of a branch, locked, with a group for each active pairing and a place for each member.

    Raises `Refused` when the branch is not the user's or has no active pairing, `StaleBoard` when `version` is an older one.
    """
    if not scope.manages(branch.pk):
        raise Refused(_("A branch is split by its own secretary."))
    # The branch's row is the lock: two secretaries opening the page at once make one split.
    PartyBranch.objects.select_for_update().get(pk=branch.pk)
    pairings = helping_pairings(branch, year)
    if not pairings:
        raise Refused(_("The branch has no confirmed pairing this year. Propose one first."))
    split, _created = BranchSplit.objects.get_or_create(academic_year=year, branch=branch)
    if version is not None and version != split.version:
        raise StaleBoard(
            _("Somebody else changed the groups meanwhile. You see them as they are now; please repeat your step.")
        )
    groups = _groups(split, pairings)
    _places(split, members_to_split(branch, today))
    _free_places(split, groups)
    return split, groups


def _groups(split: BranchSplit, pairings: Sequence[BranchPairing]) -> list[PairingGroup]:
    known = {group.pairing_id: group for group in PairingGroup.objects.filter(split=split)}
    groups = []
    for number, pairing in enumerate(pairings):
        group = known.get(pairing.pk) or PairingGroup.objects.create(
            split=split, pairing=pairing, name=_("group %(number)s") % {"number": GROUP_NAMES[number % 10]}
        )
        group.pairing = pairing
        groups.append(group)
    return groups


def _places(split: BranchSplit, people: Sequence[Person]) -> None:
    placed = set(GroupPlace.objects.filter(split=split).values_list("person_id", flat=True))
    for person in people:
        if person.pk not in placed:
            GroupPlace.objects.create(split=split, academic_year_id=split.academic_year_id, person=person)


def _free_places(split: BranchSplit, groups: Sequence[PairingGroup]) -> None:
    """Who stood in the group of a pairing that has ended is to be divided again."""
    for place in GroupPlace.objects.filter(split=split, draft_group__isnull=False).exclude(draft_group__in=groups):
        place.draft_group, place.is_fixed = None, False
        place.save()


def _changed(split: BranchSplit) -> None:
    split.version += 1
    split.save(update_fields=["version"])


@transaction.atomic
def place_member(
    *, branch: PartyBranch, year: AcademicYear, person_id: int, group_id: int | None, version: int | None, scope: Scope,
    today: date,
) -> GroupPlace:  # fmt: skip
    """Put a member into a group of the draft by hand, which pins them there; `group_id` None takes them out."""
    split, groups = open_split(branch=branch, year=year, version=version, scope=scope, today=today)
    place = GroupPlace.objects.filter(split=split, person_id=person_id).select_related("person").first()
    if place is None:
        raise Refused(_("This person is not a member of the branch that can be put into a group."), rule="R90")
    group = next((group for group in groups if group.pk == group_id), None)
    if group_id is not None and group is None:
        raise Refused(_("There is no such group. Reload the page."))
    place.draft_group, place.is_fixed = group, group is not None
    place.save()
    _changed(split)
    return place


@transaction.atomic
def pin_place(
    *,
    branch: PartyBranch,
    year: AcademicYear,
    person_id: int,
    is_fixed: bool,
    version: int | None,
    scope: Scope,
    today: date,
) -> GroupPlace:
    """Pin a member to the group they are in, or take the pin out."""
    split, _ignored = open_split(branch=branch, year=year, version=version, scope=scope, today=today)
    place = GroupPlace.objects.filter(split=split, person_id=person_id).first()
    if place is None or (is_fixed and place.draft_group_id is None):
        raise Refused(_("Put this person into a group first."))
    place.is_fixed = is_fixed
    place.save()
    _changed(split)
    return place


@transaction.atomic
def propose_split(
    *, branch: PartyBranch, year: AcademicYear, version: int | None, scope: Scope, today: date
) -> SplitReport:
    """Divide everybody who is not pinned: sizes first, then majors, stages, grades and who is away, each spread evenly.

    Every partner gets as many helpers as the others, or one more.
    """
    split, groups = open_split(branch=branch, year=year, version=version, scope=scope, today=today)
    people = members_to_split(branch, today)
    standing = {person.pk for person in people}
    places = {place.person_id: place for place in GroupPlace.objects.filter(split=split).select_related("person")}
    for person_id, place in places.items():
        if person_id not in standing and place.draft_group_id is not None:
            place.draft_group, place.is_fixed = None, False
            place.save()
    fixed = {
        person.number: str(places[person.pk].draft_group_id)
        for person in people
        if places[person.pk].is_fixed and places[person.pk].draft_group_id is not None
    }
    result = balanced_split(_items(people, year), [str(group.pk) for group in groups], fixed=fixed)
    by_id = {group.pk: group for group in groups}
    moved = 0
    for person in people:
        place, group = places[person.pk], by_id[int(result.groups[person.number])]
        if place.draft_group_id != group.pk:
            place.draft_group = group
            place.save()
            moved += 1
    _changed(split)
    counted = Counter(result.groups.values())
    return SplitReport({group.name: counted[str(group.pk)] for group in groups}, moved)


def _items(people: Sequence[Person], year: AcademicYear) -> list[SplitItem]:
    """What is spread evenly: majors, stages, grades, and who is away during the year."""
    rows = Absence.objects.filter(person__in=people, from_on__lte=year.ends_on).exclude(to_on__lt=year.starts_on)
    away = set(rows.values_list("person_id", flat=True))
    return [
        SplitItem(
            person.number,
            {
                "major": person.major,
                "stage": person.stage,
                "grade": str(person.enrolment_year or ""),
                "away": "away" if person.pk in away else "",
            },
        )
        for person in people
    ]


def preview_split(pairing: BranchPairing, today: date) -> dict[int, set[str]]:
    """The numbers of the members a proposal would give to each pairing of the helping branch. Writes nothing."""
    pairings = helping_pairings(pairing.helping_branch, pairing.academic_year)
    people = members_to_split(pairing.helping_branch, today)
    result = balanced_split(_items(people, pairing.academic_year), [str(one.pk) for one in pairings])
    return {one.pk: {number for number, group in result.groups.items() if group == str(one.pk)} for one in pairings}


@transaction.atomic
def discard_split(
    *, branch: PartyBranch, year: AcademicYear, version: int | None, scope: Scope, today: date
) -> BranchSplit:
    """The draft is again what is published."""
    split, _ignored = open_split(branch=branch, year=year, version=version, scope=scope, today=today)
    for place in GroupPlace.objects.filter(split=split):
        if place.draft_group_id != place.group_id:
            place.draft_group_id, place.is_fixed = place.group_id, False
            place.save()
    _changed(split)
    return split


@transaction.atomic
def publish_split(
    *, branch: PartyBranch, year: AcademicYear, version: int | None, scope: Scope, by: User, now: datetime, today: date
) -> dict[str, int]:
    """Publish the groups. Pairs of somebody who moved to another group end; everybody concerned gets one notice.

    Raises `Refused` while somebody has no group, or nothing changed. Returns counts: placed, ended, told.
    """
    split, groups = open_split(branch=branch, year=year, version=version, scope=scope, today=today)
    standing = {person.pk: person for person in members_to_split(branch, today)}
    places = list(GroupPlace.objects.filter(split=split).select_related("person", "draft_group__pairing"))
    without = [place.person.name for place in places if place.person_id in standing and place.draft_group_id is None]
    if without:
        raise Refused(
            _("Not in a group yet: %(names)s. Put them into one, or let the portal propose.")
            % {"names": "、".join(without[:8])}
        )
    changed = [place for place in places if place.group_id != place.draft_group_id]
    if not changed and split.published_at is not None:
        raise Refused(_("Nothing changed since the last publishing."))
    ended = 0
    for place in changed:
        place.group = place.draft_group
        place.save()
        ended += _end_pairs_elsewhere(place, today)
    split.published_at, split.published_by = now, by
    split.save()
    _changed(split)
    for pairing in (
        BranchPairing.objects.select_for_update().filter(pk__in=[group.pairing_id for group in groups]).order_by("pk")
    ):
        # Boards opened before show people who stand elsewhere now.
        pairing.board_version += 1
        pairing.save(update_fields=["board_version"])
    return {"placed": len(changed), "ended": ended, "told": _tell(split, changed, by=by, now=now)}


def _end_pairs_elsewhere(place: GroupPlace, today: date) -> int:
    pairs = MemberPairing.objects.filter(
        helper_id=place.person_id, ended_on=None, pairing__academic_year_id=place.academic_year_id
    )
    if place.group is not None:
        pairs = pairs.exclude(pairing_id=place.group.pairing_id)
    ended = 0
    for pair in pairs:
        if pair.is_draft:
            pair.delete()
        else:
            end_member_pairing(pair=pair, on=today, reason=_("moved to another group"))
            ended += 1
    return ended


def _tell(split: BranchSplit, changed: Sequence[GroupPlace], *, by: User, now: datetime) -> int:
    return post_notices(
        notices=[
            DueNotice(
                kind=GROUPS_PUBLISHED,
                user_id=place.person.user_id,
                dedupe_key=f"{GROUPS_PUBLISHED}:{split.pk}:{split.version}:{place.person.user_id}",
                subject={"split": split.pk, "name": str(place.group.pairing)},
                link=f"/pairings/{place.group.pairing_id}/",
            )
            for place in changed
            if place.group is not None and place.person.user_id and place.person.user_id != by.pk
        ],
        now=now,
    )
