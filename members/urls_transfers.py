"""Coming and going, and how the branches are built."""

from django.urls import URLPattern, path

from . import views_graduates, views_mobile, views_party_groups, views_structure, views_transfers

STEPS = {
    "take": "take", "receipt": "receipt", "letter": "letter", "contact": "contact", "end": "end", "onward": "onward",
    "call_off": "call-off", "successors": "successors", "back": "back",
}  # fmt: skip

urlpatterns: list[URLPattern] = [
    path("transfers/", views_transfers.transfers, name="transfers"),
    path("transfers/graduates/", views_graduates.graduates, name="transfer_graduates"),
    path("transfers/new/<int:person_id>/", views_transfers.transfer_new, name="transfer_new"),
    path("transfers/leave/<int:person_id>/", views_transfers.person_leave, name="person_leave"),
    path("transfers/<int:pk>/", views_transfers.transfer, name="transfer"),
    *(
        path(f"transfers/<int:pk>/{address}/", views_transfers.transfer_step, {"step": step}, name=f"transfer_{step}")
        for step, address in STEPS.items()
    ),
    path("mobile/", views_mobile.mobile, name="mobile"),
    path("mobile/new/<int:person_id>/", views_mobile.mobile_new, name="mobile_new"),
    path("mobile/<int:pk>/", views_mobile.mobile_edit, name="mobile_edit"),
    path("mobile/<int:pk>/contact/", views_mobile.mobile_contact, name="mobile_contact"),
    path("mobile/<int:pk>/contact/undo/", views_mobile.mobile_contact_undo, name="mobile_contact_undo"),
    path("mobile/<int:pk>/back/", views_mobile.mobile_back, name="mobile_back"),
    path("structure/", views_structure.structure_overview, name="structure_overview"),
    path("structure/<int:branch_id>/", views_structure.structure, name="structure"),
    path("structure/<int:branch_id>/groups/", views_party_groups.party_groups, name="party_groups"),
    path("structure/<int:branch_id>/groups/new/", views_party_groups.party_group_new, name="party_group_new"),
    path("structure/groups/<int:pk>/", views_party_groups.party_group, name="party_group"),
    path("structure/groups/<int:pk>/dissolve/", views_party_groups.party_group_dissolve, name="party_group_dissolve"),
    path("structure/<int:branch_id>/handover/", views_structure.structure_handover, name="structure_handover"),
]
