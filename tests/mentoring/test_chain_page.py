"""The page of the chain: who sees which, the picture and the same in words, findings that lead to rows, years."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import LogEntry
from members.models import Person
from tests.mentoring.crew import activists, classmates, guide, link, new_members, seniors

PAGE = "/mentoring/chain/"
RUNNING = {"state": "active", "starts_on": dt.date(2026, 10, 8)}


@pytest.fixture
def crew(cast):
    """All four tiers of branch Liu: one senior, one new member, one activist of the class, one classmate, one guide."""
    (new,), (activist,) = new_members(cast, 1), activists(cast, 1, school_class=cast.class_26)
    (classmate,) = classmates(cast, 1)
    senior = cast.person("liu_member")
    return {
        "senior": senior, "new": new, "activist": activist, "classmate": classmate,
        "tier3": link(cast, senior, new), "tier2": link(cast, senior, activist, tier=2, is_formal=True),
        "tier1": link(cast, activist, classmate, tier=1), "tier4": guide(cast, cast.person("liu_secretary")),
    }  # fmt: skip


def column_names(page):
    return {column.value: [one.name for one in people] for column, people in page.context["chain"].columns.items()}


def missed(page):
    return [(gap.name, gap.short) for gap in page.context["chain"].gaps]


# --- Rights -----------------------------------------------------------------------------------


def test_each_opens_the_own_branch_or_class_first(cast, crew, sign_in):
    opened = {
        name: str(sign_in(name).get(PAGE).context["place"])
        for name in ("er_secretary", "er_deputy", "liu_secretary", "mech_organiser", "civil_organiser", "counsellor")
    }
    assert opened == {
        "er_secretary": cast.er.name, "er_deputy": cast.er.name, "liu_secretary": cast.liu.name,
        "mech_organiser": cast.er.name, "civil_organiser": cast.liu.name, "counsellor": cast.class_26.name,
    }  # fmt: skip


def test_which_others_each_may_choose(cast, sign_in):
    def offered(name):
        page = sign_in(name).get(PAGE)
        return [chip["label"] for chip in (*page.context["branch_chips"], *page.context["class_chips"])]

    assert offered("er_secretary") == ["第二党支部"]
    assert offered("counsellor") == ["26土木本科1班"]
    assert offered("civil_organiser") == ["第六党支部", "26土木本科1班", "25土木本科2班"]
    assert len(offered("college_organiser")) == len(offered("administrator")) == 4 + 3


def test_who_does_not_see_it(cast, crew, sign_in):
    for name in ("er_member", "liu_member", "league_secretary", "classmate", "stranger"):
        assert sign_in(name).get(PAGE).status_code == 403
    answers = {
        name: [sign_in(name).get(PAGE, asked).status_code for asked in ({"branch": cast.liu.pk}, {"class": cast.class_26.pk})]
        for name in ("er_secretary", "liu_secretary", "counsellor", "mech_organiser", "civil_organiser", "administrator")
    }  # fmt: skip
    assert answers == {
        "er_secretary": [404, 404], "liu_secretary": [200, 403], "counsellor": [403, 200], "mech_organiser": [404, 404],
        "civil_organiser": [200, 200], "administrator": [200, 200],
    }  # fmt: skip


def test_the_committee_of_another_branch_of_the_department_gets_403(cast, sign_in):
    answer = sign_in("er_secretary").get(PAGE, {"branch": cast.si.pk})
    assert answer.status_code == 403
    assert "帮扶链供该支部的支委会、该班辅导员和系里查看。" in answer.content.decode()


@pytest.mark.parametrize("asked", [{"branch": "x"}, {"class": "9" * 40}, {"branch": "-1"}])
def test_nonsense_leads_nowhere(cast, sign_in, asked):
    assert sign_in("liu_secretary").get(PAGE, asked).status_code == 404


def test_a_year_that_is_none_is_read_as_this_one(cast, sign_in):
    years = [sign_in("liu_secretary").get(PAGE, {"leaving": text}).context["read"].year for text in ("", "x", "1900", "2028")]  # fmt: skip
    assert years == [2027, 2027, 2027, 2028]


# --- The picture and the words ----------------------------------------------------------------


def test_four_tiers_of_a_branch_as_one_picture(cast, crew, sign_in):
    page = sign_in("liu_secretary").get(PAGE)
    assert {column: sorted(names) for column, names in column_names(page).items()} == {
        1: ["上官涵", "周鑫"], 2: ["新党员1"], 3: ["积极分子20", "蓝洋涵"], 4: ["同学30"],
    }  # fmt: skip
    assert [(row.mentor.name, row.mentee_name, row.link.tier) for row in page.context["rows"]] == [
        ("周鑫", "新党员1", 3), ("周鑫", "积极分子20", 2), ("积极分子20", "同学30", 1),
        ("上官涵", "土木系2026级土木工程团支部", 4),
    ]  # fmt: skip
    html = page.content.decode()
    for row in page.context["rows"]:
        assert f'id="{row.link.key}"' in html
        assert f'data-line="{row.link.key}"' in html
    assert len(re.findall(r'class="chain-line tier-\d[^"]*" data-line', html)) == 4


def test_findings_say_whom_the_chain_misses_and_lead_to_the_rows(cast, crew, sign_in):
    page = sign_in("liu_secretary").get(PAGE)
    assert missed(page) == [("蓝洋涵", "无人帮扶"), ("土木系2026级土木工程团支部", "缺 1 名帮扶党员")]
    html = page.content.decode()
    assert [(figure["label"], figure["value"]) for figure in page.context["figures"]] == [
        ("无人帮扶", 2), ("帮扶过多", 0), ("2027年毕业后中断", 3),
    ]  # fmt: skip
    for anchor in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{anchor}"' in html
    assert "积极分子，还没有培养联系人。" in html


def test_who_arranges_links_finds_a_mentor_for_whom_the_chain_misses(cast, crew, sign_in):
    addresses = [
        f"/mentoring/links/new/?tier=2&first={cast.person('liu_activist').pk}&formal=1",
        f"/mentoring/guidances/new/?league={cast.one.pk}",
    ]
    client = sign_in("liu_secretary")
    assert [address for _gap, address in client.get(PAGE).context["gaps"]] == addresses
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    assert [address for _gap, address in sign_in("civil_organiser").get(PAGE).context["gaps"]] == addresses
    for who in ("counsellor", "administrator"):
        gaps = sign_in(who).get(PAGE, {} if who == "counsellor" else {"branch": cast.liu.pk}).context["gaps"]
        assert {address for _gap, address in gaps} <= {""}


def test_a_row_of_the_picture_opens_its_link(cast, crew, sign_in):
    html = sign_in("liu_secretary").get(PAGE).content.decode()
    assert f'href="/mentoring/links/{crew["tier3"].pk}/"' in html
    assert f'href="/mentoring/guidances/{crew["tier4"].pk}/"' in html


def test_every_box_and_finding_leads_to_a_row_that_is_there(cast, crew, sign_in):
    new_members(cast, 9, start=2)
    activists(cast, 9, start=40)
    html = sign_in("liu_secretary").get(PAGE).content.decode()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) - set(ids) == set()


def test_a_class_shows_classmates_without_a_mentor_too(cast, crew, sign_in):
    page = sign_in("counsellor").get(PAGE)
    assert sorted(missed(page)) == sorted(
        [("农军", "无人帮扶"), ("张轩丽", "无人帮扶"), ("土木系2026级土木工程团支部", "缺 1 名帮扶党员")]
    )
    assert [(row.mentor.name, row.mentee_name) for row in page.context["rows"]] == [
        ("周鑫", "积极分子20"), ("积极分子20", "同学30"), ("上官涵", "土木系2026级土木工程团支部"),
    ]  # fmt: skip
    assert "此项自愿" in page.content.decode()


def test_drafts_are_not_drawn_and_offers_reach_nobody(cast, sign_in):
    (new,), (helper,) = new_members(cast, 1), activists(cast, 1, school_class=cast.class_26)
    link(cast, cast.person("liu_member"), new, as_draft=True)
    link(cast, helper, cast.person("classmate"), tier=1, accept=False)
    page = sign_in("liu_secretary").get(PAGE)
    assert [(row.mentee_name, row.link.is_running) for row in page.context["rows"]] == [("农军", False)]
    assert ("新党员1", "无人帮扶") in missed(page)
    assert ("农军", "待答复") in missed(sign_in("counsellor").get(PAGE))
    assert "等待答复" in page.content.decode()


def test_talks_thicken_the_line_and_stand_in_the_list(cast, crew, sign_in):
    for day in (20, 22, 24):
        LogEntry.objects.create(
            person=crew["senior"], on=dt.date(2026, 10, day), minutes=30, purpose="mentoring", mentorship=crew["tier3"],
            summary="谈心", created_at=timezone.now(), submitted_at=timezone.now(), state="confirmed",
            confirmed_by=cast.user("liu_secretary"), confirmed_at=timezone.now(),
        )  # fmt: skip
    page = sign_in("liu_secretary").get(PAGE)
    (row,) = [row for row in page.context["rows"] if row.link.tier == 3]
    assert (row.link.talks.confirmed, row.link.talks.minutes, row.link.talks.last_on) == (3, 90, dt.date(2026, 10, 24))
    (line,) = [line for line in page.context["picture"].lines if line.key == row.link.key]
    assert (line.width, line.label.split(" · ")[2]) == ("3.5", "已确认谈话 3 次")


def test_too_much_counts_links_outside_the_picture(cast, crew, sign_in):
    helper = cast.person("er_member")
    for new in [*new_members(cast, 1, branch=cast.er, start=50), cast.person("er_probationary")]:
        link(cast, helper, new, who="er_secretary")
    for one in activists(cast, 2, branch=cast.er, start=60):
        link(cast, helper, one, tier=2, is_formal=True, who="er_secretary")
    page = sign_in("er_secretary").get(PAGE)
    assert [(one.person.name, one.words) for one in page.context["chain"].overloads] == [
        ("罗萍妍", ("共 4 对帮扶，超过 3 对难以兼顾",))
    ]


# --- Graduation -------------------------------------------------------------------------------


def test_a_link_that_breaks_has_a_successor_who_stays_and_a_button(cast, crew, sign_in):
    (stays,) = seniors(cast, 1)
    Person.objects.filter(pk=stays.pk).update(graduates_on=dt.date(2029, 6, 30))
    page = sign_in("liu_secretary").get(PAGE)
    found = {
        one.row.mentee_name: one.broken.successor and one.broken.successor.person.name for one in page.context["breaks"]
    }
    assert found["新党员1"] == "老党员10"
    assert found["积极分子20"] == "新党员1"
    (broken,) = [one for one in page.context["breaks"] if one.row.mentee_name == "新党员1"]
    assert broken.hand_on_url == f"/mentoring/links/{crew['tier3'].pk}/hand-on/?mentor={stays.pk}"
    html = page.content.decode()
    assert "交接给老党员10" in html
    assert "交接给新党员1" not in html
    assert "现为预备党员，转正后可接替（预计 2027年5月20日）" in html
    assert [
        one.row.mentee_name for one in sign_in("civil_organiser").get(PAGE).context["breaks"] if one.hand_on_url
    ] != []
    assert [one for one in sign_in("counsellor").get(PAGE).context["breaks"] if one.hand_on_url] == []
    assert [one for one in sign_in("administrator").get(PAGE, {"branch": cast.liu.pk}).context["breaks"] if one.hand_on_url] == []  # fmt: skip


def test_without_anybody_who_stays_it_says_so(cast, crew, sign_in):
    Person.objects.filter(party_branch=cast.liu).update(graduates_on=dt.date(2027, 6, 30))
    page = sign_in("liu_secretary").get(PAGE)
    assert [one.broken.successor for one in page.context["breaks"]] == [None] * 4
    assert "无合适人选" in page.content.decode()
    assert "无需接替：被帮扶对象也毕业" in page.content.decode()


def test_the_year_greys_who_leaves(cast, crew, sign_in):
    def grey(year):
        page = sign_in("liu_secretary").get(PAGE, {"leaving": year})
        return sorted(box.title for box in page.context["picture"].boxes if box.is_leaving)

    assert grey(2026) == []
    assert grey(2027) == ["上官涵", "周鑫", "蓝洋涵"]
    assert grey(2028) == ["上官涵", "周鑫", "新党员1", "蓝洋涵"]


def test_a_branch_without_links_says_where_they_are_made(cast, sign_in):
    page = sign_in("si_secretary").get(PAGE)
    html = page.content.decode()
    assert (page.context["rows"], page.context["breaks"]) == ([], [])
    assert "这里还没有帮扶关系" in html
    assert 'class="chain-picture"' not in html


# --- Many -------------------------------------------------------------------------------------


def queries_of(client):
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(PAGE)
    return len(queries), page


def test_queries_are_as_many_for_three_links_as_for_thirty(cast, sign_in):
    client, counts = sign_in("liu_secretary"), []
    for at, size in enumerate((3, 27)):
        for senior, one in zip(
            seniors(cast, size, start=10 + 10 * at), new_members(cast, size, start=1 + 10 * at), strict=True
        ):
            link(cast, senior, one)
        if at == 0:
            guide(cast, cast.person("liu_member"))
        count, page = queries_of(client)
        counts.append((count, len(page.context["rows"])))
    assert [rows for _count, rows in counts] == [4, 31]
    assert counts[0][0] == counts[1][0]


def test_two_hundred_people_fold_into_counts_with_a_list_below(cast, crew, sign_in):
    people = [
        Person(number=f"2024900{at:05}", name=f"发展{at}", department=cast.civil, party_branch=cast.liu, stage="activist",
               applied_on=dt.date(2025, 9, 20), activist_on=dt.date(2026, 3, 1), name_key=f"fz{at:03}")
        for at in range(200)
    ]  # fmt: skip
    Person.objects.bulk_create(people)
    page = sign_in("liu_secretary").get(PAGE)
    assert [box.title for box in page.context["picture"].boxes if box.is_fold] == ["另有 195 人无人帮扶"]
    assert len(page.context["picture"].boxes) < 20
    assert len(missed(page)) == 202
    assert page.content.decode().count(">发展199<") == 1
