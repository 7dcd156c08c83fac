"""Every model of this room by its name."""

from __future__ import annotations

from .appraisal_models import (
    AppraisalBallot,
    AppraisalGrade,
    AppraisalItem,
    AppraisalResult,
    AppraisalRoll,
    AppraisalRound,
    AppraisalState,
    ItemMark,
    PeerAppraisal,
    SelfAppraisal,
)
from .assessment_models import MentorAssessment, MentorGrade
from .conversion_models import ConversionReview, OpinionKind, PartnerOpinion, ReviewDecision, ReviewOpinion
from .feedback_models import (
    ClassFeedback,
    ClassFeedbackRoll,
    Dimension,
    Feedback,
    FeedbackExchange,
    FeedbackRound,
    Question,
    Questionnaire,
    RoundKind,
    Side,
)

__all__ = [
    "AppraisalBallot", "AppraisalGrade", "AppraisalItem", "AppraisalResult", "AppraisalRoll", "AppraisalRound", "AppraisalState",
    "ClassFeedback", "ClassFeedbackRoll", "ConversionReview", "Dimension", "Feedback", "FeedbackExchange", "FeedbackRound",
    "ItemMark", "MentorAssessment", "MentorGrade", "OpinionKind", "PartnerOpinion", "PeerAppraisal", "Question", "Questionnaire",
    "ReviewDecision", "ReviewOpinion", "RoundKind", "SelfAppraisal", "Side",
]  # fmt: skip
