"""What is overdue or about to be among letters, stays, members abroad and mobile members. Pure over rows that were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .affiliation_models import AffiliationTransfer, MobileMember, TransferKind, TransferState

LETTER_EXPIRES, RECEIPT_MISSING, STAY_ENDS, CONTACT_DUE, NO_CONTACT, NO_TALK, BACK_DUE, UNDECIDED = (
    "letter_expires", "receipt_missing", "stay_ends", "contact_due", "no_contact", "no_talk", "back_due", "undecided",
)  # fmt: skip
LABELS: Final[dict[str, Any]] = {
    UNDECIDED: gettext_lazy("waits for an answer"),
    LETTER_EXPIRES: gettext_lazy("letter about to expire"),
    RECEIPT_MISSING: gettext_lazy("receipt missing"),
    STAY_ENDS: gettext_lazy("stay ends"),
    CONTACT_DUE: gettext_lazy("contact due"),
    NO_CONTACT: gettext_lazy("nobody keeps in touch"),
    NO_TALK: gettext_lazy("no talk before leaving"),
    BACK_DUE: gettext_lazy("should be back"),
}
# How long before it is said that a letter expires, a stay ends, a contact falls due.
LETTER_NOTICE, STAY_NOTICE, CONTACT_NOTICE = timedelta(days=14), timedelta(days=60), timedelta(days=7)
# After leaving with a letter it is checked within three months, also where the letter is valid for longer (RULES.md 1.9).
RECEIPT_MONTHS: Final = 3
ABROAD_MONTHS: Final = 6


@dataclass(frozen=True)
class Due:
    """Something to do about a row: what, by when, whether that day is past."""

    what: str
    on: date | None
    is_late: bool

    @property
    def words(self) -> str:
        label = str(LABELS[self.what])
        return _("%(what)s: %(day)s") % {"what": label, "day": date_format(self.on)} if self.on else label


def transfer_due(row: AffiliationTransfer, today: date) -> Due | None:
    """What is due about one open transfer now; None when nothing is, or it is settled."""
    if row.state != TransferState.OPEN:
        return None
    if row.kind == TransferKind.BRANCH:
        return Due(UNDECIDED, row.starts_on, row.starts_on < today) if row.starts_on <= today else None
    if row.kind == TransferKind.OUT:
        return _letter_due(row, today)
    if row.valid_until_on is not None and row.valid_until_on - STAY_NOTICE <= today:
        return Due(STAY_ENDS, row.valid_until_on, row.valid_until_on < today)
    due_on = (row.last_contact_on or row.starts_on) + relativedelta(months=ABROAD_MONTHS)
    return Due(CONTACT_DUE, due_on, due_on < today) if due_on - CONTACT_NOTICE <= today else None


def _letter_due(row: AffiliationTransfer, today: date) -> Due | None:
    until = row.valid_until_on or row.starts_on
    checked_on = min(until, row.starts_on + relativedelta(months=RECEIPT_MONTHS))
    if checked_on < today:
        return Due(RECEIPT_MISSING, until, True)
    return Due(LETTER_EXPIRES, until, False) if until - LETTER_NOTICE <= today else None


def mobile_due(row: MobileMember, months: int, today: date) -> list[Due]:
    """What is due about one mobile member; `months`: a contact every so many. Nothing once they are back."""
    if row.ended_on is not None:
        return []
    found = []
    if row.contact_id is None:
        found.append(Due(NO_CONTACT, None, True))
    if row.talked_on is None:
        found.append(Due(NO_TALK, row.from_on if row.from_on >= today else None, row.from_on < today))
    last = max(day for day in (row.last_contact_on, row.from_on) if day is not None)
    due_on = last + relativedelta(months=months)
    if due_on - CONTACT_NOTICE <= today:
        found.append(Due(CONTACT_DUE, due_on, due_on < today))
    if row.to_on is not None and row.to_on < today:
        found.append(Due(BACK_DUE, row.to_on, True))
    return found
