"""Coming and going, and how the branches are built."""

from django.urls import URLPattern, path

from . import views_mobile, views_structure, views_transfers

STEPS = {
    "take": "take", "receipt": "receipt", "letter": "letter", "contact": "contact", "end": "end", "onward": "onward",
    "call_off": "call-off",
}  # fmt: skip

urlpatterns: list[URLPattern] = [
    path("transfers/", views_transfers.transfers, name="transfers"),
    path("transfers/graduates/", views_transfers.graduates, name="transfer_graduates"),
    path("transfers/new/<int:person_id>/", views_transfers.transfer_new, name="transfer_new"),
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
    path("structure/<int:branch_id>/handover/", views_structure.structure_handover, name="structure_handover"),
]
