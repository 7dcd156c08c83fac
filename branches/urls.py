from django.urls import path

from . import views

urlpatterns = [
    path("", views.organisation, name="organisation"),
    path("<int:pk>/", views.branch, name="branch"),
    path("rules/", views.rules_page, name="rules_page"),
    path("year/", views.year_setup, name="year_setup"),
]
