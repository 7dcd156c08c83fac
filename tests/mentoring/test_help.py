""" "I need help": one tap, for the secretary alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from members.models import Post
from mentoring.help_services import answer_help, ask_help, readers_of, withdraw_help
from mentoring.models import HelpRequest
from notifications.models import Notice
from pairing_portal.common.problems import Refused

from .crew import TODAY, activists, link


def ask(cast, who="liu_activist", kind="first_mentor"):
    return ask_help(person=cast.person(who), kind=kind, today=TODAY, now=timezone.now())


def told(kind):
    return [(notice.user.username, notice.link) for notice in Notice.objects.filter(kind=kind)]


@pytest.mark.parametrize(
    ("who", "readers"),
    [
        ("liu_activist", ["liu_secretary"]), ("classmate", ["liu_secretary"]), ("er_member", ["er_secretary", "er_deputy"]),
        ("er_secretary", ["er_deputy"]), ("liu_secretary", []),
    ],
)  # fmt: skip
def test_who_reads_it_is_the_secretary_of_the_branch_or_of_the_class(cast, who, readers):
    assert readers_of(cast.person(who), TODAY) == [cast.person(name) for name in readers]


def test_one_tap_tells_the_secretary_without_a_name(cast, sign_in):
    answer = sign_in("liu_activist").post(reverse("mentoring_help_new"), {"kind": "first_mentor"}, follow=True)
    call = HelpRequest.objects.get()
    assert (call.person, call.kind) == (cast.person("liu_activist"), "first_mentor")
    page = answer.content.decode()
    assert f"已发送。只有{cast.person('liu_secretary').name}能看到。" in page
    assert "我希望有人帮扶" in page
    assert told("mentoring.help_asked") == [(cast.user("liu_secretary").username, "/mentoring/help/")]
    assert cast.person("liu_activist").name not in str(Notice.objects.get().subject)


@pytest.mark.parametrize(
    ("who", "kind", "message"),
    [
        ("liu_activist", "gossip", "请选择您的需要。"),
        ("liu_secretary", "talk", "所在支部目前没有可以查看的书记。请联系系里。"),
    ],
)
def test_what_cannot_be_asked_is_refused(cast, who, kind, message):
    with pytest.raises(Refused) as refusal:
        ask(cast, who, kind)
    assert (refusal.value.text, HelpRequest.objects.count()) == (message, 0)


def test_one_call_at_a_time_until_it_is_taken_back_or_answered(cast, sign_in):
    ask(cast)
    with pytest.raises(Refused) as refusal:
        ask(cast, kind="talk")
    assert refusal.value.text == "您已提出，书记已收到。"
    sign_in("liu_activist").post(reverse("mentoring_help_withdraw", args=[HelpRequest.objects.get().pk]))
    assert HelpRequest.objects.get().withdrawn_at == timezone.now()
    assert Notice.objects.get(kind="mentoring.help_asked").obsolete_at is not None
    assert ask(cast, kind="talk").kind == "talk"


@pytest.mark.parametrize(
    "who",
    ["liu_member", "er_secretary", "civil_organiser", "college_organiser", "administrator", "counsellor", "classmate"],
)
def test_nobody_else_finds_it(cast, sign_in, who):
    link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    call = ask(cast)
    assert list(HelpRequest.objects.visible_to(scope_for(cast.user(who)))) == []
    client = sign_in(who)
    page = client.get(reverse("mentoring_helps"))
    assert page.status_code == (200 if who == "er_secretary" else 404)
    if who == "er_secretary":
        assert page.context["calls"] == []
    assert client.post(reverse("mentoring_help_answer", args=[call.pk]), {"answer": "x"}).status_code == 404
    assert client.post(reverse("mentoring_help_withdraw", args=[call.pk])).status_code == 404


def test_a_committee_member_without_the_secretarys_post_has_no_such_page(cast, sign_in):
    Post.objects.create(
        person=cast.person("liu_member"), party_branch=cast.liu, kind="organization_officer", since=TODAY.replace(day=1)
    )
    ask(cast)
    assert sign_in("liu_member").get(reverse("mentoring_helps")).status_code == 404


def test_the_secretary_answers_and_the_person_reads_it(cast, sign_in):
    call = ask(cast)
    client = sign_in("liu_secretary")
    page = client.get(reverse("mentoring_helps"))
    address = f"{reverse('mentoring_link_new')}?tier=2&first={call.person_id}&formal=1"
    assert page.context["calls"] == [(call, address)]
    assert client.get(address).context["first"] == call.person
    empty = client.post(reverse("mentoring_help_answer", args=[call.pk]), {"answer": "  "}, follow=True)
    assert "请写一句简短的答复，提出的人会看到。" in empty.content.decode()
    client.post(reverse("mentoring_help_answer", args=[call.pk]), {"answer": "周五下午谈"})
    call.refresh_from_db()
    assert (call.handled_by, call.answer) == (cast.user("liu_secretary"), "周五下午谈")
    assert told("mentoring.help_answered") == [(cast.user("liu_activist").username, "/mentoring/me/")]
    assert "周五下午谈" in sign_in("liu_activist").get(reverse("my_mentoring")).content.decode()
    again = client.post(reverse("mentoring_help_answer", args=[call.pk]), {"answer": "x"}, follow=True)
    assert "已经答复过了。请刷新页面。" in again.content.decode()


def test_the_services_refuse_whoever_it_is_not_for(cast):
    call = ask(cast)
    for name in ("liu_member", "er_secretary", "administrator"):
        with pytest.raises(Refused) as refusal:
            answer_help(call=call, answer="x", scope=scope_for(cast.user(name)), by=cast.user(name), now=timezone.now())
        assert refusal.value.text == "只有支部书记可以答复。"
    with pytest.raises(Refused) as refusal:
        withdraw_help(call=call, scope=scope_for(cast.user("liu_secretary")), now=timezone.now())
    assert refusal.value.text == "只有本人可以撤回。"


def test_with_a_mentor_one_asks_for_another(cast, sign_in):
    assert sign_in("liu_activist").get(reverse("my_mentoring")).context["help_kinds"][0][1] == "我希望有人帮扶"
    link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    assert sign_in("liu_activist").get(reverse("my_mentoring")).context["help_kinds"][0][1] == "我希望换一位帮扶人"


def test_the_list_costs_the_same_for_one_and_three_calls(cast, sign_in):
    client, counts = sign_in("liu_secretary"), []
    client.get(reverse("mentoring_helps"))
    for people in (activists(cast, 1, start=40), activists(cast, 2, start=50)):
        for person in people:
            ask_help(person=person, kind="talk", today=TODAY, now=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("mentoring_helps"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
