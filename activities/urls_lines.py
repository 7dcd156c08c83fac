from django.urls import URLPattern, path

from . import views_contest as contests
from . import views_lines as lines

urlpatterns: list[URLPattern] = [
    path("activities/<int:pk>/contest/", contests.contest, name="contest"),
    path("activities/<int:pk>/contest/setup/", contests.contest_setup, name="contest_setup"),
    path("activities/<int:pk>/contest/close/", contests.contest_close, name="contest_close"),
    path("activities/<int:pk>/contest/reopen/", contests.contest_reopen, name="contest_reopen"),
    path("activities/<int:pk>/contest/live/", contests.contest_live, name="contest_live"),
    path("activities/<int:pk>/contest/live/rows/", contests.contest_live_rows, name="contest_live_rows"),
    path("activities/<int:pk>/contest/rounds/new/", contests.contest_round_add, name="contest_round_add"),
    path("activities/<int:pk>/contest/teams/make/", contests.contest_teams_make, name="contest_teams_make"),
    path("activities/<int:pk>/contest/teams/new/", contests.contest_team_add, name="contest_team_add"),
    path("rounds/<int:pk>/edit/", contests.round_edit, name="round_edit"),
    path("rounds/<int:pk>/remove/", contests.round_remove, name="round_remove"),
    path("rounds/<int:pk>/scores/", contests.round_scores, name="round_scores"),
    path("rounds/<int:pk>/judge/remove/", contests.round_judge_remove, name="round_judge_remove"),
    path("teams/<int:pk>/edit/", contests.team_edit, name="team_edit"),
    path("teams/<int:pk>/remove/", contests.team_remove, name="team_remove"),
    path("activities/<int:pk>/talks/new/", lines.activity_talk_new, name="activity_talk_new"),
    path("talks/<int:pk>/edit/", lines.talk_edit, name="talk_edit"),
    path("talks/<int:pk>/remove/", lines.talk_remove, name="talk_remove"),
    path("talks/<int:pk>/rate/", lines.talk_rate, name="talk_rate"),
    path("activities/<int:pk>/viewpoints/", lines.activity_viewpoints, name="activity_viewpoints"),
    path("activities/<int:pk>/viewpoints/remove/", lines.activity_viewpoint_remove, name="activity_viewpoint_remove"),
    path("activities/<int:pk>/service/", lines.activity_service, name="activity_service"),
    path("classics/", lines.classics, name="classics"),
    path("classics/seen/", lines.classic_seen, name="classic_seen"),
    path("classics/seen/take-back/", lines.classic_unseen, name="classic_unseen"),
    path("classics/who/", lines.classics_who, name="classics_who"),
]
