"""Objects behind the addresses of mentor assessments, for the role × address table."""

from __future__ import annotations

import datetime as dt

from evaluations import scoring
from evaluations.models import MentorAssessment


def assessment_stage(cast, now: dt.datetime) -> dict[str, object]:
    """An assessment of a member of Er, decided by the deputy, shown, with an objection that waits."""
    parts = [
        {"key": key, "weight": 20, "points": None, "evidence": 0, "done": 0.0, "owed": 0.0, "link": ""}
        for key in scoring.PARTS
    ]
    row = MentorAssessment.objects.create(
        person=cast.person("er_member"), academic_year=cast.year, parts=parts, computed_at=now, grade="good", reason="认真",
        decided_by=cast.user("er_deputy"), decided_at=now, shown_at=now, objection="少计一次", objected_at=now,
        answer_due_on=now.date() + dt.timedelta(days=14),
    )  # fmt: skip
    return {"evaluations_mentorassessment": row, "assessment": row}
