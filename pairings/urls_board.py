"""The board of a pairing, the split of a branch, wishes."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
