"""What people type to get in: numbers forgiving, passwords exact."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .codes import typed_code, typed_number
from .models import User
from .services import number_is_taken

PASSWORD_LENGTH = 1000  # what is read at all; the validators refuse more than 128


class NumberField(forms.CharField):
    """A student or staff number: full-width digits and blanks are made plain."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("student or staff number"))
        super().__init__(max_length=200, **kwargs)
        self.widget.attrs |= {"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}

    def clean(self, value: Any) -> str:
        cleaned = typed_number(super().clean(value))
        if self.required and not cleaned:
            raise ValidationError(self.error_messages["required"], code="required")
        return cleaned


def password_field(label: Any, *, autocomplete: str, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=PASSWORD_LENGTH,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


PASSWORD_HELP = _(
    "8 to 128 characters with three of: lower-case letters, capitals, digits, other characters. "
    "Not your number, phone or birthday."
)


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth ships no types
    """Student or staff number and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = NumberField()
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["password"] = password_field(_("password"), autocomplete="current-password")


class NewPasswordMixin(forms.Form):
    """The new password twice; `user` is who it is for, None while that is not proven."""

    user: User | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Type the same one twice."))
        elif first:
            try:
                validate_password(first, self.user, get_default_password_validators())
            except ValidationError as error:
                self.add_error("password1", error)
        return cleaned


class NewPasswordForm(NewPasswordMixin):
    """The password in use, then the new one twice."""

    oldpassword = password_field(_("current password"), autocomplete="current-password")
    password1 = password_field(_("new password"), autocomplete="new-password", help_text=PASSWORD_HELP)
    password2 = password_field(_("new password once more"), autocomplete="new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_oldpassword(self) -> str:
        typed = str(self.cleaned_data["oldpassword"])
        if self.user is None or not self.user.check_password(typed):
            raise ValidationError(_("This is not your current password."), code="wrong_password")
        return typed

    @property
    def old_password_was_wrong(self) -> bool:
        return self.has_error("oldpassword", "wrong_password")


class ActivationForm(NewPasswordMixin):
    """From the slip: number and code; then a password of one's own."""

    number = NumberField()
    code = forms.CharField(
        label=_("activation code"),
        max_length=100,
        help_text=_("Ten characters, as printed on your slip."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    password1 = password_field(_("new password"), autocomplete="new-password", help_text=PASSWORD_HELP)
    password2 = password_field(_("new password once more"), autocomplete="new-password")

    def clean_code(self) -> str:
        code = typed_code(str(self.cleaned_data["code"]))
        if not code:
            raise ValidationError(_("Type the code from your slip."), code="required")
        return code


class NewAccountForm(forms.ModelForm):
    """An administrator gives number and name; the password is chosen by the person with the code."""

    username = NumberField()

    class Meta:
        model = User
        fields = ("username", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].required = True

    def clean_username(self) -> str:
        number = str(self.cleaned_data["username"])
        if number_is_taken(number):
            raise ValidationError(_("This number has an account already."), code="unique")
        return number
