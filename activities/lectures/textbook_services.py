"""The chapters of a textbook: added, renamed, put in another order, pasted as lines; and who may share materials on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope

from ..lecture_querysets import league_branches_on_duty
from ..models import Textbook, TextbookChapter

CHAPTERS_AT_MOST = 60
TITLE_LENGTH, OUTLINE_LENGTH = 100, 3000
LINES_LENGTH = 20_000
# Numbers in use are moved out of the way before new ones are written: two chapters never share one.
_ASIDE = 1000
# "第三章 …", "第3讲:…", "3. …", "3、…", "(3) …": the number follows from the order.
_NUMBERING = re.compile(
    r"^\s*(?:第\s*[0-9一二三四五六七八九十百]+\s*[章讲节课编]|[((]?[0-9]{1,3}[))..、])\s*[::、.]?\s*"
)
# A line of the outline begins with an indent or a dash.
_OUTLINE = re.compile(r"^(?:\s{2,}|\t| |[-–—*•·])\s*(.*)$")

_BULLETS = " \t\u3000-–—*•·"


def may_edit_textbooks(scope: Scope) -> bool:
    """The organisers of a department or of the college."""
    return scope.has(Role.STAFF)


def may_add_material(scope: Scope) -> bool:
    """Speakers on duty today, who runs a branch, and the organisers."""
    if scope.managed_branch_ids or scope.has(Role.STAFF):
        return True
    return scope.person_id is not None and league_branches_on_duty(scope).exists()


def may_remove_material(uploaded_by_id: int | None, scope: Scope) -> bool:
    """Who shared it, and the organisers."""
    return uploaded_by_id == scope.user_id or may_edit_textbooks(scope)


@dataclass(frozen=True)
class ChapterText:
    """A chapter before it is stored."""

    title: str
    outline: str = ""


def read_lines(text: str) -> list[ChapterText]:
    """Chapters from pasted lines, one a line, its number taken off; indented or dashed lines are the outline of the one above."""
    found: list[tuple[str, list[str]]] = []
    for line in text.replace("\r", "").replace("\x00", "").split("\n"):
        if not line.strip():
            continue
        outline = _OUTLINE.match(line)
        if outline and found:
            found[-1][1].append(outline.group(1).strip(_BULLETS))
            continue
        title = _NUMBERING.sub("", line.strip()).strip() or line.strip()
        found.append((title, []))
    return [ChapterText(title, "\n".join(part for part in outline if part)) for title, outline in found]


@dataclass(frozen=True)
class ImportPreview:
    """What pasting would add, and the chapters that are there already."""

    new: list[ChapterText]
    known: list[ChapterText]


def preview_lines(*, textbook: Textbook, text: str) -> ImportPreview:
    """Raises `Refused` naming the line that cannot become a chapter."""
    if len(text) > LINES_LENGTH:
        raise Refused(_("The text is too long. Paste the list of chapters only."), field="lines")
    rows = read_lines(text)
    if not rows:
        raise Refused(_("Paste one chapter a line."), field="lines")
    titles = set(TextbookChapter.objects.filter(textbook=textbook).values_list("title", flat=True))
    new: list[ChapterText] = []
    known: list[ChapterText] = []
    for row in rows:
        _check(row)
        (known if row.title in titles else new).append(row)
        titles.add(row.title)
    if TextbookChapter.objects.filter(textbook=textbook).count() + len(new) > CHAPTERS_AT_MOST:
        raise Refused(_("A textbook has at most %(count)d chapters here.") % {"count": CHAPTERS_AT_MOST}, field="lines")
    return ImportPreview(new, known)


def _check(row: ChapterText) -> None:
    if not row.title.strip():
        raise Refused(_("A chapter has a title."), field="title")
    if len(row.title) > TITLE_LENGTH:
        words = _("This title is longer than %(count)d characters: %(title)s…")
        raise Refused(words % {"count": TITLE_LENGTH, "title": row.title[:30]}, field="title")
    if len(row.outline) > OUTLINE_LENGTH:
        words = _("The outline of “%(title)s” is longer than %(count)d characters.")
        raise Refused(words % {"count": OUTLINE_LENGTH, "title": row.title}, field="outline")


def _open(textbook: Textbook, scope: Scope) -> list[TextbookChapter]:
    """The chapters in their order, nobody else changing them meanwhile."""
    if not may_edit_textbooks(scope):
        raise Refused(_("Textbooks are kept by the organisers of the departments and of the college."))
    Textbook.objects.select_for_update(no_key=True).get(pk=textbook.pk)
    return list(TextbookChapter.objects.filter(textbook=textbook).order_by("number"))


def _number(textbook: Textbook, chapters: Sequence[TextbookChapter]) -> None:
    """Number the chapters from 1 in this order."""
    TextbookChapter.objects.filter(textbook=textbook).update(number=F("number") + _ASIDE)
    for number, chapter in enumerate(chapters, start=1):
        chapter.number = number
    TextbookChapter.objects.bulk_update(chapters, ["number"])


@transaction.atomic
def add_chapters(*, textbook: Textbook, rows: Sequence[ChapterText], scope: Scope) -> list[TextbookChapter]:
    """Add chapters at the end. Raises `Refused` without the right, for a title that is there, and beyond the limit."""
    chapters = _open(textbook, scope)
    titles = {chapter.title for chapter in chapters}
    for row in rows:
        _check(row)
        if row.title.strip() in titles:
            raise Refused(_("There is a chapter “%(title)s” already.") % {"title": row.title}, field="title")
        titles.add(row.title.strip())
    if len(chapters) + len(rows) > CHAPTERS_AT_MOST:
        raise Refused(_("A textbook has at most %(count)d chapters here.") % {"count": CHAPTERS_AT_MOST}, field="title")
    first = chapters[-1].number + 1 if chapters else 1
    made: list[TextbookChapter] = TextbookChapter.objects.bulk_create(
        TextbookChapter(textbook=textbook, number=number, title=row.title.strip(), outline=row.outline.strip())
        for number, row in enumerate(rows, start=first)
    )
    return made


@transaction.atomic
def change_chapter(*, chapter: TextbookChapter, number: int, row: ChapterText, scope: Scope) -> TextbookChapter:
    """Rename a chapter, write its outline, move it to a place in the order; the others make room. Raises `Refused`."""
    chapters = _open(chapter.textbook, scope)
    current = next((one for one in chapters if one.pk == chapter.pk), None)
    if current is None:
        raise Refused(_("This chapter was removed meanwhile. Go back to the textbook."))
    _check(row)
    others = [one for one in chapters if one.pk != chapter.pk]
    if row.title.strip() in {one.title for one in others}:
        raise Refused(_("There is a chapter “%(title)s” already.") % {"title": row.title}, field="title")
    if not 1 <= number <= len(chapters):
        words = _("The textbook has %(count)d chapters: choose a number from 1 to %(count)d.")
        raise Refused(words % {"count": len(chapters)}, field="number")
    current.title, current.outline = row.title.strip(), row.outline.strip()
    current.save(update_fields=["title", "outline"])
    others.insert(number - 1, current)
    _number(chapter.textbook, others)
    return current


@transaction.atomic
def remove_chapter(*, chapter: TextbookChapter, scope: Scope) -> None:
    """Take a chapter out, its materials with it. Refused while lectures name it: what was heard stays countable."""
    chapters = _open(chapter.textbook, scope)
    if chapter.lectures.exists():
        raise Refused(_("Lectures name this chapter: rename it instead of removing it."))
    TextbookChapter.objects.filter(pk=chapter.pk).delete()
    _number(chapter.textbook, [one for one in chapters if one.pk != chapter.pk])
