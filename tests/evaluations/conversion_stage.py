"""Objects behind the addresses of conversion reviews, for the role × address table."""

from __future__ import annotations

import datetime as dt

from evaluations.models import ConversionReview, PartnerOpinion, ReviewOpinion
from members.models import Sponsor


def conversions_stage(cast, now: dt.datetime) -> dict[str, object]:
    """A review of a member of Er with an opinion, a sponsor who is asked, and what Er says of a member of San."""
    person, secretary = cast.person("er_probationary"), cast.user("er_secretary")
    review = ConversionReview.objects.create(
        person=person, party_branch=cast.er, due_on=dt.date(2027, 5, 20), opened_at=now, opened_by=secretary
    )
    Sponsor.objects.create(person=person, sponsor=cast.person("er_member"))
    said = {"given_on": dt.date(2026, 10, 20), "recorded_by": secretary, "recorded_at": now}
    opinion = ReviewOpinion.objects.create(review=review, kind="group", text="表现良好", **said)
    partner = PartnerOpinion.objects.create(
        person=cast.person("san_member"), by_branch=cast.er, text="积极参加联学", **said
    )
    return {
        "evaluations_conversionreview": review, "evaluations_reviewopinion": opinion, "evaluations_partneropinion": partner,
        "conversion": review, "conversion_opinion_edit": opinion, "sponsor_opinion": review, "partner_opinion": partner,
        "partner_opinion_new": cast.er,
    }  # fmt: skip
