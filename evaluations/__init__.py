"""Feedback rounds, mentor assessments, conversion reviews, democratic appraisal."""
