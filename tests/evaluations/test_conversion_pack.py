"""The evidence pack: what it counts and from when, what is never in it, how it reads, and its three forms."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pytest
from django.utils import timezone
from docx import Document

from activities.models import (
    Activity,
    ActivityKind,
    Lecture,
    LectureAudience,
    LectureSpeaker,
    LogEntry,
    Participation,
    Textbook,
)
from evaluations import pack_words
from evaluations.evidence_pack import find_gaps, pack_of, packs_of
from evaluations.models import PartnerOpinion
from evaluations.pack_page import pack_context, word_context, write_workbook
from evaluations.paper import word
from mentoring.models import MentoringGoal, Mentorship, ObservationRecord
from pairing_portal.common.problems import Refused
from tests.evaluations.conversion_crew import TODAY, day, decided, fresh, on_probation
from tests.pairings.deeds import agreed, pair

pytestmark = pytest.mark.django_db


def log(cast, person, on, minutes=60, purpose="self_study", state="confirmed", **more):
    by = cast.user("er_secretary")
    return LogEntry.objects.create(
        person=person, on=day(on), minutes=minutes, purpose=purpose, summary="学习", state=state, created_at=timezone.now(),
        confirmed_by=by if state == "confirmed" else None, confirmed_at=timezone.now() if state == "confirmed" else None, **more,
    )  # fmt: skip


def link(cast, person, mentee="classmate", tier=1, **more):
    values = {
        "state": "active",
        "starts_on": day("2026-09-10"),
        "published_at": timezone.now(),
        "created_at": timezone.now(),
        "answered_at": timezone.now(),
    }
    return Mentorship.objects.create(
        tier=tier, mentor=person, mentee=cast.person(mentee), party_branch=cast.er, **values | more
    )


def gap_keys(person) -> list[str]:
    return [gap["key"] for gap in pack_of(person, TODAY)["gaps"]]


# --- What it counts ------------------------------------------------------------------------------


def test_confirmed_talks_of_links_count_by_tier_and_nothing_else(cast):
    person = on_probation(cast, until="2026-11-10")
    one = link(cast, person)
    log(cast, person, "2026-10-01", 40, "mentoring", mentorship=one)
    log(cast, cast.person("classmate"), "2026-10-08", 30, "mentoring", mentorship=one)
    log(cast, person, "2026-10-15", 30, "mentoring", state="submitted", mentorship=one)
    MentoringGoal.objects.create(
        mentorship=one, what="过高数", due_on=TODAY, proposed_by=person, mentor_agreed_at=timezone.now(),
        mentee_agreed_at=timezone.now(), reached_on=TODAY,
    )  # fmt: skip
    assert pack_of(person, TODAY)["mentoring"] == [
        {"tier": 1, "people": 1, "running": 1, "silent": 0, "talks": 2, "minutes": 70, "goals": 1, "goals_reached": 1}
    ]


def test_what_lies_before_the_admission_does_not_count(cast):
    person = on_probation(cast, until="2026-11-10")
    log(cast, person, "2025-11-09", 600)
    log(cast, person, "2025-11-10", 120, "service")
    link(cast, person, state="ended", starts_on=day("2025-03-01"), ended_on=day("2025-11-09"), end_reason="毕业")
    pack = pack_of(person, TODAY)
    assert (pack["since"], pack["mentoring"], pack["hours"]["service"]) == (
        "2025-11-10",
        [],
        {"minutes": 120, "count": 1},
    )
    assert [(year["year"], year["minutes"]) for year in pack["training"]] == [(2025, 0), (2026, 0)]


def test_a_lecture_counts_when_a_league_branch_confirms_it_long_enough_and_from_the_textbook(cast):
    person = on_probation(cast, until="2026-11-10")
    book = Textbook.objects.create(title="大学生党的基本知识读本", is_prescribed=True)
    other = Textbook.objects.create(title="别的书", is_prescribed=False)
    by = {"confirmed_by": cast.user("league_secretary"), "confirmed_at": timezone.now()}
    for minutes, textbook, answer in (
        (40, book, {"state": "confirmed"} | by),
        (40, book, {"state": "confirmed", "minutes_heard": 20} | by),
        (40, other, {"state": "confirmed"} | by),
        (29, book, {"state": "confirmed"} | by),
        (40, book, {"state": "waiting"}),
    ):
        lecture = Lecture.objects.create(
            on=day("2026-10-14"), minutes=minutes, textbook=textbook, state="delivered", recorded_by=cast.user("er_secretary"),
            recorded_at=timezone.now(),
        )  # fmt: skip
        LectureSpeaker.objects.create(lecture=lecture, person=person)
        LectureAudience.objects.create(lecture=lecture, league_branch=cast.one, **answer)
    assert pack_of(person, TODAY)["lectures"] == {"given": 5, "counted": 1, "minutes": 189}


def test_pairs_stand_with_their_talks(cast):
    pairing = agreed(cast)
    row = pair(cast, pairing, helper="er_member", partner="san_member")
    type(row).objects.filter(pk=row.pk).update(published_at=timezone.now())
    log(cast, cast.person("san_member"), "2026-10-20", 45, "pairing", member_pairing=row)
    for name, other in (("er_member", "罗杰"), ("san_member", "罗萍妍")):
        pack = pack_of(cast.person(name), TODAY)
        assert [(p["partner"], p["areas"], p["talks"], p["minutes"]) for p in pack["pairs"]] == [
            (other, ["study"], 1, 45)
        ]


def test_attendance_counts_present_leave_and_absent(cast):
    person = on_probation(cast, until="2026-11-10")
    for state, more in (
        ("present", {"checked_in_at": timezone.now(), "way": "list"}),
        ("absent", {}),
        ("leave", {"leave_reason": "实习"}),
        ("invited", {}),
    ):
        activity = Activity.objects.create(
            kind=ActivityKind.objects.first(), title="主题党日", party_branch=cast.er, audience="members",
            starts_at=timezone.now() - dt.timedelta(days=9), ends_at=timezone.now() - dt.timedelta(days=9, hours=-2), state="published",
            check_in_secret="s" * 43, created_by=cast.user("er_secretary"), created_at=timezone.now(),
        )  # fmt: skip
        Participation.objects.create(activity=activity, person=person, state=state, **more)
    assert pack_of(person, TODAY)["activities"] == {"present": 1, "leave": 1, "absent": 1}
    assert "absent" in gap_keys(person)


def observed(cast, person, first, last, kind="branch"):
    texts = dict.fromkeys(("politics", "study", "work", "masses", "strengths"), "内容保密")
    return ObservationRecord.objects.create(
        person=person, kind=kind, period_from=day(first), period_to=day(last), observer=cast.person("er_secretary"),
        recorded_by=cast.user("er_secretary"), signed_on=TODAY, **texts,
    )  # fmt: skip


@pytest.mark.parametrize(("last", "is_gap"), [("2026-04-28", True), ("2026-04-29", False), (None, True)])
def test_a_half_year_without_a_review_is_a_gap(cast, last, is_gap):
    person = on_probation(cast, until="2026-11-10")
    if last:
        observed(cast, person, "2025-11-11", last)
    assert ("review" in gap_keys(person)) is is_gap
    assert "内容保密" not in json.dumps(pack_of(person, TODAY), ensure_ascii=False)


def test_training_hours_are_owed_by_the_share_of_the_year(cast):
    person = on_probation(cast, until="2026-11-10")
    pack = pack_of(person, TODAY)
    # 52 of 365 days of 2025, 301 of 365 of 2026, of 32 hours each.
    assert [(year["year"], year["owed"], year["goal"]) for year in pack["training"]] == [
        (2025, 273, 1920),
        (2026, 1583, 1920),
    ]
    log(cast, person, "2025-12-01", 300)
    log(cast, person, "2026-05-01", 700)
    log(cast, person, "2026-06-01", 700)
    assert "training" in gap_keys(person)
    log(cast, person, "2026-07-01", 183)
    assert "training" not in gap_keys(person)


def test_a_pair_and_a_link_without_a_talk_are_gaps_after_a_while(cast):
    person = on_probation(cast, until="2026-11-10")
    assert "nothing_given" in gap_keys(person)
    one = link(cast, person, starts_on=day("2026-08-29"))
    assert "silent" in gap_keys(person)
    log(cast, person, "2026-10-01", 30, "mentoring", mentorship=one)
    assert {"silent", "nothing_given"} & set(gap_keys(person)) == set()


def test_the_partner_branch_is_heard_and_gaps_are_found_in_a_kept_pack_too(cast):
    person = on_probation(cast, until="2026-11-10")
    PartnerOpinion.objects.create(
        person=person, by_branch=cast.san, text="主动帮助实习党员。", given_on=day("2026-10-01"), recorded_by=cast.user("san_secretary"),
        recorded_at=timezone.now(),
    )  # fmt: skip
    pack = pack_of(person, TODAY)
    assert pack["partner_opinions"] == [
        {"branch": cast.san.short_name, "on": "2026-10-01", "text": "主动帮助实习党员。"}
    ]
    kept = json.loads(json.dumps(pack))
    assert find_gaps(kept) == kept["gaps"]


@pytest.mark.parametrize("name", ["san_activist", "er_member", "league_secretary", "er_probationary"])
def test_every_stage_has_a_pack_that_reads(cast, name):
    person = cast.person(name)
    context = pack_context(person=person, pack=pack_of(person, TODAY))
    assert [section.key for section in context["sections"]] == [
        "mentoring", "lectures", "pairing", "hours", "activities", "feedback", "observations", "partner",
    ]  # fmt: skip
    assert all(section.empty or section.rows or section.figures for section in context["sections"])


@pytest.mark.parametrize("count", [1, 3])
def test_packs_are_read_in_the_same_number_of_queries_for_any_number(cast, count, django_assert_num_queries):
    people = [on_probation(cast, name, until="2026-11-10") for name in ("er_probationary", "san_member", "er_member")][
        :count
    ]
    for person in people:
        link(cast, person, state="active")
        log(cast, person, "2026-10-01", 30)
    with django_assert_num_queries(19):
        assert len(packs_of(people, TODAY)) == count


# --- What is never in it -------------------------------------------------------------------------


def test_neither_support_needs_nor_names_of_those_helped_are_in_it(cast):
    from mentoring.consent_text import VERSION
    from mentoring.models import SupportNeed

    person = on_probation(cast, until="2026-11-10")
    link(cast, person)
    names = {field.name for field in SupportNeed._meta.fields}
    assert VERSION
    assert names
    text = json.dumps(pack_of(person, TODAY), ensure_ascii=False)
    assert cast.person("classmate").name not in text
    assert "support" not in text


def test_the_person_reads_neither_observations_nor_the_partner_branch(cast):
    person = on_probation(cast, until="2026-11-10")
    keys = [section.key for section in pack_words.sections(pack_of(person, TODAY), for_person=True)]
    assert keys == ["mentoring", "lectures", "pairing", "hours", "activities", "feedback"]
    assert "半年考察" not in "".join(pack_words.gap_words(pack_of(person, TODAY), for_person=True))


# --- Paper ---------------------------------------------------------------------------------------


def test_the_duty_table_has_the_public_headings_in_their_order(cast):
    assert [str(text) for text in pack_words.DUTY_HEADINGS] == [
        "姓名", "学号", "发展阶段", "帮扶层级", "对象数", "记录次数", "总时长", "宣讲次数\uff08计入\uff09", "对象评价", "团支部/辅导员评价", "支部评价",
        "综合等次建议", "依据",
    ]  # fmt: skip
    person = on_probation(cast, until="2026-11-10")
    link(cast, person)
    row = pack_words.duty_table(pack_of(person, TODAY))[0]
    assert len(row) == 13
    assert row[:2] == ["潘桂", "20240310001"]


def test_the_workbook_holds_three_sheets_and_no_formula(cast):
    review = fresh(decided(cast))
    person = review.person
    pack = review.pack | {"name": "=cmd()"}
    from evaluations.conversion_reader import review_rows

    row = review_rows([review], TODAY)[0]
    buffer = io.BytesIO()
    write_workbook(buffer, pack_context(person=person, pack=pack, row=row), by="甘杰怡")
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(buffer.getvalue()))
    assert book.sheet_names[:3] == ["帮扶履职情况", "佐证", "核对表"]
    with zipfile.ZipFile(io.BytesIO(buffer.getvalue())) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert [sheet for sheet in sheets if "<f>" in sheet or "<f " in sheet] == []
    assert "=cmd()" in [cell for line in book.get_sheet_by_index(0).to_python() for cell in line]


def words_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def context_of(cast) -> dict[str, object]:
    person = on_probation(cast, until="2026-11-10")
    return word_context(pack_context(person=person, pack=pack_of(person, TODAY)))


def test_the_word_file_is_filled_and_leaves_no_tag_behind(cast):
    text = words_of(word.write_word(context_of(cast)))
    assert "潘桂" in text
    assert "机械系党总支第二党支部" in text
    assert [mark for mark in ("{{", "{%", "}}") if mark in text] == []


def test_what_people_wrote_is_escaped_and_characters_word_cannot_hold_are_left_out(cast):
    context = context_of(cast) | {
        "opinions": [{"who": "群众", "on": "2026-10-01", "text": "<w:br/> & {{ 7 * 7 }}\x0b\x00好"}],
    }
    text = words_of(word.write_word(context))
    assert "<w:br/> & {{ 7 * 7 }}好" in text


@pytest.fixture
def own_template(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder / word.NAME


def written(path, *paragraphs):
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(str(path))


def test_a_college_puts_its_own_template_in_place(cast, own_template):
    written(own_template, "本院表格 {{ name }} {{ number }}")
    assert words_of(word.write_word(context_of(cast))) == "本院表格 潘桂 20240310001"


@pytest.mark.parametrize(
    "text",
    [
        "{{ unknown_field }}", "{{ name", "{% for x in dates %}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ 1 / 0 }}",
        "{{ name.nothing.at_all }}",
    ],
)  # fmt: skip
def test_a_template_that_does_not_work_or_reaches_out_is_refused_in_words(cast, own_template, text):
    written(own_template, text)
    with pytest.raises(Refused) as refusal:
        word.write_word(context_of(cast))
    assert word.NAME in refusal.value.text
    assert str(own_template.parent) not in refusal.value.text


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_template_that_is_no_word_file_is_refused_in_words(cast, own_template, content):
    if content is None:
        with zipfile.ZipFile(own_template, "w") as archive:
            archive.writestr("hello.txt", "x")
    else:
        own_template.write_bytes(content)
    with pytest.raises(Refused):
        word.write_word(context_of(cast))
