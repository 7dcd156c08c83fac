"""Support needs: who may read and record, consent and its withdrawal, readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from members.access import scope_for
from members.models import Post
from mentoring import consent_text, need_services, needs
from mentoring.models import Mentorship, SupportConsent, SupportNeed, SupportReading
from mentoring.services import end_link
from pairing_portal.common.encryption import Undecipherable
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import NOBODY
from tests.common.test_encryption import stored

from . import need_deeds
from .crew import TODAY, act, as_person, classmates, new_members
from .need_deeds import EVERY, WORDS, agree, page, read, record, show, words_in

junior, helped = need_deeds.junior, need_deeds.helped


# --- Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["liu_secretary", "liu_member"])
def test_the_mentor_and_the_branch_secretary_read(cast, sign_in, junior, name):
    record(junior)
    assert read(junior, cast.user(name)) == EVERY
    assert words_in(show(sign_in(name), junior)) == list(WORDS)


@pytest.mark.parametrize(
    "name",
    ["er_secretary", "er_deputy", "er_member", "san_secretary", "si_secretary", "liu_activist", "league_secretary",
     "classmate", "mech_organiser", "civil_organiser", "college_organiser", "counsellor", "administrator", "stranger"],
)  # fmt: skip
def test_everybody_else_meets_no_such_page(cast, sign_in, junior, name):
    record(junior)
    client = sign_in(name)
    form = {"codes": ["social"]}
    answers = [
        page(client, junior), show(client, junior), show(client, junior, change="1"),
        client.post(reverse("mentoring_need_record", args=[junior.pk]), form),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    with pytest.raises(Refused, match="您不能查看"):
        read(junior, cast.user(name))
    with pytest.raises(Refused, match="只有本人、班级辅导员和支部书记可以登记"):
        record(junior, ["social"], by=cast.user(name))
    assert SupportReading.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "role"),
    [("counsellor", "counsellor"), ("liu_secretary", "secretary"), ("helper", "mentor"), ("classmate", "self"),
     ("league_secretary", None), ("er_secretary", None), ("civil_organiser", None), ("administrator", None)],
)  # fmt: skip
def test_who_reads_a_classmate_without_a_party_branch(cast, helped, name, role):
    scope = scope_for(cast.user(name))
    assert need_services.role_of(helped, scope) == role
    assert need_services.readable_people(scope).filter(pk=helped.pk).exists() == (role is not None)
    assert need_services.may_record(helped, scope) == (role in {"counsellor", "secretary", "self"})


def test_role_and_rows_agree_for_everybody(cast, junior, helped):
    for user in cast.users.values():
        scope = scope_for(user)
        readable = set(need_services.readable_people(scope).values_list("pk", flat=True))
        for person in [*cast.people.values(), junior]:
            assert (need_services.role_of(person, scope) is not None) == (person.pk in readable)
    assert need_services.readable_people(NOBODY).count() == 0


def test_a_counsellor_of_other_classes_reads_nothing(cast, helped):
    scope = replace(scope_for(cast.user("counsellor")), class_ids=frozenset({cast.class_24.pk}))
    assert need_services.role_of(helped, scope) is None


def test_a_former_mentor_reads_nothing_and_an_offered_one_not_yet(cast, sign_in, junior):
    record(junior)
    (row,) = Mentorship.objects.running().filter(mentee=junior)
    end_link(link=row, reason="毕业", **act(cast, "liu_secretary"))
    assert page(sign_in("liu_member"), junior).status_code == 404
    with pytest.raises(Refused):
        read(junior, cast.user("liu_member"))
    (fresh,) = classmates(cast, 1, start=70)
    Mentorship.objects.create(
        tier=1, mentor=cast.person("liu_member"), mentee=fresh, party_branch=cast.liu, state="offered", starts_on=TODAY,
        created_at=timezone.now(), published_at=timezone.now(),
    )  # fmt: skip
    assert page(sign_in("liu_member"), fresh).status_code == 404


def test_the_deputy_of_the_same_branch_reads_and_of_another_not(cast, sign_in, junior):
    assert page(sign_in("er_deputy"), junior).status_code == 404
    Post.objects.create(
        person=cast.person("liu_member"), party_branch=cast.liu, kind="deputy_secretary", since=dt.date(2026, 9, 1)
    )
    assert need_services.role_of(junior, scope_for(cast.user("liu_member"))) == "secretary"


def test_a_mentor_reads_but_does_not_record(cast, sign_in, junior):
    record(junior)
    client = sign_in("liu_member")
    answer = client.post(reverse("mentoring_need_record", args=[junior.pk]), {"codes": ["social"]})
    assert (answer.status_code, read(junior, junior.user)) == (403, EVERY)
    html = show(client, junior, change="1").content.decode()
    assert 'name="codes"' not in html
    assert "登记或修改" not in html


# --- Consent -------------------------------------------------------------------------------------


def test_nothing_is_recorded_without_consent(cast, sign_in):
    (person,) = new_members(cast, 1)
    for by in (None, cast.user("liu_secretary")):
        with pytest.raises(Refused, match=r"未经本人同意现行同意书，不能登记。.*规则 P3"):
            record(person, ["psychological"], by=by)
    client = sign_in("liu_secretary")
    html = show(client, person, change="1").content.decode()
    assert "登记前须本人先在“我的帮扶需求”页面同意" in html
    assert 'name="codes"' not in html
    answer = client.post(reverse("mentoring_need_record", args=[person.pk]), {"codes": ["social"]}, follow=True)
    assert "未经本人同意现行同意书，不能登记" in answer.content.decode()
    assert SupportNeed.objects.count() == 0


def test_consent_is_given_on_the_page_with_version_time_and_address(cast, sign_in):
    client = sign_in("classmate")
    html = client.get(reverse("my_support_need")).content.decode()
    assert "是否得到帮扶与本同意无关" in html
    assert "同意书版本 2026-10" in html
    assert reverse("my_support_consent_withdraw") not in html
    refused = client.post(reverse("my_support_consent_give"), {"version": consent_text.VERSION})
    assert refused.status_code == 400
    assert "不同意可直接离开本页，都没有关系" in refused.content.decode()
    assert SupportConsent.objects.count() == 0
    form = {"version": consent_text.VERSION, "agrees": "on"}
    done = client.post(reverse("my_support_consent_give"), form, follow=True, REMOTE_ADDR="10.1.2.3")
    assert "已记录您的同意。您随时可以在这里撤回。" in done.content.decode()
    client.post(reverse("my_support_consent_give"), form)
    (consent,) = SupportConsent.objects.all()
    assert (consent.person, consent.version, consent.state, consent.given_at, consent.given_from) == (
        cast.person("classmate"), "2026-10", "given", timezone.now(), "10.1.2.3",
    )  # fmt: skip


def test_consent_is_ones_own_alone(cast, sign_in):
    for name in ("counsellor", "administrator", "civil_organiser", "stranger"):
        answer = sign_in(name).post(
            reverse("my_support_consent_give"), {"version": consent_text.VERSION, "agrees": "on"}
        )
        assert answer.status_code == 403
        assert "您的账号不对应名册中的人员" in answer.content.decode()
    with pytest.raises(Refused, match="只能由本人用自己的账号同意或撤回"):
        need_services.give_consent(scope=NOBODY, version=consent_text.VERSION, ip=None, now=timezone.now())


def test_a_text_that_changed_since_the_page_was_opened_is_read_again(cast):
    with pytest.raises(Refused, match="同意书内容刚刚有更新，请重新阅读后再同意。"):
        agree(cast.person("classmate"), version="2025-01")


def test_a_new_version_keeps_what_was_recorded_and_asks_again_for_more(cast, sign_in, junior, monkeypatch):
    record(junior, ["social"])
    monkeypatch.setattr(consent_text, "VERSION", "2027-09")
    assert read(junior, cast.user("liu_member")) == ("social",)
    with pytest.raises(Refused, match="现行同意书"):
        record(junior, ["academic"])
    cast.users["junior"] = junior.user
    html = sign_in("junior").get(reverse("my_support_need")).content.decode()
    assert "同意书有更新" in html
    assert "同意书版本 2027-09" in html
    fresh = agree(junior, version="2027-09")
    assert [(row.version, row.state) for row in SupportConsent.objects.filter(person=junior).order_by("pk")] == [
        ("2026-10", "withdrawn"), ("2027-09", "given"),
    ]  # fmt: skip
    assert SupportNeed.objects.get().consent == fresh
    record(junior, ["academic"])
    assert read(junior, junior.user) == ("academic",)


def test_withdrawing_asks_once_says_what_is_erased_and_erases_it(cast, sign_in, helped):
    record(helped)
    read(helped, cast.user("counsellor"))
    client = sign_in("classmate")
    asked = client.get(reverse("my_support_consent_withdraw")).content.decode()
    assert "已登记的帮扶需求立即彻底删除，所有人都不再能看到。" in asked
    assert "您的帮扶人不变，照常帮助您。" in asked
    assert SupportNeed.objects.count() == 1
    done = client.post(reverse("my_support_consent_withdraw"), follow=True)
    assert "已撤回，登记的内容已删除。" in done.content.decode()
    assert SupportNeed.objects.count() == 0
    (consent,) = SupportConsent.objects.all()
    assert (consent.state, consent.withdrawn_at) == ("withdrawn", timezone.now())
    assert read(helped, cast.user("counsellor")) == ()
    with pytest.raises(Refused, match="未经本人同意"):
        record(helped, ["social"], by=cast.user("counsellor"))
    again = client.post(reverse("my_support_consent_withdraw"), follow=True)
    assert "没有可撤回的同意：目前没有任何登记。" in again.content.decode()
    assert Mentorship.objects.running().filter(mentee=helped).count() == 1


def test_agreeing_again_after_withdrawing_begins_empty(cast, helped):
    record(helped)
    need_services.withdraw_consent(scope=as_person(helped), now=timezone.now())
    agree(helped)
    assert read(helped, helped.user) == ()
    assert SupportConsent.objects.in_force().count() == 1


# --- Recording and reading -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["counsellor", "liu_secretary", "classmate"])
def test_who_may_records_and_changes_with_ticks(cast, sign_in, helped, name):
    client = sign_in(name)
    mine = name == "classmate"
    shown = reverse("my_support_need_show") if mine else reverse("mentoring_need_show", args=[helped.pk])
    address = reverse("mentoring_need_record", args=[helped.pk])
    assert client.post(shown, {"change": "1"}).content.decode().count('name="codes"') == 5
    done = client.post(address, {"codes": ["academic", "psychological"], "seen": ""}, follow=True)
    assert "已保存。按“查看”后才会显示。" in done.content.decode()
    assert words_in(done) == []
    assert words_in(client.post(shown)) == ["学业困难", "已转介学校心理中心"]
    assert SupportNeed.objects.get().recorded_by == cast.user(name)


def test_no_tick_erases(cast, helped):
    record(helped)
    record(helped, [], by=cast.user("counsellor"))
    assert SupportNeed.objects.count() == 0
    assert SupportConsent.objects.in_force().count() == 1


@pytest.mark.parametrize("codes", [["general"], ["hunger"], ["social", "hunger"], ["SOCIAL"]])
def test_only_the_five_codes_are_taken(cast, sign_in, helped, codes):
    with pytest.raises(Refused, match="请只选择列出的项目"):
        record(helped, codes)
    answer = sign_in("counsellor").post(reverse("mentoring_need_record", args=[helped.pk]), {"codes": codes})
    assert answer.status_code == 400
    assert "请只选择列出的项目。" in answer.content.decode()
    assert SupportNeed.objects.count() == 0


def test_a_form_opened_before_somebody_else_saved_is_refused(cast, helped, fixed_clock):
    mark = need_services.mark_of(helped.pk)
    record(helped, ["social"], seen=mark)
    with pytest.raises(Refused, match="刚才有人修改过登记，请重新查看后再保存。"):
        record(helped, ["academic"], by=cast.user("counsellor"), seen=mark)
    assert read(helped, helped.user) == ("social",)


def test_each_reading_is_kept_shown_to_the_person_and_stands_in_the_trail_without_a_name(cast, sign_in, helped):
    record(helped)
    for _time in range(2):
        show(sign_in("counsellor"), helped)
    show(sign_in("helper"), helped)
    assert [(row.reader, row.role) for row in SupportReading.objects.order_by("pk")] == [
        (cast.user("counsellor"), "counsellor"), (cast.user("counsellor"), "counsellor"), (cast.user("helper"), "mentor"),
    ]  # fmt: skip
    events = AuditEvent.objects.filter(action="read_sensitive").order_by("pk")
    assert [(event.user, event.object_type, event.detail) for event in events] == [
        (row.reader, "support_need", {}) for row in SupportReading.objects.order_by("pk")
    ]
    assert [event.object_id for event in events] == [str(row.pk) for row in SupportReading.objects.order_by("pk")]
    html = sign_in("classmate").get(reverse("my_support_need")).content.decode()
    assert html.count("覃老师") == 2
    assert "您的辅导员" in html
    assert "您的帮扶人" in html


def test_looking_at_the_page_shows_and_records_nothing(cast, sign_in, helped):
    record(helped)
    for name, address in [
        ("counsellor", reverse("mentoring_need", args=[helped.pk])),
        ("classmate", reverse("my_support_need")),
        ("counsellor", reverse("mentoring_needs")),
        ("liu_secretary", reverse("person", args=[helped.pk])),
    ]:
        got = sign_in(name).get(address)
        for answer in (got, sign_in(name).head(address)):
            assert (words_in(answer), "帮扶" in answer.content.decode()) == ([], answer is got)
    assert SupportReading.objects.count() == 0
    assert AuditEvent.objects.filter(action="read_sensitive").count() == 0


def test_what_is_shown_is_kept_nowhere_and_hides_itself(cast, sign_in, helped):
    record(helped)
    answer = show(sign_in("counsellor"), helped)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Refresh"] == f"60;url=/mentoring/needs/{helped.pk}/"
    assert show(sign_in("counsellor"), helped, change="1").headers["Refresh"].startswith("300;")
    masked = page(sign_in("counsellor"), helped)
    assert masked.headers["Cache-Control"] == "private, no-store"
    assert "Refresh" not in masked.headers
    assert f"<title>{helped.name}" in answer.content.decode()


def test_who_looks_too_often_waits(cast, sign_in, helped):
    client = sign_in("counsellor")
    assert {show(client, helped).status_code for _time in range(30)} == {200}
    answer = show(client, helped)
    assert answer.status_code == 429
    assert "您一小时内已查看 30 次，达到上限。请 60 分钟后再试。" in answer.content.decode()
    assert SupportReading.objects.count() == 30


# --- Lists ---------------------------------------------------------------------------------------


def test_the_list_is_the_same_whether_a_need_is_recorded_or_not(cast, sign_in, helped):
    client = sign_in("counsellor")
    before = client.get(reverse("mentoring_needs")).content.decode()
    assert "农军" in before
    assert "帮扶中" in before
    record(helped)
    assert client.get(reverse("mentoring_needs")).content.decode().split("<main")[1] == before.split("<main")[1]
    need_services.withdraw_consent(scope=as_person(helped), now=timezone.now())
    assert client.get(reverse("mentoring_needs")).content.decode().split("<main")[1] == before.split("<main")[1]
    assert "张轩丽" not in before.split("<main")[1]


def test_nobody_helped_yet_says_when_somebody_appears(cast, sign_in):
    html = sign_in("er_secretary").get(reverse("mentoring_needs")).content.decode()
    assert "目前没有帮扶中的人员" in html
    assert "帮扶关系开始后，被帮扶对象会列在这里。" in html


def test_the_list_is_for_counsellors_and_secretaries(cast, sign_in):
    answer = sign_in("civil_organiser").get(reverse("mentoring_needs"))
    assert answer.status_code == 403
    assert "此名单供辅导员和支部书记使用" in answer.content.decode()


def test_queries_of_the_list_do_not_grow(cast, sign_in):
    people = new_members(cast, 3)
    counts = []
    for count in (1, 3):
        for person in people[:count]:
            if not Mentorship.objects.running().filter(mentee=person).exists():
                Mentorship.objects.create(
                    tier=3, mentor=cast.person("liu_member"), mentee=person, party_branch=cast.liu, state="active",
                    starts_on=TODAY, created_at=timezone.now(), published_at=timezone.now(),
                )  # fmt: skip
        client = sign_in("liu_secretary")
        client.get(reverse("mentoring_needs"))
        with CaptureQueriesContext(connection) as queries:
            html = client.get(reverse("mentoring_needs")).content.decode()
        assert html.count("row-title") == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- What is stored ------------------------------------------------------------------------------


def test_the_length_of_what_is_stored_tells_nothing(cast, junior):
    lengths = set()
    for codes in (["social"], ["psychological"], EVERY):
        record(junior, codes)
        lengths.add(len(stored(SupportNeed.objects.get())))
    assert len(lengths) == 1


def test_a_row_moved_to_another_person_does_not_open(cast, junior, helped):
    record(junior)
    record(helped, ["social"])
    SupportNeed.objects.filter(person=helped).update(codes=SupportNeed.objects.get(person=junior).codes)
    with pytest.raises(Undecipherable):
        read(helped, helped.user)
    assert needs.unpack(5, needs.pack(5, ["social", "academic"])) == ("academic", "social")
