from django.urls import path

from . import urls_duties, urls_plan, views, views_board

urlpatterns = [
    path("lectures/", views_board.lecture_board, name="lectures"),
    path("lectures/new/", views.lecture_new, name="lecture_new"),
    path("lectures/confirm/", views.lectures_to_confirm, name="lectures_to_confirm"),
    path("lectures/audience/<int:pk>/", views.lecture_answer, name="lecture_answer"),
    path(
        "lectures/audience/<int:pk>/take-back/",
        views.lecture_answer_take_back,
        name="lecture_answer_take_back",
    ),
    path("lectures/<int:pk>/cancel/", views.lecture_cancel, name="lecture_cancel"),
    path("lectures/league/<int:pk>/", views_board.lecture_week, name="lecture_week"),
    *urls_duties.urlpatterns,
    *urls_plan.urlpatterns,
]
