"""What a pairing came to: counted when it ends, kept in `BranchPairing.summary`, shown in the reader's language.

Stored is the sentence of the catalogue in English with its numbers: [{"what": …, "count": 3, "of": 5 or null}, …].
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pairing_portal.common.registries import pairing_summaries

from .models import (
    BranchPairing,
    CommitteePairing,
    Cover,
    CoverState,
    CrossInspection,
    InspectionFinding,
    JointProject,
    MemberPairing,
    PairingTask,
)
from .work_models import ProjectState


def count_summary(pairing: BranchPairing) -> list[dict[str, Any]]:
    """Counted before the open pairs and duties end, so that a pair kept to the last day is not one ended early."""
    tasks = PairingTask.objects.filter(pairing=pairing).of_plan()
    pairs = MemberPairing.objects.filter(pairing=pairing).published()
    posts = CommitteePairing.objects.filter(pairing=pairing, published_at__isnull=False, ended_on=None)
    problems = InspectionFinding.objects.filter(inspection__pairing=pairing).exclude(problem="")
    projects = JointProject.objects.filter(pairing=pairing)
    # Also those that are over; an ask nobody accepted was never a duty.
    duties = Cover.history.filter(pairing=pairing, state=CoverState.ACCEPTED).values("id").distinct()
    rows = [
        _row(gettext_noop("tasks of the work plan done"), tasks.exclude(done_on=None).count(), tasks.count()),
        _row(gettext_noop("member pairs kept to the end"), pairs.filter(ended_on=None).count(), pairs.count()),
        _row(gettext_noop("member pairs ended before"), pairs.exclude(ended_on=None).count()),
        _row(gettext_noop("posts paired"), posts.filter(helping_post__isnull=False, partner_post__isnull=False).count()),
        _row(gettext_noop("cross-inspections held"), CrossInspection.objects.filter(pairing=pairing).count()),
        _row(gettext_noop("problems mended"), problems.exclude(mended_on=None).count(), problems.count()),
        _row(gettext_noop("joint projects finished"), projects.filter(state=ProjectState.FINISHED).count(), projects.count()),
        _row(gettext_noop("stand-in duties taken over"), duties.count()),
    ]  # fmt: skip
    for counts in pairing_summaries:
        rows += [_row(what, count) for what, count in counts(pairing.pk)]
    return rows


def _row(what: str, count: int, of: int | None = None) -> dict[str, Any]:
    return {"what": what, "count": count, "of": of}


def summary_lines(summary: Any) -> list[tuple[str, str]]:
    """(words, figure) of each stored line: ("工作计划完成", "5 / 8"); a dash where there was nothing to do."""
    return [(_(row["what"]), _figure(row["count"], row["of"])) for row in summary or ()]


def _figure(count: int, of: int | None) -> str:
    if of is None:
        return str(count)
    return f"{count} / {of}" if of else "—"
