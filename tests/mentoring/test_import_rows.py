"""What a row of a list of links may say, what it does, and the words of every refusal."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Person
from mentoring.importing.vocabulary import to_tier
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.services import answer_offer, end_link
from notifications.models import Notice
from pairing_portal.common.spreadsheets import CellProblem
from tests.mentoring.crew import act, activists, add_person, as_person, classmates, guide, link, new_members, seniors
from tests.mentoring.pairs import HEADINGS, NEW, TODAY, bring, notes, refusals, row, workbook

LIU = "liu_secretary"


# --- tiers and their words ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "tier"),
    [
        ("帮扶同学", 1), ("党员、入党积极分子帮扶同学", 1), ("同班同学", 1), (1, 1), (1.0, 1), ("第一层", 1), ("1", 1), ("T1", 1),
        ("党员帮扶入党积极分子", 2), ("第二层级", 2), ("2.党员帮扶积极分子", 2), ("老党员帮扶新党员", 3), ("老党员→新党员", None),
        ("第三层(老党员帮扶新党员)", 3), ("三", 3), ("帮扶团支部", 4), ("4、帮扶团支部", 4), ("第四层", 4), ("专升本党员帮扶团支部", 4),
        ("第三层(党员帮扶入党积极分子)", None), ("5", None), ("第五层", None), ("=1+1", None), ("互助", None), ("", "blank"), (None, "blank"),
    ],
)  # fmt: skip
def test_how_a_tier_may_be_written(db, written, tier):
    if tier is None:
        with pytest.raises(CellProblem):
            to_tier(written)
    else:
        assert to_tier(written) == (None if tier == "blank" else tier)


def test_all_four_tiers_come_in_at_once(cast):
    mate, activist, (new,) = cast.person("classmate"), cast.person("liu_activist"), new_members(cast, 1)
    helper = add_person(
        cast, "同班党员", "20260510099", branch=cast.liu, school_class=cast.class_26, programme="bachelor",
        enrolment_year=2026, admitted_on=dt.date(2026, 5, 20), applied_on=dt.date(2024, 1, 1),
        activist_on=dt.date(2024, 6, 1), candidate_on=dt.date(2025, 7, 1),
    )  # fmt: skip
    first, second = cast.person("liu_secretary"), cast.person("liu_member")
    report = bring(
        cast, LIU,
        row("帮扶同学", helper, mate, goal="高数及格"), row(2, first, activist), row("第三层", second, new),
        row(4, first, cast.one.name, category="学风建设、安全教育"), row("帮扶团支部", second, cast.class_26.name),
    )  # fmt: skip
    assert (refusals(report), report.applied, len(report.plan.created)) == ([], True, 5)
    links = Mentorship.objects.order_by("tier")
    assert [(x.tier, x.mentor, x.mentee, x.state, x.is_formal, x.party_branch, x.goal) for x in links] == [
        (1, helper, mate, "offered", False, cast.liu, "高数及格"),
        (2, first, activist, "active", True, cast.liu, ""),
        (3, second, new, "active", False, cast.liu, ""),
    ]
    assert {x.arranged_by for x in links} == {cast.user(LIU)}
    assert list(LeagueGuidance.objects.order_by("pk").values_list("person", "league_branch", "focus_areas", "state")) == [
        (first.pk, cast.one.pk, ["study_climate", "safety"], "active"), (second.pk, cast.one.pk, [], "active"),
    ]  # fmt: skip
    assert [x["mentee"] for x in report.as_json()["links"]] == [
        mate.number, activist.number, new.number, cast.one.name, cast.one.name,
    ]  # fmt: skip
    assert sorted(Notice.objects.values_list("user__username", "kind")) == [
        ("20250510001", "mentoring.began"), ("20250530002", "mentoring.began"), ("20250530002", "mentoring.guidance_began"),
        ("20260510001", "mentoring.guidance_began"), ("20260510001", "mentoring.guidance_began"),
        ("20260591001", "mentoring.offered"),
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["培养联系人", "正式培养联系人", "朋辈", "同伴帮扶", "", "心理困难"])
def test_the_kind_of_a_link_with_an_activist(cast, written):
    report = bring(cast, LIU, row(2, cast.person("liu_member"), cast.person("liu_activist"), category=written))
    assert refusals(report) == []
    assert Mentorship.objects.get().is_formal is (written not in ("朋辈", "同伴帮扶"))
    assert "心理" not in str(report.as_json()) + str(notes(report))


def test_without_a_word_the_third_contact_and_a_probationary_member_are_peer_mentors(cast):
    activist, (new,) = cast.person("liu_activist"), new_members(cast, 1)
    rows = [row(2, member, activist) for member in (*seniors(cast, 3), new)]
    assert refusals(bring(cast, LIU, *rows)) == []
    assert list(Mentorship.objects.order_by("pk").values_list("is_formal", flat=True)) == [True, True, False, False]


def test_a_probationary_member_as_formal_contact_is_refused(cast):
    (new,) = new_members(cast, 1)
    found = refusals(bring(cast, LIU, row(2, new, cast.person("liu_activist"), category="培养联系人")))
    assert found == [
        (
            3,
            "帮扶类别",
            "新党员1是预备党员，不能担任正式培养联系人。请选择正式党员，或让新党员1担任朋辈帮扶人。（规则 R85）",
        )
    ]


def test_a_formal_contact_outside_tier_two_is_refused(cast):
    (new,) = new_members(cast, 1)
    found = refusals(bring(cast, LIU, row(3, cast.person("liu_member"), new, category="培养联系人")))
    assert found == [(3, "帮扶类别", "正式培养联系人属于“党员帮扶入党积极分子”层级。请更正帮扶层级或帮扶类别。")]


# --- dates and other cells ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        ("2026.10.08", "2027.06.30", (2026, 10, 8), (2027, 6, 30)),
        ("2026-10-08", "2027/6/30", (2026, 10, 8), (2027, 6, 30)),
        ("2026年10月8日", "20270630", (2026, 10, 8), (2027, 6, 30)),
        (dt.date(2026, 10, 8), 46568, (2026, 10, 8), (2027, 6, 30)),
        ("2026.10", "2027.02", (2026, 10, 1), (2027, 2, 28)),
        ("", "", (2026, 10, 28), None),
        ("—", "无", (2026, 10, 28), None),
    ],
)
def test_dates_as_people_write_them(cast, since, until, first, last):
    (new,) = new_members(cast, 1)
    report = bring(cast, LIU, row(3, cast.person("liu_member"), new, since=since, until=until))
    assert refusals(report) == []
    made = Mentorship.objects.get()
    assert (made.starts_on, made.ends_on) == (dt.date(*first), dt.date(*last) if last else None)


def test_a_row_names_all_that_is_wrong_with_it(cast):
    (new,) = new_members(cast, 1)
    bad = row(
        3, cast.person("liu_activist"), new, since="2026.13.40", until="2026-10-01", state="在忙", goal="字" * 201
    )
    found = refusals(bring(cast, LIU, bad))
    assert [(number, column) for number, column, _message in found] == [(3, "帮扶目标")]
    message = found[0][2]
    for part in ("2026.13.40", "在忙", "200", "结束日期（2026年10月1日）已过", "R81"):
        assert part in message
    assert message.count("; ") >= 4


def test_a_row_without_tier_or_people_is_refused(cast):
    (new,) = new_members(cast, 1)
    mentor = cast.person("liu_member")
    found = refusals(bring(
        cast, LIU, row("", mentor, new), row("互助", mentor, new), [3, "", "", new.name, new.number], [3, "", "20250530002", "", ""],
    ))  # fmt: skip
    assert [(number, column, message) for number, column, message in found] == [
        (3, "帮扶层级", "缺少帮扶层级。请填写 1 至 4 的数字，或层级名称。"),
        (4, "帮扶层级", "帮扶层级:“互助”不是四个帮扶层级之一。请填写 1 至 4 的数字，或：1 党员、入党积极分子帮扶同学、"
         "2 党员帮扶入党积极分子、3 老党员帮扶新党员、4 帮扶团支部。"),
        (5, "帮扶人", "缺少帮扶人：请填写学号，至少填写姓名。"),
        (6, "被帮扶对象", "缺少被帮扶对象：请填写学号，至少填写姓名；第四层填写团支部。"),
    ]  # fmt: skip


def test_numbers_as_numbers_totals_and_blank_rows(cast):
    (new,) = new_members(cast, 1)
    mentor = cast.person("liu_member")
    rows = [[3, mentor.name, int(mentor.number), new.name, float(new.number)], [], ["合计", "", "", 1], ["填表人:周鑫"]]
    report = bring(cast, LIU, *rows)
    assert (refusals(report), len(report.plan.created)) == ([], 1)


def test_formulas_are_text_or_refused_and_never_followed(cast):
    first, second = new_members(cast, 2)
    mentor = cast.person("liu_member")
    report = bring(cast, LIU, row(3, mentor, first, goal="=1+1"))
    assert [message for _row, _column, message in refusals(report)] == [
        "帮扶目标:该单元格的公式没有结果。请用 Excel 或 WPS 打开计算并保存，或直接填写数值。"
    ]
    report = bring(cast, LIU, row(3, mentor, second, goal="@SUM(A1)"))
    assert (refusals(report), Mentorship.objects.get().goal) == ([], "@SUM(A1)")


# --- who is meant -------------------------------------------------------------------------------


def test_people_by_name_alone(cast):
    (new,) = new_members(cast, 1)
    report = bring(cast, LIU, [3, "周鑫", "", "新党员1", ""])
    assert (refusals(report), Mentorship.objects.get().mentee) == ([], new)


def test_two_people_of_one_name_are_told_apart_by_number_class_or_branch(cast):
    first, second = new_members(cast, 2)
    Person.objects.filter(pk=second.pk).update(name=first.name, school_class=cast.class_26)
    report = bring(cast, LIU, [3, "周鑫", "", first.name, ""])
    assert refusals(report) == [(3, "被帮扶对象", "有 2 位名叫“新党员1”的人。请填写所指那一位的学号。")]
    report = bring(cast, LIU, [3, "周鑫", "", f"{first.name}(26土木本科1班)", ""])
    assert (refusals(report), Mentorship.objects.get().mentee) == ([], second)


def test_a_namesake_outside_is_neither_counted_nor_named(cast):
    add_person(cast, "新党员1", "20230319999", branch=cast.er)
    (new,) = new_members(cast, 1)
    assert refusals(bring(cast, LIU, [3, "周鑫", "", "新党员1", ""])) == []
    assert Mentorship.objects.get().mentee == new


def test_unknown_numbers_and_people_outside_get_the_same_answer(cast):
    outside, mentor = cast.person("er_probationary"), cast.person("liu_member")
    rows = [[3, mentor.name, mentor.number, "谁", number] for number in (outside.number, "20990000001")]
    rows.append([3, mentor.name, mentor.number, outside.name, ""])
    found = refusals(bring(cast, LIU, *rows))
    assert found == [
        (3, "对象学号", f"学号 {outside.number} 不在您的管理范围，或不在名册中。请核对。"),
        (4, "对象学号", "学号 20990000001 不在您的管理范围，或不在名册中。请核对。"),
        (5, "被帮扶对象", "“潘桂”不在您的管理范围，或不在名册中。如确认无误，请填写学号。"),
    ]
    assert "机械" not in str(found)


def test_the_operator_is_told_that_nobody_is_there(cast):
    mentor = cast.person("liu_member")
    rows = [
        [3, mentor.name, mentor.number, "谁", "20990000001"],
        [3, mentor.name, "", "谁", ""],
        [4, mentor.name, "", "某团支部", ""],
    ]
    assert refusals(bring(cast, "", *rows)) == [
        (3, "对象学号", "名册中没有学号 20990000001。请核对，或先导入名册。"),
        (4, "被帮扶对象", "名册中没有“谁”。请填写学号，或先将此人录入名册。"),
        (5, "被帮扶对象", "没有团支部“某团支部”。请按系统中的名称填写。"),
    ]


def test_a_number_with_another_name_is_refused(cast):
    (new,) = new_members(cast, 1)
    found = refusals(bring(cast, LIU, [3, "周鑫", "20250530001", new.name, new.number]))
    assert found == [(3, "学号", "学号 20250530001 是上官涵的，文件中写的是“周鑫”。请更正其中一处。")]


def test_a_link_kept_by_another_branch_is_refused_before_the_rules_speak(cast, monkeypatch):
    """A branch paired with one's own is within reach as mentors, its own links are not."""
    monkeypatch.setattr("mentoring.importing.reach.partners_of", lambda ids, on: {pk: {cast.san.pk} for pk in ids if pk == cast.er.pk})  # fmt: skip
    mentor, mentee = cast.person("er_member"), cast.person("san_activist")
    found = refusals(bring(cast, "er_secretary", row(2, mentor, mentee)))
    assert found == [(3, "被帮扶对象", "该结对由第三党支部管理，不在您的管理范围。")]
    monkeypatch.setattr("mentoring.importing.reach.partners_of", lambda ids, on: {pk: {cast.er.pk} for pk in ids if pk == cast.san.pk})  # fmt: skip
    assert refusals(bring(cast, "san_secretary", row(2, mentor, mentee))) == []
    assert Mentorship.objects.get().party_branch == cast.san


