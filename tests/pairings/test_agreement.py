"""The agreement: its template and work plan, asking for changes, rewriting, drafts, the printed page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from notifications.models import Notice
from pairing_portal.common.problems import Refused
from pairings import services
from pairings.forms import PairingForm
from pairings.models import BranchPairing, PairingTask
from pairings.plan_template import PLAN, PlannedTask, due_on, moved, moved_plan, planned
from tests.pairings.deeds import act, agreed, pair, propose

FIRST, LAST = dt.date(2026, 10, 8), dt.date(2027, 6, 30)
READ = PlannedTask("standards", "both", "党建材料互查", dt.date(2026, 12, 1))
GUIDE = PlannedTask("development", "helping", "与入党申请人谈话", dt.date(2027, 3, 1))


def typed(cast, **changes):
    """What the form sends when Er's secretary fills it in: the template as it is shown, some of it changed."""
    form = PairingForm(scope=act(cast, "er_secretary")["scope"], today=dt.date(2026, 10, 28))
    values = {"partner_branch": cast.san.pk, "then": "send"}
    for field in form:
        value = form.initial.get(field.name, field.field.initial)
        if field.name.startswith("task_") and value:
            values[field.name] = "on"
        elif value is not None and not field.name.startswith("task_"):
            values.setdefault(field.name, getattr(value, "pk", value))
    return values | changes


def plan_of(pairing):
    return list(pairing.tasks.order_by("due_on", "pk").values_list("area", "side", "what", "due_on"))


def test_the_template_has_each_head_and_its_days_lie_in_the_period():
    areas = [line.area for line in PLAN]
    assert {area: areas.count(area) for area in areas} == {"standards": 3, "building": 3, "development": 3}
    days = [planned(line, FIRST, LAST).due_on for line in PLAN]
    assert FIRST < min(days) < max(days) < LAST
    assert len(set(days)) == len(PLAN)
    assert due_on(100, FIRST, LAST) == LAST


def test_last_years_plan_moves_a_year_and_stays_in_the_period():
    assert moved(dt.date(2028, 2, 29), 1) == dt.date(2029, 2, 28)
    tasks = [READ, PlannedTask("building", "both", "联席支委会", None), PlannedTask("building", "both", "收尾", LAST)]
    found = moved_plan(tasks, years=1, starts_on=dt.date(2027, 12, 5), ends_on=dt.date(2028, 6, 20))
    assert [task.due_on for task in found] == [dt.date(2027, 12, 5), None, dt.date(2028, 6, 20)]


def test_the_form_proposes_principles_aims_and_a_ticked_plan(cast, sign_in):
    page = sign_in("er_secretary").get(reverse("pairing_new"))
    form = page.context["form"]
    assert str(form.initial["helping_branch"]) == "机械系党总支第二党支部"
    assert [name for name in ("principles", "aims", "agreement") if not str(form.initial[name])] == []
    assert sum(bool(form[f"task_{line.key}"].initial) for line in PLAN) == len(PLAN)


def test_what_is_ticked_becomes_the_shared_plan(cast, sign_in):
    values = typed(cast)
    del values["task_files"]
    values["due_records"] = "2026-11-20"
    assert sign_in("er_secretary").post(reverse("pairing_new"), values).status_code == 302
    pairing = BranchPairing.objects.get()
    with translation.override("zh-hans"):
        ticked = [line for line in PLAN if line.key != "files"]
        expected = {
            (task.area, task.side, task.what, dt.date(2026, 11, 20) if line.key == "records" else task.due_on)
            for line in ticked
            for task in [planned(line, pairing.starts_on, pairing.ends_on)]
        }
    assert set(plan_of(pairing)) == expected
    assert (pairing.state, pairing.author_branch) == ("proposed", cast.er)


def test_the_days_of_the_template_follow_when_the_period_is_changed_on_the_page(cast, sign_in):
    values = typed(cast, starts_on="2027-03-01", ends_on="2027-06-30")
    assert sign_in("er_secretary").post(reverse("pairing_new"), values).status_code == 302
    days = [row[3] for row in plan_of(BranchPairing.objects.get())]
    assert days == sorted(due_on(line.share, dt.date(2027, 3, 1), dt.date(2027, 6, 30)) for line in PLAN)


