"""The shared plan and a pair's own tasks: who writes them, which days and people they take, who is told."""

from __future__ import annotations

import datetime as dt
import re
import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from members.access import scope_for
from notifications.models import Notice
from notifications.services import send_pending
from pairing_portal.common.problems import Refused
from pairings import work_services
from pairings.models import BranchPairing, MemberPairing, PairingTask
from tests.pairings.work import active_pairing, add_pair_task, add_task, by, finish, published_pair  # noqa: F401  # fixtures


def refused(call, *arguments, **more):
    """(words in English, rule, field) of the refusal."""
    with translation.override("en"), pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    return refusal.value.text.split(" (rule")[0], refusal.value.rule, refusal.value.field


def test_a_secretary_of_either_side_adds_a_task_and_it_stands_under_its_area(cast, pairing, sign_in):
    response = sign_in("san_secretary").post(
        reverse("work_task_new", args=[pairing.pk]),
        {
            "area": "building",
            "what": "补选组织委员",
            "side": "partner",
            "who": "",
            "starts_on": "",
            "due_on": "2026-11-30",
        },
    )
    task = PairingTask.objects.get()
    assert response.url == reverse("work", args=[pairing.pk])
    assert (task.area, task.side, task.due_on, task.done_on) == ("building", "partner", dt.date(2026, 11, 30), None)
    page = sign_in("er_member").get(response.url).content.decode()
    assert page.count("补选组织委员") == 1


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"starts_on": dt.date(2026, 12, 2)}, "A task cannot be due before it starts. Choose a later day.", "due_on"),
        (
            {"due_on": dt.date(2027, 7, 1)},
            "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.",
            "due_on",
        ),
        (
            {"starts_on": dt.date(2026, 10, 7)},
            "The pairing runs from 8 Oct 2026 to 30 Jun 2027. Choose a day in between.",
            "starts_on",
        ),
    ],
)
def test_days_out_of_order_or_outside_the_pairing_are_refused(cast, pairing, changes, words, field):
    assert refused(add_task, cast, pairing, **changes) == (words, "R90", field)
    assert PairingTask.objects.count() == 0


def test_a_task_is_for_somebody_of_the_two_branches_and_of_the_side_that_does_it(cast, pairing):
    words, rule, field = refused(add_task, cast, pairing, who=cast.person("liu_member"))
    assert words == (
        "周鑫 belongs to neither of the two branches. Choose somebody of the helping or the partner branch."
    )
    assert (rule, field) == ("R90", "who")
    words, rule, field = refused(add_task, cast, pairing, side="helping", who=cast.person("san_member"))
    assert words == "罗杰 belongs to the other side. Choose “both branches”, or somebody of the side that does it."
    assert refused(add_task, cast, pairing, area="study") == ("Choose one of the areas in the list.", "", "area")
    assert PairingTask.objects.count() == 0


def test_the_form_offers_only_members_of_the_two_branches_and_of_them_no_numbers(cast, pairing, sign_in):
    page = sign_in("er_secretary").get(reverse("work_task_new", args=[pairing.pk])).content.decode()
    offered = re.findall(r'<option value="\d+">([^<]+)</option>', page)
    assert len(offered) == 6
    assert "罗杰 · 24模具专科1班 · 预备党员" in offered
    assert [name for name in ("周鑫", "蓝敏佳", "20240320001", "13553761378") if name in page] == []


def test_others_neither_see_nor_write_the_plan(cast, pairing, sign_in):
    add_task(cast, pairing)
    page, new = reverse("work", args=[pairing.pk]), reverse("work_task_new", args=[pairing.pk])
    answers = {
        name: (sign_in(name).get(page).status_code, sign_in(name).get(new).status_code)
        for name in ("er_secretary", "er_member", "mech_organiser", "si_secretary", "civil_organiser", "stranger")
    }
    assert answers == {
        "er_secretary": (200, 200),
        "er_member": (200, 403),
        "mech_organiser": (200, 403),
        "si_secretary": (404, 404),
        "civil_organiser": (404, 404),
        "stranger": (404, 404),
    }
    for name in ("mech_organiser", "er_member", "si_secretary"):
        with pytest.raises(Refused):
            add_task(cast, pairing, name)
    assert PairingTask.objects.count() == 1


