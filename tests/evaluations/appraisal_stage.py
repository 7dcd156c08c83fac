"""Objects behind the addresses of the appraisal, for the role × address table."""

from __future__ import annotations

import datetime as dt

from evaluations.models import AppraisalResult, AppraisalRoll, AppraisalRound


def appraisal_stage(cast) -> dict[str, object]:
    """Three rounds of Er: this year's ballot is open, last year's is decided, and of an earlier one members still write."""
    days = {
        "opened_on": dt.date(2026, 10, 1),
        "write_until_on": dt.date(2026, 11, 12),
        "opened_by": cast.user("er_secretary"),
    }
    people = [cast.person(name) for name in ("er_secretary", "er_member", "er_probationary")]
    voting = AppraisalRound.objects.create(
        party_branch=cast.er, year=2026, state="voting", vote_until_on=dt.date(2026, 11, 20), eligible_count=3, **days
    )
    decided = AppraisalRound.objects.create(
        party_branch=cast.er, year=2025, state="decided", eligible_count=3, present_count=3, returned_count=3,
        shown_at=dt.datetime(2026, 10, 20, tzinfo=dt.UTC), **days,
    )  # fmt: skip
    writing = AppraisalRound.objects.create(party_branch=cast.er, year=2024, **days)
    for person in people:
        AppraisalRoll.objects.create(round=voting, person=person)
        for round in (voting, decided):
            AppraisalResult.objects.create(round=round, person=person, is_probationary=person.stage == "probationary")
    result = AppraisalResult.objects.get(round=decided, person=cast.person("er_member"))
    return {
        "evaluations_appraisalround": decided, "evaluations_appraisalresult": result, "appraisal": writing,
        "appraisal_vote": voting, "appraisal_count": voting, "appraisal_extend": voting, "appraisal_withdraw": voting, "appraisal_print": decided, "appraisal_xlsx": decided,
        "appraisal_result": result, "appraisal_object": result, "appraisal_answer": result,
        "peer": cast.person("er_probationary"),
    }  # fmt: skip
