"""Reminding those who are to act: through the outbox, once a day for each rule, branch, person and recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.models import Notice
from notifications.services import post_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Scope

from .base import Overdue, SupervisionSource, Watch, watched_branches

REMINDED: Final = "reports.reminded"
# After so long the reminder has been overtaken by the next.
OF_USE: Final = timedelta(days=14)
SEVERAL: Final = 0


@dataclass(frozen=True)
class Reminder:
    """One notice to be: `person_id` is `SEVERAL` where the rows concern several people, or nobody in particular."""

    source: SupervisionSource
    branch_id: int
    person_id: int
    user_id: int
    rows: tuple[Overdue, ...]

    def key(self, on: str, person_id: int | None = None) -> str:
        person = self.person_id if person_id is None else person_id
        return f"{REMINDED}:{self.source.key}:{self.branch_id}:{person}:{self.user_id}:{on}"


@dataclass(frozen=True)
class Reminded:
    """Accounts that are reminded now, and those that had been today."""

    told: frozenset[int]
    known: frozenset[int]


def reminders_of(pairs: Iterable[tuple[SupervisionSource, Overdue]], *, but: int | None) -> list[Reminder]:
    """One for each rule, branch and recipient; nobody is told to remind themselves (`but`)."""
    grouped: dict[tuple[str, int, int], list[tuple[SupervisionSource, Overdue]]] = {}
    for source, row in pairs:
        for user_id in sorted(row.user_ids):
            if user_id != but:
                grouped.setdefault((source.key, row.branch_id, user_id), []).append((source, row))
    found = []
    for (_key, branch_id, user_id), mine in sorted(grouped.items()):
        people = {row.person_id or SEVERAL for _source, row in mine}
        person_id = people.pop() if len(people) == 1 else SEVERAL
        found.append(Reminder(mine[0][0], branch_id, person_id, user_id, tuple(row for _source, row in mine)))
    return found


@transaction.atomic
def remind(
    *, pairs: Iterable[tuple[SupervisionSource, Overdue]], watch: Watch, scope: Scope, by: User, now: datetime
) -> Reminded:
    """Tell those who are to act. Who was told of the rule in the branch today, for this person or for several, is not told again.

    Raises `Refused`: a branch the scope does not answer for, nobody to tell, everybody told today.
    """
    asked = list(pairs)
    allowed = set(watched_branches(scope).values_list("pk", flat=True))
    if not {row.branch_id for _source, row in asked} <= allowed:
        raise Refused(_("You remind people of your own branches and departments only."))
    active = set(
        User.objects.filter(
            pk__in={pk for _source, row in asked for pk in row.user_ids}, is_active=True
        ).values_list("pk", flat=True)
    )  # fmt: skip
    wanted = [row for row in reminders_of(asked, but=by.pk) if row.user_id in active]
    if not asked:
        raise Refused(_("This is done already. Reload the page."))
    if not wanted:
        raise Refused(_("Nobody else with an account is to act here. Open the row and see to it yourself."))
    on = timezone.localdate(now).isoformat()
    keys = {key for row in wanted for key in (row.key(on), row.key(on, SEVERAL))}
    said = set(Notice.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    fresh = [row for row in wanted if not {row.key(on), row.key(on, SEVERAL)} & said]
    told = frozenset(row.user_id for row in fresh)
    known = frozenset(row.user_id for row in wanted) - told
    if not fresh or not post_notices(notices=[_notice(row, on, watch, now) for row in fresh], now=now):
        raise Refused(_("Those who are to act were reminded today already. Try again tomorrow, or talk to them."))
    return Reminded(told, known)


def _notice(reminder: Reminder, on: str, watch: Watch, now: datetime) -> DueNotice:
    return DueNotice(
        kind=REMINDED,
        user_id=reminder.user_id,
        dedupe_key=reminder.key(on),
        subject={
            "source": reminder.source.key, "branch": reminder.branch_id, "person": reminder.person_id,
            "branch_name": watch.branches[reminder.branch_id].short_name, "count": len(reminder.rows),
            "days": max(row.days(watch.today) for row in reminder.rows),
        },
        link=_link(reminder, watch),
        expires_at=now + OF_USE,
    )  # fmt: skip


def _link(reminder: Reminder, watch: Watch) -> str:
    """The one row; who runs the branch is led to the list of several."""
    if len(reminder.rows) > 1 and reminder.user_id in watch.runs(reminder.branch_id):
        query = {"rule": reminder.source.key, "branch": reminder.branch_id}
        return f"{reverse('supervision_list')}?{urlencode(query)}"
    return max(reminder.rows, key=lambda row: row.days(watch.today)).url
