"""What this room tells the rooms below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    DemoAccount,
    HandoverItem,
    NavigationEntry,
    daily_jobs,
    demo_accounts,
    handover_items,
    navigation,
    tick_jobs,
)
from pairing_portal.common.scope import Role

REPORT_ROLES = frozenset({Role.STAFF, Role.ADMINISTRATOR, Role.SECRETARY, Role.COMMITTEE})
SUPERVISING_ROLES = frozenset({Role.STAFF, Role.SECRETARY})


# Number, role, what there is to try. "????" is the enrolment year, which moves with the demonstration.
DEMO_ACCOUNTS = (
    ("????0310001", _("Branch secretary"), _("branch 2: confirm entries, pairings, roster")),
    ("T03001", _("Partner's secretary"), _("branch 3: a teacher; diploma students")),
    ("????0530001", _("Secretary who mentors"), _("branch 6: lectures of five League branches")),
    ("????0310004", _("Student, paired member"), _("log an activity on the phone")),
    ("????0530003", _("Student, lecturer"), _("record a lecture")),
    ("????0520002", _("League branch secretary"), _("confirm a lecture in one tap")),
    ("????0510004", _("Activist who helps"), _("has a contact and helps a classmate")),
    ("????0593001", _("Classmate who is helped"), _("mentors, goals, own support needs")),
    ("????0591001", _("Classmate"), _("a first-year student without a Party branch")),
    ("F0001", _("Counsellor"), _("sees own classes")),
    ("Z0001", _("Party organiser"), _("mechanical department: supervise, export")),
    ("Z0002", _("Party organiser"), _("civil department: supervise, export")),
    ("admin", _("Administrator"), _("sets up, judges nobody")),
)


def register() -> None:
    from . import notices_supervision, shelf  # noqa: F401  # the shelf registers the reports

    notices_supervision.register()
    handover_items.register("supervision", supervision_handover, order=60)
    daily_jobs.register("supervision", keep_supervision)
    daily_jobs.register("exports", forget_exports)
    tick_jobs.register("exports", keep_exports)
    daily_jobs.register("rollup", rebuild_rollup)
    tick_jobs.register("rollup", refresh_rollup)
    for order, (username, label, description) in enumerate(DEMO_ACCOUNTS):
        demo_accounts.register(username, DemoAccount(username, label, description), order=order)
    navigation.register("workbench", NavigationEntry(_("Workbench"), "workbench", "house", "/", phone=True), order=10)
    navigation.register(
        "supervision",
        NavigationEntry(
            _("Supervision"), "supervision", "shield-check", "/reports/supervision/", roles=SUPERVISING_ROLES
        ),
        order=85,
    )
    navigation.register(
        "reports",
        NavigationEntry(_("Reports"), "reports", "file-earmark-spreadsheet", "/reports/", roles=REPORT_ROLES),
        order=90,
    )


def keep_supervision(today: date) -> int:
    """Keep what is overdue today for the trend of the supervision board."""
    from .supervision.snapshot_services import take_snapshot

    return take_snapshot(today=today)


def keep_exports(now: datetime) -> int:
    """Write the exports nobody writes, delete files whose time is over."""
    from .jobs import start

    return start.keep_exports(now)


def forget_exports(today: date) -> int:
    """Delete jobs of long ago and files no job knows of."""
    from .jobs import job_services

    return job_services.forget_exports(now=timezone.now())


def rebuild_rollup(today: date) -> int:
    """Make the sums the dashboards read whole again."""
    from .dashboards import rollup

    return rollup.rebuild_rollup(now=timezone.now())


def refresh_rollup(now: datetime) -> int | None:
    """Make the sums of the current month and the last one anew."""
    from .dashboards import rollup

    return rollup.refresh_rollup(now=now)


def supervision_handover(branch_id: int, today: date) -> Sequence[HandoverItem]:
    from .supervision.handover import items

    return items(branch_id, today)
