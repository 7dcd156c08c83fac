from django.urls import URLPattern, path

from . import views_attend as own
from . import views_attendance as kept

urlpatterns: list[URLPattern] = [
    path("activities/<int:pk>/sign-up/", own.activity_sign_up, name="activity_sign_up"),
    path("activities/<int:pk>/withdraw/", own.activity_withdraw, name="activity_withdraw"),
    path("activities/<int:pk>/leave/", own.activity_ask_leave, name="activity_ask_leave"),
    path("activities/<int:pk>/come/", own.activity_come_after_all, name="activity_come_after_all"),
    path("activities/<int:pk>/check-in/<str:code>/", own.activity_check_in, name="activity_check_in"),
    path("activities/<int:pk>/list/", kept.activity_list, name="activity_list"),
    path("activities/<int:pk>/list/mark/", kept.activity_mark, name="activity_mark"),
    path("activities/<int:pk>/list/afterwards/", kept.activity_afterwards, name="activity_afterwards"),
    path("activities/<int:pk>/projector/", kept.activity_projector, name="activity_projector"),
    path("activities/<int:pk>/projector/code/", kept.activity_projector_code, name="activity_projector_code"),
    path("activities/<int:pk>/projector/open/", kept.activity_check_in_open, name="activity_check_in_open"),
    path("participations/<int:pk>/credit/", kept.participation_credit, name="participation_credit"),
    path("participations/<int:pk>/leave/", kept.participation_leave_answer, name="participation_leave_answer"),
]
