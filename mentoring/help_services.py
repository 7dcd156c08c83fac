""" "I need help": asked, answered, taken back. Confidential: the person and the secretary of their branch, nobody else."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from members.models import Person, Post
from members.office_models import SECRETARY_POSTS
from members.stages import Stage
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import notices_phone
from .models import HelpKind, HelpRequest


def readers_of(person: Person, today: date) -> list[Person]:
    """The secretaries who read this person's calls: of the own Party branch, or of the one responsible for the class."""
    if person.party_branch_id is not None:
        branches = {person.party_branch_id}
    else:
        league = LeagueBranch.objects.filter(school_class_id=person.school_class_id, school_class__isnull=False)
        branches = set(league.filter(party_branch__isnull=False).values_list("party_branch_id", flat=True))
    posts = (
        Post.objects.current(today)
        .filter(party_branch_id__in=branches, kind__in=SECRETARY_POSTS, person__user__is_active=True)
        .exclude(person__stage=Stage.LEFT)
        .exclude(person_id=person.pk)
        .select_related("person")
        .order_by("pk")
    )
    return list({post.person_id: post.person for post in posts}.values())


@transaction.atomic
def ask_help(*, person: Person, kind: str, today: date, now: datetime) -> HelpRequest:
    """Ask; the secretaries are told that somebody did, not who. One call at a time."""
    Person.objects.select_for_update().get(pk=person.pk)
    if kind not in HelpKind.values:
        raise Refused(_("Choose what you wish for."), field="kind")
    if HelpRequest.objects.open().filter(person=person).exists():
        raise Refused(_("You have asked already; the secretary has it."))
    readers = readers_of(person, today)
    if not readers:
        raise Refused(_("Your branch has no secretary who could read this now. Please ask the department."))
    try:
        with transaction.atomic():
            row: HelpRequest = HelpRequest.objects.create(person=person, kind=kind, asked_at=now)
    except IntegrityError as error:
        raise Refused(_("You have asked already; the secretary has it.")) from error
    post_notices(notices=notices_phone.help_asked(row, readers), now=now)
    return row


def _lock(call: HelpRequest) -> HelpRequest:
    row: HelpRequest = HelpRequest.objects.select_for_update(of=("self",)).select_related("person").get(pk=call.pk)
    if row.handled_at is not None:
        raise Refused(_("This was answered already. Reload the page."))
    if row.withdrawn_at is not None:
        raise Refused(_("This was taken back. Reload the page."))
    return row


@transaction.atomic
def answer_help(*, call: HelpRequest, answer: str, scope: Scope, by: User, now: datetime) -> HelpRequest:
    """The secretary's short answer; the person is told that there is one."""
    row = _lock(call)
    if not HelpRequest.objects.changeable_by(scope).filter(pk=row.pk).exists():
        raise Refused(_("Only the branch secretary answers this."))
    if not answer.strip():
        raise Refused(_("Write a short answer: the person reads it."), field="answer")
    row.handled_at, row.handled_by, row.answer = now, by, answer.strip()[:200]
    row.save()
    retire_notices(prefix=notices_phone.asked_prefix(row), now=now)
    post_notices(notices=notices_phone.help_answered(row), now=now)
    return row


@transaction.atomic
def withdraw_help(*, call: HelpRequest, scope: Scope, now: datetime) -> HelpRequest:
    """Who asked takes it back; the secretary no longer sees it."""
    row = _lock(call)
    if row.person_id != scope.person_id:
        raise Refused(_("Only who asked takes it back."))
    row.withdrawn_at = now
    row.save()
    retire_notices(prefix=notices_phone.asked_prefix(row), now=now)
    return row
