"""The forms of the shelf: headings as the offices' own (RULES.md 4.3), widths that a sheet of paper takes, a subject for each."""

from __future__ import annotations

import pytest

from pairing_portal.common.scope import EVERYBODY_ROLES
from pairing_portal.common.spreadsheets.writer import _width
from reports.exporter import SUBJECTS, Report, register_report, reports
from tests.reports.shelf_stage import NAMES

# Report → headings of its form in their order. What the portal does not keep is left out.
FORMS = {
    "members": "序号 姓名 性别 民族 政治面貌 入党时间 出生日期 联系电话 入学时间 学历 专业 年级 组织",
    "activists": "支部 姓名 性别 出生年月 学历 职务 申请入党时间 确定为积极分子时间 培养联系人",
    "due_talks": "序号 党支部 学号 姓名 性别 出生年月 申请入党时间 谈话截止时间 联系方式",
    "due_activists": "序号 党支部 学号 姓名 性别 出生年月 申请入党时间",
    "due_candidates": "序号 党支部 学号 姓名 性别 出生年月 申请入党时间 确定为入党积极分子时间",
    "due_admissions": "序号 党支部 学号 姓名 性别 出生年月 申请入党时间 确定为重点发展对象时间",
    "due_conversions": "序号 党支部 学号 姓名 性别 出生年月 申请入党时间 确定为预备党员时间 递交转正申请书时间",
    "conversion_reviews": "序号 支部名称 学号 姓名 性别 入党时间 入党宣誓时间 转正申请时间 备注 党委预审意见",
    "membership_statistics": "支部名称 年级 班级人数 党员比例(%) 正式党员数 预备党员数 积极分子比例 入党积极分子数 提交入党申请书人数 "
    "春季党训班可报送人数 秋季党训班可报送人数",
    "training_hours": "党支部 学号 姓名 身份 总学时数 活动名称 活动时间 学时数",
    "attendance": "党支部 学号 姓名 身份 活动名称 活动时间 备注",
    "activities": "活动名称 开始时间 主/承办党支部 学时数",
    "appraisal_summary": "序号 姓名 应到党员数 实到 收回票 优秀票 合格票 基本合格票 不合格票 支部评定等次",
    "observations": "姓名 学号 培养联系人 考察期(起止) 政治思想 学习成绩 工作与社会实践 群众基础 主要优缺点 考察人签名 日期",
    "mentoring": "序号 帮扶层级 帮扶人 学号 政治面貌 所在支部 被帮扶对象(班级/团支部) 帮扶类别 起始日期 结束日期 帮扶目标 状态",
    "mentoring_records": "日期 帮扶人 被帮扶对象 时长(分钟) 帮扶内容",
    "lectures": "教学周 日期 开始 结束 时长(分钟) 团支部 宣讲人 主题 使用教材/章节 应到 实到 记录人 照片 是否计入",
    "pairings": "学年 甲方支部 乙方支部 分组 支委结对 党员结对数 共建活动次数 材料互查次数 课题 成效",
    "cross_inspections": "检查日期 检查支部 被查支部 项目 应有 实有 问题 整改期限 整改结果",
    "mentoring_duty": "姓名 学号 发展阶段 帮扶层级 对象数 记录次数 总时长 宣讲次数(计入) 对象评价 团支部/辅导员评价 支部评价 综合等次建议 依据",
}
# Nothing before, between or behind the headings of the form.
EXACTLY = {
    "attendance", "cross_inspections", "due_activists", "due_admissions", "due_candidates", "due_conversions", "due_talks", "membership_statistics",
    "mentoring",
}  # fmt: skip
# Points: what a landscape A4 page leaves between its margins, a digit of the common font, and the space around a cell.
PAPER, DIGIT, AROUND = 784, 5.25, 3.75


@pytest.mark.parametrize("name", sorted(FORMS))
def test_the_headings_are_those_of_the_form(name):
    form, found = FORMS[name].split(), [str(column.heading) for column in reports.get(name).columns()]
    assert [heading for heading in found if heading in form] == form
    assert (found == form) == (name in EXACTLY)


@pytest.mark.parametrize("name", NAMES)
def test_on_paper_the_letters_stay_readable(name):
    """Everything is fitted to the width of a page; eleven points must not become less than seven and a half."""
    columns = reports.get(name).columns()
    width = sum(_width(column) * DIGIT + AROUND for column in columns)
    assert 11 * PAPER / width >= 7.5


@pytest.mark.parametrize("subject", ["", "nowhere"])
def test_a_report_that_stands_nowhere_is_a_mistake(subject):
    name = "lost"

    class Lost(Report):
        roles = EVERYBODY_ROLES

        def columns(self):
            return []

        def rows(self, request):
            return []

    Lost.name = name
    if subject:
        Lost.subject = subject
    with pytest.raises(ValueError, match="lost"):
        register_report(Lost)
    assert name not in reports


def test_every_report_says_where_it_stands():
    assert {report.subject for report in reports} == set(SUBJECTS)
    assert {report.subject for report in reports if report.name.startswith("due_")} == {"people"}
    assert {report.subject for report in reports if "pairing" in report.name} == {"pairings"}
