"""Feedback of links, rounds, and of classes without names."""

from django.urls import URLPattern, path

from . import views_class_feedback
from . import views_feedback as views

urlpatterns: list[URLPattern] = [
    path("feedback/", views.feedback, name="feedback"),
    path("feedback/rounds/", views.feedback_rounds, name="feedback_rounds"),
    path("feedback/rounds/new/", views.feedback_round_new, name="feedback_round_new"),
    path("feedback/rounds/<int:pk>/", views.feedback_round, name="feedback_round"),
    path("feedback/rounds/<int:pk>/fill/", views.feedback_round_fill, name="feedback_round_fill"),
    path("feedback/rounds/<int:pk>/remind/", views.feedback_remind, name="feedback_remind"),
    # Left out of every log: pairing_portal/common/secret_ballots.py knows this address.
    path("feedback/class/<int:pk>/", views_class_feedback.feedback_class, name="feedback_class"),
    path("feedback/<int:pk>/", views.feedback_exchange, name="feedback_exchange"),
]
