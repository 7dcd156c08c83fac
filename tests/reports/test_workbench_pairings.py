"""What pairings put on a secretary's workbench."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.access import scope_for
from pairings.models import Cover, CrossInspection, InspectionFinding, InspectionMaterial, PairingTask
from reports.workbench_pairings import pairing_tasks
from tests.pairings.crew import activate

TODAY = dt.date(2026, 10, 28)


def lines(cast, name):
    return [(task.label, task.count, task.is_late) for task in pairing_tasks(scope_for(cast.user(name)), TODAY)]


def test_what_waits_is_named_for_the_side_that_acts(cast):
    pairing = activate(cast)
    inspection = CrossInspection.objects.create(
        pairing=pairing, inspecting_branch=cast.er, inspected_branch=cast.san, on=dt.date(2026, 10, 12),
        recorded_by=cast.user("er_secretary"),
    )  # fmt: skip
    InspectionFinding.objects.create(
        inspection=inspection,
        material=InspectionMaterial.objects.first(),
        problem="缺记录",
        mend_by_on=dt.date(2026, 10, 20),
    )
    Cover.objects.create(
        pairing=pairing, absent=cast.person("san_member"), stand_in=cast.person("er_member"), duty="files",
        from_on=dt.date(2026, 11, 1), to_on=dt.date(2026, 12, 31), asked_by=cast.user("san_secretary"), asked_at=timezone.now(),
    )  # fmt: skip
    PairingTask.objects.create(
        pairing=pairing, area="standards", what="互查", side="helping", due_on=dt.date(2026, 10, 20)
    )
    assert lines(cast, "er_secretary") == [("待答复的协助请求", 1, False), ("工作计划逾期任务", 1, True)]
    assert lines(cast, "san_secretary") == [("待整改的互查问题", 1, True)]
    assert lines(cast, "si_secretary") == []
    assert lines(cast, "er_member") == []


def test_a_proposal_to_change_comes_back_to_its_author(cast):
    pairing = activate(cast)
    pairing.state, pairing.partner_confirmed_at, pairing.partner_confirmed_by = "changes_asked", None, None
    pairing.save()
    assert lines(cast, "er_secretary") == [("对方要求修改：第二党支部 ↔ 第三党支部", 1, False)]
    assert lines(cast, "san_secretary") == []