def test_the_department_imports_for_its_branches_and_no_other(cast):
    (new,) = new_members(cast, 1)
    rows = [row(3, cast.person("liu_member"), new), row(3, cast.person("er_member"), cast.person("er_probationary"))]
    report = bring(cast, "civil_organiser", *rows, skip_refused=True)
    assert [number for number, _column, _message in refusals(report)] == [4]
    assert Mentorship.objects.get().mentee == new


# --- the rules ----------------------------------------------------------------------------------


def test_oneself_a_circle_and_the_same_two_twice(cast):
    (new,) = new_members(cast, 1)
    first, second = cast.person("liu_secretary"), cast.person("liu_member")
    Person.objects.filter(pk=second.pk).update(admitted_on=dt.date(2025, 5, 11))
    report = bring(
        cast,
        LIU,
        row(3, first, first),
        row(3, first, second),
        row(3, second, first),
        row(3, first, new),
        row(3, first, new),
    )
    found = {number: message for number, _column, message in refusals(report)}
    assert sorted(found) == [3, 5, 7]
    assert found[3] == "上官涵不能自己帮扶自己。请另选帮扶人。（规则 R86）"
    assert "（规则 R86）" in found[5]
    assert found[7] == "第 6 行已有同一层级的同一结对。请删除其中一行。"


