"""Two conversion reviews of branch 2 near the end of the year: one is ready for its meeting, the other late with gaps named."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from accounts.models import User
from activities.log_services import confirm_logs, submit_log
from activities.models import LogPurpose, Participation, ParticipationState
from branches.models import AcademicYear
from branches.services import load_calendar
from evaluations import conversion_services, opinion_services
from evaluations.conversion_facts import numbers_on
from evaluations.evidence_pack import pack_of
from evaluations.models import ConversionReview, OpinionKind
from members.access import scope_for
from members.models import Person, Sponsor
from members.rules import notice_may_end_on
from mentoring import observation_services
from pairings.models import MemberPairing

from .chain_deeds import RECORD
from .people import Company
from .together import moment

# Of branch 2's members whose year is over by the story; the clean review is of the one who missed least.
CHOICE = ("20230310003", "20230310015", "20230310010", "20240310003")
SPONSORS = ("20230310002", "20230310005")
PARTNERS = ("T03001", "T03004")
SAID = {
    OpinionKind.GROUP: "该同志能按时参加组织生活，完成党小组交办的任务，同意按期转正。",
    OpinionKind.MASSES: "学习踏实，乐于帮助同学，在班级里能起带头作用。",
    OpinionKind.LEAGUE_BRANCH: "积极参加团支部活动，团员反映良好。",
}
SPONSOR_SAID = "预备期内思想上积极上进，学习和工作认真，能发挥先锋模范作用，同意按期转正。"
PARTNER_SAID = "主动帮助我支部实习党员整理材料，联学时准备充分。"
SESSION = 180


def conversions(company: Company, year: AcademicYear, today: date) -> list[ConversionReview]:
    """To be called in the stage `evaluating`, when pairs and logs are there. Returns the clean review, then the other."""
    secretary = company.by_number["20230310001"].user
    assert secretary is not None
    clean, late = _chosen(company)
    return [_clean(company, clean, secretary, today=today), _with_gaps(company, late, secretary, today=today)]


def _chosen(company: Company) -> tuple[Person, Person]:
    """(for the clean review, for the other)"""
    people = [company.by_number[number] for number in CHOICE]
    missed = Participation.objects.filter(person__in=people, state=ParticipationState.ABSENT)
    counts = Counter(missed.values_list("person_id", flat=True))
    ordered = sorted(people, key=lambda person: counts[person.pk])
    return ordered[0], ordered[-1]


def _clean(company: Company, person: Person, secretary: User, *, today: date) -> ConversionReview:
    """Everything on record, the notice just over, the probation over in a fortnight."""
    person = _admitted(person, today + timedelta(days=14) - relativedelta(years=1), today)
    _sponsored(company, person)
    acting: dict[str, Any] = {"scope": scope_for(secretary, today), "by": secretary, "today": today}
    assert person.admitted_on is not None
    observation_services.record_review(
        person=person, period_from=person.admitted_on, period_to=person.admitted_on + relativedelta(months=6), texts=RECORD,
        now=moment(today, 9), **acting,
    )  # fmt: skip
    _trained(person, secretary, today=today)
    _talked(person, secretary, today=today)
    _partner_wrote(company, person, today=today)
    review = conversion_services.open_review(person=person, now=moment(today, 9), **acting)
    for sponsor in Sponsor.objects.filter(person=person).select_related("sponsor"):
        _said(review, secretary, OpinionKind.SPONSOR, SPONSOR_SAID, sponsor.sponsor, today=today)
    for kind, text in SAID.items():
        _said(review, secretary, kind, text, None, today=today)
    conversion_services.record_application(review=review, applied_on=today - timedelta(days=16), **acting)
    conversion_services.record_committee(review=review, committee_reviewed_on=today - timedelta(days=15), **acting)
    first = today - timedelta(days=14)
    last = notice_may_end_on(first, dict(load_calendar().days), numbers_on(today))
    return conversion_services.record_notice(
        review=review, notice_from_on=first, notice_to_on=last, notice_result="公示期间未收到异议", **acting
    )


def _with_gaps(company: Company, person: Person, secretary: User, *, today: date) -> ConversionReview:
    """Over for three weeks: no half-year review, one sponsor silent, nobody outside the Party heard, no notice, no meeting."""
    person = _admitted(person, today - timedelta(days=21) - relativedelta(years=1), today)
    _sponsored(company, person)
    acting: dict[str, Any] = {"scope": scope_for(secretary, today), "by": secretary, "today": today}
    review = conversion_services.open_review(person=person, now=moment(today, 10), **acting)
    conversion_services.record_application(review=review, applied_on=today - timedelta(days=25), **acting)
    _said(review, secretary, OpinionKind.SPONSOR, SPONSOR_SAID, company.by_number[SPONSORS[0]], today=today)
    _said(review, secretary, OpinionKind.GROUP, SAID[OpinionKind.GROUP], None, today=today)
    return review


def _admitted(person: Person, on: date, today: date) -> Person:
    """The story's dates, moved so that the year ends when the review needs it."""
    person.refresh_from_db()
    person.applied_on, person.activist_on = on - relativedelta(months=20), on - relativedelta(months=16)
    person.candidate_on, person.admitted_on, person.converted_on = on - relativedelta(months=3), on, None
    person.settle_stage(today)
    person.save()
    return person


