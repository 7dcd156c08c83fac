"""Accounts and the trail, for administrators. Passwords are neither shown nor typed here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from pairing_portal.common.admin import NO_ROLES, PortalModelAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role

from . import services
from .forms import NewAccountForm
from .models import AuditEvent, User
from .slips import slip_page

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


class ActivationFilter(admin.SimpleListFilter):
    """Whether somebody chose a password: an unusable one begins with "!"."""

    title = _("activation")
    parameter_name = "activated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("activated")), ("no", _("not activated"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[User]) -> models.QuerySet[User]:
        waiting = models.Q(password__startswith="!", is_demo=False)
        return {"yes": queryset.exclude(waiting), "no": queryset.filter(waiting)}.get(self.value() or "", queryset)


@register(User)
class UserAdmin(PortalModelAdmin):
    """A new account is a number and a name; the answer is the slip with the activation code."""

    view_roles = add_roles = change_roles = ADMINISTRATORS
    delete_roles = NO_ROLES  # closed, never deleted: the trail points at accounts
    list_display = ("username", "display_name", "activated", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", ActivationFilter)
    search_fields = ("username", "display_name")
    ordering = ("username",)
    fields = (
        "username", "display_name", "email", "is_superuser", "must_change_password",
        "is_active", "activated", "password_changed_at", "last_login", "date_joined",
    )  # fmt: skip
    readonly_fields = ("username", "is_active", "activated", "password_changed_at", "last_login", "date_joined")
    actions = ("issue_codes", "reset_accounts", "close_accounts", "reopen_accounts")

    @admin.display(description=_("activated"), boolean=True)
    def activated(self, user: User) -> bool:
        return user.is_activated

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs |= {"form": NewAccountForm, "fields": NewAccountForm.Meta.fields}
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return NewAccountForm.Meta.fields if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        # Nobody takes their own administration away and locks the door behind them.
        return (*self.readonly_fields, "is_superuser") if obj.pk == request.user.pk else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            services.save_account(
                user=obj,
                fields=form.changed_data,
                by=request.user,
                now=timezone.now(),
                request=request,  # type: ignore[arg-type]  # has META, which is all that is read
            )
            return
        made = services.create_account(number=obj.username, name=obj.display_name)
        obj.pk, obj._state.adding = made.pk, False

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> HttpResponse:
        users = User.objects.visible_to(scope_of(request)).filter(pk=obj.pk)
        issued = services.issue_codes(users=users, issued_by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in
        return slip_page(request, issued, back=reverse("admin:accounts_user_changelist"))

    @action(description=_("Issue activation codes"))
    def issue_codes(self, request: HttpRequest, queryset: models.QuerySet[User]) -> HttpResponse | None:
        users = [user for user in queryset if user.is_active and not user.is_activated]
        if not users:
            self.message_user(
                request, _("Codes are for open accounts that are not activated. Reset an account whose password is forgotten."),
                messages.WARNING,
            )  # fmt: skip
            return None
        issued = services.issue_codes(users=users, issued_by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in
        return slip_page(request, issued, back=reverse("admin:accounts_user_changelist"))

    @action(description=_("Reset: the password stops working, a new code is issued"))
    def reset_accounts(self, request: HttpRequest, queryset: models.QuerySet[User]) -> HttpResponse | None:
        users = [user for user in queryset if user.is_active and not user.is_demo and user.pk != request.user.pk]
        if not users:
            self.message_user(
                request, _("Nothing to reset: choose open accounts other than your own."), messages.WARNING
            )
            return None
        now = timezone.now()
        issued = [
            services.reset_account(user=user, issued_by=request.user, now=now, request=request)  # type: ignore[arg-type]  # signed in
            for user in users
        ]
        return slip_page(request, issued, back=reverse("admin:accounts_user_changelist"))

    @action(description=_("Close accounts"))
    def close_accounts(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        users = [user for user in queryset if user.pk != request.user.pk]
        closed = services.deactivate_users(users=users, by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in
        self.message_user(
            request, ngettext("%(count)d account closed.", "%(count)d accounts closed.", closed) % {"count": closed}
        )

    @action(description=_("Reopen accounts"))
    def reopen_accounts(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        opened = services.reopen_users(users=queryset, by=request.user, now=timezone.now(), request=request)  # type: ignore[arg-type]  # signed in
        self.message_user(
            request, ngettext("%(count)d account reopened.", "%(count)d accounts reopened.", opened) % {"count": opened}
        )


@register(AuditEvent)
class AuditEventAdmin(PortalModelAdmin):
    """The trail: read only, for everybody."""

    view_roles = ADMINISTRATORS
    list_display = ("at", "user", "action", "ip_address", "object_type", "object_id", "succeeded")
    list_filter = ("action", "succeeded")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__display_name")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    fields = readonly_fields = (
        "at", "user", "action", "ip_address", "object_type", "object_id", "succeeded", "detail",
    )  # fmt: skip
    actions = None
