from django.urls import URLPattern, path

from . import views_event_steps as steps
from . import views_events as pages

urlpatterns: list[URLPattern] = [
    path("activities/", pages.activities, name="activities"),
    path("activities/new/", pages.activity_new, name="activity_new"),
    path("activities/<int:pk>/", pages.activity, name="activity"),
    path("activities/<int:pk>/edit/", pages.activity_edit, name="activity_edit"),
    path("activities/<int:pk>/move/", steps.activity_move, name="activity_move"),
    path("activities/<int:pk>/send/", steps.activity_send, name="activity_send"),
    path("activities/<int:pk>/approve/", steps.activity_approve, name="activity_approve"),
    path("activities/<int:pk>/decline/", steps.activity_decline, name="activity_decline"),
    path("activities/<int:pk>/publish/", steps.activity_publish, name="activity_publish"),
    path("activities/<int:pk>/cancel/", steps.activity_cancel, name="activity_cancel"),
    path("activities/<int:pk>/finish/", steps.activity_finish, name="activity_finish"),
]
