"""Transfers: asked, taken, refused, called off; letters and receipts; stays. What ends, and when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members import transfer_services as services
from members.access import scope_for
from members.due_transfers import transfer_due
from members.models import AffiliationTransfer, MobileMember, Person, Post
from members.successors import ideas_for
from members.year_turn import preview_turn
from mentoring.models import Mentorship
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings.models import GroupPlace, MemberPairing
from tests.conftest import TODAY
from tests.mentoring.crew import link
from tests.pairings.crew import activate

pytestmark = pytest.mark.django_db


def act(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY, "now": timezone.now()}


def go(cast, name):
    found = act(cast, name)
    del found["now"]
    return found


def ask(cast, name="er_secretary", who="er_member", to=None, on=TODAY):
    return services.ask_move(person=cast.person(who), to_branch=to or cast.san, on=on, **act(cast, name))


@pytest.fixture
def busy(cast):
    """er_member: a post, a pair and a link in Er; a League duty stays out of it."""
    member = cast.person("er_member")
    post = Post.objects.create(person=member, party_branch=cast.er, kind="publicity_officer", since=dt.date(2026, 9, 1))
    pairing = activate(cast)
    pair = MemberPairing.objects.create(
        pairing=pairing, helper=member, partner=cast.person("san_member"), starts_on=dt.date(2026, 10, 8), published_at=timezone.now()
    )  # fmt: skip
    row = link(cast, member, cast.person("er_probationary"), who="er_secretary")
    return {"post": post, "pair": pair, "link": row}


def state_of(busy):
    return {name: type(row).objects.get(pk=row.pk).ended_on for name, row in busy.items()}


NOTHING_ENDED = {"post": None, "pair": None, "link": None}
ALL_ENDED = {"post": TODAY, "pair": TODAY, "link": TODAY}


def test_one_branch_asks_and_the_other_takes(cast, busy):
    row = ask(cast)
    assert (row.state, row.from_branch, row.to_branch) == ("open", cast.er, cast.san)
    assert state_of(busy) == NOTHING_ENDED
    assert list(Notice.objects.filter(kind="members.transfer_asked").values_list("user", flat=True)) == [
        cast.user("san_secretary").pk
    ]
    lines = services.take_move(transfer=row, **act(cast, "san_secretary"))
    assert state_of(busy) == ALL_ENDED
    assert len(lines) == 3
    person = Person.objects.get(pk=row.person_id)
    assert (person.party_branch, person.left_on) == (cast.san, None)
    row.refresh_from_db()
    assert (row.state, row.history.count()) == ("done", 2)
    assert Mentorship.objects.get(pk=busy["link"].pk).end_reason == "转到其他支部"
    assert {notice.user_id for notice in Notice.objects.filter(kind="members.transfer_done")} == {
        cast.user("er_secretary").pk, cast.user("er_deputy").pk, cast.user("er_member").pk,
    }  # fmt: skip
    assert Notice.objects.get(kind="members.transfer_asked").obsolete_at is not None


def test_the_receiving_branch_asks_and_the_old_one_lets_go(cast):
    department = services.ask_move(
        person=cast.person("er_member"), to_branch=cast.san, on=TODAY, **act(cast, "san_secretary")
    )
    assert services.answering_branches(department) == [cast.er]
    assert not services.may_answer(department, scope_for(cast.user("san_secretary")))
    services.take_move(transfer=department, **act(cast, "er_deputy"))
    assert Person.objects.get(pk=department.person_id).party_branch == cast.san


def test_the_department_moves_at_once(cast, busy):
    row = ask(cast, "mech_organiser")
    assert row.state == "done"
    assert state_of(busy) == ALL_ENDED


def test_who_asked_does_not_answer_and_strangers_neither(cast):
    row = ask(cast)
    for name in ("er_secretary", "er_deputy", "si_secretary", "civil_organiser", "administrator"):
        with pytest.raises(Refused):
            services.take_move(transfer=row, **act(cast, name))
    assert Person.objects.get(pk=row.person_id).party_branch == cast.er


def test_a_planned_move_waits_for_its_day(cast, busy):
    row = ask(cast, on=dt.date(2026, 11, 1))
    with pytest.raises(Refused, match="2026年11月1日"):
        services.take_move(transfer=row, **act(cast, "san_secretary"))
    assert state_of(busy) == NOTHING_ENDED
    later = act(cast, "san_secretary") | {"today": dt.date(2026, 11, 1)}
    services.take_move(transfer=row, **later)
    assert state_of(busy) == dict.fromkeys(ALL_ENDED, dt.date(2026, 11, 1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "er"}, "to_branch"),
        ({"on": dt.date(2026, 10, 27)}, ""),
        ({"on": dt.date(2028, 10, 27)}, "starts_on"),
        ({"name": "san_member"}, "to_branch"),
        ({"name": "administrator"}, "to_branch"),
        ({"who": "classmate"}, ""),
    ],
)
def test_what_is_refused(cast, changes, field):
    given = {key: getattr(cast, value) if key == "to" else value for key, value in changes.items()}
    with pytest.raises(Refused) as refusal:
        ask(cast, **given)
    assert refusal.value.field == (field or refusal.value.field)
    assert AffiliationTransfer.objects.count() == 0


def test_one_transfer_at_a_time(cast):
    ask(cast)
    with pytest.raises(Refused, match="罗萍妍"):
        ask(cast, to=cast.si)
    assert AffiliationTransfer.objects.count() == 1


def test_an_open_one_is_called_off_with_a_reason(cast, busy):
    row = ask(cast)
    with pytest.raises(Refused):
        services.call_off(
            transfer=row,
            reason=" ",
            scope=scope_for(cast.user("er_secretary")),
            by=cast.user("er_secretary"),
            now=timezone.now(),
        )
    services.call_off(
        transfer=row, reason="本人不转", scope=scope_for(cast.user("san_secretary")), by=cast.user("san_secretary"), now=timezone.now()
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.state, row.reason, state_of(busy)) == ("called_off", "本人不转", NOTHING_ENDED)
    with pytest.raises(Refused):
        services.take_move(transfer=row, **act(cast, "san_secretary"))
    assert ask(cast).state == "open"


def test_to_another_department_the_class_stays_behind(cast):
    row = services.ask_move(
        person=cast.person("san_member"), to_branch=cast.liu, on=TODAY, **act(cast, "college_organiser")
    )
    person = Person.objects.get(pk=row.person_id)
    assert (row.state, person.party_branch, person.department, person.school_class) == (
        "done",
        cast.liu,
        cast.civil,
        None,
    )


def test_what_is_held_is_shown_before(cast, busy):
    holdings = services.moving_preview(people=[cast.person("er_member")], branch_id=cast.er.pk, on=TODAY)
    assert [len(lines) for _label, lines in holdings.endings] == [1, 1, 1]
    assert state_of(busy) == NOTHING_ENDED
    elsewhere = services.moving_preview(people=[cast.person("er_member")], branch_id=cast.san.pk, on=TODAY)
    assert elsewhere.is_empty


def test_successors_are_full_members_who_stay_the_deputy_first(cast):
    ideas = ideas_for(cast.person("er_secretary").pk, cast.er.pk, TODAY)
    assert [list(idea.names) for idea in ideas] == [["张红", "罗萍妍"]]


def test_a_move_takes_the_place_in_a_group_away(cast, busy):
    from pairings.models import BranchSplit

    split = BranchSplit.objects.create(academic_year=cast.year, branch=cast.er)
    GroupPlace.objects.create(split=split, academic_year=cast.year, person=cast.person("er_member"))
    ask(cast, "mech_organiser")
    assert GroupPlace.objects.count() == 0


# --- Out, staying, abroad ------------------------------------------------------------------------


def send(cast, kind="out", on=TODAY, who="er_member", **more):
    more = {"to_unit": "南宁市青秀区人才服务中心党委", "letter_number": "2026-018"} | more if kind == "out" else more
    return services.start_going(person=cast.person(who), kind=kind, on=on, **more, **go(cast, "er_secretary"))


def test_a_letter_is_valid_ninety_days_and_the_receipt_lets_go(cast, busy):
    row = send(cast)
    assert row.valid_until_on == dt.date(2027, 1, 26)
    assert state_of(busy) == NOTHING_ENDED
    on = dt.date(2026, 12, 1)
    lines = services.record_receipt(transfer=row, on=on, **act(cast, "er_secretary") | {"today": dt.date(2026, 12, 3)})
    person = Person.objects.get(pk=row.person_id)
    row.refresh_from_db()
    assert (row.state, row.receipt_on, person.left_on, person.stage) == ("done", on, on, "left")
    assert state_of(busy) == dict.fromkeys(ALL_ENDED, on)
    assert lines
    person.user.refresh_from_db()
    assert not person.user.is_active


@pytest.mark.parametrize("on", [dt.date(2026, 10, 27), dt.date(2026, 10, 29)])
def test_a_receipt_comes_between_the_letter_and_today(cast, on):
    row = send(cast)
    with pytest.raises(Refused):
        services.record_receipt(transfer=row, on=on, **act(cast, "er_secretary"))
    assert Person.objects.get(pk=row.person_id).left_on is None


def due_of(row, today):
    found = transfer_due(row, today)
    return (found.what, found.is_late) if found else None


def test_what_is_due_about_a_letter(cast):
    row = send(cast)
    assert due_of(row, dt.date(2027, 1, 11)) is None
    assert due_of(row, dt.date(2027, 1, 12)) == ("letter_expires", False)
    assert due_of(row, dt.date(2027, 1, 26)) == ("letter_expires", False)
    assert due_of(row, dt.date(2027, 1, 27)) == ("receipt_missing", True)
    services.renew_letter(
        transfer=row, on=dt.date(2027, 1, 27), letter_number="2027-001", to_unit="同上",
        **act(cast, "er_secretary") | {"today": dt.date(2027, 1, 27)},
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.valid_until_on, due_of(row, dt.date(2027, 1, 27))) == (dt.date(2027, 4, 27), None)


def test_an_affiliation_stays_two_years_at_most_and_its_person_does_not_leave_in_september(cast):
    row = send(cast, "stays")
    assert row.valid_until_on == dt.date(2028, 10, 28)
    assert due_of(row, dt.date(2027, 4, 20)) is None
    assert due_of(row, dt.date(2027, 4, 21)) == ("contact_due", False)
    assert due_of(row, dt.date(2028, 8, 29)) == ("stay_ends", False)
    assert due_of(row, dt.date(2028, 10, 29)) == ("stay_ends", True)
    september = dt.date(2027, 9, 1)
    names = {
        person.name for person in preview_turn(scope=scope_for(cast.user("mech_organiser")), today=september).leaving
    }
    assert cast.person("er_member").name not in names
    assert cast.person("er_deputy").name in names
    with pytest.raises(Refused):
        send(cast, "stays", who="er_deputy", until=dt.date(2028, 10, 29))


def test_a_stay_goes_on_with_a_letter_or_ends(cast):
    row = send(cast, "abroad")
    services.record_contact(transfer=row, on=TODAY, **act(cast, "er_secretary"))
    letter = services.letter_after_stay(
        transfer=row, to_unit="新单位党委", letter_number="", on=TODAY, **act(cast, "er_secretary")
    )
    row.refresh_from_db()
    assert (row.state, letter.kind, letter.state) == ("done", "out", "open")
    other = send(cast, "stays", who="er_deputy")
    services.end_stay(transfer=other, on=TODAY, **act(cast, "er_secretary"))
    assert Person.objects.get(pk=other.person_id).left_on == TODAY


@pytest.mark.parametrize(
    ("who", "name", "more"),
    [
        ("san_activist", "san_secretary", {}),
        ("er_member", "san_secretary", {}),
        ("er_member", "administrator", {}),
        ("er_member", "er_secretary", {"to_unit": "  "}),
        ("er_member", "er_secretary", {"kind": "branch"}),
    ],
)
def test_a_letter_is_refused(cast, who, name, more):
    given = {"kind": "out", "to_unit": "单位", "on": TODAY} | more
    with pytest.raises(Refused):
        services.start_going(person=cast.person(who), **given, **go(cast, name))
    assert AffiliationTransfer.objects.count() == 0


def test_who_leaves_closes_a_move_and_keeps_the_letter(cast):
    from members.services import leave_people

    move, letter = ask(cast), send(cast, who="er_deputy")
    MobileMember.objects.create(
        person=cast.person("er_probationary"), contact=cast.person("er_member"), from_on=TODAY, cause="实习"
    )
    people = [cast.person("er_member"), cast.person("er_deputy")]
    leave_people(people=people, left_on=TODAY, today=TODAY, by=cast.user("mech_organiser"))
    states = dict(AffiliationTransfer.objects.values_list("pk", "state"))
    assert states == {move.pk: "called_off", letter.pk: "open"}
    assert MobileMember.objects.get().contact is None
    services.record_receipt(transfer=letter, on=TODAY, **act(cast, "er_secretary"))
    assert AffiliationTransfer.objects.get(pk=letter.pk).state == "done"
