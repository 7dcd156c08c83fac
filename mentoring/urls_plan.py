"""The plan of a branch's mentoring."""

from django.urls import URLPattern, path

from . import views_plan

urlpatterns: list[URLPattern] = [
    path("plan/<int:pk>/", views_plan.plan, name="mentoring_plan"),
    path("plan/<int:pk>/propose/", views_plan.plan_propose, name="mentoring_plan_propose"),
    path("plan/<int:pk>/drop/", views_plan.plan_drop, name="mentoring_plan_drop"),
    path("plan/<int:pk>/discard/", views_plan.plan_discard, name="mentoring_plan_discard"),
    path("plan/<int:pk>/restore/", views_plan.plan_restore, name="mentoring_plan_restore"),
    path("plan/<int:pk>/publish/", views_plan.plan_publish, name="mentoring_plan_publish"),
]
