"""One's own mentoring page: whom one helps, who helps one, what comes next; and the health of links by branch."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.access import scope_for
from mentoring.models import GoalStep, MentoringGoal
from mentoring.my_page import my_page
from mentoring.services import end_link

from .crew import TODAY, act, activists, as_person, classmates, guide, link, new_members, seniors
from .test_health import begun, talk


def cards(cast, name):
    person = cast.person(name)
    page = my_page(person, scope_for(cast.user(name)), TODAY)
    return (
        [(card.other.name, card.health.state.value, card.next.words) for card in page.helping],
        [(card.other.name, card.health.state.value, card.next.words) for card in page.helped],
    )


def goal(row, person, *, agreed=True, **values):
    now = timezone.now()
    values = {"what": "读完《党章》", "due_on": dt.date(2026, 12, 1)} | values
    return MentoringGoal.objects.create(
        mentorship=row, proposed_by=person, mentor_agreed_at=now, mentee_agreed_at=now if agreed else None, **values
    )


def test_both_roles_stand_on_one_page(cast):
    helper, me, helped = cast.person("liu_secretary"), cast.person("liu_member"), new_members(cast, 1)[0]
    type(helper).objects.filter(pk=helper.pk).update(
        admitted_on=dt.date(2024, 5, 10), converted_on=dt.date(2025, 5, 10), candidate_on=None, activist_on=None,
        applied_on=None,
    )  # fmt: skip
    link(cast, helper, me)
    link(cast, me, helped)
    assert cards(cast, "liu_member") == (
        [(helped.name, "too_early", "约好第一次谈话。")],
        [(helper.name, "too_early", "约好第一次谈话。")],
    )


def test_the_earliest_agreed_day_comes_next_and_a_proposed_goal_before_it(cast):
    row = begun(link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2), 20)
    first = goal(row, cast.person("liu_member"))
    assert cards(cast, "liu_activist")[1][0][2] == "读完《党章》"
    step = GoalStep.objects.create(goal=first, what="第一章", due_on=dt.date(2026, 11, 1))
    assert cards(cast, "liu_activist")[1][0][2] == "第一章"
    GoalStep.objects.filter(pk=step.pk).update(done_on=TODAY)
    assert cards(cast, "liu_activist")[1][0][2] == "读完《党章》"
    goal(row, cast.person("liu_member"), agreed=False, what="参加志愿服务")
    assert cards(cast, "liu_activist")[1][0][2] == "确认目标：参加志愿服务"
    assert cards(cast, "liu_member")[0][0][2] == "读完《党章》"


def test_a_contact_is_reminded_of_the_quarters_record(cast):
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2, is_formal=True)
    begun(row, 100)
    card = my_page(cast.person("liu_member"), scope_for(cast.user("liu_member")), TODAY).helping[0]
    assert (card.next.words, card.next.url) == ("填写本季度考察记录", reverse("mentoring_observe", args=[row.pk]))
    card = my_page(cast.person("liu_activist"), scope_for(cast.user("liu_activist")), TODAY).helped[0]
    assert card.next.words == "请询问双方：尽快谈话，或改由他人帮扶。"


def test_the_mentor_logs_in_one_tap_and_reads_the_last_talk(cast, sign_in):
    row = begun(link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2), 20)
    talk(row, cast.person("liu_member"), dt.date(2026, 10, 25), purpose="mentoring", mentorship=row)
    page = sign_in("liu_member").get(reverse("my_mentoring")).content.decode()
    assert f'href="{reverse("quick_log")}?for=link-{row.pk}"' in page
    assert "3 天前" in page
    assert "正常" in page
    assert "我帮扶的人" in page
    assert "帮扶我的人" not in page


def test_an_offer_is_answered_on_the_page_and_its_mentor_waits(cast, sign_in):
    activist = activists(cast, 1, school_class=cast.class_26)[0]
    offer = link(cast, activist, cast.person("classmate"), tier=1, accept=False)
    client = sign_in("classmate")
    page = client.get(reverse("my_mentoring")).content.decode()
    assert reverse("mentoring_link_answer", args=[offer.pk]) in page
    client.post(reverse("mentoring_link_answer", args=[offer.pk]), {"answer": "accept"})
    offer.refresh_from_db()
    assert offer.state == "active"
    other = link(
        cast, activists(cast, 1, school_class=cast.class_26, start=60)[0], classmates(cast, 1)[0], tier=1, accept=False
    )
    waiting = my_page(other.mentor, as_person(other.mentor), TODAY).helping[0]
    assert (waiting.is_offer, waiting.next.words) == (True, "等待答复。")


def test_what_is_over_or_a_draft_is_not_on_the_page(cast):
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    end_link(link=row, reason="调整", **act(cast, "liu_secretary"))
    link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    page = my_page(cast.person("liu_member"), scope_for(cast.user("liu_member")), TODAY)
    assert (page.is_empty, cards(cast, "liu_activist")) == (True, ([], []))


def test_a_guide_finds_the_league_branch(cast, sign_in):
    row = guide(cast, cast.person("liu_member"), focus_areas=["safety", "study_climate"])
    page = sign_in("liu_member").get(reverse("my_mentoring"))
    card = page.context["page"].guiding[0]
    assert (card.guidance, card.areas) == (row, ["学风建设", "安全教育"])
    assert f"?for=guidance-{row.pk}" in page.content.decode()
    assert reverse("mentoring_league", args=[cast.one.pk]) in page.content.decode()


def test_a_league_secretary_finds_the_plan(cast, sign_in):
    guide(cast, cast.person("liu_member"))
    page = sign_in("league_secretary").get(reverse("my_mentoring"))
    assert [(row, row.guide_count) for row in page.context["page"].leading] == [(cast.one, 1)]
    assert "1 名帮扶人" in page.content.decode()
    address = reverse("mentoring_league", args=[cast.one.pk])
    assert f'href="{address}"' in page.content.decode()
    assert sign_in("classmate").get(reverse("my_mentoring")).context["page"].leading == []


def test_a_formal_contact_finds_the_records_at_any_time(cast, sign_in):
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    address = f'href="{reverse("mentoring_observations")}"'
    assert address not in sign_in("liu_member").get(reverse("my_mentoring")).content.decode()
    type(row).objects.filter(pk=row.pk).update(is_formal=True)
    assert address in sign_in("liu_member").get(reverse("my_mentoring")).content.decode()


@pytest.mark.parametrize(
    ("who", "title"),
    [("classmate", "递交入党申请书"), ("liu_activist", "成为发展对象"), ("er_probationary", "转为正式党员")],
)
def test_without_a_link_the_page_says_what_to_do_and_shows_the_own_step(cast, sign_in, who, title):
    page = sign_in(who).get(reverse("my_mentoring")).content.decode()
    assert "还没有帮扶关系" in page
    assert "我希望有人帮扶" in page
    assert title in page


def test_an_activist_reads_the_first_lawful_day(cast, sign_in):
    page = sign_in("liu_activist").get(reverse("my_mentoring"))
    assert page.context["step"].on == dt.date(2027, 3, 1)
    assert "2027年3月1日" in page.content.decode()
    assert sign_in("liu_member").get(reverse("my_mentoring")).context["step"] is None


def test_accounts_without_a_person_have_no_such_page(cast, sign_in):
    for who in ("stranger", "administrator", "civil_organiser"):
        assert sign_in(who).get(reverse("my_mentoring")).status_code == 403
        assert sign_in(who).get(reverse("my_contact")).status_code == 403


def test_the_page_costs_the_same_for_one_and_three_links(cast, sign_in):
    client, counts = sign_in("liu_member"), []
    mentees = [cast.person("liu_activist"), *activists(cast, 2)]
    client.get(reverse("my_mentoring"))
    for people in (mentees[:1], mentees[1:]):
        for person in people:
            goal(link(cast, cast.person("liu_member"), person, tier=2), cast.person("liu_member"))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("my_mentoring"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- Counted by branch ---------------------------------------------------------------------------


def counted(client):
    blocks = client.get(reverse("mentoring_health")).context["blocks"]
    return [
        [(row.branch.short_name, [cell.count for cell in row.cells], row.total) for row in rows]
        for _title, rows in blocks
    ]


def test_health_is_counted_by_branch_and_leads_to_its_rows(cast, sign_in):
    silent = begun(link(cast, cast.person("liu_member"), new_members(cast, 1)[0]), 90)
    link(cast, seniors(cast, 1)[0], cast.person("liu_activist"), tier=2)
    guide(cast, cast.person("liu_member"))
    link(cast, cast.person("er_member"), cast.person("er_probationary"), who="er_secretary")
    liu = [[("第六党支部", [0, 0, 1, 1], 2)], [("第六党支部", [0, 0, 0, 1], 1)]]
    assert counted(sign_in("liu_secretary")) == liu
    assert counted(sign_in("civil_organiser")) == liu
    assert counted(sign_in("mech_organiser")) == [[("第二党支部", [0, 0, 0, 1], 1)], []]
    client = sign_in("liu_secretary")
    cell = client.get(reverse("mentoring_health")).context["blocks"][0][1][0].cells[2]
    assert [row["link"] for row in client.get(cell.url).context["rows"]] == [silent]
    assert sign_in("liu_member").get(reverse("mentoring_health")).status_code == 403


def test_the_total_opens_the_rows_it_counts(cast, sign_in):
    one, two, three = new_members(cast, 3)
    rows = {link(cast, cast.person("liu_member"), one), link(cast, cast.person("liu_secretary"), two)}
    link(cast, cast.person("liu_member"), three, as_draft=True)
    guided = guide(cast, cast.person("liu_member"))
    client = sign_in("liu_secretary")
    (links, guidances) = (rows[0] for _title, rows in client.get(reverse("mentoring_health")).context["blocks"])
    assert (links.total, guidances.total) == (2, 1)
    page = client.get(links.url)
    assert {row["link"] for row in page.context["rows"]} == rows
    assert page.context["words"] == ["第六党支部", "待答复或进行中"]
    assert [row["guidance"] for row in client.get(guidances.url).context["rows"]] == [guided]


def test_counting_costs_the_same_for_one_and_three_links(cast, sign_in):
    client, counts = sign_in("liu_secretary"), []
    client.get(reverse("mentoring_health"))
    mentees, mentors = new_members(cast, 3), seniors(cast, 3)
    for span in (slice(0, 1), slice(1, 3)):
        for mentor, mentee in zip(mentors[span], mentees[span], strict=True):
            link(cast, mentor, mentee)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("mentoring_health"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- On a person's page ----------------------------------------------------------------------------


def panel(client, person):
    panels = client.get(reverse("person", args=[person.pk])).context["panels"]
    return next((one["html"] for one in panels if one["title"] == "分层帮扶"), None)


def test_a_persons_page_shows_published_links_to_who_may_see_them(cast, sign_in):
    row = link(cast, cast.person("liu_member"), cast.person("liu_activist"), tier=2)
    link(cast, cast.person("liu_member"), new_members(cast, 1)[0], as_draft=True)
    for who in ("liu_secretary", "civil_organiser", "liu_member"):
        html = panel(sign_in(who), cast.person("liu_member"))
        assert html.count(reverse("mentoring_link", args=[row.pk])) == 2
        assert "0 次已确认谈话" in html
        assert "新党员1" not in html
    assert reverse("my_mentoring") in panel(sign_in("liu_member"), cast.person("liu_member"))
    assert panel(sign_in("er_secretary"), cast.person("er_probationary")) is None
