"""Announcements: published to a branch, a class or a department, read, withdrawn, put back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import Department, LeagueBranch, PartyBranch
from members.models import Person
from members.querysets import PersonQuerySet
from notifications.models import Notice
from notifications.services import post_notices, retire_notices, revive_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import DueNotice
from pairing_portal.common.scope import Role, Scope

from .event_querysets import AnnouncementQuerySet
from .record_models import Announcement, ReadMark

ANNOUNCED: Final = "activities.announced"
# The same text to the same people within this time is one press of the button that arrived twice.
TWICE_WITHIN: Final = timedelta(minutes=10)

Audience = Department | PartyBranch | LeagueBranch


def field_of(audience: Audience) -> str:
    return {Department: "department", PartyBranch: "party_branch", LeagueBranch: "league_branch"}[type(audience)]


def audience_of(announcement: Announcement) -> Audience:
    found = announcement.department or announcement.party_branch or announcement.league_branch
    assert found is not None  # kept by the database
    return found


def may_publish_to(audience: Audience, scope: Scope) -> bool:
    """Who runs the Party branch, the League branch's secretary, the staff of the department (to its branches too)."""
    if isinstance(audience, Department):
        return scope.has(Role.STAFF) and scope.oversees(audience.pk)
    if isinstance(audience, PartyBranch):
        return scope.manages(audience.pk) or (scope.has(Role.STAFF) and scope.oversees(audience.department_id))
    return audience.pk in scope.league_branch_ids


def may_publish(scope: Scope) -> bool:
    return bool(scope.managed_branch_ids or scope.league_branch_ids or (scope.has(Role.STAFF) and (scope.department_ids or scope.college_staff)))  # fmt: skip


def readers(audience: Audience) -> PersonQuerySet:
    """The people it is meant for: of the branch, of the class of the League branch, of the department; without who left."""
    if isinstance(audience, PartyBranch):
        people = Person.objects.filter(party_branch=audience)
    elif isinstance(audience, LeagueBranch):
        people = Person.objects.filter(school_class__league_branches=audience)
    else:
        people = Person.objects.filter(department=audience)
    present: PersonQuerySet = people.present().distinct()
    return present


def addressed_to(person_id: int | None) -> AnnouncementQuerySet:
    """Standing announcements that are meant for this person."""
    if person_id is None:
        return Announcement.objects.none()  # type: ignore[no-any-return]  # the stubs know no querysets of ours
    person = Person.objects.filter(pk=person_id)
    meant = Q(party_branch__in=person.values("party_branch")) | Q(department__in=person.values("department"))
    meant |= Q(league_branch__in=LeagueBranch.objects.filter(school_class__in=person.values("school_class")))
    return Announcement.objects.filter(meant, withdrawn_at=None)  # type: ignore[no-any-return]  # the stubs know no querysets of ours


def unread_important(scope: Scope) -> AnnouncementQuerySet:
    """What stays on the workbench until it is read."""
    read = ReadMark.objects.filter(user_id=scope.user_id or 0).values("announcement")
    return addressed_to(scope.person_id).filter(is_important=True).exclude(pk__in=read)  # type: ignore[no-any-return]  # the stubs know no querysets of ours


@transaction.atomic
def publish_announcement(
    *, title: str, text: str, audience: Audience, is_important: bool, scope: Scope, by: User, now: datetime
) -> Announcement:
    """Publish; everybody it is meant for is told once. The same sent twice is one. Raises `Refused`."""
    if not may_publish_to(audience, scope):
        raise Refused(_("You cannot publish to these people. Choose another audience."), field="audience")
    if not title.strip() or not text.strip():
        raise Refused(_("An announcement needs a title and a text."), field="title" if not title.strip() else "text")
    # The lock under which two presses of the button meet.
    type(audience).objects.select_for_update(of=("self",)).get(pk=audience.pk)
    same: dict[str, Any] = {"title": title.strip(), "text": text.strip(), field_of(audience): audience}
    twice = Announcement.objects.filter(
        **same, published_by=by, withdrawn_at=None, published_at__gt=now - TWICE_WITHIN
    ).first()
    if twice is not None:
        return twice
    made = Announcement.objects.create(**same, is_important=is_important, published_by=by, published_at=now)
    # Who wrote it has read it.
    ReadMark.objects.create(announcement=made, user=by, at=now)
    users = readers(audience).filter(user__isnull=False, user__is_active=True).exclude(user=by)
    post_notices(
        notices=[
            DueNotice(
                kind=ANNOUNCED, user_id=user_id, dedupe_key=f"{ANNOUNCED}:{made.pk}:{user_id}", link=f"/announcements/{made.pk}/",
                subject={"announcement": made.pk, "name": made.title, "from": str(audience)}, urgent=is_important,
            )
            for user_id in users.values_list("user_id", flat=True)
        ],
        now=now,
    )  # fmt: skip
    return made


@transaction.atomic
def mark_read(*, announcement: Announcement, user: User, now: datetime) -> bool:
    """Note that somebody has read it, once; the notice leaves the bell. True when it was new."""
    _row, is_new = ReadMark.objects.get_or_create(announcement=announcement, user=user, defaults={"at": now})
    if is_new:
        retire_notices(prefix=f"{ANNOUNCED}:{announcement.pk}:{user.pk}", now=now, user_id=user.pk)
    return is_new


@transaction.atomic
def withdraw_announcement(*, announcement: Announcement, scope: Scope, now: datetime) -> Announcement:
    """Take it back: readers no longer see it, its notices leave the bell; the record stays. Raises `Refused`."""
    row = _locked(announcement, scope)
    if row.withdrawn_at is not None:
        raise Refused(_("This announcement was withdrawn already."))
    row.withdrawn_at = now
    row.save()
    retire_notices(prefix=f"{ANNOUNCED}:{row.pk}:", now=now)
    return row


@transaction.atomic
def restore_announcement(*, announcement: Announcement, scope: Scope, now: datetime) -> Announcement:
    """Undo a withdrawal: nobody is told again, who has not read it finds the old notice. Raises `Refused`."""
    row = _locked(announcement, scope)
    if row.withdrawn_at is None:
        raise Refused(_("This announcement stands already."))
    row.withdrawn_at = None
    row.save()
    revive_notices(prefix=f"{ANNOUNCED}:{row.pk}:", now=now)
    read = ReadMark.objects.filter(announcement=row).values("user")
    Notice.objects.filter(dedupe_key__startswith=f"{ANNOUNCED}:{row.pk}:", user__in=read).update(obsolete_at=now)
    return row


def _locked(announcement: Announcement, scope: Scope) -> Announcement:
    rows = Announcement.objects.changeable_by(scope).filter(pk=announcement.pk)
    row: Announcement | None = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise Refused(_("Only who may publish to these people withdraws an announcement."))
    return row