def test_an_organisation_officer_writes_too(cast, pairing):
    from members.models import Post

    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="organization_officer")
    assert add_task(cast, pairing, "er_member").pairing == pairing


def test_one_press_ticks_off_with_a_sentence_and_can_be_taken_back(cast, pairing, sign_in, today):
    task, client = add_task(cast, pairing), sign_in("er_secretary")
    response = client.post(reverse("task_done", args=[task.pk]), {"evidence": "见10月会议记录", "show": "open"})
    assert response.url == f"{reverse('work', args=[pairing.pk])}?show=open#task-{task.pk}"
    task.refresh_from_db()
    assert (task.done_on, task.done_by, task.evidence) == (today, cast.user("er_secretary"), "见10月会议记录")
    undo = reverse("task_reopen", args=[task.pk])
    assert f'action="{undo}"' in client.get(response.url).content.decode()

    client.post(undo)
    task.refresh_from_db()
    assert (task.done_on, task.done_by, task.evidence) == (None, None, "")
    assert [row.done_on for row in task.history.order_by("history_id")] == [None, today, None]


def test_the_second_press_reads_who_was_first(cast, pairing):
    task = add_task(cast, pairing)
    finish(cast, task)
    words, _rule, _field = refused(finish, cast, task, "san_secretary")
    assert words == "甘杰怡 has ticked this off already. Reload the page."


def test_whose_task_it_is_ticks_it_off_and_others_of_the_branch_do_not(cast, pairing, sign_in):
    task = add_task(cast, pairing, who=cast.person("er_member"))
    url = reverse("task_done", args=[task.pk])
    assert sign_in("er_probationary").post(url).status_code == 403
    assert sign_in("mech_organiser").post(url).status_code == 403
    assert sign_in("si_secretary").post(url).status_code == 404
    sign_in("er_member").post(url)
    task.refresh_from_db()
    assert task.done_by == cast.user("er_member")


def test_the_filter_stands_in_the_address(cast, pairing, sign_in):
    add_task(cast, pairing, what="早已到期", due_on=dt.date(2026, 10, 20))
    add_task(cast, pairing, what="还有时间")
    finish(cast, add_task(cast, pairing, what="做完了"))
    page = reverse("work", args=[pairing.pk])
    names = ("早已到期", "还有时间", "做完了")
    shown = {}
    for show in ("", "open", "overdue", "done", "nonsense"):
        html = sign_in("er_secretary").get(page, {"show": show}).content.decode()
        shown[show] = [name for name in names if f'work-title">{name}' in html]
    assert shown == {
        "": list(names),
        "open": ["早已到期", "还有时间"],
        "overdue": ["早已到期"],
        "done": ["做完了"],
        "nonsense": list(names),
    }


def test_how_a_day_reads(today):
    from pairings.templatetags.work_words import due_badge

    def words(*arguments):
        with translation.override("en"):
            return re.sub(r"<[^>]+>", "", due_badge(*arguments))

    day = dt.timedelta(days=1)
    assert [
        words(today - 3 * day), words(today - day), words(today), words(today + day), words(today + 40 * day), words(None),
        words(today, today - day),
    ] == [
        "overdue by 3 days", "overdue by 1 day", "due today", "1 day left", "40 days left", "no day set", "done October 27",
    ]  # fmt: skip


def test_a_completed_pairing_is_read_only(cast, pairing, sign_in):
    task = add_task(cast, pairing)
    BranchPairing.objects.filter(pk=pairing.pk).update(state="completed")
    page = sign_in("er_secretary").get(reverse("work", args=[pairing.pk])).content.decode()
    assert (task.what in page, reverse("task_done", args=[task.pk]) in page) == (True, False)
    words, rule, _field = refused(finish, cast, task)
    assert (words, rule) == (
        "Work is written down while a pairing is active. This one is “completed”; what was written stays.",
        "R90",
    )
    with pytest.raises(Refused):
        add_task(cast, pairing)


