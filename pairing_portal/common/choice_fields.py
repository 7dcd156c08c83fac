"""Form fields that choose rows of the database."""

from __future__ import annotations

from typing import Any

from django import forms

BIGGEST_KEY = 2**63 - 1


class ManyRowsField(forms.ModelMultipleChoiceField):
    """Several rows by key. A number no key can be is a wrong choice, not an error of the database."""

    def _check_values(self, value: Any) -> Any:
        for key in value if isinstance(value, (list, tuple)) else []:
            if str(key).isdecimal() and int(str(key)[:30]) > BIGGEST_KEY:
                code = "invalid_choice"
                raise forms.ValidationError(self.error_messages[code], code=code, params={"value": str(key)[:30]})
        return super()._check_values(value)  # type: ignore[misc]  # the stubs leave this method out
