"""The forecast of who is on campus, and who stands in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
