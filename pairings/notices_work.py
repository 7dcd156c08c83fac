"""What is said about shared work: whose a task is, what an inspection found, and what is still to be mended.

Outside texts are read by outsiders: no names of people, not the problem itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from members.office_models import SECRETARY_POSTS, Post
from pairing_portal.common.registries import DueNotice, NoticeKind, ReminderSource, notice_kinds, reminder_sources

from .models import CrossInspection, InspectionFinding, PairingState, PairingTask

TASK_ASSIGNED = "pairings.task_assigned"
INSPECTION_RECORDED = "pairings.inspection_recorded"
FINDING_DUE = "pairings.finding_due"
FINDING_REOPENED = "pairings.finding_reopened"
DAYS_BEFORE = 3
DAYS_BETWEEN = 7


def register() -> None:
    for kind in (
        NoticeKind(TASK_ASSIGNED, gettext_lazy("Task of a pairing"), _assigned_text, obsolete=_task_settled),
        NoticeKind(
            INSPECTION_RECORDED,
            gettext_lazy("Records were inspected"),
            _recorded_text,
            obsolete=_nothing_to_mend,
            to_office=True,
        ),
        NoticeKind(FINDING_DUE, gettext_lazy("Finding to mend"), _due_text, obsolete=_nothing_to_mend, to_office=True),
        NoticeKind(
            FINDING_REOPENED,
            gettext_lazy("Finding opened again"),
            lambda subject: (
                _("%(name)s: a finding is open again") % subject,
                _("The inspecting branch still sees the problem. Read what is missing, then report it again."),
            ),
            obsolete=_finding_settled,
            to_office=True,
        ),
    ):
        notice_kinds.register(kind.kind, kind)
    reminder_sources.register(FINDING_DUE, ReminderSource(FINDING_DUE, compute_findings_due))


def assigned_prefix(task: PairingTask) -> str:
    return f"{TASK_ASSIGNED}:{task.pk}:"


def reopened_prefix(finding: InspectionFinding) -> str:
    return f"{FINDING_REOPENED}:{finding.pk}:"


def finding_due_prefix(inspection_id: int, mend_by_on: date) -> str:
    return f"{FINDING_DUE}:{inspection_id}:{mend_by_on.isoformat()}:"


def task_assigned(task: PairingTask) -> DueNotice | None:
    """Said once to the person whose task it is, if there is an account."""
    if task.who is None or task.who.user_id is None:
        return None
    page = (
        f"/pairings/pair/{task.member_pairing_id}/" if task.member_pairing_id else f"/pairings/{task.pairing_id}/work/"
    )
    return DueNotice(
        kind=TASK_ASSIGNED,
        user_id=task.who.user_id,
        dedupe_key=f"{assigned_prefix(task)}{task.who.user_id}",
        subject={
            "task": task.pk,
            "name": str(task.pairing),
            "due": task.due_on.isoformat() if task.due_on else "",
        },
        link=f"{page}#task-{task.pk}",
    )


def inspection_recorded(inspection: CrossInspection) -> Iterator[DueNotice]:
    """To the inspected branch's secretaries, when there is something to mend."""
    count = InspectionFinding.objects.unmended().filter(inspection=inspection).count()
    if not count:
        return
    for user_id in Post.objects.secretary_users(inspection.inspected_branch_id):
        yield DueNotice(
            kind=INSPECTION_RECORDED,
            user_id=user_id,
            dedupe_key=f"{INSPECTION_RECORDED}:{inspection.pk}:{user_id}",
            subject={"inspection": inspection.pk, "name": str(inspection.pairing), "count": count},
            link=f"/pairings/work/inspection/{inspection.pk}/",
        )


def finding_reopened(finding: InspectionFinding, *, now: datetime) -> Iterator[DueNotice]:
    """To the inspected branch's secretaries, each time."""
    for user_id in Post.objects.secretary_users(finding.inspection.inspected_branch_id):
        yield DueNotice(
            kind=FINDING_REOPENED,
            user_id=user_id,
            dedupe_key=f"{reopened_prefix(finding)}{now.isoformat()}:{user_id}",
            subject={"finding": finding.pk, "name": str(finding.inspection.pairing)},
            link=f"/pairings/work/inspection/{finding.inspection_id}/",
        )


