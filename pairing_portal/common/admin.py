"""The admin's one base: Unfold's looks, our scope. No other module imports unfold's classes.

Rights are roles, not rows: each admin names the roles that may view, add, change, delete, import and export, and every
queryset starts at `visible_to(scope)`. Only declared filters answer, so nobody reads a column by guessing at it in the address.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.sites import UnfoldAdminSite

from .problems import Refused
from .requests import scope_of
from .scope import ADMIN_SITE_ROLES, Role, Scope

NO_ROLES: frozenset[Role] = frozenset()
SEARCH_LENGTH = 50


class PortalAdminSite(UnfoldAdminSite):
    """Who may enter follows from posts and roles, not from a flag."""

    site_title = _("Pairing Portal")
    site_header = _("Pairing Portal")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_authenticated and scope_of(request).has(*ADMIN_SITE_ROLES)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """One sign-in for the whole portal, with one lockout. Who is signed in and has no role here is told so."""
        target = request.GET.get(REDIRECT_FIELD_NAME) or request.POST.get(REDIRECT_FIELD_NAME) or ""
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            return redirect_to_login(target, reverse(settings.LOGIN_URL))
        self._refuse_without_role(request)
        return redirect(target)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Strangers sign in; who is signed in and has no role here gets 403, not the sign-in page again."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated:
                self._refuse_without_role(request)
            return guarded(request, *args, **kwargs)

        return inner

    def _refuse_without_role(self, request: HttpRequest) -> None:
        if not self.has_permission(request):
            raise PermissionDenied(
                _(
                    "The administration is for secretaries, committees, counsellors and staff. Your account has no such role."
                )
            )

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The portal's own page, which keeps the history of passwords."""
        return redirect("account_change_password")


class RoleAccess:
    """Permissions by role and scope, for admins and inlines alike."""

    view_roles: ClassVar[frozenset[Role]] = ADMIN_SITE_ROLES
    add_roles: ClassVar[frozenset[Role]] = NO_ROLES
    change_roles: ClassVar[frozenset[Role]] = NO_ROLES
    delete_roles: ClassVar[frozenset[Role]] = NO_ROLES
    import_roles: ClassVar[frozenset[Role]] = NO_ROLES
    export_roles: ClassVar[frozenset[Role]] = NO_ROLES
    # Relations for which any visible row may be chosen, because the form or the service has a stricter word.
    offers_visible: ClassVar[frozenset[str]] = frozenset()
    model: Any

    def _allowed(self, request: HttpRequest, roles: frozenset[Role]) -> bool:
        return request.user.is_active and scope_of(request).has(*roles)

    def _covers(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None or obj.pk is None or not isinstance(obj, self.model):
            return True
        rows = self.model.objects.all()
        changeable = rows.changeable_by(scope_of(request)) if hasattr(rows, "changeable_by") else rows
        return bool(changeable.filter(pk=obj.pk).exists())

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._allowed(request, self.view_roles)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, self.view_roles)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Roles; and for what concerns the whole college, somebody who answers for all of it."""
        if getattr(self.model._default_manager.all(), "is_college_wide", False) and not scope_of(request).whole_college:
            return False
        return self._allowed(request, self.add_roles)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, self.change_roles) and self._covers(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, self.delete_roles) and self._covers(request, obj)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self._allowed(request, self.import_roles)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self._allowed(request, self.export_roles)

    def scoped(self, queryset: models.QuerySet[Any], scope: Scope) -> models.QuerySet[Any]:
        return queryset.visible_to(scope) if hasattr(queryset, "visible_to") else queryset

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]  # of the admin beside us
        return self.scoped(rows, scope_of(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "queryset" not in kwargs:
            kwargs["queryset"] = self._offered(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]  # bound at once

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "queryset" not in kwargs:
            kwargs["queryset"] = self._offered(db_field, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]  # bound at once

    def _offered(self, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        """Rows to choose from: those the scope may hang others on, and the one that stands there already."""
        rows, scope = db_field.remote_field.model._default_manager.all(), scope_of(request)
        if not hasattr(rows, "attachable_by") or db_field.name in self.offers_visible:
            return self.scoped(rows, scope)
        # Chosen by key from a subquery: a join behind `attachable_by` may give one row twice.
        chosen = models.Q(pk__in=rows.attachable_by(scope).order_by().values("pk"))
        edited = getattr(request, "_edited_row", None)
        if db_field.many_to_one and isinstance(edited, self.model):
            chosen |= models.Q(pk=getattr(edited, db_field.attname))
        return rows.filter(chosen)


class CappedChangeList(ChangeList):
    """Very long searches are cut before they reach the database."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet[Any]:
        self.query = self.query.replace("\x00", "")[:SEARCH_LENGTH]
        return super().get_queryset(request, exclude_parameters)


class PortalModelAdmin(RoleAccess, UnfoldModelAdmin):
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    view_on_site = False
    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what `list_filter` and `date_hierarchy` declare."""
        declared = {
            item
            if isinstance(item, str)
            else item[0]
            if isinstance(item, tuple)
            else getattr(item, "parameter_name", "")
            for item in self.get_list_filter(request)  # type: ignore[arg-type]  # None in lookups without a request
        }
        if self.date_hierarchy:
            declared.add(self.date_hierarchy)
        name = lookup
        for suffix in (
            "__exact",
            "__isnull",
            "__in",
            "__gte",
            "__lt",
            "__lte",
            "__year",
            "__month",
            "__day",
            "__id",
            "__pk",
        ):
            while name.endswith(suffix):
                name = name.removesuffix(suffix)
        return name in declared

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedChangeList

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The fields are built without their row; `_offered` needs it.
        request._edited_row = obj  # type: ignore[attr-defined]  # of a queryset or row of ours
        return super().get_form(request, obj, change=change, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Somebody was quicker: a service refuses what the form still allowed, and nothing is written."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:
            self.message_user(request, refusal.text, messages.ERROR)
            return redirect(request.path)


class PortalHistoryAdmin(PortalModelAdmin, SimpleHistoryAdmin):
    """With the history of every change: who, when, before, after."""

    history_list_display: ClassVar[list[str]] = []

    def has_view_history_or_change_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For who sees the row: versions hold whole texts, and their address names only the key.

        What was deleted is seen by nobody but who answers for the whole college.
        """
        if not self._allowed(request, self.view_roles):
            return False
        if obj is None or self.get_queryset(request).filter(pk=obj.pk).exists():
            return True
        is_gone = not self.model._base_manager.filter(pk=obj.pk).exists()
        return is_gone and scope_of(request).whole_college


class PortalTabularInline(RoleAccess, UnfoldTabularInline):
    extra = 0
    show_change_link = False


def register(*models_: type[models.Model]) -> Any:
    """`@register(Model)` on the portal's site."""
    return admin.register(*models_)