def test_a_day_outside_the_period_is_refused_beside_its_line(cast, sign_in):
    response = sign_in("er_secretary").post(reverse("pairing_new"), typed(cast, due_records="2026-09-02"))
    assert (response.status_code, BranchPairing.objects.count()) == (400, 0)
    assert list(response.context["form"].errors) == ["due_records"]
    with pytest.raises(Refused) as refusal:
        propose(cast, tasks=[PlannedTask("standards", "both", "过早", dt.date(2026, 10, 7))])
    assert (refusal.value.rule, refusal.value.field) == ("R90", "tasks")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"partner_branch": "er"}, "partner_branch"),
        ({"ends_on": "2026-10-01", "starts_on": "2026-10-08"}, "ends_on"),
        ({"starts_on": "2026-08-01"}, "starts_on"),
        ({"ends_on": "2027-12-01"}, "ends_on"),
        ({"partner_branch": "999999"}, "partner_branch"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"agreement": ""}, "agreement"),
        ({"agreement": "一" * 5001}, "agreement"),
        ({"aims": "零\x00"}, "aims"),
    ],
)
def test_bad_input_is_refused_beside_the_field_and_nothing_is_lost(cast, sign_in, changes, field):
    if changes.get("partner_branch") == "er":
        changes = {"partner_branch": cast.er.pk}
    response = sign_in("er_secretary").post(reverse("pairing_new"), typed(cast, principles="依章办事", **changes))
    assert (response.status_code, BranchPairing.objects.count()) == (400, 0)
    assert field in response.context["form"].errors
    assert "依章办事" in response.content.decode()


def test_a_draft_is_its_authors_alone_until_it_is_sent(cast, sign_in):
    sign_in("er_secretary").post(reverse("pairing_new"), typed(cast, then="keep"))
    pairing = BranchPairing.objects.get()
    assert (pairing.state, pairing.helping_confirmed_at, Notice.objects.count()) == ("draft", None, 0)
    url = reverse("pairing", args=[pairing.pk])
    seen = {name: sign_in(name).get(url).status_code for name in ("er_secretary", "san_secretary", "er_member")}
    assert seen == {"er_secretary": 200, "san_secretary": 404, "er_member": 404}
    with pytest.raises(Refused) as refusal:
        propose(cast, helping_branch=cast.san, partner_branch=cast.er, **act(cast, "san_secretary"))
    assert refusal.value.field == "partner_branch"
    assert "第二党支部" in refusal.value.text
    sign_in("er_secretary").post(reverse("pairing_propose", args=[pairing.pk]))
    assert sign_in("san_secretary").get(url).status_code == 200
    assert [step.action for step in pairing.steps.all()] == ["draft", "propose"]


def test_asking_for_changes_needs_a_reason_and_comes_back_to_the_proposer(cast, sign_in):
    pairing = propose(cast, tasks=[READ, GUIDE])
    with pytest.raises(Refused, match="请填写原因"):
        services.ask_changes(pairing=pairing, reason=" ", **act(cast, "san_secretary"))
    sign_in("san_secretary").post(reverse("pairing_ask_changes", args=[pairing.pk]), {"reason": "实习从三月开始"})
    pairing.refresh_from_db()
    assert (pairing.state, pairing.helping_confirmed_at) == ("changes_asked", None)
    told = list(Notice.objects.filter(kind="pairings.changes_asked").values_list("user__username", flat=True))
    assert sorted(told) == [cast.user("er_secretary").username, cast.user("er_deputy").username]
    for name in ("er_secretary", "san_secretary"):
        assert "实习从三月开始" in sign_in(name).get(reverse("pairing", args=[pairing.pk])).content.decode()

    edit = reverse("pairing_edit", args=[pairing.pk])
    assert sign_in("san_secretary").get(edit).status_code == 403
    form = sign_in("er_secretary").get(edit).context["form"]
    assert {"academic_year", "helping_branch", "partner_branch"} & set(form.fields) == set()
    values = {
        "starts_on": "2026-11-02", "ends_on": "2027-06-30", "agreement": "改后的协议", "seen_step": form["seen_step"].value(),
        "task_own0": "on", "due_own0": "2026-12-15", "then": "send",
    }  # fmt: skip
    response = sign_in("er_secretary").post(edit, values)
    assert response.url == reverse("pairing", args=[pairing.pk])
    pairing.refresh_from_db()
    assert (pairing.state, pairing.agreement, pairing.starts_on) == ("proposed", "改后的协议", dt.date(2026, 11, 2))
    assert plan_of(pairing) == [("standards", "both", "党建材料互查", dt.date(2026, 12, 15))]
    assert [step.action for step in pairing.steps.all()] == ["propose", "ask_changes", "revise", "propose"]
    assert Notice.objects.filter(kind="pairings.changes_asked", obsolete_at=None).count() == 0