def test_a_third_new_member_counts_links_of_the_portal_and_of_the_file(cast):
    mentor, (first, second, third) = cast.person("liu_member"), new_members(cast, 3)
    link(cast, mentor, first)
    report = bring(cast, LIU, row(3, mentor, second), row(3, mentor, third), skip_refused=True)
    assert [number for number, _column, _message in refusals(report)] == [4]
    assert set(Mentorship.objects.values_list("mentee", flat=True)) == {first.pk, second.pk}


def test_a_mentor_of_another_class_is_refused(cast):
    found = refusals(bring(cast, LIU, row(1, cast.person("liu_member"), cast.person("classmate"))))
    assert [(number, column) for number, column, _message in found] == [(3, "帮扶人")]
    assert "（规则 R84）" in found[0][2]


def test_a_fourth_guide_and_a_league_branch_of_the_same_year_are_refused(cast):
    rows = [row(4, senior, cast.one.name) for senior in seniors(cast, 4)]
    report = bring(cast, LIU, *rows, skip_refused=True)
    assert [(number, column) for number, column, _message in refusals(report)] == [(6, "被帮扶对象")]
    assert "（规则 R82）" in refusals(report)[0][2]
    assert LeagueGuidance.objects.count() == 3
    low = add_person(cast, "低年级党员", "20250510098", branch=cast.liu, programme="bachelor", enrolment_year=2026,
                     **{key: getattr(cast.person("liu_member"), key) for key in ("applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")})  # fmt: skip
    assert "（规则 R83）" in refusals(bring(cast, LIU, row(4, low, cast.old.name)))[0][2]


