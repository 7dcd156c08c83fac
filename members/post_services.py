"""Posts: who is appointed, who appoints, how a term ends. Each function is one transaction with its line in the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.addresses import HasMeta
from accounts.codes import typed_number
from accounts.models import AuditAction, User
from accounts.services import IssuedCode, record_audit
from branches.models import LeagueBranch, PartyBranch, Programme
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.scope import Role, Scope

from .invitations import ACCOUNT_NUMBER, invite_people
from .models import Person, Post, PostKind, StaffRole
from .office_models import LEAGUE_POSTS, SHARED_POSTS
from .stages import Stage

Branch = PartyBranch | LeagueBranch


@dataclass(frozen=True)
class Appointment:
    """What an appointment did: the post, who held it before, the slip when the person has no open account yet."""

    post: Post
    former: Post | None = None
    issued: list[IssuedCode] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def may_fill(scope: Scope, kind: str, branch: Branch) -> bool:
    """The department fills every post; a branch its own, but for its secretary; League posts also the guiding branch."""
    if scope.has(Role.ADMINISTRATOR) or scope.oversees(branch.department_id):
        return True
    if isinstance(branch, LeagueBranch):
        return scope.manages(branch.party_branch_id)
    return scope.manages(branch.pk) and kind != PostKind.BRANCH_SECRETARY


def current_holder(branch: Branch, kind: str) -> Post | None:
    """Who holds a single post; None when it is free or may be shared."""
    if kind in SHARED_POSTS:
        return None
    return _posts_of(branch).filter(kind=kind, ended_on=None).select_related("person").first()


def _posts_of(branch: Branch) -> Any:
    name = "league_branch" if isinstance(branch, LeagueBranch) else "party_branch"
    return Post.objects.filter(**{name: branch})


def appointment_problems(*, person: Person, kind: str, branch: Branch) -> list[Problem]:
    """Rule R33 and common sense; only a person who left blocks."""
    problems = []
    if person.stage == Stage.LEFT:
        problems.append(Problem(_("%(name)s has left and holds no post.") % {"name": person.name}, field="person"))
    if kind not in LEAGUE_POSTS and person.programme != Programme.STAFF and person.stage != Stage.FULL:
        problems.append(
            Problem(
                _("%(name)s is no full member yet; officers of a Party branch are full members.")
                % {"name": person.name},
                rule="R33",
                severity="warn",
                field="person",
            )
        )
    others = _posts_of(branch).filter(person=person, ended_on=None).exclude(kind=kind)
    problems += [
        Problem(
            _("%(name)s is %(post)s of this branch already; one person holds one post.")
            % {"name": person.name, "post": other.get_kind_display()},
            rule="R33", severity="warn", field="person",
        )
        for other in others
    ]  # fmt: skip
    return problems


@transaction.atomic
def appoint_to_post(
    *,
    person: Person,
    kind: str,
    branch: Branch,
    since: date | None,
    scope: Scope,
    by: User,
    now: datetime,
    planned_end_on: date | None = None,
    replace_holder: bool = False,
    request: HasMeta | None = None,
) -> Post:
    """Appoint `person`. The former holder's term ends on `since` when `replace_holder`, else the appointment is refused.

    The branch row is locked first, so that of two appointments to one post the second sees the first.
    """
    type(branch).objects.select_for_update().get(pk=branch.pk)
    if not may_fill(scope, kind, branch):
        raise Refused(
            _("This post is filled by the department or by the branch itself, not by your role."), field="kind"
        )
    if (kind in LEAGUE_POSTS) != isinstance(branch, LeagueBranch):
        raise Refused(_("A post belongs to one Party branch or to one League branch, as its kind says."), field="kind")
    for problem in appointment_problems(person=person, kind=kind, branch=branch):
        if problem.severity == "block":
            raise Refused(problem.message, rule=problem.rule, field=problem.field)
    if _posts_of(branch).filter(person=person, kind=kind, ended_on=None).exists():
        raise Refused(_("%(name)s holds this post already.") % {"name": person.name}, field="person")
    former = current_holder(branch, kind)
    if former is not None:
        _make_room(former, since, replace_holder)
    place = "league_branch" if isinstance(branch, LeagueBranch) else "party_branch"
    post = Post(person=person, kind=kind, since=since, planned_end_on=planned_end_on, **{place: branch})
    _save(post, by)
    record_audit(
        action=AuditAction.APPOINTED, user=by, now=now, request=request, object_type="post", object_id=post.pk,
        detail={"person": person.pk, "kind": kind, place: branch.pk, "former": former.person_id if former else None},
    )  # fmt: skip
    return post


def _make_room(former: Post, since: date | None, replace_holder: bool) -> None:
    if not replace_holder:
        raise Refused(
            _("%(name)s holds this post. Confirm that this term ends with the appointment.")
            % {"name": former.person.name},
            field="replace_holder",
        )
    if since is None:
        raise Refused(
            _("Give the day from which the new holder is in office: the former term ends with it."), field="since"
        )
    if former.since is not None and former.since > since:
        raise Refused(
            _("%(name)s took this post on %(day)s, after the day given.")
            % {"name": former.person.name, "day": former.since},
            field="since",
        )
    former.ended_on = since
    former.save(update_fields=["ended_on"])


def _save(post: Post, by: User) -> None:
    post._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    post.full_clean(validate_constraints=True)
    post.save()


@transaction.atomic
def end_post(
    *, post: Post, ended_on: date, scope: Scope, by: User, now: datetime, request: HasMeta | None = None
) -> Post:
    """The term ends: on that day the holder has the post no more."""
    row = Post.objects.select_for_update().get(pk=post.pk)
    branch = row.party_branch or row.league_branch
    if branch is None or not may_fill(scope, row.kind, branch):
        raise Refused(
            _("This post is filled by the department or by the branch itself, not by your role."), field="ended_on"
        )
    if row.ended_on is not None:
        raise Refused(_("This term has ended already."), field="ended_on")
    if row.since is not None and ended_on < row.since:
        raise Refused(_("A post cannot end before it began."), field="ended_on")
    row.ended_on = ended_on
    _save(row, by)
    record_audit(
        action=AuditAction.APPOINTED, user=by, now=now, request=request, object_type="post", object_id=row.pk,
        detail={"person": row.person_id, "kind": row.kind, "ended_on": ended_on.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def correct_post(
    *, post: Post, since: date | None, planned_end_on: date | None, scope: Scope, by: User, now: datetime
) -> Post:
    """Correct the dates of a post; who holds it changes by ending and appointing."""
    row = Post.objects.select_for_update().get(pk=post.pk)
    branch = row.party_branch or row.league_branch
    if branch is None or not may_fill(scope, row.kind, branch):
        raise Refused(_("This post is filled by the department or by the branch itself, not by your role."))
    row.since, row.planned_end_on = since, planned_end_on
    _save(row, by)
    record_audit(
        action=AuditAction.APPOINTED, user=by, now=now, object_type="post", object_id=row.pk,
        detail={"person": row.person_id, "columns": ["planned_end_on", "since"]},
    )  # fmt: skip
    return row


@transaction.atomic
def enter_teacher(*, number: str, name: str, branch: PartyBranch, today: date, by: User) -> Person:
    """A member of staff who is in no roster yet: staff number and name, in this branch. A known number is refused."""
    number = typed_number(number)
    if not ACCOUNT_NUMBER.match(number) or len(number) > 20:
        raise Refused(_("A staff number has 2 to 20 letters, digits, dots, dashes or underscores."), field="number")
    if Person.objects.filter(number__iexact=number).exists():
        raise Refused(_("This number is in the roster already, or outside what you manage."), field="number")
    person = Person(
        number=number, name=name.strip(), programme=Programme.STAFF, department=branch.department, party_branch=branch
    )
    person.settle_stage(today)
    person._history_user = by  # type: ignore[attr-defined]  # what simple_history reads
    person.full_clean()
    person.save()
    return person


@transaction.atomic
def appoint_secretary(
    *,
    branch: PartyBranch,
    person: Person | None,
    teacher: tuple[str, str] | None,
    since: date,
    today: date,
    scope: Scope,
    by: User,
    now: datetime,
    replace_holder: bool = False,
    request: HasMeta | None = None,
) -> Appointment:
    """Somebody of the roster, or a `teacher` (staff number, name) entered with it, becomes branch secretary and gets an account."""
    former = current_holder(branch, PostKind.BRANCH_SECRETARY)
    if person is None:
        if teacher is None:
            raise Refused(_("Choose somebody from the roster or enter a teacher."), field="person")
        person = enter_teacher(number=teacher[0], name=teacher[1], branch=branch, today=today, by=by)
    post = appoint_to_post(
        person=person, kind=PostKind.BRANCH_SECRETARY, branch=branch, since=since, scope=scope, by=by, now=now,
        replace_holder=replace_holder, request=request,
    )  # fmt: skip
    invited = invite_people(people=[person], issued_by=by, scope=scope, now=now, request=request)
    return Appointment(post, former, invited.issued, invited.skipped)


@transaction.atomic
def save_staff_role(*, role: StaffRole, by: User, now: datetime, request: HasMeta | None = None) -> StaffRole:
    """Give or change a role of staff (its classes are set by the form)."""
    role.full_clean()
    role.save()
    _audit_role(role, by, now, request, given=True)
    return role


@transaction.atomic
def remove_staff_roles(*, roles: Sequence[StaffRole], by: User, now: datetime, request: HasMeta | None = None) -> None:
    """Take roles of staff away; the trail keeps who held them."""
    for role in roles:
        _audit_role(role, by, now, request, given=False)
        role.delete()


def _audit_role(role: StaffRole, by: User, now: datetime, request: HasMeta | None, *, given: bool) -> None:
    record_audit(
        action=AuditAction.APPOINTED, user=by, now=now, request=request, object_type="staff_role", object_id=role.pk,
        detail={"user": role.user_id, "kind": role.kind, "department": role.department_id, "given": given},
    )  # fmt: skip
