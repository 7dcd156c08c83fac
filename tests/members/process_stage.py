"""Objects behind the addresses of the process record, for the role × address table."""

from __future__ import annotations

import datetime as dt

from members.models import DevelopmentStep, StepLabel, StepVote


def process_stage(cast) -> dict[str, object]:
    """The count of the meeting that admitted a member of Er, and a step the college calls its own way."""
    person = cast.person("er_member")
    step = DevelopmentStep.objects.create(person=person, number=15, done_on=dt.date(2025, 5, 10))
    vote = StepVote.objects.create(
        step=step, eligible_count=3, present_count=3, issued_count=3, returned_count=3, yes_count=3
    )
    return {"members_stepvote": vote, "members_steplabel": StepLabel.objects.create(number=3, label="列为积极分子")}