def test_one_guide_alone_is_said_once_and_not_when_a_second_follows(cast):
    first, second = seniors(cast, 2)
    assert len(notes(bring(cast, LIU, row(4, first, cast.one.name), dry_run=True))) == 1
    assert notes(bring(cast, LIU, row(4, first, cast.one.name), row(4, second, cast.one.name), dry_run=True)) == []


def test_who_left_is_refused(cast):
    (new,) = new_members(cast, 1)
    Person.objects.filter(pk=new.pk).update(left_on=dt.date(2026, 10, 1), stage="left")
    assert "新党员1" in refusals(bring(cast, LIU, row(3, cast.person("liu_member"), new)))[0][2]


def test_a_warning_does_not_refuse(cast):
    member = cast.person("liu_member")
    rows = [row(2, member, activist) for activist in activists(cast, 6)]
    report = bring(cast, LIU, *rows)
    assert (refusals(report), len(report.plan.created)) == ([], 6)
    assert [number for number, _words in notes(report)] == [8]
    assert "（规则 R04）" in notes(report)[0][1]


# --- the same again -----------------------------------------------------------------------------


def test_the_same_file_twice_makes_nothing_and_a_difference_updates(cast):
    (new,) = new_members(cast, 1)
    mentor, activist = cast.person("liu_member"), cast.person("liu_activist")
    rows = [row(3, mentor, new, goal="按期转正"), row(2, mentor, activist, category="培养联系人")]
    bring(cast, LIU, *rows)
    again = bring(cast, LIU, *rows)
    assert again.counts == {"created": 0, "updated": 0, "unchanged": 2, "refused": 0}
    report = bring(
        cast, LIU, row(3, mentor, new, until="2027.05.31", goal=""), row(2, mentor, activist, category="朋辈", goal="一起自习"),
    )  # fmt: skip
    assert report.counts == {"created": 0, "updated": 2, "unchanged": 0, "refused": 0}
    assert [change.changes for change in report.plan.updated] == [
        (("ends_on", dt.date(2027, 6, 30), dt.date(2027, 5, 31)),),
        (("goal", "", "一起自习"), ("is_formal", True, False)),
    ]
    assert list(Mentorship.objects.order_by("tier").values_list("tier", "goal", "ends_on", "is_formal")) == [
        (2, "一起自习", dt.date(2027, 6, 30), False), (3, "按期转正", dt.date(2027, 5, 31), False),
    ]  # fmt: skip
    assert Mentorship.history.filter(history_type="~", history_change_reason="pairs").count() == 2


