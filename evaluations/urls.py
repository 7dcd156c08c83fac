from django.urls import path

from . import urls_appraisal, urls_assessment, urls_conversion, urls_feedback, views_home

urlpatterns = [
    path("", views_home.evaluations, name="evaluations"),
    *urls_conversion.urlpatterns,
    *urls_appraisal.urlpatterns,
    *urls_assessment.urlpatterns,
    *urls_feedback.urlpatterns,
]