def test_lines_of_the_plan_that_stay_keep_their_rows(cast):
    pairing = propose(cast, tasks=[READ, GUIDE])
    services.withdraw_pairing(pairing=pairing, **act(cast, "er_secretary"))
    kept = PairingTask.objects.get(what=READ.what).pk
    services.revise_pairing(
        pairing=pairing, academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=FIRST, ends_on=LAST,
        principles="", aims="", agreement="平等共建", tasks=[READ], **act(cast, "er_secretary"),
    )  # fmt: skip
    assert list(pairing.tasks.values_list("pk", "what")) == [(kept, READ.what)]


def test_the_couple_stays_once_the_other_side_has_read_it(cast):
    pairing = propose(cast)
    services.withdraw_pairing(pairing=pairing, **act(cast, "er_secretary"))
    with pytest.raises(Refused) as refusal:
        services.revise_pairing(
            pairing=pairing, academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.si, starts_on=FIRST,
            ends_on=LAST, principles="", aims="", agreement="x", tasks=[], **act(cast, "er_secretary"),
        )  # fmt: skip
    assert refusal.value.field == "partner_branch"


def test_nobody_confirms_a_text_that_was_rewritten_meanwhile(cast, sign_in):
    pairing = propose(cast)
    san = sign_in("san_secretary")
    seen = san.get(reverse("pairing", args=[pairing.pk])).context["last_step"]
    services.withdraw_pairing(pairing=pairing, **act(cast, "er_secretary"))
    services.repropose_pairing(pairing=pairing, **act(cast, "er_secretary"))
    page = san.post(reverse("pairing_confirm", args=[pairing.pk]), {"seen_step": seen}, follow=True)
    pairing.refresh_from_db()
    assert (pairing.state, "甘杰怡" in page.content.decode()) == ("proposed", True)
    san.post(reverse("pairing_confirm", args=[pairing.pk]), {"seen_step": page.context["last_step"]})
    pairing.refresh_from_db()
    assert pairing.state == "active"


def test_two_of_the_proposers_side_do_not_overwrite_each_other(cast, sign_in):
    pairing = propose(cast, send=False)
    edit = reverse("pairing_edit", args=[pairing.pk])
    seen = sign_in("er_deputy").get(edit).context["form"]["seen_step"].value()
    values = {
        "academic_year": cast.year.pk, "helping_branch": cast.er.pk, "partner_branch": cast.san.pk, "starts_on": "2026-10-08",
        "ends_on": "2027-06-30", "agreement": "书记的文字", "seen_step": seen, "then": "keep",
    }  # fmt: skip
    assert sign_in("er_secretary").post(edit, values).status_code == 302
    late = sign_in("er_deputy").post(edit, values | {"agreement": "副书记的文字"})
    pairing.refresh_from_db()
    assert (late.status_code, pairing.agreement) == (400, "书记的文字")
    assert "副书记的文字" in late.content.decode()


def test_a_discarded_draft_frees_the_couple(cast, sign_in):
    pairing = propose(cast, send=False)
    with pytest.raises(Refused):
        services.discard_pairing(pairing=pairing, **act(cast, "san_secretary"))
    sign_in("er_secretary").post(reverse("pairing_discard", args=[pairing.pk]))
    pairing.refresh_from_db()
    assert (pairing.state, [step.action for step in pairing.steps.all()]) == ("withdrawn", ["draft", "discard"])
    assert propose(cast).state == "proposed"
    shown = sign_in("er_secretary").get(reverse("pairings")).context["pairings"]
    assert [row.state for row in shown] == ["proposed"]


def test_a_side_that_waits_for_its_changes_hears_that_the_proposal_is_gone(cast):
    pairing = propose(cast)
    services.ask_changes(pairing=pairing, reason="请改日期", **act(cast, "san_secretary"))
    services.discard_pairing(pairing=pairing, **act(cast, "er_secretary"))
    told = Notice.objects.get(kind="pairings.taken_back")
    assert (told.user, told.link) == (cast.user("san_secretary"), "/pairings/")


def test_a_branch_that_became_inactive_is_not_confirmed(cast):
    pairing = propose(cast)
    cast.er.is_active = False
    cast.er.save()
    with pytest.raises(Refused) as refusal:
        services.confirm_pairing(pairing=pairing, **act(cast, "san_secretary"))
    assert refusal.value.rule == "R90"


