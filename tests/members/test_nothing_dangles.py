"""Nothing dangles: whatever happens in whatever order, nobody who left or moved holds anything of the branch they left.

Random histories through the services: posts, pairs, links, guidances, lecture duties, Party groups, mobile members, moves, letters,
leavings; with what is held handed over to successors, and with transfers taken back.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activities.models import LectureDuty
from activities.services import assign_duty
from branches.models import LeagueBranch
from members import mobile_services, transfer_services
from members.hand_over import choosable
from members.models import AffiliationTransfer, MobileMember, PartyGroup, PartyGroupPlace, Person, Post
from members.party_group_services import assign_members, change_leader, set_up_group
from members.post_services import appoint_to_post
from members.services import leave_people
from members.take_back_services import take_back
from mentoring.guidance_services import arrange_guidance
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.services import arrange_link
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import move_effects
from pairing_portal.common.scope import Role, Scope
from pairings.models import BranchPairing, CommitteePairing, GroupPlace, MemberPairing
from tests.conftest import TODAY
from tests.mentoring.crew import new_members, seniors
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db

COLLEGE = Scope(user_id=1, roles=frozenset({Role.STAFF}), college_staff=True, whole_college=True)
KINDS = ("publicity_officer", "organization_officer", "deputy_secretary", "youth_officer")
OPERATIONS = (
    "post",
    "pair",
    "posts_paired",
    "link",
    "guide",
    "duty",
    "mobile",
    "move",
    "letter",
    "receipt",
    "stay",
    "leave",
    "place",
    "group",
    "lead",
    "hand_over",
    "receipt_over",
    "back",
)

steps = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 7), st.integers(0, 7), st.integers(0, 3)),
    min_size=8,
    max_size=22,
)


class World:
    """Six people in Er and Liu and what they may do; a step that the rules refuse is passed over."""

    def __init__(self, cast):
        self.by: User = cast.user("college_organiser")
        self.cast = cast
        self.branches = [cast.er, cast.san, cast.liu, cast.si]
        self.leagues = [cast.one, cast.old]
        LeagueBranch.objects.update(is_active=True)
        self.people = [
            cast.person("er_member"), cast.person("er_deputy"), cast.person("er_probationary"), cast.person("liu_member"),
            cast.person("san_member"), *seniors(cast, 2), *new_members(cast, 1),
        ]  # fmt: skip
        self.pairing: BranchPairing = activate(cast)
        self.day = TODAY
        self.done = self.handed = self.taken_back = 0
        # What a mover still held of the old branch when the move was done. Later the branch may ask them back for something.
        self.kept: list[object] = []

    def who(self, **more):
        return {"scope": COLLEGE, "by": self.by, "today": self.day, "now": timezone.now()} | more

    def run(self, name, first, second, third):
        person = Person.objects.select_related("party_branch").get(pk=self.people[first % len(self.people)].pk)
        other = Person.objects.get(pk=self.people[second % len(self.people)].pk)
        try:
            with transaction.atomic():
                getattr(self, name)(person, other, third)
                self.done += 1
        except Refused:
            pass

    def post(self, person, other, n):
        if person.party_branch:
            appoint_to_post(
                person=person, kind=KINDS[n], branch=person.party_branch, since=self.day, scope=COLLEGE, by=self.by,
                now=timezone.now(), replace_holder=True,
            )  # fmt: skip

    def pair(self, person, other, n):
        """Boards publish pairs of whole groups; here one of the two branches in the pairing, both present."""
        sides = (self.pairing.helping_branch_id, self.pairing.partner_branch_id)
        here = Person.objects.present().filter(pk__in=(person.pk, other.pk))
        standing = MemberPairing.objects.filter(pairing=self.pairing, ended_on=None, helper=person, partner=other)
        if (person.party_branch_id, other.party_branch_id) == sides and here.count() == 2 and not standing.exists():
            MemberPairing.objects.create(
                pairing=self.pairing, helper=person, partner=other, starts_on=self.day, published_at=timezone.now() if n else None
            )  # fmt: skip

    def posts_paired(self, person, other, n):
        post = Post.objects.filter(person=person, party_branch=self.pairing.helping_branch, ended_on=None).first()
        if post and not CommitteePairing.objects.filter(pairing=self.pairing, kind=post.kind, ended_on=None).exists():
            CommitteePairing.objects.create(
                pairing=self.pairing, kind=post.kind, helping_post=post, published_at=timezone.now()
            )

    def link(self, person, other, n):
        arrange_link(
            tier=3, mentor=person, mentee=other, starts_on=self.day, accept_warnings=True, as_draft=n == 0, **self.who()
        )

    def guide(self, person, other, n):
        arrange_guidance(
            guide=person, league_branch=self.leagues[n % 2], starts_on=self.day, focus_areas=["study_climate"],
            accept_warnings=True, as_draft=n == 0, **self.who(),
        )  # fmt: skip

    def duty(self, person, other, n):
        if person.left_on is None:
            assign_duty(person=person, league_branch=self.leagues[n % 2], academic_year=self.cast.year)

    def place(self, person, other, n):
        from pairings.models import BranchSplit

        if person.party_branch_id == self.cast.er.pk and person.left_on is None:
            split, _made = BranchSplit.objects.get_or_create(academic_year=self.cast.year, branch=self.cast.er)
            GroupPlace.objects.get_or_create(split=split, academic_year=self.cast.year, person=person)

    def mobile(self, person, other, n):
        mobile_services.register_mobile(
            person=person, from_on=self.day, to_on=None, cause="实习", contact=other, talked_on=None, scope=COLLEGE, by=self.by,
            today=self.day,
        )  # fmt: skip

    def move(self, person, other, n):
        row = transfer_services.ask_move(person=person, to_branch=self.branches[n], on=self.day, **self.who())
        if row.state == "done":
            self.kept += held_of(row.person_id, row.from_branch_id)

    def group(self, person, other, n):
        """The person's branch has a group; both are put into it where they are of the branch."""
        if person.party_branch is None:
            return
        who = {"scope": COLLEGE, "by": self.by, "today": self.day}
        group = PartyGroup.objects.active().filter(branch=person.party_branch).first()
        if group is None:
            group, _problems = set_up_group(
                branch=person.party_branch, name="第一党小组", people=[person.pk], on=self.day, **who
            )
        assign_members(group=group, people={person.pk, other.pk} if n else {person.pk}, on=self.day, **who)

    def lead(self, person, other, n):
        place = PartyGroupPlace.objects.open().filter(person=person).select_related("group").first()
        if place is not None:
            change_leader(group=place.group, leader_id=person.pk, scope=COLLEGE, by=self.by, today=self.day)

    def choices(self, person, branch_id, n):
        """Each thing to its best successor, the second, the third, or nobody, by turns."""
        ideas = choosable(person.pk, branch_id, self.day, COLLEGE)
        found = {}
        for position, idea in enumerate(ideas):
            people = [one.person_id for one in idea.candidates]
            found[idea.key] = [*people, None][(n + position) % (len(people) + 1)]
        self.handed += sum(to is not None for to in found.values())
        return found

    def hand_over(self, person, other, n):
        """A move with successors, asked by the department: carried out at once."""
        successors = self.choices(person, person.party_branch_id, n) if person.party_branch_id else {}
        row = transfer_services.ask_move(
            person=person, to_branch=self.branches[n], on=self.day, successors=successors, **self.who()
        )
        if row.state == "done":
            self.kept += held_of(row.person_id, row.from_branch_id)

    def receipt_over(self, person, other, n):
        row = AffiliationTransfer.objects.open().filter(person=person, kind="out").first()
        if row:
            transfer_services.record_receipt(
                transfer=row, on=self.day, successors=self.choices(person, None, n), **self.who()
            )

    def back(self, person, other, n):
        row = AffiliationTransfer.objects.filter(person=person, state="done").order_by("-pk").first()
        if row:
            take_back(transfer=row, reason="登记错了", **self.who())
            self.taken_back += 1
            # What was kept from then is of that branch again.
            self.kept = [one for one in self.kept if person.pk not in people_of(one)]

    def letter(self, person, other, n):
        transfer_services.start_going(
            person=person, kind="out", on=self.day, to_unit="单位", scope=COLLEGE, by=self.by, today=self.day
        )

    def stay(self, person, other, n):
        transfer_services.start_going(
            person=person, kind=("stays", "abroad")[n % 2], on=self.day, scope=COLLEGE, by=self.by, today=self.day
        )

    def receipt(self, person, other, n):
        row = AffiliationTransfer.objects.open().filter(person=person).exclude(kind="branch").first()
        if row and row.kind == "out":
            transfer_services.record_receipt(transfer=row, on=self.day, **self.who())
        elif row:
            transfer_services.end_stay(transfer=row, on=self.day, **self.who())

    def leave(self, person, other, n):
        if n == 0:
            leave_people(people=[person], left_on=self.day, today=self.day, by=self.by)


