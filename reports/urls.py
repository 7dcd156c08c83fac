from django.urls import path

from . import views

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("search/", views.search, name="search"),
    path("reports/", views.report_list, name="reports"),
    path("reports/<slug:name>/", views.report_download, name="report_download"),
]
