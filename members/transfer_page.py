"""Lists of coming and going as pages show them: transfers, graduates of a year, mobile members."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .due_transfers import CONTACT_DUE, Due, mobile_due, transfer_due
from .forms_transfers import GOING
from .holdings import Holdings, leaving_preview
from .letter_services import start_going
from .mobile_services import may_keep
from .models import AffiliationTransfer, MobileMember, Person, TransferKind, TransferState
from .party_groups import group_of
from .stages import MEMBER_STAGES
from .transfer_base import runs

KINDS = frozenset(kind for kind, _label in GOING)


@dataclass(frozen=True)
class TransferRow:
    """A transfer in a list: what is due about it, and its badge."""

    row: AffiliationTransfer
    due: Due | None

    @property
    def badge(self) -> tuple[str, str]:
        if self.row.state != TransferState.OPEN:
            return ("ok" if self.row.state == TransferState.DONE else "exempt", str(self.row.get_state_display()))
        if self.due is not None:
            return ("late" if self.due.is_late else "wait", self.due.words)
        return "wait", str(self.row.get_state_display())

    @property
    def target(self) -> str:
        """Where to, in a few words; "" for staying."""
        return str(self.row.to_branch.short_name) if self.row.to_branch else self.row.to_unit


def transfer_rows(rows: Sequence[AffiliationTransfer], today: date) -> list[TransferRow]:
    return [TransferRow(row, transfer_due(row, today)) for row in rows]


@dataclass(frozen=True)
class MobileRow:
    """A mobile member in a list, and what the reader may do about it."""

    row: MobileMember
    due: list[Due]
    may_keep: bool
    may_log: bool

    @property
    def is_late(self) -> bool:
        return any(one.is_late for one in self.due)

    @property
    def next_contact(self) -> Due | None:
        return next((one for one in self.due if one.what == CONTACT_DUE), None)


def mobile_rows(rows: Sequence[MobileMember], scope: Scope, today: date) -> list[MobileRow]:
    """What is overdue first, then by name."""
    months = Policy().number("mobile_contact_months", today)
    found = [
        MobileRow(row, mobile_due(row, months, today), keeps := may_keep(row.person, scope), keeps or row.contact_id == scope.person_id)
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: not one.is_late)


# --- Graduates of a year -------------------------------------------------------------------------


@dataclass
class Choice:
    """How one graduate goes on; `error` says why not."""

    kind: str = ""
    to_unit: str = ""
    letter_number: str = ""
    error: str = ""


@dataclass
class Graduate:
    """One line of the page."""

    person: Person
    choice: Choice = field(default_factory=Choice)


def graduates_of(scope: Scope, year: int) -> list[Graduate]:
    """Members who graduate in a year, are here, and have no transfer under way; within what the reader keeps."""
    under_way = AffiliationTransfer.objects.open().values("person")
    people = (
        Person.objects.changeable_by(scope)
        .filter(stage__in=MEMBER_STAGES, left_on=None, graduates_on__year=year)
        .exclude(pk__in=under_way)
        .select_related("party_branch", "school_class")
        .order_by("party_branch_id", "name_key", "pk")
        .distinct()
    )
    return [Graduate(person) for person in people if may_keep(person, scope)]


def graduation_years(scope: Scope, today: date) -> list[int]:
    """Last year, this one and the next two."""
    return list(range(today.year - 1, today.year + 3))


def read_choices(graduates: Sequence[Graduate], posted: Mapping[str, Any]) -> list[Graduate]:
    """Put what was ticked and typed on the lines; returns those who go. Names of fields: kind-<id>, unit-<id>, number-<id>."""
    chosen = []
    for line in graduates:
        pk = line.person.pk
        kind = str(posted.get(f"kind-{pk}", ""))
        unit = " ".join(str(posted.get(f"unit-{pk}", "")).replace("\x00", "").split())
        number = str(posted.get(f"number-{pk}", "")).replace("\x00", "").strip()
        line.choice = Choice(kind if kind in KINDS else "", unit, number)
        if kind and kind not in KINDS:
            line.choice.error = _("Choose one of the kinds offered.")
        elif kind == TransferKind.OUT and not unit:
            line.choice.error = _("A letter names the unit it is written to.")
        elif len(unit) > 120 or len(number) > 40:
            line.choice.error = _("Too long: 120 characters for the unit, 40 for the number.")
        if line.choice.kind or line.choice.error:
            chosen.append(line)
    return chosen


def fingerprint(chosen: Sequence[Graduate], on: date) -> str:
    """Of what the preview showed: who, how, and what they hold may not change unseen."""
    parts = [(line.person.pk, line.choice.kind, line.choice.to_unit, line.choice.letter_number) for line in chosen]
    return hashlib.sha256(repr((on, parts)).encode()).hexdigest()


def graduates_preview(chosen: Sequence[Graduate], on: date) -> Holdings:
    """What ends for those with a letter once their receipts are here."""
    return leaving_preview(people=[line.person for line in chosen if line.choice.kind == TransferKind.OUT], on=on)


@transaction.atomic
def apply_graduates(
    *, chosen: Sequence[Graduate], on: date, scope: Scope, by: User, today: date, now: datetime
) -> list[AffiliationTransfer]:
    """All or nothing: one refusal takes everything back and stands on its line. Raises `Refused`."""
    made = []
    for line in chosen:
        try:
            made.append(
                start_going(
                    person=line.person, kind=line.choice.kind, on=on, to_unit=line.choice.to_unit,
                    letter_number=line.choice.letter_number, scope=scope, by=by, today=today,
                )
            )  # fmt: skip
        except Refused as refusal:
            line.choice.error = refusal.text
            raise Refused(
                _("Nothing was written: %(name)s. %(words)s") % {"name": line.person.name, "words": refusal.text}
            ) from refusal
    return made


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """On the person's page: transfers and times away that the reader may see, and what may be begun."""
    from django.utils import timezone

    today = timezone.localdate()
    person = Person.objects.visible_to(scope).select_related("party_branch").filter(pk=person_id).first()
    if person is None:
        return None
    transfers = list(AffiliationTransfer.objects.visible_to(scope).filter(person=person).with_names()[:5])
    times = list(MobileMember.objects.visible_to(scope).filter(person=person).with_names()[:5])
    is_member = person.stage in MEMBER_STAGES
    is_moving = any(row.state == TransferState.OPEN for row in transfers)
    is_here = person.left_on is None and person.party_branch_id is not None
    may_leave = is_here and runs(scope, person.party_branch) and person.pk != scope.person_id
    may_move = is_here and not is_moving and runs(scope, person.party_branch)
    may_register = is_here and is_member and may_keep(person, scope) and not any(row.ended_on is None for row in times)
    group = group_of(person.pk)
    if not (transfers or times or may_move or may_register or may_leave or group):
        return None
    return {
        "person": person, "transfers": transfer_rows(transfers, today), "times": mobile_rows(times, scope, today),
        "may_move": may_move, "may_register": may_register, "may_leave": may_leave, "group": group,
    }  # fmt: skip