def test_the_one_whose_task_it_is_is_told_once_and_not_about_the_work_itself(cast, pairing):
    task = add_task(cast, pairing, who=cast.person("san_member"))
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (cast.user("san_member"), "pairings.task_assigned")
    assert notice.link == f"/pairings/{pairing.pk}/work/#task-{task.pk}"
    assert "三会一课" not in str(notice.subject)
    change(cast, task, what="规范记录")
    assert Notice.objects.count() == 1


def change(cast, task, name="er_secretary", **changes):
    values = {name: getattr(task, name) for name in ("area", "what", "side", "who", "starts_on", "due_on")}
    return work_services.change_task(task=task, now=timezone.now(), **values | by(cast, name) | changes)


def test_naming_somebody_else_tells_them_and_takes_the_first_notice_back(cast, pairing):
    task = add_task(cast, pairing, who=cast.person("san_member"))
    change(cast, task, who=cast.person("er_member"))
    told = {notice.user: notice.obsolete_at is None for notice in Notice.objects.all()}
    assert told == {cast.user("san_member"): False, cast.user("er_member"): True}


def test_nobody_is_told_about_what_they_named_themselves_for_or_what_is_done(cast, pairing):
    User.objects.update(email="somebody@example.invalid")
    add_task(cast, pairing, who=cast.person("er_secretary"))
    assert Notice.objects.count() == 0
    task = add_task(cast, pairing, who=cast.person("er_member"))
    finish(cast, task)
    assert send_pending(now=timezone.now()) == {"sent": 0, "dropped": 1, "failed": 0}


def test_an_open_task_is_taken_out_and_a_done_one_is_not(cast, pairing, sign_in):
    task = add_task(cast, pairing, who=cast.person("er_member"))
    finish(cast, task)
    client, url = sign_in("san_secretary"), reverse("task_remove", args=[task.pk])
    client.post(url)
    assert PairingTask.objects.count() == 1
    client.post(reverse("task_reopen", args=[task.pk]))
    client.post(url)
    assert PairingTask.objects.count() == 0
    assert client.post(url).status_code == 404


def test_a_forged_sentence_is_refused_and_writes_nothing(cast, pairing, sign_in):
    task = add_task(cast, pairing)
    for evidence in ("x" * 301, "a\x00b"):
        assert (
            sign_in("er_secretary").post(reverse("task_done", args=[task.pk]), {"evidence": evidence}).status_code
            == 302
        )
    task.refresh_from_db()
    assert task.done_on is None
    new = reverse("work_task_new", args=[pairing.pk])
    for forged in ({}, {"area": "study", "what": "x", "side": "both"}, {"area": "standards", "what": "x", "side": "third"},
                   {"area": "standards", "what": "x", "side": "both", "who": str(cast.person("liu_member").pk)},
                   {"area": "standards", "what": "x", "side": "both", "due_on": "32.13.2026"}):  # fmt: skip
        assert sign_in("er_secretary").post(new, forged).status_code == 400
    assert PairingTask.objects.count() == 1


def query_count(client, url):
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_plan_asks_the_same_number_of_questions_for_one_row_and_for_three(cast, pairing, sign_in):
    from tests.pairings.work import gap, inspect, start_project

    client, url = sign_in("er_secretary"), reverse("work", args=[pairing.pk])

    def row(number):
        add_task(cast, pairing, what=f"任务{number}", who=cast.person("er_member"))
        finish(cast, add_task(cast, pairing, what=f"做完{number}", who=cast.person("san_member")))
        inspect(cast, pairing, gap())
        start_project(cast, pairing, title=f"课题{number}")

    row(1)
    one = query_count(client, url)
    row(2)
    row(3)
    assert query_count(client, url) == one


def test_an_empty_plan_starts_from_the_template_once(cast, pairing, sign_in, today):
    client, url, page = (
        sign_in("san_secretary"),
        reverse("work_plan_start", args=[pairing.pk]),
        reverse("work", args=[pairing.pk]),
    )
    assert url in client.get(page).content.decode()
    assert url not in sign_in("er_member").get(page).content.decode()
    assert sign_in("er_member").post(url).status_code == 403
    client.post(url)
    tasks = PairingTask.objects.filter(pairing=pairing)
    assert (tasks.count(), {task.area for task in tasks}) == (9, {"standards", "building", "development"})
    assert [task for task in tasks if not today <= task.due_on <= pairing.ends_on] == []
    client.post(url)
    assert tasks.count() == 9
    assert url not in client.get(page).content.decode()


