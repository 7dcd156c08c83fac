from django.urls import URLPattern, path

from . import views_announcements as said
from . import views_attachments as files
from . import views_minutes as meetings

urlpatterns: list[URLPattern] = [
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("attachments/<int:pk>/remove/", files.attachment_remove, name="attachment_remove"),
    path("log/<int:pk>/attach/", files.log_attach, name="log_attach"),
    path("activities/<int:pk>/attach/", files.activity_attach, name="activity_attach"),
    path("announcements/<int:pk>/attach/", files.announcement_attach, name="announcement_attach"),
    path("activities/<int:pk>/minutes/", meetings.minutes, name="minutes"),
    path("activities/<int:pk>/minutes/edit/", meetings.minutes_edit, name="minutes_edit"),
    path("activities/<int:pk>/minutes/sign/", meetings.minutes_sign, name="minutes_sign"),
    path("announcements/", said.announcements, name="announcements"),
    path("announcements/new/", said.announcement_new, name="announcement_new"),
    path("announcements/<int:pk>/", said.announcement, name="announcement"),
    path("announcements/<int:pk>/withdraw/", said.announcement_withdraw, name="announcement_withdraw"),
    path("announcements/<int:pk>/restore/", said.announcement_restore, name="announcement_restore"),
]
