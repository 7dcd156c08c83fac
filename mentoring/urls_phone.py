"""One's own page, contact, calls for help; and the health of links."""

from django.urls import URLPattern, path

from . import views_phone

urlpatterns: list[URLPattern] = [
    path("me/", views_phone.my_mentoring, name="my_mentoring"),
    path("me/contact/", views_phone.my_contact, name="my_contact"),
    path("help/", views_phone.mentoring_helps, name="mentoring_helps"),
    path("help/new/", views_phone.mentoring_help_new, name="mentoring_help_new"),
    path("help/<int:pk>/answer/", views_phone.mentoring_help_answer, name="mentoring_help_answer"),
    path("help/<int:pk>/withdraw/", views_phone.mentoring_help_withdraw, name="mentoring_help_withdraw"),
    path("health/", views_phone.mentoring_health, name="mentoring_health"),
]