def compute_findings_due(now: datetime) -> Iterable[DueNotice]:
    """What is to be mended, one notice for each inspection and day: three days before, on the day after, then every week."""
    today = timezone.localdate(now)
    due = list(
        InspectionFinding.objects.unmended()
        .filter(inspection__pairing__state=PairingState.ACTIVE, mend_by_on__lte=today + timedelta(days=DAYS_BEFORE))
        .values("inspection_id", "inspection__inspected_branch_id", "mend_by_on")
        .annotate(count=Count("pk"))
        .order_by("inspection_id", "mend_by_on")
    )
    if not due:
        return
    secretaries: dict[int, list[int]] = {}
    for branch_id, user_id in _secretaries({row["inspection__inspected_branch_id"] for row in due}, today):
        secretaries.setdefault(branch_id, []).append(user_id)
    for row in due:
        for user_id in secretaries.get(row["inspection__inspected_branch_id"], []):
            yield _due_notice(row, user_id, today)


def _due_notice(row: dict[str, Any], user_id: int, today: date) -> DueNotice:
    mend_by: date = row["mend_by_on"]
    late = (today - mend_by).days
    said = "soon" if late <= 0 else f"late{(late - 1) // DAYS_BETWEEN}"
    until = mend_by + timedelta(days=1) if late <= 0 else today + timedelta(days=DAYS_BETWEEN)
    return DueNotice(
        kind=FINDING_DUE,
        user_id=user_id,
        dedupe_key=f"{finding_due_prefix(row['inspection_id'], mend_by)}{said}:{user_id}",
        subject={
            "inspection": row["inspection_id"],
            "mend_by": mend_by.isoformat(),
            "count": row["count"],
            "said": said,
        },
        link=f"/pairings/work/inspection/{row['inspection_id']}/",
        due_at=timezone.make_aware(datetime.combine(mend_by, time.max)),
        expires_at=timezone.make_aware(datetime.combine(until, time.min)),
    )


def _secretaries(branch_ids: set[int], on: date) -> list[tuple[int, int]]:
    """(branch, account) of secretaries and deputies in office."""
    posts = Post.objects.current(on).filter(
        party_branch_id__in=branch_ids, kind__in=SECRETARY_POSTS, person__user__isnull=False
    )
    return sorted(set(posts.values_list("party_branch_id", "person__user_id")))


def _assigned_text(subject: dict[str, Any]) -> tuple[str, str]:
    title = _("A task of the pairing %(name)s is yours") % {"name": subject.get("name", "")}
    due = str(subject.get("due") or "")
    if not due:
        return title, _("Open the page to see what it is, and tick it off when it is done.")
    words = _("It is due on %(on)s. Tick it off when it is done.")
    return title, words % {"on": date_format(date.fromisoformat(due), "DATE_FORMAT")}


def _recorded_text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    title = ngettext(
        "%(name)s: %(count)d finding to mend in your records",
        "%(name)s: %(count)d findings to mend in your records",
        count,
    )
    return title % {"name": subject.get("name", ""), "count": count}, _("Read what was found and by when it is to be mended.")  # fmt: skip


def _due_text(subject: dict[str, Any]) -> tuple[str, str]:
    count = int(subject.get("count", 1))
    on = date_format(date.fromisoformat(str(subject["mend_by"])), "DATE_FORMAT")
    if subject.get("said") == "soon":
        title = ngettext("%(count)d finding to mend by %(on)s", "%(count)d findings to mend by %(on)s", count)
    else:
        title = ngettext(
            "%(count)d finding was to be mended by %(on)s", "%(count)d findings were to be mended by %(on)s", count
        )
    return title % {"count": count, "on": on}, _("Mend it, then report how in one sentence; the reminders stop.")


def _task_settled(subject: dict[str, Any], now: datetime) -> bool:
    mine = PairingTask.objects.open().filter(pk=subject.get("task"), who__isnull=False)
    return not mine.filter(pairing__state=PairingState.ACTIVE).exists()


def _nothing_to_mend(subject: dict[str, Any], now: datetime) -> bool:
    """True when nothing of the inspection (of that day, if one is named) is left, or the pairing is over."""
    rows = InspectionFinding.objects.unmended().filter(
        inspection_id=subject.get("inspection"), inspection__pairing__state=PairingState.ACTIVE
    )
    if subject.get("mend_by"):
        rows = rows.filter(mend_by_on=subject["mend_by"])
    return not rows.exists()


def _finding_settled(subject: dict[str, Any], now: datetime) -> bool:
    return not InspectionFinding.objects.unmended().filter(pk=subject.get("finding")).exists()
