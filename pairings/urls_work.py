"""The shared work plan, inspections, projects, a member pair."""

from django.urls import URLPattern, path

from . import views_inspections, views_pair, views_projects, views_work

urlpatterns: list[URLPattern] = [
    path("<int:pk>/work/", views_work.work, name="work"),
    path("<int:pk>/work/task/new/", views_work.work_task_new, name="work_task_new"),
    path("<int:pk>/work/plan/", views_work.work_plan_start, name="work_plan_start"),
    path("<int:pk>/work/inspection/new/", views_inspections.work_inspection_new, name="work_inspection_new"),
    path("<int:pk>/work/project/new/", views_projects.work_project_new, name="work_project_new"),
    path("work/task/<int:pk>/done/", views_work.task_done, name="task_done"),
    path("work/task/<int:pk>/reopen/", views_work.task_reopen, name="task_reopen"),
    path("work/task/<int:pk>/edit/", views_work.task_edit, name="task_edit"),
    path("work/task/<int:pk>/remove/", views_work.task_remove, name="task_remove"),
    path("work/inspection/<int:pk>/", views_inspections.inspection, name="inspection"),
    path("work/inspection/<int:pk>/edit/", views_inspections.inspection_edit, name="inspection_edit"),
    path("work/finding/<int:pk>/mended/", views_inspections.finding_mended, name="finding_mended"),
    path("work/finding/<int:pk>/reopen/", views_inspections.finding_reopen, name="finding_reopen"),
    path("work/finding/<int:pk>/task/", views_inspections.finding_task, name="finding_task"),
    path("work/project/<int:pk>/", views_projects.project, name="project"),
    path("work/project/<int:pk>/edit/", views_projects.project_edit, name="project_edit"),
    path("work/project/<int:pk>/milestone/", views_projects.project_milestone_new, name="project_milestone_new"),
    path("work/project/<int:pk>/finish/", views_projects.project_finish, name="project_finish"),
    path("work/project/<int:pk>/stop/", views_projects.project_stop, name="project_stop"),
    path("work/project/<int:pk>/resume/", views_projects.project_resume, name="project_resume"),
    path("work/milestone/<int:pk>/done/", views_projects.milestone_done, name="milestone_done"),
    path("work/milestone/<int:pk>/reopen/", views_projects.milestone_reopen, name="milestone_reopen"),
    path("work/milestone/<int:pk>/remove/", views_projects.milestone_remove, name="milestone_remove"),
    path("pair/<int:pk>/", views_pair.member_pair, name="member_pair"),
    path("pair/<int:pk>/goal/", views_pair.member_pair_goal, name="member_pair_goal"),
    path("pair/<int:pk>/task/new/", views_pair.member_pair_task_new, name="member_pair_task_new"),
]
