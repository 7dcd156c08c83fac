"""What this room tells the rooms below it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import DemoAccount, NavigationEntry, demo_accounts, navigation
from pairing_portal.common.scope import Role

REPORT_ROLES = frozenset({Role.STAFF, Role.ADMINISTRATOR, Role.SECRETARY, Role.COMMITTEE})


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
    from . import shelf  # noqa: F401  # registers the reports

    for order, (username, label, description) in enumerate(DEMO_ACCOUNTS):
        demo_accounts.register(username, DemoAccount(username, label, description), order=order)
    navigation.register("workbench", NavigationEntry(_("Workbench"), "workbench", "house", "/", phone=True), order=10)
    navigation.register(
        "reports",
        NavigationEntry(_("Reports"), "reports", "file-earmark-spreadsheet", "/reports/", roles=REPORT_ROLES),
        order=90,
    )