def people_of(row) -> set[int]:
    return {getattr(row, name, 0) for name in ("person_id", "mentor_id", "mentee_id")}


def held_of(person_id, branch_id) -> list[object]:
    """Links, guidances and lecture duties somebody holds of a branch."""
    duties = LectureDuty.objects.filter(person=person_id, league_branch__party_branch=branch_id, ended_on=None)
    guidances = LeagueGuidance.objects.open().filter(person=person_id, party_branch=branch_id)
    links = Mentorship.objects.open().filter(Q(mentor=person_id) | Q(mentee=person_id), party_branch=branch_id)
    return [*duties, *guidances, *links]


def dangling(world) -> dict[str, list[object]]:
    """What is held by somebody who left, or who is not in the branch it hangs on."""
    gone = Person.objects.filter(left_on__isnull=False).values("pk")
    on_side = Q(helper__party_branch=F("pairing__helping_branch"), partner__party_branch=F("pairing__partner_branch"))
    post_side = Q(helping_post__person__party_branch=F("pairing__helping_branch"))
    open_pairs = MemberPairing.objects.filter(ended_on=None)
    links = Mentorship.objects.open()
    guidances, duties = LeagueGuidance.objects.open(), LectureDuty.objects.filter(ended_on=None)
    mobile = MobileMember.objects.open()
    found: dict[str, list[object]] = {
        "posts": list(Post.objects.filter(ended_on=None, person__in=gone)),
        "posts of an old branch": list(
            Post.objects.filter(ended_on=None, party_branch__isnull=False).exclude(
                party_branch=F("person__party_branch")
            )
        ),
        "pairs": list(open_pairs.filter(Q(helper__in=gone) | Q(partner__in=gone))),
        "pairs of an old branch": list(open_pairs.exclude(on_side)),
        "paired posts of an old branch": list(CommitteePairing.objects.filter(ended_on=None).exclude(post_side)),
        "places": list(GroupPlace.objects.exclude(person__party_branch=F("split__branch"))),
        "links": list(links.filter(Q(mentor__in=gone) | Q(mentee__in=gone))),
        "guidances": list(guidances.filter(person__in=gone)),
        "duties": list(duties.filter(person__in=gone)),
        "mobile": list(mobile.filter(Q(person__in=gone) | Q(contact__in=gone))),
        "contacts of another branch": list(
            mobile.filter(contact__isnull=False).exclude(contact__party_branch=F("person__party_branch"))
        ),
        "group places": list(PartyGroupPlace.objects.open().filter(person__in=gone)),
        "group places of an old branch": list(
            PartyGroupPlace.objects.open().exclude(person__party_branch=F("group__branch"))
        ),
        "leaders outside their group": [
            group
            for group in PartyGroup.objects.exclude(leader=None)
            if not PartyGroupPlace.objects.open().filter(group=group, person=group.leader).exists()
        ],
        "two pairs of the same two": [
            pair
            for pair in open_pairs
            if open_pairs.filter(pairing=pair.pairing, helper=pair.helper, partner=pair.partner).count() > 1
        ],
        "terms and links that ended before they began": [
            *Post.objects.filter(ended_on__lt=F("since")),
            *Mentorship.objects.filter(ended_on__lt=F("starts_on")),
        ],
        "accounts of people who are here again": list(
            Person.objects.filter(pk__in=[one.pk for one in world.people], left_on=None, user__is_active=False)
        ),
        "transfers": list(AffiliationTransfer.objects.open().exclude(kind="out").filter(person__in=gone)),
        "kept after a move": world.kept,
    }
    return {name: rows for name, rows in found.items() if rows}