# --- A member pair ----------------------------------------------------------------------------


def test_the_two_agree_on_a_goal_and_areas(cast, pair, sign_in):
    url = reverse("member_pair_goal", args=[pair.pk])
    response = sign_in("san_member").post(url, {"goal": "一起通过英语四级", "support_areas": ["work", "study"]})
    pair.refresh_from_db()
    assert response.url == reverse("member_pair", args=[pair.pk])
    assert (pair.goal, pair.support_areas) == ("一起通过英语四级", ["study", "work"])
    sign_in("er_member").post(url, {"goal": "一起通过英语六级", "support_areas": ["study"]})
    pair.refresh_from_db()
    assert (pair.goal, pair.support_areas) == ("一起通过英语六级", ["study"])
    assert sign_in("er_member").post(url, {"goal": "x", "support_areas": ["money"]}).status_code == 400


def test_who_sees_a_pair_and_who_changes_it(cast, pair, sign_in):
    page, goal = reverse("member_pair", args=[pair.pk]), reverse("member_pair_goal", args=[pair.pk])
    task = add_pair_task(cast, pair)
    answers = {
        name: (
            sign_in(name).get(page).status_code,
            sign_in(name).get(goal).status_code,
            sign_in(name).get(reverse("task_edit", args=[task.pk])).status_code,
        )
        for name in ("er_member", "san_member", "san_secretary", "mech_organiser", "er_probationary", "si_secretary")
    }
    assert answers == {
        "er_member": (200, 200, 200),
        "san_member": (200, 200, 200),
        "san_secretary": (200, 200, 200),
        "mech_organiser": (200, 403, 403),
        "er_probationary": (404, 404, 404),
        "si_secretary": (404, 404, 404),
    }
    with pytest.raises(Refused):
        work_services.agree_goal(pair=pair, goal="x", support_areas=[], scope=scope_for(cast.user("mech_organiser")))


def test_a_pairs_task_is_of_the_two_and_stays_out_of_the_shared_plan(cast, pair, sign_in):
    response = sign_in("er_member").post(
        reverse("member_pair_task_new", args=[pair.pk]),
        {"area": "job_hunting", "what": "修改简历", "who": str(cast.person("san_member").pk), "due_on": "2026-11-20"},
    )
    task = PairingTask.objects.get()
    assert response.url == reverse("member_pair", args=[pair.pk])
    assert (task.member_pairing, task.pairing, task.side) == (pair, pair.pairing, "both")
    assert [notice.user for notice in Notice.objects.all()] == [cast.user("san_member")]
    assert "修改简历" not in sign_in("er_secretary").get(reverse("work", args=[pair.pairing_id])).content.decode()
    assert "修改简历" in sign_in("san_member").get(response.url).content.decode()

    done = sign_in("san_member").post(reverse("task_done", args=[task.pk]), {"evidence": ""})
    assert done.url == f"{reverse('member_pair', args=[pair.pk])}#task-{task.pk}"
    task.refresh_from_db()
    assert task.done_by == cast.user("san_member")


def test_a_pairs_task_is_for_one_of_the_two_in_one_of_the_four_areas(cast, pair):
    assert refused(add_pair_task, cast, pair, who=cast.person("er_deputy")) == (
        "A task of a pair is for one of the two. Choose one of them.", "R90", "who",
    )  # fmt: skip
    assert refused(add_pair_task, cast, pair, area="standards")[2] == "area"
    assert refused(add_pair_task, cast, pair, due_on=dt.date(2027, 7, 1))[1:] == ("R90", "due_on")
    with pytest.raises(Refused):
        add_pair_task(cast, pair, "er_probationary")
    assert PairingTask.objects.count() == 0


