"""Who has an account, who was invited, who never came; inviting people and closing accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Upper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.utils import bulk_update_with_history

from accounts.addresses import HasMeta
from accounts.models import ActivationCode, User
from accounts.services import IssuedCode, create_accounts, deactivate_users, issue_codes, reset_account
from branches.models import LeagueBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope

from .models import Person, Post, StaffRole
from .office_models import MANAGING_POSTS
from .querysets import PersonQuerySet
from .stages import Stage

# More slips than this nobody prints, cuts and hands out at once.
AT_ONCE = 200
ACCOUNT_NUMBER = re.compile(r"^[0-9A-Za-z._-]{2,32}$")


class AccountState(models.TextChoices):
    NONE = "none", gettext_lazy("no account")
    INVITED = "invited", gettext_lazy("invited")
    EXPIRED = "expired", gettext_lazy("never came")
    ACTIVE = "active", gettext_lazy("active")
    CLOSED = "closed", gettext_lazy("closed")


# Those a code is for.
WAITING = (AccountState.NONE, AccountState.INVITED, AccountState.EXPIRED)
WITHOUT_CODE = (AccountState.NONE, AccountState.EXPIRED)


@dataclass(frozen=True)
class Invited:
    """Codes in clear for the one page that prints them, and who got none and why."""

    issued: list[IssuedCode] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def may_invite(scope: Scope) -> bool:
    """Secretaries of managed branches, counsellors of classes, department staff, administrators."""
    return bool(scope.managed_branch_ids or scope.class_ids or scope.department_ids) or scope.whole_college


def invitable(scope: Scope) -> PersonQuerySet:
    """People whose accounts the scope looks after; those who left are not invited any more."""
    people = Person.objects.visible_to(scope).present()
    if scope.whole_college:
        return people
    guided = LeagueBranch.objects.filter(party_branch_id__in=scope.managed_branch_ids).values("school_class")
    return people.filter(
        Q(department_id__in=scope.department_ids)
        | Q(party_branch_id__in=scope.managed_branch_ids)
        | Q(school_class_id__in=scope.class_ids)
        | Q(party_branch=None, school_class__in=guided)
    )


def with_account_state(people: PersonQuerySet, now: datetime) -> PersonQuerySet:
    """Adds `account_state` (see AccountState) and `code_until`, the end of the open code or of the last one."""
    codes = ActivationCode.objects.filter(user=OuterRef("user"))
    activated = Q(user__is_demo=True) | ~Q(user__password__startswith="!")
    return people.annotate(
        code_until=Subquery(codes.filter(revoked_at=None).order_by("-issued_at").values("expires_at")[:1]),
        account_state=Case(
            When(user=None, then=Value(AccountState.NONE)),
            When(user__is_active=False, then=Value(AccountState.CLOSED)),
            When(activated, then=Value(AccountState.ACTIVE)),
            When(Exists(codes.open(now)), then=Value(AccountState.INVITED)),
            When(Exists(codes), then=Value(AccountState.EXPIRED)),
            default=Value(AccountState.NONE),
            output_field=models.CharField(),
        ),
    )


def account_counts(people: PersonQuerySet, now: datetime) -> dict[str, int]:
    """How many people are in each state, every state named."""
    rows = with_account_state(people, now).order_by().values_list("account_state").annotate(models.Count("pk"))
    return dict.fromkeys(AccountState.values, 0) | dict(rows)


@transaction.atomic
def invite_people(
    *, people: Iterable[Person], issued_by: User, scope: Scope, now: datetime, request: HasMeta | None = None
) -> Invited:
    """Accounts and fresh codes for `people`, at most `AT_ONCE`; who left, is active or is not ours to invite is skipped.

    An open code given out before stops working. The rows are locked, so that two who invite at once agree.
    """
    ids = sorted({person.pk for person in people})[:AT_ONCE]
    rows = list(Person.objects.select_for_update(of=("self",)).select_related("user").filter(pk__in=ids).order_by("pk"))
    reasons = _refusals(rows, scope)
    skipped = [(str(row), reasons[row.pk]) for row in rows if row.pk in reasons]
    welcome = [row for row in rows if row.pk not in reasons]
    _give_accounts(welcome, issued_by)
    skipped += [(str(row), _("has an active account, which is linked now")) for row in welcome if _is_activated(row)]
    waiting = [row for row in welcome if not _is_activated(row)]
    by_name = sorted(waiting, key=lambda row: (row.school_class_id or 0, row.name_key, row.number))
    issued = issue_codes(
        users=[row.user for row in waiting if row.user is not None], issued_by=issued_by, now=now, request=request
    )
    codes = {item.user.pk: item for item in issued}
    return Invited([codes[row.user_id] for row in by_name if row.user_id in codes], skipped)


def _is_activated(person: Person) -> bool:
    """An account of this number that was in use before: linked, and never opened to whoever holds a new code."""
    return person.user is not None and person.user.is_activated


def _give_accounts(people: Sequence[Person], by: User) -> None:
    """Link each person to the account of their number, made when there is none."""
    missing = [person for person in people if person.user_id is None]
    users = create_accounts(names=[(person.number, person.name) for person in missing])
    for person, user in zip(missing, users, strict=True):
        person.user = user
    if missing:
        bulk_update_with_history(missing, Person, ["user"], batch_size=500, default_user=by)


def _refusals(people: Sequence[Person], scope: Scope) -> dict[int, str]:
    """Why somebody gets no code, by person. Whoever hands out a code could use it, so nobody opens an account above their own."""
    guard = _Guard(people, scope)
    return {person.pk: reason for person in people if (reason := guard.why_not(person))}


class _Guard:
    """Facts about the accounts of some people, read once."""

    def __init__(self, people: Sequence[Person], scope: Scope) -> None:
        self.scope = scope
        numbers = [person.number.upper() for person in people]
        owners = User.objects.annotate(key=Upper("username")).filter(Q(person__in=people) | Q(key__in=numbers))
        self.accounts = {user.username.upper(): user for user in owners.select_related("person")}
        staff = StaffRole.objects.filter(user__in=self.accounts.values()).values_list("user_id", flat=True)
        self.staff_ids = set(staff) | {user.pk for user in self.accounts.values() if user.is_superuser}
        self.posts: dict[int, list[Post]] = {}
        posts = Post.objects.filter(person__in=people, ended_on=None, kind__in=MANAGING_POSTS)
        for post in posts.select_related("party_branch"):
            self.posts.setdefault(post.person_id, []).append(post)

    def why_not(self, person: Person) -> str:
        user = person.user or self.accounts.get(person.number.upper())
        if person.stage == Stage.LEFT:
            return _("has left")
        if not ACCOUNT_NUMBER.match(person.number):
            return _("the number is no account name: letters, digits, dot, dash and underscore only")
        if user is None:
            return self._above(person, None)
        if not user.is_active:
            return _("the account is closed; an administrator reopens it")
        if person.user_id is None and getattr(user, "person", None) is not None:
            return _("the account of this number belongs to somebody else")
        if user.is_activated and person.user_id is not None:
            return _("is active already")
        return self._above(person, user)

    def _above(self, person: Person, user: User | None) -> str:
        if self.scope.has(Role.ADMINISTRATOR):
            return ""
        if user is not None and user.is_superuser:
            return _("administers the portal; another administrator opens that account")
        if user is not None and user.pk in self.staff_ids and not self.scope.college_staff:
            return _("holds a role of staff; an administrator opens that account")
        for post in self.posts.get(person.pk, []):
            branch = post.party_branch
            if branch and not (self.scope.manages(branch.pk) or self.scope.oversees(branch.department_id)):
                return _("holds a post in another branch, which invites them")
        return ""

    def why_no_reset(self, person: Person) -> str:
        """Stricter than a first invitation: a working password is taken away."""
        if person.user_id == self.scope.user_id:
            return _("Change your own password on your account page.")
        if person.user is None or not person.user.is_active or not person.user.is_activated:
            return _("There is no active account to reset.")
        if person.user.is_demo:
            return _("Demonstration accounts have no password to reset.")
        if reason := self._above(person, person.user):
            return reason
        overseen = [post for post in self.posts.get(person.pk, []) if post.party_branch]
        if not self.scope.has(Role.ADMINISTRATOR) and any(
            not self.scope.oversees(post.party_branch.department_id) for post in overseen if post.party_branch
        ):
            return _("Accounts of branch officers are reset by the department.")
        return ""


@transaction.atomic
def reset_person(
    *, person: Person, issued_by: User, scope: Scope, now: datetime, request: HasMeta | None = None
) -> IssuedCode:
    """A forgotten password: it stops working and a new code is issued. Raises `Refused` for whoever is not ours to reset."""
    row = Person.objects.select_for_update(of=("self",)).select_related("user").get(pk=person.pk)
    if reason := _Guard([row], scope).why_no_reset(row):
        raise Refused(reason)
    assert row.user is not None  # the guard refused otherwise
    return reset_account(user=row.user, issued_by=issued_by, now=now, request=request)


def closable_accounts(person_ids: Sequence[int]) -> Any:
    """Accounts that close when these people leave: not those of administrators, nor with a role of staff."""
    return User.objects.filter(person__in=person_ids, is_superuser=False, staff_roles=None)


def close_accounts(
    *, people: Iterable[Any], now: datetime, by: User | None = None, request: HasMeta | None = None
) -> int:
    """Close the accounts of people who left (persons or their ids). Accounts with a role of staff stay open. Returns how many."""
    ids = [getattr(person, "pk", person) for person in people]
    return deactivate_users(users=closable_accounts(ids), by=by, now=now, request=request)
