"""What happens in this room, for its callers: logs here, lectures from their own package."""

from __future__ import annotations

from .lectures.answer_services import answer_audience, cancel_lecture, take_back_answer
from .lectures.duty_services import assign_duty, end_duties_of
from .lectures.exemption_services import grant_exemption
from .lectures.record_services import record_lecture
from .log_services import confirm_logs, correct_log, return_log, submit_log, withdraw_log

__all__ = [
    "answer_audience", "assign_duty", "cancel_lecture", "confirm_logs", "correct_log", "end_duties_of", "grant_exemption",
    "record_lecture", "return_log", "submit_log", "take_back_answer", "withdraw_log",
]  # fmt: skip
