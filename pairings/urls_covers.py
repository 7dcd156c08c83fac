"""The forecast of who is on campus, and who stands in."""

from django.urls import URLPattern, path

from . import views_covers

urlpatterns: list[URLPattern] = [
    path("continuity/", views_covers.continuity, name="continuity"),
    path("<int:pk>/covers/ask/", views_covers.pairing_cover_ask, name="pairing_cover_ask"),
    path("covers/<int:pk>/accept/", views_covers.cover_accept, name="cover_accept"),
    path("covers/<int:pk>/decline/", views_covers.cover_decline, name="cover_decline"),
    path("covers/<int:pk>/end/", views_covers.cover_end, name="cover_end"),
]
