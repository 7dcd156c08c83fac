from django.urls import URLPattern, path

from . import (
    import_views,
    views,
    views_appoint,
    views_due,
    views_invitations,
    views_registers,
    views_sheets,
    views_year,
)
from .urls_process import urlpatterns as process_urlpatterns
from .urls_transfers import urlpatterns as transfer_urlpatterns

urlpatterns: list[URLPattern] = [
    path("", views.people, name="people"),
    path("me/", views.my_record, name="my_record"),
    path("<int:pk>/", views.person, name="person"),
    path("import/", import_views.roster_import, name="roster_import"),
    path("import/apply/", import_views.roster_apply, name="roster_apply"),
    path("import/<slug:token>/faults/", import_views.roster_faults, name="roster_faults"),
    path("registers/<slug:register>/views/", views_registers.register_view_save, name="register_view_save"),
    path("registers/views/<int:pk>/rename/", views_registers.register_view_rename, name="register_view_rename"),
    path("registers/views/<int:pk>/delete/", views_registers.register_view_delete, name="register_view_delete"),
    path("sheets/", views_sheets.sheet_list, name="sheets"),
    path("sheets/<slug:key>/export/", views_sheets.sheet_export, name="sheet_export"),
    path("due/", views_due.due_lists, name="due_lists"),
    path("due/<slug:key>/export/", views_due.due_list_export, name="due_list_export"),
    path("year/", views_year.year_turn, name="year_turn"),
    path("invitations/", views_invitations.invitation_list, name="invitations"),
    path("invitations/issue/", views_invitations.invitations_issue, name="invitations_issue"),
    path("invitations/<int:pk>/reset/", views_invitations.invitation_reset, name="invitation_reset"),
    path("appoint/<int:branch_id>/", views_appoint.appoint_secretary, name="appoint_secretary"),
    *process_urlpatterns,
    *transfer_urlpatterns,
]
