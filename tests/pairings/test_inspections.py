"""One branch looks through the other's records: what may be written down, and how long one is reminded of what is missing."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from notifications.models import Notice
from notifications.services import compute_reminders, run_tick
from pairing_portal.common.problems import Refused
from pairings import inspection_services
from pairings.models import BranchPairing, CrossInspection, InspectionFinding, InspectionMaterial, PairingTask
from pairings.work_rules import FindingEntry
from tests.pairings.work import active_pairing, by, gap, inspect, material, mend  # noqa: F401  # a fixture

pytestmark = pytest.mark.usefixtures("quiet_reminders")


def refused(call, *arguments, **more):
    """(words in English, rule) of the refusal."""
    with translation.override("en"), pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    return refusal.value.text.split(" (rule")[0], refusal.value.rule


def test_ten_kinds_of_records_are_there_from_the_start(cast):
    names = list(InspectionMaterial.objects.values_list("name", flat=True))
    assert (len(names), names[0], names[-1]) == (10, "支部党员大会记录", "换届材料")


def test_a_sheet_is_written_down_and_rows_left_empty_were_not_looked_at(cast, pairing, sign_in):
    first, second = material(0), material(4)
    response = sign_in("er_secretary").post(
        reverse("work_inspection_new", args=[pairing.pk]),
        {
            "inspecting_branch": cast.er.pk, "on": "2026-10-20", "inspectors": "张红", "note": "",
            f"m{first.pk}-expected": "3", f"m{first.pk}-found": "2", f"m{first.pk}-problem": "缺一次记录",
            f"m{first.pk}-mend_by_on": "2026-11-11", f"m{second.pk}-expected": "2", f"m{second.pk}-found": "2",
        },
    )  # fmt: skip
    row = CrossInspection.objects.get()
    assert response.url == reverse("inspection", args=[row.pk])
    assert (row.inspecting_branch, row.inspected_branch, row.recorded_by) == (
        cast.er, cast.san, cast.user("er_secretary"),
    )  # fmt: skip
    assert list(row.findings.values_list("material", "expected", "found", "problem", "mend_by_on")) == [
        (first.pk, 3, 2, "缺一次记录", dt.date(2026, 11, 11)),
        (second.pk, 2, 2, "", None),
    ]
    assert [(notice.user, notice.kind) for notice in Notice.objects.all()] == [
        (cast.user("san_secretary"), "pairings.inspection_recorded")
    ]
    assert "缺一次记录" not in str(Notice.objects.get().subject)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            lambda cast: {"inspected_branch": cast.si},
            "An inspection is between the two branches of the pairing. Inspect a third branch in its own pairing.",
        ),
        (
            lambda cast: {"inspecting_branch": cast.san, "inspected_branch": cast.san},
            "An inspection is between the two branches of the pairing. Inspect a third branch in its own pairing.",
        ),
        (
            lambda cast: {"on": dt.date(2026, 10, 7)},
            "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.",
        ),
        (
            lambda cast: {"on": dt.date(2026, 10, 29)},
            "An inspection is written down once it has taken place. Choose today or an earlier day.",
        ),
    ],
)
def test_a_third_branch_and_days_out_of_time_are_refused(cast, pairing, changes, words):
    assert refused(inspect, cast, pairing, gap(), **changes(cast)) == (words, "R90")
    assert CrossInspection.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mend_by_on": None}, "A problem needs a day to be mended by."),
        ({"mend_by_on": dt.date(2026, 10, 19)}, "The day to mend by cannot be before the inspection."),
        (
            {"mend_by_on": dt.date(2027, 7, 1)},
            "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.",
        ),
        ({"problem": ""}, "State the problem, or leave the day empty."),
        (
            {"problem": "", "mend_by_on": None},
            "Only 2 of 3 were found. State the problem, or tick that it is none.",
        ),
        ({"found": None}, "How many were found? Write 0 if there were none."),
    ],
)
def test_what_a_row_must_say(cast, pairing, changes, words):
    assert refused(inspect, cast, pairing, gap(**changes))[0] == words
    assert (CrossInspection.objects.count(), InspectionFinding.objects.count()) == (0, 0)


def test_nothing_looked_at_is_no_inspection(cast, pairing):
    words, _rule = refused(inspect, cast, pairing, FindingEntry(material=material()))
    assert words == "Nothing was looked at. Fill in at least one record."


def test_the_page_asks_once_about_a_gap_and_takes_the_tick(cast, pairing, sign_in):
    row, client, url = material(), sign_in("er_secretary"), reverse("work_inspection_new", args=[pairing.pk])
    data = {"inspecting_branch": cast.er.pk, "on": "2026-10-20", f"m{row.pk}-expected": "3", f"m{row.pk}-found": "2"}
    tick = f'name="m{row.pk}-gap_accepted"'
    assert tick not in client.get(url).content.decode()
    response = client.post(url, data)
    assert (response.status_code, tick in response.content.decode()) == (400, True)
    assert client.post(url, data | {f"m{row.pk}-gap_accepted": "on"}).status_code == 302
    assert InspectionFinding.objects.get().problem == ""


def test_faults_of_rows_stand_beside_them_and_nothing_is_half_written(cast, pairing, sign_in):
    row, other = material(0), material(1)
    response = sign_in("er_secretary").post(
        reverse("work_inspection_new", args=[pairing.pk]),
        {
            "inspecting_branch": cast.er.pk,
            "on": "2026-10-20",
            f"m{row.pk}-problem": "字迹不清",
            f"m{other.pk}-found": "-1",
        },
    )
    page = response.content.decode()
    assert response.status_code == 400
    assert (f'href="#id_m{row.pk}-mend_by_on"' in page, f'href="#id_m{other.pk}-found"' in page) == (True, True)
    assert "字迹不清" in page
    assert CrossInspection.objects.count() == 0


def test_only_who_inspected_writes_it_down(cast, pairing, sign_in):
    for name in ("san_secretary", "er_member", "mech_organiser", "si_secretary", "administrator"):
        with pytest.raises(Refused):
            inspect(cast, pairing, gap(), name=name)
    url = reverse("work_inspection_new", args=[pairing.pk])
    names = ("san_secretary", "er_member", "mech_organiser", "si_secretary")
    assert [sign_in(name).get(url).status_code for name in names] == [200, 403, 403, 404]
    # Somebody of San who forges Er's name is stopped by the form.
    forged = {"inspecting_branch": cast.er.pk, "on": "2026-10-20", f"m{material().pk}-found": "1"}
    assert sign_in("san_secretary").post(url, forged).status_code == 400


def test_both_sides_read_it_and_a_branch_of_another_pairing_does_not(cast, pairing, sign_in):
    other = BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.si, starts_on=pairing.starts_on,
        ends_on=pairing.ends_on, state="active", helping_confirmed_by=cast.user("er_secretary"),
        helping_confirmed_at=timezone.now(), partner_confirmed_by=cast.user("si_secretary"), partner_confirmed_at=timezone.now(),
    )  # fmt: skip
    url = reverse("inspection", args=[inspect(cast, pairing, gap()).pk])
    names = ("er_secretary", "san_secretary", "san_member", "mech_organiser", "si_secretary", "civil_organiser")
    assert [sign_in(name).get(url).status_code for name in names] == [200, 200, 200, 200, 404, 404]
    page = sign_in("si_secretary").get(reverse("work", args=[other.pk])).content.decode()
    assert url not in page


def test_a_gap_stands_out_in_words(cast, pairing, sign_in):
    client = sign_in("san_secretary")
    client.cookies["django_language"] = "en"
    row = inspect(cast, pairing, gap(0), gap(1, found=3), gap(2, found=3, problem="", mend_by_on=None))
    page = client.get(reverse("inspection", args=[row.pk])).content.decode()
    states = re.findall(r'class="state (state-[a-z]+)"><svg[^>]*>.*?</svg>([^<]+)<', page)
    assert states == [
        ("state-late", "2 to mend"), ("state-late", "1 missing"), ("state-neutral", "14 days left"),
        ("state-neutral", "14 days left"),
    ]  # fmt: skip
    assert page.count("缺一次记录") == 2


def test_the_inspected_side_reports_mended_and_the_inspecting_side_may_reopen(cast, pairing, sign_in, today):
    finding = inspect(cast, pairing, gap()).findings.get()
    done, again = reverse("finding_mended", args=[finding.pk]), reverse("finding_reopen", args=[finding.pk])
    assert sign_in("er_secretary").post(done, {"note": "已补"}).status_code == 403
    assert sign_in("san_member").post(done, {"note": "已补"}).status_code == 403
    sign_in("san_secretary").post(done, {"note": "  "})
    finding.refresh_from_db()
    assert finding.mended_on is None
    response = sign_in("san_secretary").post(done, {"note": "已补记并签字"})
    assert response.url == f"{reverse('inspection', args=[finding.inspection_id])}#finding-{finding.pk}"
    finding.refresh_from_db()
    assert (finding.mended_on, finding.mended_by, finding.mend_note) == (
        today,
        cast.user("san_secretary"),
        "已补记并签字",
    )
    assert refused(mend, cast, finding)[0] == "潘晨 has reported this already. Reload the page."

    sign_in("er_secretary").post(again)
    finding.refresh_from_db()
    assert (finding.mended_on, finding.mended_by, finding.mend_note) == (None, None, "")
    told = Notice.objects.filter(kind="pairings.finding_reopened", obsolete_at=None)
    assert [notice.user for notice in told] == [cast.user("san_secretary")]


def test_who_reported_takes_it_back_the_same_day_and_not_later(cast, pairing, fixed_clock):
    finding = inspect(cast, pairing, gap()).findings.get()
    mend(cast, finding)

    def reopen():
        now = timezone.now()
        return inspection_services.reopen_finding(
            finding=finding, today=timezone.localdate(), now=now, **by(cast, "san_secretary")
        )

    reopen()
    assert Notice.objects.filter(kind="pairings.finding_reopened").count() == 0
    mend(cast, finding)
    fixed_clock.shift(dt.timedelta(days=1))
    assert refused(reopen)[0] == "Only the inspecting branch opens a problem again."


def test_one_press_makes_a_problem_a_weak_link_in_the_plan(cast, pairing, sign_in):
    finding = inspect(cast, pairing, gap()).findings.get()
    url = reverse("finding_task", args=[finding.pk])
    assert sign_in("er_member").post(url).status_code == 403
    sign_in("san_secretary").post(url)
    task = PairingTask.objects.get()
    assert (task.area, task.what, task.side, task.due_on, task.member_pairing) == (
        "weak_link", "支部党员大会记录:缺一次记录", "partner", dt.date(2026, 11, 11), None,
    )  # fmt: skip
    sign_in("er_secretary").post(url)
    assert PairingTask.objects.count() == 1
    assert url not in sign_in("er_secretary").get(reverse("inspection", args=[finding.inspection_id])).content.decode()


def test_a_record_without_a_problem_is_neither_mended_nor_planned(cast, pairing):
    finding = inspect(cast, pairing, gap(found=3, problem="", mend_by_on=None)).findings.get()
    assert Notice.objects.count() == 0
    words = "No problem was found in this record: there is nothing to mend."
    assert refused(mend, cast, finding)[0] == words
    scope = by(cast, "er_secretary")["scope"]
    assert refused(inspection_services.plan_mending, finding=finding, scope=scope)[0] == words


def test_the_inspecting_side_corrects_and_what_is_mended_stays(cast, pairing, sign_in):
    row = inspect(cast, pairing, gap(0), gap(1), gap(2))
    first, second, third = row.findings.all()
    mend(cast, first)
    url = reverse("inspection_edit", args=[row.pk])
    assert [sign_in(name).get(url).status_code for name in ("er_secretary", "san_secretary")] == [200, 403]
    response = sign_in("er_secretary").post(
        url,
        {
            "on": "2026-10-21", "inspectors": "张红、罗萍妍", "note": "",
            f"m{first.material_id}-problem": "forged", f"m{first.material_id}-mend_by_on": "2026-12-01",
            f"m{second.material_id}-expected": "3", f"m{second.material_id}-found": "3",
        },
    )  # fmt: skip
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.on, row.inspectors) == (dt.date(2026, 10, 21), "张红、罗萍妍")
    assert list(row.findings.values_list("pk", "found", "problem")) == [(first.pk, 2, "缺一次记录"), (second.pk, 3, "")]
    assert third.history.first().history_type == "-"
    assert first.history.count() == 2


# --- Reminded until mended ------------------------------------------------------------------------


def told_on(cast, clock, days, until):
    """Days on which the tick says something about findings, run every hour of three days and daily otherwise."""
    said = []
    while timezone.localdate() <= until:
        before = Notice.objects.filter(kind="pairings.finding_due").count()
        run_tick(now=timezone.now())
        run_tick(now=timezone.now())
        if Notice.objects.filter(kind="pairings.finding_due").count() != before:
            said.append(timezone.localdate().isoformat())
        clock.shift(dt.timedelta(days=days))
    return said


def test_reminded_three_days_before_on_the_day_after_and_then_every_week(cast, pairing, fixed_clock):
    inspect(cast, pairing, gap(0), gap(1))
    assert told_on(cast, fixed_clock, 1, dt.date(2026, 11, 30)) == [
        "2026-11-08",
        "2026-11-12",
        "2026-11-19",
        "2026-11-26",
    ]
    users = set(Notice.objects.filter(kind="pairings.finding_due").values_list("user", flat=True))
    assert users == {cast.user("san_secretary").pk}
    assert {notice.subject["count"] for notice in Notice.objects.filter(kind="pairings.finding_due")} == {2}


def test_a_tick_that_comes_late_still_says_it_once(cast, pairing, fixed_clock):
    inspect(cast, pairing, gap())
    fixed_clock.move_to(dt.datetime(2026, 11, 10, 23, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert (compute_reminders(now=timezone.now()), compute_reminders(now=timezone.now())) == (1, 0)
    fixed_clock.move_to(dt.datetime(2026, 11, 16, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert (compute_reminders(now=timezone.now()), compute_reminders(now=timezone.now())) == (1, 0)


def test_mended_findings_are_not_spoken_of_and_their_notices_leave_the_bell(cast, pairing, fixed_clock):
    row = inspect(cast, pairing, gap(0), gap(1, mend_by_on=dt.date(2026, 11, 20)))
    first, second = row.findings.all()
    fixed_clock.move_to(dt.datetime(2026, 11, 9, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    run_tick(now=timezone.now())
    notice = Notice.objects.get(kind="pairings.finding_due")
    mend(cast, first)
    notice.refresh_from_db()
    assert notice.obsolete_at == timezone.now()
    assert Notice.objects.get(kind="pairings.inspection_recorded").obsolete_at is None
    assert told_on(cast, fixed_clock, 1, dt.date(2026, 11, 16)) == []
    mend(cast, second)
    assert Notice.objects.get(kind="pairings.inspection_recorded").obsolete_at == timezone.now()
    assert told_on(cast, fixed_clock, 1, dt.date(2026, 11, 25)) == []


def test_a_pairing_that_is_over_reminds_nobody(cast, pairing, fixed_clock):
    inspect(cast, pairing, gap())
    BranchPairing.objects.filter(pk=pairing.pk).update(state="completed")
    assert told_on(cast, fixed_clock, 3, dt.date(2026, 11, 20)) == []
    words, rule = refused(mend, cast, InspectionFinding.objects.get())
    assert (words.split(".")[0], rule) == ("Work is written down while a pairing is active", "R90")


def test_a_correction_takes_back_what_was_said_about_the_old_day(cast, pairing, fixed_clock):
    row = inspect(cast, pairing, gap())
    fixed_clock.move_to(dt.datetime(2026, 11, 9, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    run_tick(now=timezone.now())
    inspection_services.change_inspection(
        inspection=row, on=row.on, inspectors="", note="", findings=[gap(mend_by_on=dt.date(2026, 11, 30))],
        scope=by(cast, "er_secretary")["scope"], today=timezone.localdate(), now=timezone.now(),
    )  # fmt: skip
    assert Notice.objects.get(kind="pairings.finding_due").obsolete_at == timezone.now()


def test_the_reminders_ask_the_same_number_of_questions_for_one_inspection_and_for_three(cast, pairing, fixed_clock):
    from pairings.notices_work import compute_findings_due

    def questions():
        with CaptureQueriesContext(connection) as queries:
            list(compute_findings_due(timezone.now()))
        return len(queries)

    inspect(cast, pairing, gap(0))
    fixed_clock.move_to(dt.datetime(2026, 11, 9, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    one = questions()
    inspect(cast, pairing, gap(1))
    inspect(cast, pairing, gap(2))
    assert (questions(), one) == (2, 2)


def test_the_page_asks_the_same_number_of_questions_for_one_finding_and_for_three(cast, pairing, sign_in):
    client = sign_in("san_secretary")

    def questions(row):
        url = reverse("inspection", args=[row.pk])
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    assert questions(inspect(cast, pairing, gap(0), gap(1), gap(2))) == questions(inspect(cast, pairing, gap(0)))


def test_the_college_keeps_the_list_of_records(cast, pairing, sign_in):
    url = reverse("admin:pairings_inspectionmaterial_add")
    names = ("college_organiser", "administrator", "er_secretary")
    assert [sign_in(name).get(url).status_code for name in names] == [200, 200, 403]
    sign_in("college_organiser").post(
        url, {"name": "党小组学习记录", "hint": "每月一次", "position": "35", "is_active": "on"}
    )
    page = sign_in("er_secretary").get(reverse("work_inspection_new", args=[pairing.pk])).content.decode()
    assert page.index("党小组会记录") < page.index("党小组学习记录") < page.index("党课记录")
    InspectionMaterial.objects.filter(name="党课记录").update(is_active=False)
    page = sign_in("er_secretary").get(reverse("work_inspection_new", args=[pairing.pk])).content.decode()
    assert "党课记录" not in page