def play(cast, history) -> World:
    world = World(cast)
    for step in history:
        world.run(*step)
    return world


QUICK = settings(
    max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@QUICK
@given(history=steps)
def test_nothing_dangles(cast, history):
    """Each history meets the cast as it was: what it did is taken back."""
    with transaction.atomic():
        found = dangling(play(cast, history))
        transaction.set_rollback(True)
    assert found == {}


# One history that holds one of everything and then goes: so that the property is not true of nothing.
FULL = [
    ("post", 0, 0, 0), ("posts_paired", 0, 0, 0), ("pair", 0, 4, 1), ("place", 0, 0, 0), ("link", 0, 2, 1), ("mobile", 0, 1, 0),
    ("link", 5, 7, 1), ("guide", 5, 0, 2), ("duty", 5, 0, 2), ("group", 0, 1, 1), ("lead", 0, 0, 0),
]  # fmt: skip


def test_a_full_history_ends_everything(cast):
    world = play(cast, FULL)
    assert world.done == len(FULL)
    held = [
        Post.objects.filter(ended_on=None, person=world.people[0]), MemberPairing.objects.filter(ended_on=None),
        CommitteePairing.objects.filter(ended_on=None), GroupPlace.objects.all(), Mentorship.objects.open(),
        LeagueGuidance.objects.open(), LectureDuty.objects.filter(ended_on=None), MobileMember.objects.exclude(contact=None),
        PartyGroupPlace.objects.open().filter(person=world.people[0]), PartyGroup.objects.exclude(leader=None),
    ]  # fmt: skip
    assert [rows.count() for rows in held] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
    for step in (("move", 0, 0, 3), ("move", 5, 0, 0)):
        world.run(*step)
    assert [rows.count() for rows in held] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert dangling(world) == {}


@pytest.mark.parametrize("room", ["activities", "mentoring", "mobile", "pairings", "party_groups"])
def test_the_property_notices_a_room_that_ends_nothing(cast, monkeypatch, room):
    """Without one room's ending, something dangles."""
    monkeypatch.setattr(move_effects, "_items", {key: item for key, item in move_effects._items.items() if key != room})
    world = play(cast, [*FULL, ("move", 0, 0, 3), ("move", 5, 0, 0)])
    assert world.done == len(FULL) + 2
    assert dangling(world) != {}


def test_a_full_history_is_handed_over_and_taken_back(cast):
    """The property is not true of nothing: successors take over, and what nobody took comes back."""
    world = play(cast, FULL)
    before = {"posts": Post.objects.filter(ended_on=None).count(), "links": Mentorship.objects.open().count()}
    for step in (("hand_over", 0, 0, 3), ("hand_over", 5, 0, 0)):
        world.run(*step)
    assert (world.done, world.handed > 3) == (len(FULL) + 2, True)
    assert dangling(world) == {}
    for step in (("back", 5, 0, 0), ("back", 0, 0, 0)):
        world.run(*step)
    assert (world.taken_back, dangling(world)) == (2, {})
    assert [Person.objects.get(pk=world.people[n].pk).party_branch for n in (0, 5)] == [cast.er, cast.liu]
    assert {"posts": Post.objects.filter(ended_on=None).count(), "links": Mentorship.objects.open().count()} == before


def test_the_days_of_what_ended(cast):
    world = play(cast, FULL)
    world.day = dt.date(2026, 11, 3)
    world.run("move", 0, 0, 3)
    assert Post.objects.get(person=world.people[0], kind="publicity_officer").ended_on == dt.date(2026, 11, 3)
    assert MemberPairing.objects.get().ended_on == dt.date(2026, 11, 3)
