"""The kinds of activities until the college writes its own list. Pure but for `fill_kinds`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

# A colour of the calendar is a pair of tokens in calendar.css; the sign says the same without colour.
TONES: Final = ("red", "gold", "green", "blue", "violet", "teal", "orange", "grey")


class SeedKind(NamedTuple):
    key: str
    name: str
    group: str
    own_fields: str
    icon: str
    tone: str
    owed_by: str = ""
    counts_as_training: bool = False
    counts_as_service: bool = False


# Names are data, not sentences of the interface (background: six lines; RULES.md 1.7: organisational life).
KINDS: Final = (
    SeedKind("micro_lecture", "微党课", "line", "micro_lecture", "megaphone", "red", "", True),
    SeedKind("reading_month", "微视角·读书活动月", "line", "reading", "book", "blue", "", True),
    SeedKind("experience", "经验交流", "line", "experience", "chat-square-text", "teal", "", False),
    SeedKind("red_classics", "红色经典", "line", "classics", "star", "orange", "", True),
    SeedKind("contest", "知识竞赛·演讲比赛", "line", "contest", "award", "violet", "", False),
    SeedKind("volunteer", "志愿服务", "line", "service", "heart", "green", "", False, True),
    SeedKind("general_meeting", "支部党员大会", "organisation", "meeting", "people", "red", "general_meeting_months"),
    SeedKind("committee_meeting", "支部委员会会议", "organisation", "meeting", "person-badge", "red", "committee_meeting_months"),
    SeedKind("group_meeting", "党小组会", "organisation", "meeting", "diagram-3", "red", "group_meeting_months"),
    SeedKind("party_lecture", "党课", "organisation", "meeting", "mortarboard", "gold", "party_lecture_months", True),
    SeedKind("theme_day", "主题党日", "organisation", "meeting", "flag", "gold", "theme_day_months", True),
    SeedKind("org_life_meeting", "组织生活会", "organisation", "meeting", "chat", "gold", "org_life_meetings_a_year"),
    SeedKind("joint_study", "联合学习", "organisation", "meeting", "journal-text", "blue", "", True),
    SeedKind("situation_report", "形势报告", "organisation", "meeting", "bar-chart", "blue", "", True),
    SeedKind("social", "联谊活动", "organisation", "", "person-plus", "teal"),
    SeedKind("first_lesson", "开学第一课", "league", "", "book", "blue"),
    SeedKind("career_planning", "职业生涯规划", "league", "", "graph-up", "teal"),
    SeedKind("leader_training", "学生干部培训", "league", "", "person-check", "violet"),
    SeedKind("subject_contest", "学科竞赛", "league", "contest", "award", "violet"),
    SeedKind("innovation", "创新创业项目", "league", "", "gear", "orange"),
    SeedKind("culture_sports", "文体活动", "league", "", "star", "green"),
)  # fmt: skip


def fill_kinds(**_signal: Any) -> None:
    """Write the list into an empty table: after migrating, and after everything was flushed. A list that exists is left alone."""
    from .models import ActivityKind

    if not ActivityKind.objects.exists():
        ActivityKind.objects.bulk_create(
            ActivityKind(position=10 * number, **seed._asdict()) for number, seed in enumerate(KINDS, start=1)
        )
