"""What the tests of shared work start from: an active pairing of Er and San, and short calls of the services."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.access import scope_for
from pairings import inspection_services, project_services, work_services
from pairings.models import BranchPairing, InspectionMaterial, MemberPairing
from pairings.work_rules import FindingEntry


@pytest.fixture(name="pairing")
def active_pairing(cast):
    """Er helps San from 8 October 2026 to 30 June 2027."""
    now = timezone.now()
    return BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=dt.date(2026, 10, 8),
        ends_on=dt.date(2027, 6, 30), state="active", helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip


@pytest.fixture(name="pair")
def published_pair(cast, pairing):
    """罗萍妍 of Er helps 罗杰 of San."""
    return MemberPairing.objects.create(
        pairing=pairing, helper=cast.person("er_member"), partner=cast.person("san_member"), starts_on=pairing.starts_on,
        published_at=timezone.now(),
    )  # fmt: skip


def by(cast, name):
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name)}


def add_task(cast, pairing, name="er_secretary", **changes):
    values = {"area": "standards", "what": "规范三会一课记录", "side": "both", "who": None, "starts_on": None,
              "due_on": dt.date(2026, 12, 1), "now": timezone.now()}  # fmt: skip
    return work_services.add_task(pairing=pairing, **values | by(cast, name) | changes)


def add_pair_task(cast, pair, name="er_member", **changes):
    values = {"area": "study", "what": "每周一起复习高等数学", "who": None, "starts_on": None, "due_on": dt.date(2026, 12, 1),
              "now": timezone.now()}  # fmt: skip
    return work_services.add_pair_task(pair=pair, **values | by(cast, name) | changes)


def finish(cast, task, name="er_secretary", evidence=""):
    return work_services.finish_task(
        task=task, evidence=evidence, today=timezone.localdate(), now=timezone.now(), **by(cast, name)
    )


def material(position=0):
    return list(InspectionMaterial.objects.all())[position]


def gap(position=0, **changes):
    """Two of three were found, to be mended by 11 November."""
    values = {"expected": 3, "found": 2, "problem": "缺一次记录", "mend_by_on": dt.date(2026, 11, 11)}
    return FindingEntry(material=material(position), **values | changes)


def inspect(cast, pairing, *findings, name="er_secretary", **changes):
    """Er looks through San's records on 20 October."""
    values = {"inspecting_branch": cast.er, "inspected_branch": cast.san, "on": dt.date(2026, 10, 20), "inspectors": "张红",
              "note": "", "findings": findings, "today": timezone.localdate(), "now": timezone.now()}  # fmt: skip
    return inspection_services.record_inspection(pairing=pairing, **values | by(cast, name) | changes)


def mend(cast, finding, name="san_secretary", note="已补记"):
    return inspection_services.report_mended(
        finding=finding, note=note, today=timezone.localdate(), now=timezone.now(), **by(cast, name)
    )


def start_project(cast, pairing, name="er_secretary", **changes):
    values = {"title": "本专科党员共建路径研究", "question": "怎样互相帮助", "lead": cast.person("er_member"),
              "members": [cast.person("san_member")], "scope": scope_for(cast.user(name))}  # fmt: skip
    return project_services.start_project(pairing=pairing, **values | changes)
