from django.urls import URLPattern, path

from . import views_ledgers, views_log

urlpatterns: list[URLPattern] = [
    path("log/", views_log.quick_log, name="quick_log"),
    path("log/mine/", views_log.my_logs, name="my_logs"),
    path("log/confirm/", views_log.log_confirm, name="log_confirm"),
    path("log/<int:pk>/", views_log.log_detail, name="log_entry"),
    path("log/<int:pk>/withdraw/", views_log.log_withdraw, name="log_withdraw"),
    path("log/<int:pk>/return/", views_log.log_return, name="log_return"),
    path("log/ledgers/", views_ledgers.my_ledgers, name="my_ledgers"),
    path("log/ledgers/<int:pk>/", views_ledgers.person_ledgers, name="person_ledgers"),
    path("log/ledgers/<int:pk>/print/", views_ledgers.person_ledgers_print, name="person_ledgers_print"),
    path("log/certificate/<int:pk>/", views_ledgers.person_certificate, name="person_certificate"),
]
