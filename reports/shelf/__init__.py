"""The reports themselves, one module a topic. Importing this package registers them all.

Headings are those of the offices' forms (RULES.md 4.3), so they stand here in Chinese whatever the page's language; the words of
titles, parameters and definitions go through the catalogue.
"""

from . import (
    activities,
    continuity,
    due_lists,
    evaluations,
    lectures,
    mentoring,
    pairing_work,
    pairings,
    people,
    supervision,
    yearly,
)

__all__ = [
    "activities", "continuity", "due_lists", "evaluations", "lectures", "mentoring", "pairing_work", "pairings", "people",
    "supervision", "yearly",
]  # fmt: skip
