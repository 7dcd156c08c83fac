"""Passwords: 8 to 128 characters, three of four classes, nothing personal, none of the last five (RULES.md 3.2)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, is_password_usable
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class MaximumLengthValidator:
    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("At most %(limit)d characters.") % {"limit": self.max_length}


class CharacterClassesValidator:
    """At least `classes` of: lower case, upper case, digits, everything else."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes

    def validate(self, password: str, user: Any = None) -> None:
        present = {
            "lower" if c.islower() else "upper" if c.isupper() else "digit" if c.isdigit() else "other"
            for c in password
        }
        if len(present) < self.classes:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        return _("At least three of: lower-case letters, capitals, digits, other characters.")


class PersonalDataValidator:
    """Not the number, the phone or the birthday: others know them."""

    def validate(self, password: str, user: Any = None) -> None:
        if user is None:
            return
        person = getattr(user, "person", None)
        facts = [user.username]
        if person is not None:
            facts += [person.phone, person.born_on.strftime("%Y%m%d") if person.born_on else ""]
        lowered = password.lower()
        digits = "".join(c for c in password if c.isdigit())
        if any(fact and len(fact) >= 4 and (fact.lower() in lowered or fact in digits) for fact in facts):
            raise ValidationError(self.get_help_text(), code="password_personal")

    def get_help_text(self) -> str:
        return _("It must not contain your number, phone or birthday.")


class ReusedPasswordValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if user is None or user.pk is None:
            return
        # The password in use is one of the last five.
        kept = user.previous_passwords.values_list("password", flat=True)[: settings.PASSWORD_HISTORY_LENGTH - 1]
        if any(check_password(password, old) for old in [user.password, *kept] if is_password_usable(old)):
            raise ValidationError(self.get_help_text(), code="password_reused")

    def get_help_text(self) -> str:
        count = settings.PASSWORD_HISTORY_LENGTH
        return ngettext("Not the last password.", "None of the last %(count)d passwords.", count) % {"count": count}
