from django.urls import path

from . import views, views_dashboards, views_reports, views_supervision

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("search/", views.search, name="search"),
    path("reports/", views_reports.report_list, name="reports"),
    path("reports/supervision/", views_supervision.supervision, name="supervision"),
    path("reports/supervision/list/", views_supervision.supervision_list, name="supervision_list"),
    path("reports/supervision/remind/", views_supervision.supervision_remind, name="supervision_remind"),
    path("reports/supervision/rules/", views_supervision.supervision_rules, name="supervision_rules"),
    path("reports/dashboards/", views_dashboards.dashboards, name="dashboards"),
    path("reports/dashboards/rows/<slug:name>/", views_dashboards.dashboard_rows, name="dashboard_rows"),
    path("reports/exports/", views_reports.exports, name="exports"),
    path("reports/exports/<uuid:pk>/", views_reports.export_job, name="export_job"),
    path("reports/exports/<uuid:pk>/file/", views_reports.export_file, name="export_file"),
    path("reports/exports/<uuid:pk>/cancel/", views_reports.export_cancel, name="export_cancel"),
    path("reports/exports/<uuid:pk>/repeat/", views_reports.export_repeat, name="export_repeat"),
    path("reports/shelf/<slug:name>/", views_reports.report_page, name="report_page"),
    path("reports/shelf/<slug:name>/export/", views_reports.report_download, name="report_download"),
]
