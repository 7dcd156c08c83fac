from django.urls import path

from . import urls_attend, urls_calendar, urls_events, urls_lines, urls_log, urls_records, views_lectures

urlpatterns = [
    *urls_calendar.urlpatterns,
    *urls_events.urlpatterns,
    *urls_attend.urlpatterns,
    *urls_lines.urlpatterns,
    *urls_records.urlpatterns,
    *urls_log.urlpatterns,
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
