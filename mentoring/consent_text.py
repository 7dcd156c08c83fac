"""What a person agrees to before a need of theirs may be recorded. Shown in full, kept by its version.

Whoever changes the meaning of a sentence raises `VERSION`: what was recorded stays under the consent it was given for,
and new entries ask for consent to the new text. (RULES.md P3; Personal Information Protection Law, separate consent.)
"""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

VERSION: Final = "2026-10"

PARAGRAPHS: Final[tuple[tuple[Any, Any], ...]] = (
    (
        _("You decide, and you lose nothing"),
        _(
            "Help never depends on this consent. Without it you have the same mentor, the same talks and the same offers, as "
            "general support. Nobody may ask you why you did not agree."
        ),
    ),
    (
        _("What is recorded"),
        _(
            "Which of these your mentor should know about: studies, living costs, rhythm and discipline, getting on with others. And, "
            "if it is so, the one fact that you were referred to the college's counselling service. No diagnosis, no amounts, no "
            "description, no reasons."
        ),
    ),
    (
        _("What for"),
        _("So that those who help you can help with the right thing. It is used for nothing else: no assessment, no list, no statistics."),
    ),
    (
        _("Who can see it"),
        _(
            "You, your own mentors while they are your mentors, the counsellor of your class and the secretary of your branch. Nobody "
            "else: not your classmates, not the department, not the administrators. Each time somebody looks, it is recorded, and "
            "you see on this page who it was and when."
        ),
    ),
    (
        _("How it is kept"),
        _(
            "Encrypted, apart from everything else. It appears in no message, no list, no search and no export. It is erased when you "
            "withdraw your consent and when you leave the college. That you agreed or withdrew is kept for three years after that, as "
            "the law asks."
        ),
    ),
    (
        _("You can take it back at any time"),
        _(
            "On this page, without giving a reason. What was recorded is erased at once and your mentors go on helping you. You can "
            "also change the entries yourself, or ask your counsellor or branch secretary to."
        ),
    ),
)  # fmt: skip
