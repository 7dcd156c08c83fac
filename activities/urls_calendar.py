from django.urls import URLPattern, path

from . import views_calendar

urlpatterns: list[URLPattern] = [
    path("calendar/", views_calendar.calendar, name="calendar"),
]
