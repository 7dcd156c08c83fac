"""Mentor assessments."""

from django.urls import URLPattern, path

from . import views_assessment as views

urlpatterns: list[URLPattern] = [
    path("assessments/", views.assessments, name="assessments"),
    path("assessments/compute/", views.assessments_compute, name="assessments_compute"),
    path("assessments/<int:pk>/", views.assessment, name="assessment"),
    path("assessments/<int:pk>/compute/", views.assessment_compute, name="assessment_compute"),
    path("assessments/<int:pk>/show/", views.assessment_show, name="assessment_show"),
    path("assessments/<int:pk>/object/", views.assessment_object, name="assessment_object"),
    path("assessments/<int:pk>/answer/", views.assessment_answer, name="assessment_answer"),
    path("assessments/<int:pk>/rows/<slug:part>/", views.assessment_rows, name="assessment_rows"),
]
