"""September: what the new academic year brings, shown as a whole and applied as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import LeagueBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import leave_effects
from pairing_portal.common.scope import Scope

from .invitations import closable_accounts, close_accounts
from .models import AffiliationTransfer, Person, Post, TransferKind
from .services import leave_people


@dataclass
class YearTurn:
    """`leaving`: graduated and still in the roster, or gone with a post or an account still open; `posts` end with them, and
    `endings` (what, lines) in the rooms above; `juniors`: League branches in their first year."""

    leaving: list[Person] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    endings: list[tuple[str, list[str]]] = field(default_factory=list)
    accounts: int = 0
    juniors: list[LeagueBranch] = field(default_factory=list)

    def fingerprint(self) -> str:
        return hashlib.sha256(
            repr([(person.pk, person.graduates_on, person.left_on) for person in self.leaving]).encode()
        ).hexdigest()


def preview_turn(*, scope: Scope, today: date) -> YearTurn:
    """What would happen on `today`, within what the user changes."""
    leaving = list(
        Person.objects.changeable_by(scope)
        .filter(Q(graduates_on__lt=today, left_on=None) & ~_affiliation_stays() | _left_halfway(today))
        .select_related("school_class", "party_branch", "user")
        .order_by("graduates_on", "name_key", "pk")
        .distinct()
    )
    ids = [person.pk for person in leaving]
    previews = [(str(effect.label), list(effect.preview(ids))) for effect in leave_effects if effect.preview and ids]
    start_year = today.year if today.month >= 8 else today.year - 1
    return YearTurn(
        leaving=leaving,
        posts=list(
            Post.objects.filter(person_id__in=ids, ended_on=None).select_related(
                "person", "party_branch", "league_branch"
            )
        ),
        endings=[(label, lines) for label, lines in previews if lines],
        accounts=closable_accounts(ids).filter(is_active=True).count(),
        juniors=list(
            LeagueBranch.objects.visible_to(scope)
            .active()
            .filter(enrolment_year=start_year)
            .select_related("party_branch")
        ),
    )


def _affiliation_stays() -> Q:
    """Graduates whose affiliation stays at the college, or who are abroad with it here, stay in the roster."""
    stays = AffiliationTransfer.objects.open().filter(kind__in=(TransferKind.STAYS, TransferKind.ABROAD))
    return Q(Exists(stays.filter(person=OuterRef("pk"))))


def _left_halfway(today: date) -> Q:
    """Left by then, yet with a post or an account (other than staff's) that nobody ended."""
    held = Post.objects.filter(person=OuterRef("pk"), ended_on=None)
    account = Q(user__is_active=True, user__is_superuser=False, user__staff_roles=None)
    return Q(left_on__lte=today) & (Q(Exists(held)) | account)


@transaction.atomic
def apply_turn(
    *, scope: Scope, person_ids: list[int], fingerprint: str, today: date, by: User, now: datetime
) -> list[str]:
    """The chosen graduates leave: posts, pairs and duties end, accounts close. Returns what happened, in lines.

    Raises `Refused` when the list is not the one that was shown.
    """
    turn = preview_turn(scope=scope, today=today)
    if turn.fingerprint() != fingerprint:
        raise Refused(_("The roster changed since this page was opened. Look at the list again."))
    chosen = [person for person in turn.leaving if person.pk in set(person_ids)]
    lines: list[str] = []
    by_day: dict[date, list[Person]] = {}
    for person in chosen:
        by_day.setdefault(person.left_on or person.graduates_on or today, []).append(person)
    for left_on, people in sorted(by_day.items()):
        lines += leave_people(people=people, left_on=left_on, today=today, by=by)
    close_accounts(people=chosen, by=by, now=now)
    return lines
