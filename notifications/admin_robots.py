"""Robots in the administration: administrators set them up, staff see which chats of theirs are told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.doing import add_refusal
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import SETUP_ROLES, Role

from . import robot_services
from .models import Robot

OPEN_FIELDS = ("name", "kind", "department", "is_active")
SECRET_FIELDS = ("key", "secret", "drop_secret")


class WriteOnlyInput(forms.PasswordInput):
    """What was typed is never written into the page again, and no browser keeps it."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"autocomplete": "new-password", **(attrs or {})}, render_value=False)


class RobotForm(forms.ModelForm):
    """Key and secret only go in: left empty, what is stored is kept."""

    key = forms.CharField(
        label=gettext_lazy("key"),
        required=False,
        max_length=400,
        widget=WriteOnlyInput,
        help_text=gettext_lazy(
            "The whole address that the chat shows for the robot, or the key in it. It is not shown again."
        ),
    )
    secret = forms.CharField(
        label=gettext_lazy("secret for signing"),
        required=False,
        max_length=128,
        widget=WriteOnlyInput,
        help_text=gettext_lazy(
            "DingTalk with “sign” only. With “keyword” leave it empty and enter the keyword 结对共建门户 there: every message holds it."
        ),
    )
    drop_secret = forms.BooleanField(label=gettext_lazy("take the stored secret away"), required=False)

    class Meta:
        model = Robot
        fields = OPEN_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields.pop("drop_secret", None)
            return
        for name, stored in (("key", self.instance.key), ("secret", self.instance.secret)):
            if name in self.fields and stored:
                self.fields[name].widget.attrs["placeholder"] = _("kept")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and "key" in self.fields:
            try:
                robot_services.check_robot(
                    robot=self.stored(), kind=cleaned["kind"], key=cleaned["key"], secret=cleaned["secret"]
                )
            except Refused as refusal:
                add_refusal(self, refusal)
        return cleaned

    def stored(self) -> Robot | None:
        return self.instance if self.instance.pk is not None else None


@register(Robot)
class RobotAdmin(PortalModelAdmin):
    """Switched off when a chat is given up, never deleted: what was said through them is on record."""

    form = RobotForm
    view_roles = SETUP_ROLES
    add_roles = change_roles = frozenset({Role.ADMINISTRATOR})
    list_display = (*OPEN_FIELDS, "is_signed")
    list_filter = ("kind", "is_active")
    list_select_related = ("department",)
    search_fields = ("name",)
    actions = ("send_trial_message",)

    @admin.display(description=gettext_lazy("signed"), boolean=True)
    def is_signed(self, robot: Robot) -> bool:
        return bool(robot.secret)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        # Who only looks does not even have the keys read.
        return rows if self.has_change_permission(request) else rows.defer("key")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.has_change_permission(request, obj):
            return OPEN_FIELDS
        return (*OPEN_FIELDS, *SECRET_FIELDS) if obj is not None else (*OPEN_FIELDS, "key", "secret")

    def save_model(self, request: HttpRequest, obj: Robot, form: Any, change: bool) -> None:
        cleaned = form.cleaned_data
        made = robot_services.set_up_robot(
            robot_id=obj.pk if change else None,
            key=cleaned["key"],
            secret=cleaned["secret"],
            drop_secret=cleaned.get("drop_secret", False),
            **{name: cleaned[name] for name in OPEN_FIELDS},
            **self._by(request),
        )
        obj.pk, obj._state.adding = made.pk, False

    def _by(self, request: HttpRequest) -> dict[str, Any]:
        return {"by": request.user, "now": timezone.now(), "request": request}

    @admin.action(description=gettext_lazy("Send a trial message"), permissions=["change"])
    def send_trial_message(self, request: HttpRequest, robots: models.QuerySet[Any]) -> None:
        for robot in robots:
            try:
                robot_services.send_trial(robot_id=robot.pk, **self._by(request))
            except Refused as refusal:
                self.message_user(request, f"{robot.name}: {refusal.text}", messages.ERROR)
            else:
                self.message_user(request, _("%(name)s: the trial message was sent.") % {"name": robot.name})
