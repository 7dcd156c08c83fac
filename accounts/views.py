"""Signing in, opening an account, and one's own account."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, login, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import personal_data
from pairing_portal.common.requests import scope_of

from . import demo, services
from .codes import typed_number
from .forms import ActivationForm, NewPasswordForm
from .lockout import count_failure, refused_unread
from .models import AuditAction, AuditEvent, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SENSITIVE = ("oldpassword", "password", "password1", "password2", "code")


class SignInView(LoginView):  # type: ignore[misc]  # allauth ships no types
    """allauth's page with the demonstration accounts beside it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["demo_accounts"] = demo.offered_accounts()
        return context


class SignOutView(LogoutView):  # type: ignore[misc]  # allauth ships no types
    """Signs out on POST only and asks the browser to forget the pages it kept."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = cast(HttpResponse, super().post(*args, **kwargs))
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Too many failed attempts: what happened, how long it lasts, what to do."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    locked = render(
        request,
        "account/locked_out.html",
        {"minutes": minutes, "failure_limit": settings.AXES_FAILURE_LIMIT},
        status=429,
    )
    locked.headers["Retry-After"] = str(minutes * 60)
    return locked


@login_not_required
@never_cache
@sensitive_post_parameters(*SENSITIVE)
@require_http_methods(["GET", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    """Number and code from the slip, a password of one's own; then signed in."""
    if request.method == "GET":
        number = typed_number(request.GET.get("number", ""))[:32]
        return render(request, "account/activate.html", {"form": ActivationForm(initial={"number": number})})
    form = ActivationForm(request.POST)
    number = typed_number(request.POST.get("number", ""))
    if refused_unread(request, number):
        return locked_out(request)
    if form.is_valid():
        try:
            user = services.activate(
                username=form.cleaned_data["number"],
                code=form.cleaned_data["code"],
                password=form.cleaned_data["password1"],
                now=timezone.now(),
                request=request,
            )
        except Refused as refusal:
            count_failure(request, number)
            form.add_error(None, refusal)
        except ValidationError as error:
            form.add_error("password1", error)
        else:
            login(request, user, backend=BACKEND)
            messages.success(request, _("Your account is open. Next time sign in with your number and this password."))
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "account/activate.html", {"form": form}, status=400)


@never_cache
@sensitive_post_parameters(*SENSITIVE)
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """The current password, the new one twice; other sessions end."""
    user = cast(User, request.user)
    if not user.has_usable_password():
        messages.info(request, _("This account has no password that could be changed."))
        return redirect("account_home")
    if request.method == "POST" and services.password_guessed_too_often(user=user, now=timezone.now()):
        return locked_out(request)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        changed = services.change_password(
            user=user, password=form.cleaned_data["password1"], now=timezone.now(), request=request
        )
        update_session_auth_hash(request, changed)
        messages.success(request, _("The password is changed. You were signed out everywhere else."))
        return redirect("account_home")
    if form.is_bound and form.old_password_was_wrong:
        services.record_audit(
            action=AuditAction.PASSWORD_CHANGED, user=user, now=timezone.now(), request=request,
            object_type="user", object_id=user.pk, succeeded=False,
        )  # fmt: skip
    context = {"form": form, "is_forced": user.must_change_password}
    return render(request, "account/password_change.html", context, status=400 if form.errors else 200)


@login_not_required
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """One click into a demonstration account; for every other name and outside demonstration mode there is no such page."""
    user = demo.demo_account(request.POST.get("username", ""))
    if user is None:
        raise Http404
    login(request, user, backend=BACKEND)
    target = request.POST.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if is_ours else settings.LOGIN_REDIRECT_URL)


@require_GET
def account_home(request: HttpRequest) -> HttpResponse:
    """Own name and number, when and from where one signed in, what can be done with the account."""
    sign_ins = (
        AuditEvent.objects.visible_to(scope_of(request))
        .filter(user=cast(User, request.user), action__in=(AuditAction.SIGN_IN, AuditAction.SIGN_IN_FAILED))
        .order_by("-at", "-pk")[:10]
    )
    return render(request, "accounts/account_home.html", {"account": request.user, "sign_ins": sign_ins})


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else: a lost phone, a computer in the library."""
    user = services.end_other_sessions(user=cast(User, request.user), now=timezone.now(), request=request)
    update_session_auth_hash(request, user)
    messages.success(request, _("You were signed out everywhere else."))
    return redirect("account_home")


@require_POST
def my_data(request: HttpRequest) -> HttpResponse:
    """What the portal holds about one's account and person, as a file."""
    user = cast(User, request.user)
    trail = AuditEvent.objects.visible_to(scope_of(request)).filter(user=user).order_by("-at", "-pk")[:500]
    data: dict[str, Any] = {
        "account": {
            "number": user.username,
            "name": user.display_name,
            "e-mail": user.email,
            "opened_at": user.date_joined,
            "last_sign_in_at": user.last_login,
            "password_changed_at": user.password_changed_at,
        },
        "trail": [
            {"at": event.at, "action": event.action, "address": event.ip_address, "succeeded": event.succeeded}
            for event in trail
        ],
    }
    for room in personal_data.keys():
        data[room] = personal_data.get(room)(user.pk)
    services.record_audit(
        action=AuditAction.EXPORTED, user=user, now=timezone.now(), request=request, object_type="user", object_id=user.pk,
        detail={"report": "my_data"},
    )  # fmt: skip
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="my-data-{timezone.localdate():%Y%m%d}.json"'
    return response