def test_a_guidance_that_stands_follows_the_file_in_end_and_focus(cast):
    first, second = seniors(cast, 2)
    guide(cast, first, starts_on=dt.date(2026, 10, 8))
    report = bring(cast, LIU, row(4, first, cast.one.name, category="安全教育"), row(4, second, cast.one.name))
    assert report.counts == {"created": 1, "updated": 1, "unchanged": 0, "refused": 0}
    found = LeagueGuidance.objects.get(person=first)
    assert (found.focus_areas, found.ends_on) == (["safety"], dt.date(2027, 6, 30))
    assert LeagueGuidance.history.count() == 3


def test_the_first_day_is_not_changed_by_a_file(cast):
    (new,) = new_members(cast, 1)
    link(cast, cast.person("liu_member"), new)
    report = bring(cast, LIU, row(3, cast.person("liu_member"), new, until=""))
    assert report.plan.unchanged == 1
    assert notes(report) == [(3, "系统中的起始日期为 2026年10月28日，导入不更改起始日期。")]


def test_what_has_ended_by_the_file_is_left_out(cast):
    first, second = new_members(cast, 2)
    link(cast, cast.person("liu_member"), first)
    rows = [row(3, cast.person("liu_member"), first, state="已结束"), row(3, cast.person("liu_member"), second, state="终止"),
            [3, "毕业生", "20150530001", "早已离校", "", "", "", "", "", "已终止"]]  # fmt: skip
    report = bring(cast, LIU, *rows)
    assert (refusals(report), report.plan.left_out, report.counts["created"]) == ([], 3, 0)
    assert notes(report) == [
        (3, "文件中状态为已结束，但该结对在系统中仍在进行。请在系统中终止并说明原因；此行未导入。"),
        (4, "状态为已结束，此行未导入。"), (5, "状态为已结束，此行未导入。"),
    ]  # fmt: skip
    assert Mentorship.objects.get().state == "active"


def test_a_last_day_in_the_past_is_refused(cast):
    (new,) = new_members(cast, 1)
    mentor = cast.person("liu_member")
    found = refusals(bring(cast, LIU, row(3, mentor, new, since="2026-09-01", until="2026-10-27")))
    assert found == [(3, "结束日期", "结束日期（2026年10月27日）已过。只导入仍在进行的结对：请更正日期，或删除此行。")]
    assert refusals(bring(cast, LIU, row(3, mentor, new, since="2026-09-01", until="2026-10-28"))) == []


