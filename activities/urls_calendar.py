from django.urls import URLPattern, path

from . import views_calendar, views_entries, views_feed

urlpatterns: list[URLPattern] = [
    path("calendar/", views_calendar.calendar, name="calendar"),
    path("calendar/entries/", views_entries.calendar_entries, name="calendar_entries"),
    path("calendar/subscribe/", views_feed.my_feed, name="my_feed"),
    path("calendar/subscribe/new/", views_feed.feed_open, name="feed_open"),
    path("calendar/subscribe/withdraw/", views_feed.feed_close, name="feed_close"),
    path("calendar/feed/<str:token>.ics", views_feed.calendar_feed, name="calendar_feed"),
]
