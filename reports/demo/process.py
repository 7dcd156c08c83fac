"""Process records of the third branch: one probationary member's in full, those of activists and applicants as far as they are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from accounts.models import User
from members.access import scope_for
from members.documents import OF_STEP
from members.models import Person
from members.process_rules import Entry
from members.process_services import record_step
from members.rules import Vote

from .people import Company

FULL_RECORD: Final = "20240320001"
ON_THE_WAY: Final = ("20250320001", "20250320002", "20260320002", "20260320003")
# Talked with late, because of the holiday: the reason stands in the record.
LATE_TALK: Final = "20250320003"
SPONSORS: Final = ("T03002", "T03003")
# Step → days after the milestone before it.
DAYS_AFTER: Final = {
    2: 18, 4: 6, 5: 8, 6: 360, 8: 5, 9: 7, 10: 20, 11: 30, 12: 50, 13: 60, 14: 63, 16: 14, 17: 21, 18: 30, 19: 35, 20: 65,
}  # fmt: skip
MILESTONES: Final = {1: "applied_on", 3: "activist_on", 7: "candidate_on", 15: "admitted_on"}
WHO: Final = {2: "黄艳", 5: "黄艳、张晨", 15: "潘晨", 16: "学校党委组织员"}


def write_records(company: Company, secretary: User, *, today: date) -> None:
    """Through the service, as the branch would: what lies ahead of today is left out, and so are the contacts nobody has named."""
    _record(company, FULL_RECORD, secretary, today, until=20)
    for number in ON_THE_WAY:
        _record(company, number, secretary, today, until=4)
    _record(company, LATE_TALK, secretary, today, until=2, talk_after=40, reason="国庆放假，节后补谈")


def _record(
    company: Company, number: str, secretary: User, today: date, *, until: int, talk_after: int = 18, reason: str = ""
) -> None:
    person = company.by_number[number]
    since: date | None = None
    for step in range(1, until + 1):
        if step in MILESTONES:
            since = on = getattr(person, MILESTONES[step])
        elif since is not None and step in DAYS_AFTER:
            on = since + timedelta(days=talk_after if step == 2 else DAYS_AFTER[step])
        else:
            continue
        if on is None or on > today:
            return
        entry = _entry(company, step, on, reason if step == 2 else "")
        scope = scope_for(secretary, today)
        record_step(
            person=Person.objects.get(pk=person.pk), number=step, entry=entry, scope=scope, by=secretary, today=today
        )


def _entry(company: Company, step: int, on: date, reason: str) -> Entry:
    more: dict[str, object] = {}
    if step == 9:
        more["sponsor_ids"] = tuple(company.by_number[number].pk for number in SPONSORS)
    elif step == 10:
        more["is_passed"] = True
    elif step == 11:
        more |= {"days": 3, "hours": 24, "is_passed": True}
    elif step == 15:
        more |= {
            "vote": Vote(eligible=3, present=3, yes=3), "notice_from_on": on - timedelta(days=14),
            "notice_to_on": on - timedelta(days=5),
        }  # fmt: skip
    return Entry(done_on=on, who=WHO.get(step, ""), documents=OF_STEP[step], reason=reason, **more)  # type: ignore[arg-type]  # each of its own type
