"""Only the addresses of allauth that the portal uses, and our own."""

from __future__ import annotations

from allauth.account import views as allauth_views
from django.urls import path

from . import views

urlpatterns = [
    path("", views.account_home, name="account_home"),
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("logout/", views.SignOutView.as_view(), name="account_logout"),
    path("password/change/", views.change_password, name="account_change_password"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("activate/", views.activate, name="account_activate"),
    path("demo/", views.demo_sign_in, name="account_demo_sign_in"),
    path("sessions/end/", views.end_sessions, name="account_end_sessions"),
    path("my-data/", views.my_data, name="account_data"),
]
