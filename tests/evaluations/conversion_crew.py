"""A probationary member of Er whose year ends, two sponsors, and what a review goes through."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from evaluations import conversion_services as services
from evaluations import opinion_services
from evaluations.models import ConversionReview
from members.access import scope_for
from members.models import Person, Sponsor
from members.rules import Vote

TODAY = dt.date(2026, 10, 28)
PASSED = Vote(eligible=3, present=3, yes=3)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def act(cast, name: str = "er_secretary") -> dict[str, object]:
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "today": TODAY}


def act_now(cast, name: str = "er_secretary") -> dict[str, object]:
    return act(cast, name) | {"now": timezone.now()}


def on_probation(cast, name: str = "er_probationary", *, until: str = "2026-10-20") -> Person:
    """Admitted a year before `until`."""
    person = cast.person(name)
    admitted_on = day(until) - relativedelta(years=1)
    person.applied_on, person.activist_on = admitted_on - relativedelta(years=2), admitted_on - relativedelta(months=18)
    person.candidate_on, person.admitted_on = admitted_on - relativedelta(months=4), admitted_on
    person.converted_on = None
    person.settle_stage(TODAY)
    person.save()
    return person


def with_sponsors(cast, person: Person, *names: str) -> None:
    for name in names or ("er_deputy", "er_member"):
        Sponsor.objects.create(person=person, sponsor=cast.person(name))


def opened(
    cast, name: str = "er_probationary", *, until: str = "2026-10-20", who: str = "er_secretary"
) -> ConversionReview:
    person = on_probation(cast, name, until=until)
    with_sponsors(cast, person, *(other for other in ("er_deputy", "er_member") if other != name))
    return services.open_review(person=person, **act_now(cast, who))


def heard(cast, review: ConversionReview) -> ConversionReview:
    """Both sponsors, the group and the masses."""
    for name in ("er_deputy", "er_member"):
        opinion_services.give_sponsor_opinion(review=review, text="同意按期转正。", **act_now(cast, name))
    for kind in ("group", "masses"):
        opinion_services.record_opinion(
            review=review, kind=kind, author=None, text="表现良好。", given_on=TODAY, **act_now(cast)
        )
    return review


def prepared(cast, review: ConversionReview) -> ConversionReview:
    """Application, committee, a notice of five working days from 19 to 23 October."""
    services.record_application(review=review, applied_on=day("2026-10-15"), **act(cast))
    services.record_committee(review=review, committee_reviewed_on=day("2026-10-17"), **act(cast))
    services.record_notice(
        review=review,
        notice_from_on=day("2026-10-19"),
        notice_to_on=day("2026-10-23"),
        notice_result="无异议",
        **act(cast),
    )
    return fresh(review)


def meet(cast, review: ConversionReview, decision: str = "convert", **changes) -> ConversionReview:
    values = (
        {"meeting_on": day("2026-10-26"), "vote": PASSED, "extended_to": None, "reason": ""} | act_now(cast) | changes
    )
    return services.record_meeting(review=review, decision=decision, **values)


def approve(cast, review: ConversionReview, **changes) -> ConversionReview:
    values = {"approved_on": TODAY, "is_approved": True, "note": ""} | act_now(cast) | changes
    return services.record_approval(review=review, **values)


def decided(cast, decision: str = "convert", **changes) -> ConversionReview:
    """All the way to the meeting."""
    return meet(cast, heard(cast, prepared(cast, opened(cast))), decision, **changes)


def fresh(row):
    return type(row).objects.get(pk=row.pk)
