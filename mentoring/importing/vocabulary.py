"""The headings of lists of mentoring links (RULES.md 4.3(m) and what branches really write), and the words in their cells."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from members.importing.vocabulary import NEVER_STORED
from pairing_portal.common.spreadsheets import Cell, CellProblem, Field, Vocabulary
from pairing_portal.common.spreadsheets import values as parse

from ..tiers import FocusArea, Tier

PAIRS = Vocabulary(
    "mentoring links",
    [
        Field("tier", _("mentoring tier"), ("帮扶层级", "层级", "帮扶层次", "帮扶类型(层级)", "结对层级", "Tier"), required=True),
        Field("mentor", _("name of the mentor"), ("帮扶人", "帮扶人姓名", "帮扶党员", "帮扶者", "结对党员", "Mentor"), required=True),
        Field("mentor_number", _("number of the mentor"), ("学号", "学工号", "工号", "学号/工号", "帮扶人学号", "帮扶人学号/工号", "帮扶人学工号", "帮扶党员学号")),
        Field("mentor_status", _("political status of the mentor"), ("政治面貌", "帮扶人政治面貌")),
        Field("mentor_branch", _("Party branch of the mentor"), ("所在支部", "所在党支部", "党支部", "帮扶人所在支部", "帮扶人所在党支部")),
        Field("mentee", _("mentee or League branch"), ("被帮扶对象", "被帮扶人", "帮扶对象", "被帮扶对象姓名", "被帮扶人姓名", "帮扶对象姓名", "对象姓名", "对象", "被帮扶团支部", "被帮扶对象(班级/团支部)", "Mentee"), required=True),
        Field("mentee_number", _("number of the mentee"), ("对象学号", "被帮扶对象学号", "被帮扶人学号", "帮扶对象学号", "被帮扶学号")),
        Field("category", _("kind of mentoring"), ("帮扶类别", "帮扶类型", "类别", "帮扶性质")),
        Field("starts_on", _("mentoring from"), ("起始日期", "开始日期", "起始时间", "开始时间", "帮扶开始日期", "帮扶开始时间", "帮扶起始日期", "结对日期", "结对时间")),
        Field("ends_on", _("mentoring until"), ("结束日期", "终止日期", "截止日期", "结束时间", "终止时间", "帮扶结束日期", "帮扶结束时间")),
        Field("goal", _("mentoring goal"), ("帮扶目标", "目标", "预期目标")),
        Field("state", _("state of the link"), ("状态", "帮扶状态", "结对状态")),
    ],
    never_stored=NEVER_STORED,
)  # fmt: skip

# Of each tier the first is named when a cell is none of them.
TIER_WORDS: dict[Tier, tuple[str, ...]] = {
    Tier.CLASSMATES: (
        "党员、入党积极分子帮扶同学", "党员、积极分子帮扶同学", "党员和入党积极分子帮扶同学", "党员帮扶同学", "入党积极分子帮扶同学",
        "积极分子帮扶同学", "帮扶同学", "帮扶同班同学", "同班同学", "同班同学帮扶", "同学", "党员、入党积极分子帮扶同班同学",
        "members and activists help classmates",
    ),
    Tier.ACTIVISTS: (
        "党员帮扶入党积极分子", "党员帮扶积极分子", "帮扶入党积极分子", "帮扶积极分子", "党员帮扶发展对象", "members guide activists",
    ),
    Tier.NEW_MEMBERS: (
        "老党员帮扶新党员", "老党员带新党员", "帮扶新党员", "老带新", "正式党员帮扶预备党员", "党员帮扶预备党员",
        "senior members guide new members",
    ),
    Tier.LEAGUE_BRANCHES: (
        "帮扶团支部", "党员帮扶团支部", "专升本党员帮扶团支部", "党员帮扶低年级团支部", "高年级党员帮扶低年级团支部", "帮扶低年级团支部",
        "专升本党员帮扶低年级团支部", "senior members guide a junior league branch",
    ),
}  # fmt: skip
_TIER_NUMBERS = {"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4}
_BY_WORD = {re.sub(r"\s", "", word): tier for tier, words in TIER_WORDS.items() for word in words}
_TIER_NUMBER = re.compile(r"(?:第|t)?([1-4一二三四])(?:(?:层级?|级|类|对)(?:帮扶)?)?[:、.,\-]*")
_NOISE = re.compile(r"[\s→\"“”]+")
_BRACKETED = re.compile(r"\(([^()]*)\)")

FORMAL_WORDS = ("培养联系人", "正式联系人", "formal")
PEER_WORDS = ("朋辈", "同伴", "peer")
FOCUS_WORDS = {
    "政治建设": FocusArea.POLITICS, "思想建设": FocusArea.THOUGHT, "党建带团建": FocusArea.PARTY_LEADS_LEAGUE,
    "学风建设": FocusArea.STUDY_CLIMATE, "意识形态": FocusArea.IDEOLOGY, "安全教育": FocusArea.SAFETY,
}  # fmt: skip
# False: the link is over.
STATE_WORDS = {
    "进行中": True, "正常": True, "有效": True, "在帮": True, "帮扶中": True, "结对中": True, "开展中": True, "执行中": True,
    "待确认": True, "待同意": True, "running": True, "active": True,
    "已结束": False, "结束": False, "已终止": False, "终止": False, "已解除": False, "解除": False, "已完成": False, "完成": False,
    "已归档": False, "ended": False,
}  # fmt: skip


class WordProblem(CellProblem):
    texts = {
        **CellProblem.texts,
        "unknown-tier": _("“%(text)s” is none of the four tiers. Write a number from 1 to 4, or: %(allowed)s."),
    }


def to_tier(cell: Cell) -> Tier | None:
    """老党员帮扶新党员, 3, 第三层, 第三层(老党员帮扶新党员): the tier; None for a blank cell."""
    if parse.is_blank(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    shown = parse.to_text(cell) or ""
    text = _NOISE.sub("", unicodedata.normalize("NFKC", shown)).casefold()
    found = {tier for part in _parts(text) for tier in [_tier_of(part)]}
    if len(found) == 1 and None not in found:
        return found.pop()
    allowed = "、".join(f"{tier.value} {words[0]}" for tier, words in TIER_WORDS.items())
    raise WordProblem("unknown-tier", text=shown[:40], allowed=allowed)


def _parts(text: str) -> list[str]:
    """The text itself when it is a known word, else what stands outside and inside its brackets, a leading number apart."""
    if text in _BY_WORD:
        return [text]
    parts = [part for part in (_BRACKETED.sub("", text), *_BRACKETED.findall(text)) if part]
    found: list[str] = []
    for part in parts:
        number = _TIER_NUMBER.match(part) if part not in _BY_WORD else None
        found += [number[1], part[number.end() :]] if number else [part]
    return [part for part in found if part]


def _tier_of(part: str) -> Tier | None:
    if part in _TIER_NUMBERS:
        return Tier(_TIER_NUMBERS[part])
    return _BY_WORD.get(part)


def formality(text: str) -> bool | None:
    """What 帮扶类别 says of a link of tier 2: formal contact, peer mentor, or nothing. Other words are not kept anywhere."""
    if any(word in text for word in FORMAL_WORDS):
        return True
    return False if any(word in text for word in PEER_WORDS) else None


def focus_areas(text: str) -> list[str]:
    return [area.value for word, area in FOCUS_WORDS.items() if word in text]
