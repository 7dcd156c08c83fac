from django.urls import URLPattern, path

from . import views_import

urlpatterns: list[URLPattern] = [
    path("import/", views_import.pairs_import, name="mentoring_import"),
    path("import/apply/", views_import.pairs_apply, name="mentoring_import_apply"),
    path("import/faults/<slug:token>/", views_import.pairs_faults, name="mentoring_import_faults"),
    path("import/template/", views_import.pairs_template, name="mentoring_import_template"),
]