def test_an_ended_pair_and_a_draft_are_read_only(cast, pair, sign_in, today):
    task = add_pair_task(cast, pair)
    MemberPairing.objects.filter(pk=pair.pk).update(ended_on=today)
    page = sign_in("er_member").get(reverse("member_pair", args=[pair.pk])).content.decode()
    assert (task.what in page, reverse("task_done", args=[task.pk]) in page) == (True, False)
    words, rule, _field = refused(finish, cast, task, "er_member")
    assert (words, rule) == ("This pair ended on 28 Oct 2026. What was written stays.", "R90")
    MemberPairing.objects.filter(pk=pair.pk).update(ended_on=None, published_at=None)
    assert sign_in("er_member").get(reverse("member_pair", args=[pair.pk])).status_code == 404
    assert refused(finish, cast, task)[0] == "This pair is not published yet. Publish the pairs first."


def test_of_the_other_the_page_shows_class_major_and_stage_and_no_more(cast, pair, sign_in):
    person = cast.person("san_member")
    person.phone, person.ethnicity = "13812345678", "壮族"
    person.save()
    page = sign_in("er_member").get(reverse("member_pair", args=[pair.pk])).content.decode()
    assert "24模具专科1班 · 模具设计与制造 · 预备党员" in page
    assert [word for word in ("13812345678", "壮族", "20240320001") if word in page] == []


def test_a_persons_page_leads_to_the_pair_and_counts_open_tasks(cast, pair, sign_in):
    add_pair_task(cast, pair)
    add_pair_task(cast, pair, what="互相改作业")
    finish(cast, add_pair_task(cast, pair, what="做完了"), "er_member")
    from pairings.wiring import panel

    rows = panel(cast.person("er_member").pk, scope_for(cast.user("er_member")))["rows"]
    assert [(row["other"].name, row["pair"].open_tasks) for row in rows] == [("罗杰", 2)]
    page = sign_in("er_member").get(reverse("person", args=[cast.person("er_member").pk])).content.decode()
    assert reverse("member_pair", args=[pair.pk]) in page


def test_a_pairs_page_asks_the_same_number_of_questions_for_one_row_and_for_three(cast, pair, sign_in):
    client, url = sign_in("er_member"), reverse("member_pair", args=[pair.pk])

    def row():
        add_pair_task(cast, pair, who=cast.person("er_member"))
        finish(cast, add_pair_task(cast, pair, area="life"), "san_member")

    row()
    one = query_count(client, url)
    row()
    row()
    assert query_count(client, url) == one


# --- Administration, and two at once -------------------------------------------------------------


def test_the_administration_ticks_off_through_the_service(cast, pairing, sign_in, today):
    tasks = [add_task(cast, pairing, what=f"任务{number}") for number in (1, 2)]
    url = reverse("admin:pairings_pairingtask_changelist")
    data = {"action": "tick_off_selected", "_selected_action": [task.pk for task in tasks]}
    sign_in("mech_organiser").post(url, data)
    assert list(PairingTask.objects.values_list("done_on", flat=True)) == [None, None]
    sign_in("er_secretary").post(url, data)
    assert list(PairingTask.objects.values_list("done_on", flat=True)) == [today, today]
    assert sign_in("si_secretary").post(url, data).status_code == 302
    for query in ("work_state=overdue", "area=standards", "side=both"):
        assert sign_in("er_secretary").get(f"{url}?{query}").status_code == 200


def test_the_administration_answers_declared_filters_only(cast, pairing, sign_in, expected_errors):
    url = reverse("admin:pairings_pairingtask_changelist")
    assert sign_in("er_secretary").get(f"{url}?who__phone=1").status_code == 400


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_tick_off_at_once_give_one_author_and_one_clear_message(transactional_db, today):
    from tests.cast import build_cast

    cast = build_cast(today)
    now = timezone.now()
    row = BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=dt.date(2026, 10, 8),
        ends_on=dt.date(2027, 6, 30), state="active", helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip
    task = add_task(cast, row)
    barrier, results = threading.Barrier(2), {}

    def run(name):
        try:
            barrier.wait(timeout=20)
            results[name] = finish(cast, task, name)
        except Exception as error:
            results[name] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("er_secretary", "san_secretary")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(type(result).__name__ for result in results.values()) == ["PairingTask", "Refused"]
    assert task.history.filter(done_on__isnull=False).count() == 1
