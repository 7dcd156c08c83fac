"""Links and guidance by hand, and the rules."""

from django.urls import URLPattern, path

from . import views_guidance, views_link_new, views_links, views_rules

urlpatterns: list[URLPattern] = [
    path("", views_links.mentoring, name="mentoring"),
    path("rules/", views_rules.mentoring_rules, name="mentoring_rules"),
    path("links/new/", views_link_new.mentoring_link_new, name="mentoring_link_new"),
    path("links/<int:pk>/", views_links.mentoring_link, name="mentoring_link"),
    path("links/<int:pk>/answer/", views_links.mentoring_link_answer, name="mentoring_link_answer"),
    path("links/<int:pk>/end/", views_links.mentoring_link_end, name="mentoring_link_end"),
    path("links/<int:pk>/hand-on/", views_link_new.mentoring_link_hand_on, name="mentoring_link_hand_on"),
    path("guidances/new/", views_guidance.mentoring_guidance_new, name="mentoring_guidance_new"),
    path("guidances/<int:pk>/", views_guidance.mentoring_guidance, name="mentoring_guidance"),
    path("guidances/<int:pk>/end/", views_guidance.mentoring_guidance_end, name="mentoring_guidance_end"),
]
