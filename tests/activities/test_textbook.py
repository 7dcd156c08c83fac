"""The textbook: chapters kept in order, pasted as lines, materials shared, coverage by League branch."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from activities.lectures.chapters_ahead import chapters_ahead
from activities.lectures.coverage import Heard, coverage
from activities.lectures.textbook_services import (
    ChapterText,
    add_chapters,
    change_chapter,
    read_lines,
    remove_chapter,
)
from activities.models import Attachment, LectureDuty, TextbookChapter
from branches.models import LeagueBranch
from members.access import scope_for
from pairing_portal.common.problems import Refused
from tests.activities.talks import answer, book, heard_by, record, second_league_branch

PAGE = reverse("textbook")
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def staff(cast):
    return scope_for(cast.user("civil_organiser"))


@pytest.fixture
def chapters(cast):
    rows = [ChapterText(title) for title in ("性质", "思想", "制度")]
    return add_chapters(textbook=book(), rows=rows, scope=staff(cast))


def titles():
    return list(TextbookChapter.objects.order_by("number").values_list("number", "title"))


def on(lecture, chapter):
    lecture.textbook_chapter = chapter
    lecture.save(update_fields=["textbook_chapter"])
    return lecture


def test_lines_become_chapters_with_their_outlines():
    text = "第一章 党的性质\r\n  - 先锋队\n\t宗旨\n\n2. 指导思想\n(3)制度\n十九大以来"
    assert read_lines(text) == [
        ChapterText("党的性质", "先锋队\n宗旨"), ChapterText("指导思想"), ChapterText("制度"), ChapterText("十九大以来"),
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_any_text_is_read_without_losing_a_line(text):
    rows = read_lines(text)
    lines = [line for line in text.replace("\r", "").replace("\x00", "").split("\n") if line.strip()]
    outlines = sum(len(row.outline.split("\n")) for row in rows if row.outline)
    assert len(rows) <= len(lines)
    assert outlines <= len(lines) - len(rows)
    assert all(row.title for row in rows)


def test_chapters_are_pasted_after_a_look(cast, sign_in):
    client, page = sign_in("civil_organiser"), reverse("textbook_import", args=[book().pk])
    looked = client.post(page, {"lines": "第一章 党的性质\n第二章 指导思想"})
    assert ([row.title for row in looked.context["preview"].new], titles()) == (["党的性质", "指导思想"], [])
    assert client.post(page, {"lines": "第一章 党的性质\n第二章 指导思想", "apply": "1"}).status_code == 302
    assert titles() == [(1, "党的性质"), (2, "指导思想")]
    again = client.post(page, {"lines": "第二章 指导思想\n第三章 制度", "apply": "1"})
    assert (again.status_code, titles()) == (302, [(1, "党的性质"), (2, "指导思想"), (3, "制度")])


@pytest.mark.parametrize(
    "lines", ["", "   \n\t", "长" * 101, "题\n- " + "纲" * 3001, "\n".join(f"题{n}" for n in range(61))]
)
def test_lines_that_cannot_become_chapters_are_refused_in_words(cast, sign_in, lines):
    answered = sign_in("civil_organiser").post(
        reverse("textbook_import", args=[book().pk]), {"lines": lines, "apply": "1"}
    )
    assert (answered.status_code, titles()) == (400, [])
    assert answered.context["form"].errors["lines"]


def test_a_chapter_moves_and_the_others_make_room(cast, chapters):
    change_chapter(chapter=chapters[2], number=1, row=ChapterText("制度", "民主集中制"), scope=staff(cast))
    assert titles() == [(1, "制度"), (2, "性质"), (3, "思想")]
    remove_chapter(chapter=chapters[0], scope=staff(cast))
    assert titles() == [(1, "制度"), (2, "思想")]


@pytest.mark.parametrize(
    ("number", "title", "field"), [(0, "新", "number"), (4, "新", "number"), (1, "思想", "title"), (1, " ", "title")]
)
def test_a_change_that_does_not_fit_is_refused_at_its_field(cast, chapters, number, title, field):
    with pytest.raises(Refused) as refusal:
        change_chapter(chapter=chapters[0], number=number, row=ChapterText(title), scope=staff(cast))
    assert refusal.value.field == field
    assert titles() == [(1, "性质"), (2, "思想"), (3, "制度")]


def test_a_chapter_that_lectures_name_is_not_removed(cast, chapters):
    on(record(cast), chapters[0])
    with pytest.raises(Refused):
        remove_chapter(chapter=chapters[0], scope=staff(cast))
    assert len(titles()) == 3


def test_the_pages_of_keeping_are_for_the_organisers(cast, sign_in, chapters):
    edit = reverse("textbook_chapter_edit", args=[chapters[0].pk])
    assert [sign_in(who).get(edit).status_code for who in ("liu_secretary", "administrator", "civil_organiser")] == [
        403,
        403,
        200,
    ]
    data = {"number": "2", "title": "党的性质", "outline": "先锋队"}
    assert sign_in("civil_organiser").post(edit, data).url == reverse("textbook_chapter", args=[chapters[0].pk])
    assert titles() == [(1, "思想"), (2, "党的性质"), (3, "制度")]
    new = reverse("textbook_chapter_new", args=[book().pk])
    assert sign_in("civil_organiser").post(new, {"number": "1", "title": "导论"}).status_code == 302
    assert titles()[0] == (1, "导论")
    remove = reverse("textbook_chapter_remove", args=[chapters[2].pk])
    assert sign_in("civil_organiser").post(remove).status_code == 302
    assert len(titles()) == 3


def test_coverage_counts_what_was_given_and_confirmed(cast, chapters):
    other = second_league_branch(cast)
    first = on(record(cast, league_branches=[cast.one, other]), chapters[0])
    second = on(record(cast, chapter="第二章", topic="思想"), chapters[1])
    answer(cast, heard_by(first, cast.one))
    answer(cast, heard_by(second, cast.one), took_place=False, reason="停电")
    found = coverage([cast.one.pk, other.pk], book())
    assert found.heard(cast.one.pk, chapters[0].pk) == Heard(1, 1, 0)
    assert found.heard(cast.one.pk, chapters[1].pk) == Heard(0, 0, 0)
    assert found.heard(other.pk, chapters[0].pk) == Heard(1, 0, 0)
    assert [found.next_chapter(pk).title for pk in (cast.one.pk, other.pk)] == ["思想", "思想"]
    assert [found.heard_count(pk) for pk in (cast.one.pk, other.pk)] == [1, 0]


def test_the_next_chapter_passes_over_what_is_planned(cast, chapters):
    lecture = on(record(cast), chapters[0])
    lecture.state = "planned"
    lecture.save(update_fields=["state"])
    assert next(iter(chapters_ahead([cast.one.pk])[cast.one.pk])).title == "思想"
    assert coverage([cast.one.pk], book()).next_chapter(cast.one.pk).title == "性质"
    assert coverage([cast.one.pk], None).next_chapter(cast.one.pk) is None


def test_coverage_takes_two_queries_for_one_and_for_three(cast, chapters, django_assert_num_queries):
    on(record(cast), chapters[0])
    more = [
        LeagueBranch.objects.create(
            department=cast.civil, name=f"团支部{n}", enrolment_year=2026, party_branch=cast.liu
        ).pk
        for n in range(2)
    ]
    textbook = book()
    for ids in ([cast.one.pk], [cast.one.pk, *more]):
        with django_assert_num_queries(2):
            coverage(ids, textbook)


def test_the_page_shows_the_coverage_of_own_league_branches_and_its_figures_open_the_lectures(cast, sign_in, chapters):
    answer(cast, heard_by(on(record(cast), chapters[0]), cast.one))
    client = sign_in("league_secretary")
    html = client.get(PAGE).content.decode()
    link = f"{reverse('textbook_chapter', args=[chapters[0].pk])}?league={cast.one.pk}"
    assert link in html
    assert [audience.league_branch for audience in client.get(link).context["audiences"]] == [cast.one]
    assert sign_in("stranger").get(PAGE).context["rows"] == []
    assert sign_in("er_member").get(link).status_code == 404


def test_the_page_takes_as_many_queries_for_one_league_branch_as_for_three(cast, sign_in, chapters):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PAGE).status_code == 200
        return len(queries)

    client = sign_in("civil_organiser")
    client.get(PAGE)
    before = count()
    for number in range(2):
        LeagueBranch.objects.create(
            department=cast.civil, name=f"团支部{number}", enrolment_year=2026, party_branch=cast.liu
        )
    assert count() == before


def test_without_a_textbook_the_page_says_what_it_is_for(cast, sign_in):
    assert "还没有教材" in sign_in("er_member").get(PAGE).content.decode()


# --- Materials -----------------------------------------------------------------------------------


def share(client, chapter):
    return client.post(
        reverse("textbook_chapter_attach", args=[chapter.pk]), {"file": SimpleUploadedFile("讲稿.pdf", PDF)}
    )


def test_a_speaker_on_duty_shares_and_everybody_reads(cast, sign_in, chapters):
    assert share(sign_in("liu_member"), chapters[0]).status_code == 403
    LectureDuty.objects.create(academic_year=cast.year, league_branch=cast.one, person=cast.person("liu_member"))
    assert (
        share(sign_in("liu_member"), chapters[0]).url
        == reverse("textbook_chapter", args=[chapters[0].pk]) + "#attachments"
    )
    row = Attachment.objects.get()
    assert (row.chapter, row.name, row.uploaded_by) == (chapters[0], "讲稿.pdf", cast.user("liu_member"))
    assert sign_in("stranger").get(reverse("attachment", args=[row.pk])).status_code == 200
    assert "讲稿.pdf" in sign_in("stranger").get(reverse("textbook_chapter", args=[chapters[0].pk])).content.decode()


@pytest.mark.parametrize(("who", "status", "left"), [("liu_member", 302, 0), ("civil_organiser", 302, 0), ("liu_secretary", 403, 1),
                                                     ("er_member", 403, 1)])  # fmt: skip
def test_materials_are_removed_by_who_shared_them_and_by_the_organisers(cast, sign_in, chapters, who, status, left):
    LectureDuty.objects.create(academic_year=cast.year, league_branch=cast.one, person=cast.person("liu_member"))
    share(sign_in("liu_member"), chapters[0])
    address = reverse("attachment_remove", args=[Attachment.objects.get().pk])
    assert sign_in(who).post(address).status_code == status
    assert Attachment.objects.count() == left
