from django.urls import path

from . import views

urlpatterns = [
    path("", views.notice_list, name="notices"),
    path("read/", views.notices_read, name="notices_read"),
    path("<int:pk>/open/", views.notice_open, name="notice_open"),
]