def test_a_no_is_not_asked_again(cast):
    mate = cast.person("classmate")
    helper = activists(cast, 1, school_class=cast.class_26)[0]
    offer = link(cast, helper, mate, tier=1, accept=False)
    answer_offer(link=offer, accept=False, scope=as_person(mate), now=offer.created_at, today=TODAY)
    report = bring(cast, LIU, row(1, helper, mate))
    assert (refusals(report), report.counts["created"], report.plan.left_out) == ([], 0, 1)
    assert notes(report) == [(3, "农军已于 2026年10月28日 婉拒此帮扶，导入不再重复询问；此行未导入。")]


def test_an_ended_link_may_not_overlap_the_new_one(cast):
    (new,) = new_members(cast, 1)
    mentor = cast.person("liu_member")
    end_link(link=link(cast, mentor, new, starts_on=dt.date(2026, 9, 1)), reason="换人", **act(cast, LIU))
    found = refusals(bring(cast, LIU, row(3, mentor, new)))
    assert [(number, column) for number, column, _message in found] == [(3, "起始日期")]
    assert refusals(bring(cast, LIU, row(3, mentor, new, since="2026-10-28"))) == []


# --- whole files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "文件是空的（0 字节）"),
        (b"no workbook", "这不是表格文件"),
        (workbook(headings=("帮扶层级", "学号", "起始日期")), "缺少这些列：帮扶人, 被帮扶对象。"),
        (workbook(headings=("姓名", "性别")), "文件中没有帮扶结对表。"),
        (workbook(headings=("帮扶层级", "帮扶人", "学号", "被帮扶对象", "学号")), "学号, 学号"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(cast, data, words):
    report = bring(cast, LIU, data=data)
    assert words in report.refusal
    assert (report.applied, report.is_refused, report.as_json()["links"]) == (False, True, [])


def test_other_sheets_and_columns_are_named(cast):
    (new,) = new_members(cast, 1)
    data = workbook([*row(3, cast.person("liu_member"), new), "x", "450102200001011234"],
                    headings=(*HEADINGS, "备注", "身份证号"), sheets=("说明",))  # fmt: skip
    report = bring(cast, LIU, data=data)
    assert (report.unknown_sheets, report.ignored_columns, report.never_stored) == (["说明"], ["备注"], ["身份证号"])
    assert report.as_json()["ignored_columns"] == ["身份证号", "备注"]


def test_all_headings_of_the_rules_are_read_and_the_roster_counts(cast):
    headings = ("序号", "帮扶层级", "帮扶人", "学号", "政治面貌", "所在支部", "被帮扶对象(班级/团支部)", "帮扶类别", "起始日期", "结束日期",
                "帮扶目标", "状态")  # fmt: skip
    (new,) = new_members(cast, 1)
    data = workbook([1, "老党员帮扶新党员", "周鑫", "", "预备党员", "第六党支部", new.name, "", "2026年10月8日", "", "", "进行中"],
                    headings=headings)  # fmt: skip
    report = bring(cast, LIU, data=data)
    assert (refusals(report), report.ignored_columns, len(report.plan.created)) == ([], [], 1)
    assert notes(report) == [(3, "文件中周鑫为预备党员，名册中为正式党员，以名册为准。")]


def test_all_or_nothing_unless_refused_rows_are_skipped(cast):
    first, second = new_members(cast, 2)
    rows = [row(NEW, cast.person("liu_member"), first), row(NEW, cast.person("liu_activist"), second)]
    assert (bring(cast, LIU, *rows).applied, Mentorship.objects.count()) == (False, 0)
    assert (bring(cast, LIU, *rows, skip_refused=True).applied, Mentorship.objects.count()) == (True, 1)


def test_too_many_rows_are_refused(cast, monkeypatch):
    monkeypatch.setattr("mentoring.importing.service.MAX_ROWS", 1)
    rows = [row(3, cast.person("liu_member"), new) for new in new_members(cast, 2)]
    assert bring(cast, LIU, *rows).refusal == "文件中的结对超过 1 条。请拆分为多个文件。"


def test_the_number_of_queries_does_not_grow_with_the_rows(cast):
    member, mates = cast.person("liu_member"), classmates(cast, 3)
    helpers = activists(cast, 3, school_class=cast.class_26)

    def asked(count: int) -> int:
        rows = [row(1, helper, mate) for helper, mate in zip(helpers[:count], mates, strict=False)]
        rows += [row(2, member, helper) for helper in helpers[:count]]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report = bring(cast, LIU, *rows, dry_run=True)
        assert len(report.plan.created) == 2 * count
        return len(queries)

    assert asked(1) == asked(3)
