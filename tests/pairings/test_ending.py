"""How pairings end: completed with a summary, early with a reason, by leaving; and how the next year starts."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from activities.models import LogEntry
from branches.models import AcademicYear
from members.models import Absence, Person, Post
from members.services import leave_people
from notifications.models import Notice
from notifications.services import compute_reminders
from pairing_portal.common.problems import Refused
from pairings import ending_services
from pairings.models import (
    BranchPairing,
    CommitteePairing,
    Cover,
    CrossInspection,
    InspectionFinding,
    InspectionMaterial,
    JointProject,
    MatchingWish,
    MemberPairing,
    PairingTask,
)
from pairings.plan_template import PlannedTask
from pairings.summary import summary_lines
from tests.pairings.deeds import act, agreed, pair

pytestmark = pytest.mark.usefixtures("quiet_reminders")

LAST = dt.date(2027, 6, 30)
READ = PlannedTask("standards", "both", "党建材料互查", dt.date(2026, 12, 1))
TALK = PlannedTask("development", "helping", "与入党申请人谈话", dt.date(2027, 3, 1))


def end(cast, pairing, name="er_secretary", *, on=LAST, reason=""):
    return ending_services.end_pairing(pairing=pairing, reason=reason, today=on, **act(cast, name))


def newcomer(cast, number, branch, **more):
    """A full member without an account who may take over."""
    values = {
        "name": f"新{number[-2:]}", "department": cast.mech, "party_branch": branch, "programme": "bachelor",
        "enrolment_year": 2024, "graduates_on": dt.date(2028, 6, 30), "major": "数控技术", "applied_on": dt.date(2023, 9, 20),
        "activist_on": dt.date(2024, 3, 1), "candidate_on": dt.date(2025, 3, 5), "admitted_on": dt.date(2025, 5, 10),
        "converted_on": dt.date(2026, 5, 10),
    }  # fmt: skip
    person = Person(number=number, **values | more)
    person.settle_stage(dt.date(2026, 10, 28))
    person.save()
    return person


def everything(cast, pairing):
    """A year of it: one task of two done, one pair kept and one ended, a problem mended and one not, a project, a cover."""
    now, secretary = timezone.now(), cast.user("er_secretary")
    PairingTask.objects.filter(what=READ.what).update(done_on=dt.date(2026, 11, 30), done_by=secretary)
    kept, given_up = pair(cast, pairing), pair(cast, pairing, helper="er_probationary")
    PairingTask.objects.create(pairing=pairing, member_pairing=kept, area="study", what="一起复习")
    MemberPairing.objects.filter(pk=given_up.pk).update(ended_on=dt.date(2026, 12, 1))
    draft = pair(cast, pairing, helper="er_deputy")
    MemberPairing.objects.filter(pk=draft.pk).update(published_at=None)
    posts = {post.party_branch_id: post for post in Post.objects.filter(kind="branch_secretary")}
    CommitteePairing.objects.create(
        pairing=pairing,
        kind="branch_secretary",
        helping_post=posts[cast.er.pk],
        partner_post=posts[cast.san.pk],
        published_at=now,
    )
    CommitteePairing.objects.create(
        pairing=pairing, kind="deputy_secretary", helping_post=Post.objects.get(kind="deputy_secretary")
    )
    inspection = CrossInspection.objects.create(
        pairing=pairing,
        inspecting_branch=cast.er,
        inspected_branch=cast.san,
        on=dt.date(2026, 10, 20),
        recorded_by=secretary,
    )
    for material, mended_on in zip(InspectionMaterial.objects.all()[:2], (dt.date(2026, 11, 5), None), strict=True):
        InspectionFinding.objects.create(
            inspection=inspection, material=material, problem="缺记录", mend_by_on=dt.date(2026, 11, 10), mended_on=mended_on,
            mended_by=secretary if mended_on else None,
        )  # fmt: skip
    JointProject.objects.create(pairing=pairing, title="课题一", state="finished")
    JointProject.objects.create(pairing=pairing, title="课题二")
    covers = [
        Cover.objects.create(
            pairing=pairing, absent=cast.person("san_member"), stand_in=cast.person("er_member"), duty=duty, state=state,
            from_on=from_on, to_on=dt.date(2027, 8, 20), asked_by=secretary, asked_at=now,
            answered_by=secretary if state == "accepted" else None, answered_at=now if state == "accepted" else None,
        )
        for duty, state, from_on in (
            ("files", "accepted", dt.date(2027, 3, 1)), ("study", "asked", dt.date(2027, 3, 1)),
        )
    ]  # fmt: skip
    LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 27), minutes=45, purpose="pairing", member_pairing=kept,
        summary="复习", created_at=now, submitted_at=now, state="confirmed", confirmed_by=secretary, confirmed_at=now,
    )  # fmt: skip
    return kept, draft, covers


def test_a_year_is_summed_up_when_it_is_completed(cast):
    pairing = agreed(cast, tasks=[READ, TALK])
    everything(cast, pairing)
    pairing = end(cast, pairing)
    counted = [(row["what"], row["count"], row["of"]) for row in pairing.summary]
    assert counted == [
        ("tasks of the work plan done", 1, 2),
        ("member pairs kept to the end", 1, 2),
        ("member pairs ended before", 1, None),
        ("posts paired", 1, None),
        ("cross-inspections held", 1, None),
        ("problems mended", 1, 2),
        ("joint projects finished", 1, 2),
        ("stand-in duties taken over", 1, None),
        ("confirmed log entries of the pairs", 1, None),
        ("confirmed minutes of the pairs", 45, None),
    ]
    with translation.override("en"):
        assert summary_lines(pairing.summary)[:2] == [
            ("tasks of the work plan done", "1 / 2"),
            ("member pairs kept to the end", "1 / 2"),
        ]


def test_completing_ends_pairs_posts_and_duties_and_takes_drafts_away(cast):
    pairing = agreed(cast, tasks=[READ, TALK])
    kept, draft, (accepted, asked) = everything(cast, pairing)
    end(cast, pairing)
    for row in (pairing, kept, accepted, asked):
        row.refresh_from_db()
    assert (pairing.state, kept.ended_on) == ("completed", LAST)
    assert not MemberPairing.objects.filter(pk=draft.pk).exists()
    assert list(CommitteePairing.objects.values_list("kind", "ended_on")) == [("branch_secretary", LAST)]
    assert [(cover.state, cover.to_on) for cover in (accepted, asked)] == [
        ("ended", LAST),
        ("ended", dt.date(2027, 8, 20)),
    ]
    assert pairing.steps.last().action == "complete"
    told = Notice.objects.filter(kind="pairings.ended").values_list("user__username", flat=True)
    expected = [cast.user(name).username for name in ("er_deputy", "er_member", "san_secretary", "san_member")]
    assert sorted(told) == sorted(expected)


def test_the_summary_stands_on_the_page_and_everybody_reads_it(cast, sign_in):
    pairing = agreed(cast, tasks=[READ, TALK])
    end(cast, pairing)
    response = sign_in("er_member").get(reverse("pairing", args=[pairing.pk]))
    assert [figure for _label, figure in response.context["summary"]][:2] == ["0 / 2", "—"]


@pytest.mark.parametrize(("name", "ends"), [("san_secretary", True), ("mech_organiser", True), ("college_organiser", True),
                                            ("administrator", False), ("si_secretary", False), ("civil_organiser", False)])  # fmt: skip
def test_either_side_or_the_department_ends_a_pairing(cast, name, ends):
    pairing = agreed(cast)
    if ends:
        assert end(cast, pairing, name, on=dt.date(2026, 12, 1), reason="支部合并").state == "ended_early"
    else:
        with pytest.raises(Refused):
            end(cast, pairing, name, on=dt.date(2026, 12, 1), reason="支部合并")


def test_completion_is_offered_on_the_last_day_and_happens_by_hand_only(cast, sign_in, fixed_clock):
    pairing = agreed(cast)
    fixed_clock.move_to(dt.datetime(2027, 6, 29, 23, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    page = sign_in("san_secretary").get(reverse("pairing", args=[pairing.pk]))
    assert (page.context["may"]["complete"], page.context["may"]["end"]) == (False, True)
    assert compute_reminders(now=timezone.now()) == 0
    fixed_clock.move_to(dt.datetime(2027, 6, 30, 8, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    page = sign_in("san_secretary").get(reverse("pairing", args=[pairing.pk]))
    assert (page.context["may"]["complete"], page.context["may"]["end"]) == (True, False)

    compute_reminders(now=timezone.now())
    compute_reminders(now=timezone.now() + dt.timedelta(days=9))
    told = Notice.objects.filter(kind="pairings.over").values_list("user__username", flat=True)
    assert sorted(told) == sorted(cast.user(name).username for name in ("er_secretary", "er_deputy", "san_secretary"))
    pairing.refresh_from_db()
    assert pairing.state == "active"

    sign_in("san_secretary").post(reverse("pairing_end", args=[pairing.pk]))
    pairing.refresh_from_db()
    assert (pairing.state, pairing.steps.last().by) == ("completed", cast.user("san_secretary"))
    assert Notice.objects.filter(kind="pairings.over", obsolete_at=None).count() == 0


def leave(cast, *names, on=dt.date(2027, 1, 15)):
    return leave_people(
        people=[cast.person(name) for name in names], left_on=on, today=on, by=cast.user("mech_organiser")
    )


def test_who_leaves_ends_their_pair_and_the_best_free_member_is_proposed(cast):
    pairing = agreed(cast)
    old = pair(cast, pairing)
    version = BranchPairing.objects.get().board_version
    # Leaves before the pairing is over, so fewer months together.
    newcomer(cast, "20240310021", cast.er, major="模具设计与制造", graduates_on=dt.date(2027, 3, 31))
    best = newcomer(cast, "20240310022", cast.er, major="模具设计与制造")
    newcomer(cast, "20240310023", cast.er, major="模具设计与制造")
    newcomer(cast, "20240310020", cast.er, graduates_on=dt.date(2029, 6, 30))
    away = newcomer(cast, "20240310010", cast.er, major="模具设计与制造", graduates_on=dt.date(2029, 6, 30))
    Absence.objects.create(person=away, from_on=dt.date(2027, 1, 10))
    left_out = newcomer(cast, "20240310011", cast.er, major="模具设计与制造", graduates_on=dt.date(2029, 6, 30))
    MatchingWish.objects.create(academic_year=cast.year, person=left_out, is_left_out=True)
    newcomer(
        cast, "20240310012", cast.liu, major="模具设计与制造", department=cast.civil, graduates_on=dt.date(2029, 6, 30)
    )

    lines = leave(cast, "er_member")
    old.refresh_from_db()
    assert (old.ended_on, old.end_reason != "") == (dt.date(2027, 1, 15), True)
    new = MemberPairing.objects.get(ended_on=None)
    assert (new.helper, new.partner, new.published_at, new.successor_of) == (best, cast.person("san_member"), None, old)
    assert (new.support_areas, new.starts_on) == (["study"], dt.date(2027, 1, 15))
    assert [line for line in lines if "新22" in line] != []
    assert BranchPairing.objects.get().board_version == version + 1


def test_both_secretaries_get_one_notice_however_many_leave(cast):
    pairing = agreed(cast)
    for helper, partner in (("er_member", "san_member"), ("er_probationary", "san_member")):
        pair(cast, pairing, helper=helper, partner=partner)
    newcomer(cast, "20240310022", cast.er)
    leave(cast, "er_member", "er_probationary")
    told = Notice.objects.filter(kind="pairings.successors")
    assert sorted(told.values_list("user__username", flat=True)) == sorted(
        cast.user(name).username for name in ("er_secretary", "er_deputy", "san_secretary")
    )
    assert told.first().subject["ended"] == 2
    # Everybody of Er's committee and the newcomer were free: two successors, never the same person twice.
    drafts = MemberPairing.objects.filter(published_at=None)
    assert (drafts.count(), len({draft.helper_id for draft in drafts}), told.first().subject["proposed"]) == (2, 2, 2)


def test_a_leaving_partner_is_followed_on_the_partners_side_and_drafts_of_the_leaver_go(cast):
    pairing = agreed(cast)
    pair(cast, pairing)
    draft = pair(cast, pairing, helper="er_deputy")
    MemberPairing.objects.filter(pk=draft.pk).update(published_at=None)
    follower = newcomer(cast, "20240320009", cast.san, programme="diploma")
    leave(cast, "san_member")
    open_rows = MemberPairing.objects.filter(ended_on=None)
    assert [(row.helper, row.partner) for row in open_rows] == [(cast.person("er_member"), follower)]


def test_nobody_follows_when_both_leave_or_the_time_is_over_and_twice_changes_nothing(cast):
    pairing = agreed(cast)
    pair(cast, pairing)
    leave(cast, "er_member", "san_member")
    assert MemberPairing.objects.filter(ended_on=None).count() == 0
    pair(cast, pairing, helper="er_probationary", partner="san_activist")
    newcomer(cast, "20240310022", cast.er)
    leave(cast, "er_probationary", on=LAST)
    assert MemberPairing.objects.filter(ended_on=None).count() == 0
    before = (Notice.objects.count(), MemberPairing.history.count())
    leave(cast, "er_member", "er_probationary")
    assert (Notice.objects.count(), MemberPairing.history.count()) == before


def test_next_year_starts_from_this_year(cast, sign_in, fixed_clock):
    AcademicYear.objects.create(start_year=2027, starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 8, 31))
    pairing = agreed(cast, principles="依章办事", aims="共同提高", tasks=[READ, TALK])
    end(cast, pairing)
    fixed_clock.move_to(dt.datetime(2027, 9, 6, 8, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    client, url = sign_in("san_secretary"), f"{reverse('pairing_new')}?from={pairing.pk}"
    assert url in client.get(reverse("pairing", args=[pairing.pk])).content.decode()
    form = client.get(url).context["form"]
    shown = {name: form.initial[name] for name in ("principles", "aims", "agreement", "starts_on", "ends_on")}
    assert shown == {
        "principles": "依章办事", "aims": "共同提高", "agreement": "平等共建", "starts_on": "2027-10-08", "ends_on": "2028-06-30",
    }  # fmt: skip
    values = {
        "academic_year": form.initial["academic_year"].pk, "helping_branch": cast.er.pk, "partner_branch": cast.san.pk,
        "task_own0": "on", "due_own0": form["due_own0"].value(), **shown,
    }  # fmt: skip
    client.post(url, values)
    following = BranchPairing.objects.get(academic_year__start_year=2027)
    assert (following.previous, following.author_branch, following.state) == (pairing, cast.san, "proposed")
    assert list(following.tasks.values_list("what", "due_on")) == [(READ.what, dt.date(2027, 12, 1))]
    page = client.get(reverse("pairing", args=[pairing.pk]))
    assert page.context["following"] == following


def test_another_partner_takes_the_text_over_but_continues_nothing(cast, sign_in):
    pairing = end(cast, agreed(cast), on=dt.date(2026, 12, 1), reason="支部合并")
    client = sign_in("er_secretary")
    client.post(
        f"{reverse('pairing_new')}?from={pairing.pk}",
        {
            "academic_year": cast.year.pk, "helping_branch": cast.er.pk, "partner_branch": cast.si.pk, "starts_on": "2026-11-01",
            "ends_on": "2027-06-30", "agreement": "平等共建",
        },
    )  # fmt: skip
    assert BranchPairing.objects.get(partner_branch=cast.si).previous is None


@pytest.mark.parametrize("source", ["", "abc", "99999999999999999999", "running", "strange"])
def test_only_an_ended_pairing_of_ones_own_branch_is_taken_over(cast, sign_in, source):
    running = agreed(cast)
    names = {"running": ("er_secretary", running.pk), "strange": ("si_secretary", running.pk)}
    if source == "strange":
        end(cast, running, on=dt.date(2026, 12, 1), reason="支部合并")
    name, value = names.get(source, ("er_secretary", source))
    assert sign_in(name).get(f"{reverse('pairing_new')}?from={value}").status_code == 404
