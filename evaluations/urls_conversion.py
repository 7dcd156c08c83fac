"""Conversion reviews, evidence packs, opinions."""

from django.urls import URLPattern, path

from . import views_conversion, views_opinions, views_pack

STEPS = ("application", "committee", "notice", "defer", "meeting", "approval", "close")
FORMS = {"print": "print/", "xlsx": "workbook/", "docx": "word/"}

urlpatterns: list[URLPattern] = [
    path("conversions/", views_conversion.conversions, name="conversions"),
    path("conversions/new/", views_conversion.conversion_new, name="conversion_new"),
    path("conversions/<int:pk>/", views_conversion.conversion, name="conversion"),
    *(
        path(f"conversions/<int:pk>/{step}/", views_conversion.conversion_step, {"step": step}, name=f"conversion_{step}")
        for step in STEPS
    ),
    path("conversions/<int:pk>/undo/", views_conversion.conversion_undo, name="conversion_undo"),
    path("conversions/<int:pk>/opinions/new/", views_opinions.conversion_opinion_new, name="conversion_opinion_new"),
    path("conversions/opinions/<int:pk>/edit/", views_opinions.conversion_opinion_edit, name="conversion_opinion_edit"),
    path("conversions/<int:pk>/opinion/", views_opinions.sponsor_opinion, name="sponsor_opinion"),
    path("conversions/<int:pk>/pack/", views_pack.conversion_pack, name="conversion_pack"),
    *(
        path(f"conversions/<int:pk>/pack/{address}", views_pack.conversion_pack, {"form": form}, name=f"conversion_pack_{form}")
        for form, address in FORMS.items()
    ),
    path("pack/<int:pk>/", views_pack.person_pack, name="person_pack"),
    *(
        path(f"pack/<int:pk>/{address}", views_pack.person_pack, {"form": form}, name=f"person_pack_{form}")
        for form, address in FORMS.items()
    ),
    path("partners/", views_opinions.partner_opinions, name="partner_opinions"),
    path("partners/<int:branch_id>/<int:pk>/", views_opinions.partner_opinion_new, name="partner_opinion_new"),
    path("partners/opinions/<int:pk>/edit/", views_opinions.partner_opinion_edit, name="partner_opinion_edit"),
]  # fmt: skip