@pytest.mark.parametrize("reason", ["一" * 501, "零\x00"])
def test_a_reason_that_cannot_be_kept_is_refused_in_words(cast, sign_in, reason):
    pairing = propose(cast)
    for name in ("pairing_ask_changes", "pairing_decline", "pairing_end"):
        assert sign_in("san_secretary").post(reverse(name, args=[pairing.pk]), {"reason": reason}).status_code == 302
    pairing.refresh_from_db()
    assert pairing.state == "proposed"


@pytest.mark.parametrize(
    ("name", "state", "allowed"),
    [
        ("er_secretary", "draft", {"edit", "propose", "discard"}),
        ("er_secretary", "proposed", {"withdraw"}),
        ("san_secretary", "proposed", {"confirm"}),
        ("mech_organiser", "proposed", set()),
        ("er_secretary", "changes_asked", {"edit", "withdraw", "discard"}),
        ("san_secretary", "changes_asked", set()),
        ("san_secretary", "active", {"end", "board"}),
        ("mech_organiser", "active", {"end"}),
        ("college_organiser", "active", {"end"}),
        ("administrator", "active", set()),
        ("er_member", "active", set()),
        ("san_secretary", "ended_early", {"renew"}),
        ("mech_organiser", "ended_early", set()),
    ],
)
def test_what_the_page_offers(cast, sign_in, name, state, allowed):
    pairing = agreed(cast)
    BranchPairing.objects.filter(pk=pairing.pk).update(state=state)
    if state in ("draft", "changes_asked"):
        BranchPairing.objects.filter(pk=pairing.pk).update(helping_confirmed_at=None, partner_confirmed_at=None)
    if state == "proposed":
        BranchPairing.objects.filter(pk=pairing.pk).update(partner_confirmed_at=None)
    may = sign_in(name).get(reverse("pairing", args=[pairing.pk])).context["may"]
    assert {action for action, is_allowed in may.items() if is_allowed} == allowed


def test_the_page_shows_published_pairs_only_and_of_people_what_both_may_know(cast, sign_in, today):
    pairing = agreed(cast)
    pair(cast, pairing)
    draft = pair(cast, pairing, helper="er_probationary", partner="san_member")
    type(draft).objects.filter(pk=draft.pk).update(published_at=None)
    page = sign_in("er_secretary").get(reverse("pairing", args=[pairing.pk])).content.decode()
    assert "24模具专科1班" in page
    assert "潘桂" not in page
    assert cast.person("san_member").number not in page


def test_tabs_lead_to_the_board_for_committees_only(cast, sign_in):
    pairing = agreed(cast)
    url = reverse("pairing", args=[pairing.pk])
    board = reverse("board", args=[pairing.pk])
    seen = {
        name: board in sign_in(name).get(url).content.decode()
        for name in ("san_secretary", "er_member", "mech_organiser")
    }
    assert seen == {"san_secretary": True, "er_member": False, "mech_organiser": True}


def test_the_printed_agreement_has_the_plan_both_signatures_and_counts(cast, sign_in):
    pairing = agreed(cast, principles="依章办事", aims="共同提高", tasks=[READ, GUIDE])
    pair(cast, pairing)
    response = sign_in("er_member").get(reverse("pairing_print", args=[pairing.pk]))
    page = response.content.decode()
    wanted = (
        "依章办事",
        "共同提高",
        "平等共建",
        "党建材料互查",
        "2026年12月1日",
        "2027年6月30日",
        "甘杰怡",
        "潘晨",
        "2026年10月28日",
    )
    assert [text for text in wanted if text not in page] == []
    assert (response.context["is_agreed"], response.context["pairs"], response.context["posts"]) == (True, 1, 0)
    assert sign_in("si_secretary").get(reverse("pairing_print", args=[pairing.pk])).status_code == 404


def test_queries_of_the_list_do_not_grow(cast, sign_in):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("pairings")).status_code == 200
        return len(captured)

    client = sign_in("er_secretary")
    propose(cast)
    queries()  # the first request of a session writes it
    one = queries()
    propose(cast, partner_branch=cast.si)
    propose(cast, partner_branch=cast.liu)
    assert queries() == one


def test_queries_of_the_page_do_not_grow_with_pairs_and_tasks(cast, sign_in):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("pairing", args=[pairing.pk])).status_code == 200
        return len(captured)

    client = sign_in("er_secretary")
    pairing = agreed(cast, tasks=[READ])
    pair(cast, pairing)
    queries()  # the first request of a session writes it
    one = queries()
    pair(cast, pairing, helper="er_probationary")
    pair(cast, pairing, helper="er_secretary")
    PairingTask.objects.create(pairing=pairing, area="building", what="联席支委会")
    PairingTask.objects.create(pairing=pairing, area="building", what="主题党日")
    assert queries() == one
