from django.urls import path

from . import views, views_outbox

urlpatterns = [
    path("", views.notice_list, name="notices"),
    path("read/", views.notices_read, name="notices_read"),
    path("unread/", views.notices_unread, name="notices_unread"),
    path("settings/", views.notice_settings, name="notice_settings"),
    path("<int:pk>/open/", views.notice_open, name="notice_open"),
    path("outbox/", views_outbox.notice_outbox, name="notice_outbox"),
    path("outbox/retry/", views_outbox.notice_outbox_retry, name="notice_outbox_retry"),
    path("outbox/drop/", views_outbox.notice_outbox_drop, name="notice_outbox_drop"),
]
