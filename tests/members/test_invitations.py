"""Invitations: states, counts, codes for many, and whose account somebody may open."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import ActivationCode, AuditEvent, User
from members import invitations
from members.access import scope_for
from members.models import Person, Post, StaffRole
from tests.conftest import TODAY

LIST, ISSUE = reverse("invitations"), reverse("invitations_issue")


@pytest.fixture
def newcomers(cast):
    """Three people of branch Er and two classmates without an account."""
    made = {}
    for position, name in enumerate(["韦一", "韦二", "韦三"]):
        made[name] = Person.objects.create(
            number=f"2026031010{position}", name=name, department=cast.mech, party_branch=cast.er, programme="bachelor"
        )
    for position, name in enumerate(["覃一", "覃二"]):
        made[name] = Person.objects.create(
            number=f"2026059110{position}", name=name, department=cast.civil, school_class=cast.class_26
        )
    return made


def issue(client, *people, **more):
    return client.post(ISSUE, {"people": [person.pk for person in people], **more})


def slips(answer):
    return [slip for page in answer.context["pages"] for slip in page]


def counts_for(cast, name):
    people = invitations.invitable(scope_for(cast.user(name)))
    return {key: value for key, value in invitations.account_counts(people, timezone.now()).items() if value}


def test_the_states_from_no_account_to_active(cast, sign_in, newcomers, fixed_clock):
    one, two, three = (newcomers[name] for name in ("韦一", "韦二", "韦三"))
    assert counts_for(cast, "er_secretary") == {"none": 3, "active": 4}
    codes = {slip["number"]: slip["code"] for slip in slips(issue(sign_in("er_secretary"), one, two))}
    assert counts_for(cast, "er_secretary") == {"none": 1, "invited": 2, "active": 4}
    accounts.activate(username=one.number, code=codes[one.number], password="Qing-shan-2041", now=timezone.now())
    assert counts_for(cast, "er_secretary") == {"none": 1, "invited": 1, "active": 5}
    fixed_clock.shift(dt.timedelta(days=14))
    assert counts_for(cast, "er_secretary") == {"none": 1, "expired": 1, "active": 5}
    invitations.close_accounts(people=[one], now=timezone.now())
    assert counts_for(cast, "er_secretary") == {"none": 1, "expired": 1, "active": 4, "closed": 1}
    page = sign_in("er_secretary").get(LIST, {"state": "expired"})
    assert [person.name for person in page.context["page"]] == ["韦二"]
    assert [state["count"] for state in page.context["states"]] == [1, 0, 1, 4, 1]
    assert slips(issue(sign_in("er_secretary"), two))[0]["number"] == two.number
    assert Person.objects.get(pk=three.pk).user is None


def test_slips_carry_name_number_code_place_and_address(cast, sign_in, newcomers):
    answer = issue(sign_in("er_secretary"), newcomers["韦一"])
    (slip,) = slips(answer)
    person = Person.objects.get(pk=newcomers["韦一"].pk)
    assert (slip["name"], slip["number"], slip["place"]) == ("韦一", person.number, str(cast.er))
    assert slip["expires_at"] == timezone.now() + dt.timedelta(days=14)
    assert answer.context["address"] == "http://testserver/accounts/activate/"
    assert "no-store" in answer.headers["Cache-Control"]
    content = answer.content.decode()
    assert content.count(slip["code"]) == 1
    assert "<svg" in slip["qr"]
    assert person.user.display_name == "韦一"
    assert person.history.first().history_user == cast.user("er_secretary")
    assert (
        accounts.activate(username=person.number, code=slip["code"], password="Qing-shan-2041", now=timezone.now())
        == person.user
    )


def test_the_codes_are_seen_once_and_never_in_an_address(sign_in, newcomers):
    client = sign_in("er_secretary")
    (slip,) = slips(issue(client, newcomers["韦一"]))
    assert slip["code"] not in client.get(LIST).content.decode()
    assert client.get(ISSUE).status_code == 405


def test_the_square_holds_the_number_and_not_the_code(sign_in, newcomers, monkeypatch):
    drawn = []
    monkeypatch.setattr("accounts.slips.qr_code", lambda text: drawn.append(text) or "")
    (slip,) = slips(issue(sign_in("er_secretary"), newcomers["韦一"]))
    assert drawn == [f"http://testserver/accounts/activate/?number={slip['number']}"]


def test_eight_slips_a_page(cast, sign_in):
    people = [
        Person.objects.create(number=f"20260310{n}", name=f"韦{n}", department=cast.mech, party_branch=cast.er)
        for n in range(100, 109)
    ]
    assert [len(page) for page in issue(sign_in("er_secretary"), *people).context["pages"]] == [8, 1]


def test_all_without_a_code_of_the_chosen_class(cast, sign_in, newcomers):
    client = sign_in("civil_organiser")
    answer = client.post(ISSUE, {"all": "1", "class": cast.class_26.pk})
    assert [slip["number"] for slip in slips(answer)] == [newcomers["覃二"].number, newcomers["覃一"].number]
    assert client.post(ISSUE, {"all": "1", "class": cast.class_26.pk}).status_code == 302  # nobody is left without


def test_issuing_again_replaces_the_code(sign_in, newcomers):
    client, person = sign_in("er_secretary"), newcomers["韦一"]
    (first,), (second,) = slips(issue(client, person)), slips(issue(client, person))
    assert first["code"] != second["code"]
    assert ActivationCode.objects.open(timezone.now()).count() == 1


def test_who_is_active_left_or_closed_gets_no_code_and_the_reason_is_said(cast, sign_in, newcomers):
    left, closed = newcomers["韦一"], newcomers["韦二"]
    issue(sign_in("er_secretary"), closed)
    invitations.close_accounts(people=[closed], now=timezone.now())
    left.left_on = TODAY
    left.settle_stage(TODAY)
    left.save()
    invited = invitations.invite_people(
        people=[left, closed, cast.person("er_member")], issued_by=cast.user("er_secretary"),
        scope=scope_for(cast.user("er_secretary")), now=timezone.now(),
    )  # fmt: skip
    assert invited.issued == []
    assert sorted(who for who, why in invited.skipped if why) == ["罗萍妍", "韦一", "韦二"]
    assert len({why for _who, why in invited.skipped}) == 3


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("er_secretary", {"韦一", "韦二", "韦三"}),
        ("er_deputy", {"韦一", "韦二", "韦三"}),
        ("mech_organiser", {"韦一", "韦二", "韦三"}),
        ("civil_organiser", {"覃一", "覃二"}),
        ("counsellor", {"覃一", "覃二"}),
        ("liu_secretary", {"覃一", "覃二"}),
        ("college_organiser", {"韦一", "韦二", "韦三", "覃一", "覃二"}),
        ("administrator", {"韦一", "韦二", "韦三", "覃一", "覃二"}),
        ("san_secretary", set()),
    ],
)
def test_everybody_invites_their_own_people_only(sign_in, newcomers, name, seen):
    client = sign_in(name)
    page = client.get(LIST, {"state": "none"})
    assert {person.name for person in page.context["page"]} == seen
    answer = issue(client, *newcomers.values())
    assert ({slip["name"] for slip in slips(answer)} if seen else answer.url.split("?")[0]) == (seen or LIST)
    assert (
        set(
            Person.objects.exclude(user=None)
            .filter(pk__in=[p.pk for p in newcomers.values()])
            .values_list("name", flat=True)
        )
        == seen
    )


@pytest.mark.parametrize("name", ["er_member", "league_secretary", "classmate", "stranger"])
def test_nobody_else_enters(sign_in, newcomers, name):
    client = sign_in(name)
    assert client.get(LIST).status_code == 403
    assert issue(client, *newcomers.values()).status_code == 403
    assert client.post(reverse("invitation_reset", args=[newcomers["韦一"].pk])).status_code == 403
    assert not ActivationCode.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"people": ["0", "-1", "abc", "999999", "9" * 40, "１", ""]},
        {},
        {"all": "1", "branch": "x", "class": "9" * 30, "q": "\x00nobody"},
    ],
)
def test_odd_choices_invite_nobody(sign_in, newcomers, data):
    answer = sign_in("er_secretary").post(ISSUE, data)
    assert answer.status_code == 302
    assert answer.url.startswith(LIST)
    assert not ActivationCode.objects.exists()


@pytest.mark.parametrize(
    "query", ["page=-1", "page=1000000", "state=nonsense", "branch=%00", "class=1e5", "q=" + "x" * 10000, "q=%25_"]
)
def test_odd_addresses_show_the_list(sign_in, query):
    assert sign_in("er_secretary").get(f"{LIST}?{query}").status_code == 200


def test_the_same_person_ticked_a_hundred_times_gets_one_slip(sign_in, newcomers):
    assert len(slips(issue(sign_in("er_secretary"), *[newcomers["韦一"]] * 100))) == 1


def test_no_more_than_a_batch_at_once(cast, sign_in, monkeypatch, newcomers):
    monkeypatch.setattr(invitations, "AT_ONCE", 2)
    assert len(slips(sign_in("er_secretary").post(ISSUE, {"all": "1"}))) == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_number_of_questions_for_one_and_three(
    cast, sign_in, rows, django_assert_max_num_queries
):
    for position in range(rows):
        Person.objects.create(
            number=f"2026031010{position}", name=f"韦{position}", department=cast.mech, party_branch=cast.er
        )
    client = sign_in("er_secretary")
    client.get(LIST)
    with django_assert_max_num_queries(26):
        client.get(LIST, {"state": "none"})


# --- Whoever hands out a code could use it ------------------------------------------------------


def test_a_secretary_does_not_open_the_account_of_a_colleague_with_more_rights(cast, sign_in, newcomers):
    person = newcomers["韦一"]
    account = accounts.create_account(number=person.number, name=person.name)
    StaffRole.objects.create(user=account, kind="organiser", department=cast.civil)
    answer = issue(sign_in("er_secretary"), person)
    assert (slips(answer), [who for who, _why in answer.context["skipped"]]) == ([], ["韦一"])
    assert slips(issue(sign_in("administrator"), person))[0]["number"] == person.number


def test_an_account_of_the_same_number_in_other_letters_is_guarded_too(cast, sign_in):
    account = User.objects.create_user("K0001", display_name="覃老师")
    StaffRole.objects.create(user=account, kind="organiser", department=cast.civil)
    person = Person.objects.create(number="k0001", name="假名", department=cast.mech, party_branch=cast.er)
    assert slips(issue(sign_in("er_secretary"), person)) == []
    assert not account.activation_codes.exists()


def test_a_counsellor_does_not_open_the_account_of_a_branch_officer(cast, sign_in):
    officer = Person.objects.create(
        number="20260591200", name="覃三", department=cast.civil, school_class=cast.class_26, party_branch=cast.liu
    )
    Post.objects.create(person=officer, party_branch=cast.liu, kind="organization_officer", since=TODAY)
    answer = issue(sign_in("counsellor"), officer)
    assert slips(answer) == []
    assert len(slips(issue(sign_in("liu_secretary"), officer))) == 1


def test_an_account_in_use_is_linked_but_gets_no_code(cast, sign_in):
    """The stranger signs in already; standing in a roster now opens nothing to who typed the row."""
    person = Person.objects.create(number="X0001", name="路人", department=cast.mech, party_branch=cast.er)
    answer = issue(sign_in("er_secretary"), person)
    person.refresh_from_db()
    assert (slips(answer), person.user) == ([], cast.user("stranger"))
    assert not ActivationCode.objects.exists()


def reset(client, person):
    return client.post(reverse("invitation_reset", args=[person.pk]))


def test_a_forgotten_password_gets_a_new_code(cast, sign_in):
    member = cast.person("er_member")
    (slip,) = slips(reset(sign_in("er_secretary"), member))
    member.user.refresh_from_db()
    assert not member.user.has_usable_password()
    assert accounts.activate(username=member.number, code=slip["code"], password="Qing-shan-2041", now=timezone.now())
    assert AuditEvent.objects.get(action="reset").user == cast.user("er_secretary")


@pytest.mark.parametrize(
    ("by", "who", "status"),
    [
        ("er_secretary", "er_secretary", 302),  # oneself: through the account page
        ("er_deputy", "er_secretary", 302),  # branch officers: the department
        ("mech_organiser", "er_secretary", 200),
        ("administrator", "er_secretary", 200),
        ("counsellor", "classmate", 200),
        ("counsellor", "league_secretary", 200),
        ("er_secretary", "san_member", 404),
        ("counsellor", "liu_member", 404),
    ],
)
def test_who_resets_whom(cast, sign_in, by, who, status):
    assert reset(sign_in(by), cast.person(who)).status_code == status
    user = cast.user(who)
    user.refresh_from_db()
    assert user.has_usable_password() == (status != 200)


@pytest.mark.parametrize(
    ("by", "opens"),
    [("er_secretary", False), ("mech_organiser", False), ("college_organiser", False), ("administrator", True)],
)
def test_the_account_of_an_administrator_is_opened_and_reset_by_administrators_alone(cast, sign_in, by, opens):
    """Whoever hands out a code could use it: power over the people of the college is not power over the portal."""
    member, client = cast.person("er_member"), sign_in(by)
    User.objects.filter(pk=member.user_id).update(is_superuser=True)
    assert (reset(client, member).status_code == 200) == opens
    member.user.refresh_from_db()
    assert member.user.has_usable_password() != opens

    waiting = accounts.create_account(number="20260310900", name="韦九")
    User.objects.filter(pk=waiting.pk).update(is_superuser=True)
    person = Person.objects.create(number="20260310900", name="韦九", department=cast.mech, party_branch=cast.er)
    answer = issue(client, person)
    assert [slip["number"] for slip in slips(answer)] == ([person.number] if opens else [])
    assert waiting.activation_codes.exists() == opens


# --- Leaving ------------------------------------------------------------------------------------


def test_accounts_of_leavers_close_but_not_those_of_staff(cast):
    StaffRole.objects.create(user=cast.user("san_secretary"), kind="organiser", department=cast.mech)
    people = [cast.person("er_member"), cast.person("san_secretary").pk]
    assert invitations.close_accounts(people=people, by=cast.user("mech_organiser"), now=timezone.now()) == 1
    assert invitations.close_accounts(people=people, now=timezone.now()) == 0
    open_now = {name: User.objects.get(pk=cast.user(name).pk).is_active for name in ("er_member", "san_secretary")}
    assert open_now == {"er_member": False, "san_secretary": True}
