"""What the lectures of the demonstration stand on: the chapters of the textbook, excellent members, exemptions asked for and granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from accounts.models import User
from activities.lectures.exemption_services import Span, ask_exemption, decide_exemption
from activities.models import ExemptionReason, Lecture, Textbook, TextbookChapter
from branches.models import AcademicYear, LeagueBranch
from members.access import scope_for
from members.models import ExcellentMember, Person

from .together import moment

# Title without its number, and the outline.
CHAPTERS = (
    ("党的性质和宗旨", "党是中国工人阶级的先锋队，同时是中国人民和中华民族的先锋队。\n全心全意为人民服务的宗旨。\n课堂讨论：身边的党员怎样服务同学。"),
    ("党的指导思想", "指导思想的形成和发展。\n学习理论与专业学习相结合。\n课堂讨论：读一段原文，谈一点体会。"),
    ("党的组织制度", "民主集中制的基本原则。\n支部的任务和“三会一课”。\n课堂讨论：班级事务怎样民主决定。"),
    ("党的纪律和作风", "六项纪律的主要内容。\n理论联系实际、密切联系群众、批评与自我批评。\n课堂讨论：宿舍和课堂里的小事。"),
    ("党员的权利和义务", "党员的义务和权利。\n入党的程序和培养考察。\n课堂讨论：入党动机与日常行动。"),
)  # fmt: skip


def write_chapters(book: Textbook) -> None:
    """The five chapters of the prescribed textbook with their outlines."""
    TextbookChapter.objects.bulk_create(
        TextbookChapter(textbook=book, number=number, title=title, outline=outline)
        for number, (title, outline) in enumerate(CHAPTERS, start=1)
    )


def name_chapters(book: Textbook) -> None:
    """Lectures whose chapter was written in words get the chapter of the textbook they mean."""
    for chapter in TextbookChapter.objects.filter(textbook=book):
        Lecture.objects.filter(textbook=book, textbook_chapter=None, chapter__endswith=chapter.title).update(
            textbook_chapter=chapter
        )


def choose_speakers(speakers: Sequence[Person], year: AcademicYear) -> None:
    """Those who lecture are the excellent members of the year."""
    for person in speakers:
        ExcellentMember.objects.create(person=person, academic_year=year, note="支部大会评定")


def ask_for_days(
    juniors: Sequence[LeagueBranch], decider: User, *, this_week: date, year: AcademicYear, today: date
) -> None:
    """One League branch asks and waits, another asked and was granted; both for weeks to come."""
    first = this_week + timedelta(weeks=2)
    if len(juniors) < 2 or first + timedelta(days=4) > year.ends_on:
        return
    asked = []
    for league, back, span in (
        (juniors[0], 1, Span(first, first + timedelta(days=4), ExemptionReason.EXAMS, "英语等级考试")),
        (juniors[1], 3, Span(first, first + timedelta(days=1), ExemptionReason.OTHER, "校运动会")),
    ):
        secretary = league.posts.get(kind="league_secretary").person.user
        on = today - timedelta(days=back)
        asked.append(
            ask_exemption(
                league_branch=league, span=span, is_confirmed=True, scope=scope_for(secretary, today), by=secretary, today=on,
                now=moment(on, 12),
            )
        )  # fmt: skip
    decide_exemption(
        exemption=asked[1], is_granted=True, answer="同意，运动会后补上。", scope=scope_for(decider, today), by=decider,
        now=moment(today - timedelta(days=2), 9),
    )  # fmt: skip
