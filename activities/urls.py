from django.urls import path

from . import views_calendar, views_lectures, views_log

urlpatterns = [
    path("calendar/", views_calendar.calendar, name="calendar"),
    path("log/", views_log.quick_log, name="quick_log"),
    path("log/mine/", views_log.my_logs, name="my_logs"),
    path("log/confirm/", views_log.log_confirm, name="log_confirm"),
    path("log/<int:pk>/", views_log.log_detail, name="log_entry"),
    path("log/<int:pk>/withdraw/", views_log.log_withdraw, name="log_withdraw"),
    path("log/<int:pk>/return/", views_log.log_return, name="log_return"),
    path("lectures/", views_lectures.lecture_board, name="lectures"),
    path("lectures/new/", views_lectures.lecture_new, name="lecture_new"),
    path("lectures/confirm/", views_lectures.lectures_to_confirm, name="lectures_to_confirm"),
    path("lectures/audience/<int:pk>/", views_lectures.lecture_answer, name="lecture_answer"),
    path(
        "lectures/audience/<int:pk>/take-back/",
        views_lectures.lecture_answer_take_back,
        name="lecture_answer_take_back",
    ),
    path("lectures/<int:pk>/cancel/", views_lectures.lecture_cancel, name="lecture_cancel"),
    path("lectures/league/<int:pk>/", views_lectures.lecture_week, name="lecture_week"),
]
