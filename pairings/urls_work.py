"""The shared work plan, inspections, projects, a member pair."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
