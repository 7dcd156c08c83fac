"""What is said about coming and going: moves between branches, letters, stays, contacts, elections. No names of persons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import PartyBranch
from branches.policy import Policy
from pairing_portal.common.registries import (
    DueNotice,
    NoticeKind,
    ReminderSource,
    asked_together,
    notice_kinds,
    reminder_sources,
)

from .due_transfers import CONTACT_DUE, LETTER_EXPIRES, RECEIPT_MISSING, STAY_ENDS, mobile_due, transfer_due
from .models import AffiliationTransfer, MobileMember, Person, Post, TransferState
from .office_models import MANAGING_POSTS
from .structure import StructureNumbers, election_notice_from

ASKED: Final = "members.transfer_asked"
DONE: Final = "members.transfer_done"
CALLED_OFF: Final = "members.transfer_called_off"
TAKEN_BACK: Final = "members.transfer_taken_back"
LETTER: Final = "members.transfer_letter"
RECEIPT: Final = "members.transfer_receipt"
STAY: Final = "members.transfer_stay"
CONTACT: Final = "members.transfer_contact"
MOBILE: Final = "members.mobile_contact"
TERM: Final = "members.committee_term"
BY_DUE: Final = {LETTER_EXPIRES: LETTER, RECEIPT_MISSING: RECEIPT, STAY_ENDS: STAY, CONTACT_DUE: CONTACT}

Text = tuple[str, str]


def register() -> None:
    for kind, label, text in (
        (ASKED, gettext_lazy("A transfer waits for your answer"), _asked_text),
        (DONE, gettext_lazy("A transfer is done"), _done_text),
        (CALLED_OFF, gettext_lazy("A transfer was called off"), _called_off_text),
        (TAKEN_BACK, gettext_lazy("A transfer was taken back"), _taken_back_text),
    ):
        more = asked_together(_not_open) if kind == ASKED else {}
        notice_kinds.register(kind, NoticeKind(kind, label, text, to_office=kind == ASKED, **more))
    for kind, label, text in (
        (LETTER, gettext_lazy("A transfer letter expires"), _letter_text),
        (RECEIPT, gettext_lazy("A receipt is missing"), _receipt_text),
        (STAY, gettext_lazy("A stay at the college ends"), _stay_text),
        (CONTACT, gettext_lazy("Contact with a member abroad"), _contact_text),
    ):
        notice_kinds.register(kind, NoticeKind(kind, label, text, to_office=True, **asked_together(_not_due)))
        reminder_sources.register(kind, ReminderSource(kind, _computer(kind)))
    notice_kinds.register(
        MOBILE,
        NoticeKind(
            MOBILE, gettext_lazy("Contact with a mobile member"), _mobile_text, **asked_together(_mobile_not_due)
        ),
    )
    reminder_sources.register(MOBILE, ReminderSource(MOBILE, compute_mobile))
    notice_kinds.register(
        TERM,
        NoticeKind(
            TERM, gettext_lazy("An election is due"), _term_text, to_office=True, **asked_together(_term_not_due)
        ),
    )
    reminder_sources.register(TERM, ReminderSource(TERM, compute_terms))


# --- Said when it happens ------------------------------------------------------------------------


def asked_prefix(row: AffiliationTransfer) -> str:
    return f"{ASKED}:{row.pk}:"


def row_prefix(row: AffiliationTransfer) -> str:
    """Of every reminder about one transfer."""
    return f"members.transfer:{row.pk}:"


def move_asked(row: AffiliationTransfer, branches: Iterable[PartyBranch], *, but: int | None) -> list[DueNotice]:
    """To who runs the branches that answer."""
    return _said(ASKED, row, _runners(branches) - {but}, day=row.starts_on.isoformat())


def move_done(row: AffiliationTransfer, *, but: int | None) -> list[DueNotice]:
    """To the person and to who runs either branch."""
    return _said(DONE, row, (_runners(_sides(row)) | {row.person.user_id}) - {but, None})


def move_called_off(row: AffiliationTransfer, *, but: int | None) -> list[DueNotice]:
    return _said(CALLED_OFF, row, _runners(_sides(row)) - {but}, reason=row.reason)


def done_prefix(row: AffiliationTransfer) -> str:
    return f"{DONE}:{row.pk}:"


def taken_back(row: AffiliationTransfer, *, but: int | None, now: datetime) -> list[DueNotice]:
    """To the person and to who runs either branch; each time it happens."""
    users = (_runners(_sides(row)) | {row.person.user_id}) - {but, None}
    return _said(TAKEN_BACK, row, users, at=now.isoformat(), kind=row.kind, reason=row.taken_back_why)


def _sides(row: AffiliationTransfer) -> list[PartyBranch]:
    return [branch for branch in (row.from_branch, row.to_branch) if branch is not None]


def _runners(branches: Iterable[PartyBranch]) -> set[int | None]:
    return set(
        Post.objects.filter(
            party_branch__in=list(branches), kind__in=MANAGING_POSTS, ended_on=None, person__user__is_active=True
        ).values_list("person__user_id", flat=True)
    )


def _said(
    notice: str, row: AffiliationTransfer, users: Iterable[int | None], *, at: str = "", **more: Any
) -> list[DueNotice]:
    """The branches are named, the person is not: the link leads to the name. `at`: said again each time."""
    named = {
        "transfer": row.pk, "from": row.from_branch.short_name if row.from_branch else "",
        "to": row.to_branch.short_name if row.to_branch else "",
    }  # fmt: skip
    return [
        DueNotice(
            kind=notice, user_id=user_id, dedupe_key=":".join([notice, str(row.pk), *([at] if at else []), str(user_id)]),
            subject=named | more,
            link=reverse("transfer", args=[row.pk]),
        )
        for user_id in sorted(user for user in users if user is not None)
    ]  # fmt: skip


# --- Said when it is due -------------------------------------------------------------------------


def _computer(kind: str) -> Callable[[datetime], Iterator[DueNotice]]:
    def compute(now: datetime) -> Iterator[DueNotice]:
        return compute_due(kind, now)

    return compute


def compute_due(kind: str, now: datetime) -> Iterator[DueNotice]:
    """Once for each day something is due by, to who runs the branch. Two queries."""
    today = timezone.localdate(now)
    rows = AffiliationTransfer.objects.open().exclude(from_branch=None).order_by("pk")
    found = [(row, due) for row in rows if (due := transfer_due(row, today)) and BY_DUE.get(due.what) == kind]
    if not found:
        return
    runners = runners_by_branch([row.from_branch_id for row, _due in found if row.from_branch_id], today)
    for row, due in found:
        for user_id in runners.get(row.from_branch_id or 0, []):
            day = due.on.isoformat() if due.on else ""
            yield DueNotice(
                kind=kind, user_id=user_id, dedupe_key=f"{row_prefix(row)}{due.what}:{day}:{user_id}",
                subject={"transfer": row.pk, "day": day, "what": due.what}, link=reverse("transfer", args=[row.pk]),
            )  # fmt: skip


def compute_mobile(now: datetime) -> Iterator[DueNotice]:
    """To who keeps in touch, where nobody is named to who runs the branch: once for each day a contact is due by."""
    today = timezone.localdate(now)
    months = Policy().number("mobile_contact_months", today)
    rows = MobileMember.objects.open().select_related("person", "contact__user").order_by("pk")
    found = [(row, due) for row in rows for due in mobile_due(row, months, today) if due.what == CONTACT_DUE]
    unnamed = [
        row.person.party_branch_id for row, _due in found if _account(row) is None and row.person.party_branch_id
    ]
    runners = runners_by_branch(unnamed, today) if unnamed else {}
    for row, due in found:
        account = _account(row)
        users = [account] if account is not None else runners.get(row.person.party_branch_id or 0, [])
        for user_id in users:
            day = due.on.isoformat() if due.on else ""
            yield DueNotice(
                kind=MOBILE, user_id=user_id, dedupe_key=f"{MOBILE}:{row.pk}:{day}:{user_id}",
                subject={"mobile": row.pk, "day": day}, link=reverse("mobile"),
            )  # fmt: skip


def _account(row: MobileMember) -> int | None:
    contact: Person | None = row.contact
    return contact.user_id if contact is not None and contact.user is not None and contact.user.is_active else None


def compute_terms(now: datetime) -> Iterator[DueNotice]:
    """Once a term, from half a year before its end: to who runs the branch. Three queries."""
    today = timezone.localdate(now)
    policy = Policy()
    numbers = StructureNumbers.in_force(lambda key: policy.number(key, today))
    branches = PartyBranch.objects.active().exclude(committee_term_ends_on=None).order_by("pk")
    due = {
        branch.pk: branch
        for branch in branches
        if branch.committee_term_ends_on and election_notice_from(branch.committee_term_ends_on, numbers) <= today
    }
    for branch_id, users in runners_by_branch(due, today).items() if due else ():
        day = due[branch_id].committee_term_ends_on.isoformat()  # type: ignore[union-attr]  # chosen above for having one
        for user_id in users:
            yield DueNotice(
                kind=TERM, user_id=user_id, dedupe_key=f"{TERM}:{branch_id}:{day}:{user_id}",
                subject={"branch": branch_id, "name": due[branch_id].short_name, "day": day},
                link=reverse("structure", args=[branch_id]),
            )  # fmt: skip


def runners_by_branch(branch_ids: Iterable[int], today: date) -> dict[int, list[int]]:
    """Accounts of who runs each branch today, in one query."""
    rows = (
        Post.objects.current(today)
        .filter(party_branch_id__in=set(branch_ids), kind__in=MANAGING_POSTS, person__user__is_active=True)
        .values_list("party_branch_id", "person__user_id")
    )
    found: dict[int, list[int]] = {}
    for branch_id, user_id in sorted(set(rows)):
        found.setdefault(branch_id, []).append(user_id)
    return found


# --- When it need not be said any more -----------------------------------------------------------


def _rows(subjects: Sequence[dict[str, Any]], model: Any, key: str) -> dict[int, Any]:
    found: dict[int, Any] = model.objects.in_bulk(
        [pk for subject in subjects if isinstance(pk := subject.get(key), int)]
    )
    return found


def _not_open(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    rows = _rows(subjects, AffiliationTransfer, "transfer")
    found = [rows.get(subject.get("transfer", 0)) for subject in subjects]
    return [row is None or row.state != TransferState.OPEN for row in found]


def _not_due(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    today, rows = timezone.localdate(now), _rows(subjects, AffiliationTransfer, "transfer")
    answers = []
    for subject in subjects:
        row = rows.get(subject.get("transfer", 0))
        due = transfer_due(row, today) if row is not None else None
        answers.append(due is None or due.what != subject.get("what"))
    return answers


def _mobile_not_due(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    today, rows = timezone.localdate(now), _rows(subjects, MobileMember, "mobile")
    months = Policy().number("mobile_contact_months", today)
    found = [rows.get(subject.get("mobile", 0)) for subject in subjects]
    return [row is None or not any(due.what == CONTACT_DUE for due in mobile_due(row, months, today)) for row in found]


def _term_not_due(subjects: Sequence[dict[str, Any]], now: datetime) -> list[bool]:
    rows = _rows(subjects, PartyBranch, "branch")
    answers = []
    for subject in subjects:
        row = rows.get(subject.get("branch", 0))
        ends_on = row.committee_term_ends_on if row is not None and row.is_active else None
        answers.append(ends_on is None or ends_on.isoformat() != subject.get("day"))
    return answers


# --- The words -----------------------------------------------------------------------------------


def _day(subject: dict[str, Any]) -> str:
    try:
        return date_format(date.fromisoformat(str(subject.get("day", ""))))
    except ValueError:
        return ""


def _way(subject: dict[str, Any]) -> dict[str, str]:
    return {"from": str(subject.get("from", "")), "to": str(subject.get("to", "")), "day": _day(subject)}


def _asked_text(subject: dict[str, Any]) -> Text:
    return (
        _("Transfer from %(from)s to %(to)s: your answer is asked for") % _way(subject),
        _("Planned for %(day)s. The page shows what the person holds and what would end.") % _way(subject),
    )


def _done_text(subject: dict[str, Any]) -> Text:
    words = _("Posts, pairs, links and duties of the old branch have ended; the page says who may take over.")
    return _("Transfer from %(from)s to %(to)s: done") % _way(subject), words


def _called_off_text(subject: dict[str, Any]) -> Text:
    return _("Transfer from %(from)s to %(to)s: called off") % _way(subject), str(subject.get("reason", ""))


def _taken_back_text(subject: dict[str, Any]) -> Text:
    title = (
        _("Transfer from %(from)s to %(to)s: taken back")
        if subject.get("to")
        else _("A transfer of %(from)s was taken back")
    )
    words = _("The page says what is back and what has to be done by hand. Reason: %(reason)s")
    return title % _way(subject), words % {"reason": subject.get("reason", "")}


def _letter_text(subject: dict[str, Any]) -> Text:
    words = _("Ask the unit for the receipt, or write the letter anew.")
    return _("A transfer letter is valid until %(day)s") % {"day": _day(subject)}, words


def _receipt_text(subject: dict[str, Any]) -> Text:
    words = _("Ask the person and the unit. After six months without a reason it is handled by rule.")
    return _("A transfer letter has no receipt (valid until %(day)s)") % {"day": _day(subject)}, words


def _stay_text(subject: dict[str, Any]) -> Text:
    words = _("Write a letter to the new unit, or ask where the affiliation goes.")
    return _("An affiliation may stay at the college until %(day)s") % {"day": _day(subject)}, words


def _contact_text(subject: dict[str, Any]) -> Text:
    words = _("Speak with the member and enter the day.")
    return _("Contact at least every half year: due by %(day)s") % {"day": _day(subject)}, words


def _mobile_text(subject: dict[str, Any]) -> Text:
    words = _("Speak with the member; one tap on the list logs it.")
    return _("A mobile member is to be spoken with by %(day)s") % {"day": _day(subject)}, words


def _term_text(subject: dict[str, Any]) -> Text:
    words = _("Prepare the election and report it to the department (rule R34).")
    return _("%(name)s: the committee's term ends on %(day)s") % {
        "name": subject.get("name", ""),
        "day": _day(subject),
    }, words
