"""The pieces of supervision: what is overdue, the sources that find it, and the branches one watch goes over.

A source reads rows of the rooms below and says which are overdue, set-wise: a fixed number of queries for one branch as for all.
It takes a `Watch`, never a scope: who sees which branches is decided once, by `watched_branches`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from activities.lectures.board import QuotaContext
from activities.owed import Owed
from activities.owed_reader import owed_of
from branches.models import AcademicYear, LeagueBranch, PartyBranch
from branches.policy import Policy
from members.models import Person, Post
from members.office_models import LEAGUE_POSTS, SECRETARY_POSTS
from pairing_portal.common.problems import Severity
from pairing_portal.common.scope import Scope

Text = str | Promise
NOBODY: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True)
class Overdue:
    """One thing that is overdue in one branch.

    `since`: the first day it was overdue, None where nobody wrote down when it began. `url`: the page where it is done; `look_url`:
    where an overseer looks who may not do it ("" : the same page). `user_ids`: accounts of who is to act.
    """

    key: str
    branch_id: int
    words: str
    since: date | None
    url: str
    person_id: int | None = None
    user_ids: frozenset[int] = NOBODY
    look_url: str = ""

    def days(self, today: date) -> int:
        """How long it has been overdue; 0 on the first day, and where the beginning is not known."""
        return max(0, (today - self.since).days) if self.since else 0


@dataclass(frozen=True)
class SupervisionSource:
    """One rule: `rule` is an id of the rule table ("" where the table has none), `find(watch)` gives what is overdue.

    `judges`: about people under observation or judgement, so nobody finds a row about themselves. `is_ahead`: shown before its last
    day, or without one, so that it is something to do and not yet overdue.
    """

    key: str
    rule: str
    label: Text
    severity: Severity
    find: Callable[[Watch], Iterable[Overdue]]
    judges: bool = False
    is_ahead: bool = False

    @property
    def tone(self) -> str:
        """The kind of badge: a reminder is not the same as a breach."""
        return "wait" if self.severity == "info" else "late"

    @property
    def word(self) -> str:
        """What the badge says beside its icon."""
        return _("to do") if self.is_ahead else _("overdue")


@dataclass
class Watch:
    """The branches looked at, on a day, and what several sources ask of them, read once."""

    branches: dict[int, PartyBranch]
    today: date
    now: datetime
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def over(cls, branches: Iterable[PartyBranch], today: date, now: datetime | None = None) -> Watch:
        return cls({branch.pk: branch for branch in branches}, today, now or timezone.now())

    @property
    def ids(self) -> list[int]:
        return list(self.branches)

    def number(self, key: str) -> int:
        """A number of policy in force today."""
        return self.policy.number(key, self.today)

    def days_ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    @cached_property
    def secretaries(self) -> dict[int, frozenset[int]]:
        """Branch → accounts of its secretaries and deputies."""
        return self._holders("party_branch_id", SECRETARY_POSTS, party_branch_id__in=self.ids)

    @cached_property
    def league_secretaries(self) -> dict[int, frozenset[int]]:
        """League branch → accounts of its secretary and deputies."""
        return self._holders("league_branch_id", LEAGUE_POSTS, league_branch_id__in=list(self.leagues))

    def _holders(self, column: str, kinds: Iterable[str], **where: Any) -> dict[int, frozenset[int]]:
        posts = Post.objects.current(self.today).filter(kind__in=list(kinds), person__user__is_active=True, **where)
        found: dict[int, set[int]] = defaultdict(set)
        for pk, user_id in posts.order_by().values_list(column, "person__user_id"):
            found[pk].add(user_id)
        return {pk: frozenset(users) for pk, users in found.items()}

    def runs(self, branch_id: int) -> frozenset[int]:
        """Accounts of who runs a branch: they act where nobody else is named."""
        return self.secretaries.get(branch_id, NOBODY)

    def or_secretaries(self, user_id: int | None, branch_id: int) -> frozenset[int]:
        """The one who acts, or the secretaries where that one has no account."""
        return frozenset({user_id}) if user_id else self.runs(branch_id)

    @cached_property
    def leagues(self) -> dict[int, LeagueBranch]:
        """Active League branches the watched branches are responsible for."""
        rows = LeagueBranch.objects.active().filter(party_branch_id__in=self.ids)
        return {row.pk: row for row in rows.order_by("pk")}

    @cached_property
    def guiding(self) -> dict[int, int]:
        """Class → the watched branch responsible for its League branch: it answers for people without a Party branch."""
        return {
            row.school_class_id: row.party_branch_id
            for row in self.leagues.values()
            if row.school_class_id and row.party_branch_id
        }

    @cached_property
    def year(self) -> AcademicYear | None:
        found: AcademicYear | None = AcademicYear.objects.current(self.today)
        return found

    @cached_property
    def quota(self) -> QuotaContext:
        return QuotaContext.load()

    @cached_property
    def owed(self) -> dict[PartyBranch, list[Owed]]:
        return owed_of(self.branches.values(), self.today)


def may_supervise(scope: Scope) -> bool:
    """Who runs a branch, and the staff of a department or of the college; never a mere administrator."""
    return bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff)


def watched_branches(scope: Scope) -> Any:
    """Active branches the scope answers for; none for everybody else."""
    return PartyBranch.objects.active().run_by(scope).select_related("department").order_by("department_id", "pk")


def every_branch() -> Any:
    """For the daily job: all active branches."""
    return PartyBranch.objects.active().order_by("pk")


def names_of_people(ids: Iterable[int]) -> dict[int, str]:
    return dict(Person.objects.filter(pk__in=set(ids)).values_list("pk", "name"))


def names_of_users(ids: Iterable[int]) -> dict[int, str]:
    """Account → the name shown; accounts that are closed are absent."""
    rows = User.objects.filter(pk__in=set(ids), is_active=True)
    return {user.pk: str(user) for user in rows.only("username", "display_name")}
