"""Working together: goals of a link, observation records, the plan of a League branch."""

from django.urls import URLPattern, path

from . import views_goals, views_league, views_observations

urlpatterns: list[URLPattern] = [
    path("links/<int:pk>/goals/", views_goals.link_goals, name="mentoring_link_goals"),
    path("links/<int:pk>/goals/new/", views_goals.goal_new, name="mentoring_link_goal_new"),
    path("goals/<int:pk>/agree/", views_goals.goal_agree, name="mentoring_goal_agree"),
    path("goals/<int:pk>/edit/", views_goals.goal_edit, name="mentoring_goal_edit"),
    path("goals/<int:pk>/reached/", views_goals.goal_reached, name="mentoring_goal_reached"),
    path("goals/<int:pk>/drop/", views_goals.goal_drop, name="mentoring_goal_drop"),
    path("goals/<int:pk>/reopen/", views_goals.goal_reopen, name="mentoring_goal_reopen"),
    path("steps/<int:pk>/done/", views_goals.step_done, name="mentoring_step_done"),
    path("observations/", views_observations.observations, name="mentoring_observations"),
    path("observations/form/<int:pk>/", views_observations.review_print, name="mentoring_review_print"),
    path("observations/<int:pk>/", views_observations.observation, name="mentoring_observation"),
    path("observations/<int:pk>/edit/", views_observations.observation_edit, name="mentoring_observation_edit"),
    path("observations/<int:pk>/print/", views_observations.observation_print, name="mentoring_observation_print"),
    path("observe/<int:pk>/", views_observations.observe, name="mentoring_observe"),
    path("review/<int:pk>/", views_observations.review, name="mentoring_review"),
    path("league/<int:pk>/", views_league.league, name="mentoring_league"),
    path("league/<int:pk>/plan/", views_league.league_plan, name="mentoring_league_plan"),
    path("league/<int:pk>/plan/edit/", views_league.league_plan_edit, name="mentoring_league_plan_edit"),
    path("league/<int:pk>/milestones/new/", views_league.league_milestone_new, name="mentoring_league_milestone_new"),
    path("milestones/<int:pk>/done/", views_league.milestone_done, name="mentoring_milestone_done"),
    path("milestones/<int:pk>/edit/", views_league.milestone_edit, name="mentoring_milestone_edit"),
    path("milestones/<int:pk>/delete/", views_league.milestone_delete, name="mentoring_milestone_delete"),
]