def _sponsored(company: Company, person: Person) -> None:
    for number in SPONSORS:
        Sponsor.objects.get_or_create(
            person=person, sponsor=company.by_number[number], defaults={"named_on": person.candidate_on}
        )


def _said(review: ConversionReview, by: User, kind: str, text: str, author: Person | None, *, today: date) -> None:
    opinion_services.record_opinion(
        review=review, kind=kind, author=author, text=text, given_on=today - timedelta(days=15), scope=scope_for(by, today),
        by=by, today=today, now=moment(today, 9),
    )  # fmt: skip


def _trained(person: Person, secretary: User, *, today: date) -> None:
    """Sessions of three hours, until each calendar year has what is owed of it by today."""
    entries = []
    for found in pack_of(person, today)["training"]:
        owed = found["goal"] if found["is_over"] else found["owed"]
        first = max(date(found["year"], 1, 1), person.admitted_on or today)
        days = (min(date(found["year"], 12, 31), today) - first).days + 1
        sessions = -(-max(0, owed - found["minutes"]) // SESSION)
        for number in range(sessions):
            on = first + timedelta(days=days * number // sessions)
            entries.append(submit_log(
                person=person, on=on, minutes=SESSION, purpose=LogPurpose.SELF_STUDY, summary="党课学习和集中培训", today=on,
                now=moment(on, 20),
            ).pk)  # fmt: skip
    _confirm(entries, secretary, today=today)


def _talked(person: Person, secretary: User, *, today: date) -> None:
    """One more talk with each running pair, so that none stands without."""
    on = today - timedelta(days=1)
    pairs = MemberPairing.objects.open().of_person(person.pk).filter(starts_on__lte=on)
    entries = [
        submit_log(
            person=person, on=on, minutes=45, purpose=LogPurpose.PAIRING, member_pairing=row, summary="交流实习期间怎样参加组织生活",
            today=on, now=moment(on, 20),
        ).pk
        for row in pairs
    ]  # fmt: skip
    _confirm(entries, secretary, today=today)


def _confirm(entries: list[int], by: User, *, today: date) -> None:
    confirm_logs(entry_ids=entries, scope=scope_for(by, today), by=by, now=moment(today, 8))


def _partner_wrote(company: Company, person: Person, *, today: date) -> None:
    """The partner branch this member is paired with, whichever of the two it is."""
    for number in PARTNERS:
        teacher = company.by_number[number]
        branch, user = teacher.party_branch, teacher.user
        if branch is None or user is None:
            continue
        paired = {row[1].pk for row in opinion_services.paired_with(frozenset({branch.pk}), today)}
        if person.pk in paired:
            opinion_services.write_partner_opinion(
                person=person, by_branch=branch, text=PARTNER_SAID, given_on=today, scope=scope_for(user, today), by=user,
                today=today, now=moment(today, 9),
            )  # fmt: skip
