"""Support needs: one's own page, and that of somebody one helps. What is recorded is shown by POST only."""

from django.urls import URLPattern, path

from . import views_needs

urlpatterns: list[URLPattern] = [
    path("needs/", views_needs.helped, name="mentoring_needs"),
    path("needs/me/", views_needs.mine, name="my_support_need"),
    path("needs/me/show/", views_needs.show_mine, name="my_support_need_show"),
    path("needs/me/consent/", views_needs.give_consent, name="my_support_consent_give"),
    path("needs/me/withdraw/", views_needs.withdraw_consent, name="my_support_consent_withdraw"),
    path("needs/<int:pk>/", views_needs.need, name="mentoring_need"),
    path("needs/<int:pk>/show/", views_needs.show, name="mentoring_need_show"),
    path("needs/<int:pk>/record/", views_needs.record, name="mentoring_need_record"),
]
