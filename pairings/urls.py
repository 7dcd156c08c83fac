from django.urls import path

from . import urls_board, urls_covers, urls_work, views

urlpatterns = [
    path("", views.pairing_list, name="pairings"),
    path("new/", views.pairing_new, name="pairing_new"),
    path("<int:pk>/", views.pairing_detail, name="pairing"),
    path("<int:pk>/edit/", views.pairing_edit, name="pairing_edit"),
    path("<int:pk>/print/", views.pairing_print, name="pairing_print"),
    path("<int:pk>/confirm/", views.pairing_confirm, name="pairing_confirm"),
    path("<int:pk>/ask-changes/", views.pairing_ask_changes, name="pairing_ask_changes"),
    path("<int:pk>/decline/", views.pairing_decline, name="pairing_decline"),
    path("<int:pk>/withdraw/", views.pairing_withdraw, name="pairing_withdraw"),
    path("<int:pk>/propose/", views.pairing_propose, name="pairing_propose"),
    path("<int:pk>/discard/", views.pairing_discard, name="pairing_discard"),
    path("<int:pk>/end/", views.pairing_end, name="pairing_end"),
    *urls_board.urlpatterns,
    *urls_work.urlpatterns,
    *urls_covers.urlpatterns,
]
