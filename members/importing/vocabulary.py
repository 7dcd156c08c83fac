"""The headings rosters use (RULES.md 4.3), and the words in their cells."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from branches.models import LeagueModelType, Programme
from pairing_portal.common.spreadsheets import Field, Vocabulary

from ..office_models import PostKind
from ..stages import Stage

# 身份证号 and the like are dropped while reading: they are never stored (RULES.md P1).
NEVER_STORED = (
    "身份证号", "身份证号码", "身份证", "公民身份号码", "证件号码", "银行卡号", "银行账号", "家庭住址", "户籍地址", "家庭地址", "现居住地",
    "家庭成员", "宗教信仰", "父亲姓名", "母亲姓名", "家长电话", "户口所在地派出所",
)  # fmt: skip

PEOPLE = Vocabulary(
    "people",
    [
        Field("number", _("student or staff number"), ("学号", "学工号", "工号", "学号/工号", "学號", "学生学号", "人员编号", "Student No.", "Student Number"), required=True),
        Field("name", _("name"), ("姓名", "学生姓名", "党员姓名", "名字", "Name"), required=True),
        Field("sex", _("sex"), ("性别", "Sex", "Gender")),
        Field("ethnicity", _("ethnicity"), ("民族",)),
        Field("born_on", _("born on"), ("出生年月", "出生日期", "出生时间", "出生年月日", "生日")),
        Field("phone", _("phone"), ("联系电话", "电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "联系手机")),
        Field("programme", _("programme"), ("层次", "学历层次", "培养层次", "学历", "办学层次", "人员类别")),
        Field("years", _("length of the programme"), ("学年制", "学制")),
        Field("major", _("major"), ("专业", "当前专业", "专业名称", "所学专业", "当前专业(全称)")),
        Field("school_class", _("class"), ("班级", "所在班级", "班级名称", "行政班")),
        Field("enrolment_year", _("enrolment year"), ("年级", "入学年份", "入学时间", "入学年级")),
        Field("graduates_on", _("expected graduation"), ("毕业时间", "预计毕业时间", "毕业日期")),
        Field("department", _("department"), ("所属系", "系", "院系", "系部", "学院", "所在系")),
        Field("branch", _("Party branch"), ("党支部", "党支部名称", "所在党支部", "所属党支部", "支部名称", "支部", "组织", "党组织", "所在支部")),
        Field("status", _("political status"), ("政治面貌", "类别", "党员类别", "身份")),
        Field("league_joined_on", _("joined the League on"), ("入团时间", "入团日期")),
        Field("applied_on", _("applied on"), ("递交入党申请书时间", "申请入党时间", "入党申请时间", "递交申请书时间", "申请时间", "提交入党申请书时间")),
        Field("activist_on", _("activist since"), ("确定为入党积极分子时间", "确定积极分子时间", "列为积极分子时间", "积极分子时间", "确定为积极分子时间", "确定入党积极分子时间")),
        Field("candidate_on", _("candidate since"), ("确定为发展对象时间", "确定发展对象时间", "发展对象时间", "列为发展对象时间", "确定为重点发展对象时间", "确定重点对象时间", "确定发展对象时间(党委备案时间)")),
        Field("admitted_on", _("admitted on"), ("入党时间", "接收为预备党员时间", "确定为预备党员时间", "入党日期", "接收预备党员时间", "支部党员大会时间", "确定为预备党员时间(支部大会)")),
        Field("converted_on", _("full member since"), ("转正时间", "转正日期", "转为正式党员时间", "转正时间(支部大会讨论转正时间)")),
        Field("post", _("post"), ("党内职务", "职务", "支部职务")),
        Field("away_from", _("internship from"), ("实习开始", "实习开始时间", "实习起始时间", "离校实习时间", "实习起")),
        Field("away_to", _("internship to"), ("实习结束", "实习结束时间", "实习终止时间", "实习止")),
    ],
    never_stored=NEVER_STORED,
)  # fmt: skip

LEAGUES = Vocabulary(
    "league branches",
    [
        Field("league_name", _("League branch"), ("团支部名称", "团支部"), required=True),
        Field("department", _("department"), ("所属系", "系", "院系", "系部", "学院")),
        Field("school_class", _("class"), ("班级", "所在班级", "班级名称")),
        Field("enrolment_year", _("enrolment year"), ("年级", "入学年份")),
        Field("member_count", _("League members"), ("团员人数", "团员数", "人数")),
        Field("secretary", _("League branch secretary"), ("团支书", "团支部书记", "书记姓名"), required=True),
        Field("secretary_number", _("number of the League branch secretary"), ("团支书学号", "团支部书记学号", "学号"), required=True),
        Field("model_type", _("model type"), ("创建类型", "类型", "团支部类型", "创建目标")),
        Field("branch", _("responsible Party branch"), ("负责党支部", "联系党支部", "对口党支部")),
    ],
    never_stored=NEVER_STORED,
)  # fmt: skip

VOCABULARIES = (PEOPLE, LEAGUES)
DATE_KEYS = ("league_joined_on", "applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on")
PARTY_KEYS = frozenset({"branch", "applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on", "post"})

PROGRAMME_WORDS = {
    "本科": Programme.BACHELOR, "本科生": Programme.BACHELOR, "大学本科": Programme.BACHELOR, "大学": Programme.BACHELOR,
    "专科": Programme.DIPLOMA, "专科生": Programme.DIPLOMA, "大专": Programme.DIPLOMA, "高职": Programme.DIPLOMA, "大学专科": Programme.DIPLOMA,
    "专升本": Programme.UPGRADE, "教师": Programme.STAFF, "教职工": Programme.STAFF, "教工": Programme.STAFF, "职工": Programme.STAFF,
    "学生": "", "研究生": "", "硕士": "", "博士": "",
}  # fmt: skip
YEARS_WORDS = {
    "三年": Programme.DIPLOMA, "3年": Programme.DIPLOMA, "3": Programme.DIPLOMA, "三年制": Programme.DIPLOMA,
    "四年": Programme.BACHELOR, "4年": Programme.BACHELOR, "4": Programme.BACHELOR, "四年制": Programme.BACHELOR, "五年": Programme.BACHELOR,
    "两年": Programme.UPGRADE, "二年": Programme.UPGRADE, "2年": Programme.UPGRADE, "2": Programme.UPGRADE, "两年制": Programme.UPGRADE,
}  # fmt: skip
PROGRAMME_YEARS = {Programme.DIPLOMA: 3, Programme.BACHELOR: 4, Programme.UPGRADE: 2}
STATUS_WORDS = {
    "中共党员": Stage.FULL, "正式党员": Stage.FULL, "党员": Stage.FULL, "中共正式党员": Stage.FULL,
    "中共预备党员": Stage.PROBATIONARY, "预备党员": Stage.PROBATIONARY,
    "发展对象": Stage.CANDIDATE, "重点发展对象": Stage.CANDIDATE, "入党积极分子": Stage.ACTIVIST, "积极分子": Stage.ACTIVIST,
    "入党申请人": Stage.APPLICANT, "申请人": Stage.APPLICANT,
    "共青团员": Stage.LEAGUE_MEMBER, "团员": Stage.LEAGUE_MEMBER, "群众": Stage.NON_MEMBER,
}  # fmt: skip
POST_WORDS = {
    "书记": PostKind.BRANCH_SECRETARY, "支部书记": PostKind.BRANCH_SECRETARY, "党支部书记": PostKind.BRANCH_SECRETARY,
    "副书记": PostKind.DEPUTY_SECRETARY, "支部副书记": PostKind.DEPUTY_SECRETARY, "党支部副书记": PostKind.DEPUTY_SECRETARY,
    "组织委员": PostKind.ORGANIZATION_OFFICER, "宣传委员": PostKind.PUBLICITY_OFFICER, "纪检委员": PostKind.DISCIPLINE_OFFICER,
    "纪律检查委员": PostKind.DISCIPLINE_OFFICER, "青年委员": PostKind.YOUTH_OFFICER, "统战委员": PostKind.UNITED_FRONT_OFFICER,
    "保密委员": PostKind.SECRECY_OFFICER,
}  # fmt: skip
MODEL_TYPE_WORDS = {
    "理论学习型": LeagueModelType.THEORY_LEARNING, "科技创新型": LeagueModelType.TECHNOLOGY_INNOVATION,
    "网络宣传型": LeagueModelType.ONLINE_PUBLICITY, "文体活动型": LeagueModelType.CULTURE_AND_SPORTS,
}  # fmt: skip
