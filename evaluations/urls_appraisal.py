"""The yearly appraisal."""

from django.urls import URLPattern, path

from . import views_appraisal as views
from . import views_appraisal_results as results
from . import views_ballot as ballot

urlpatterns: list[URLPattern] = [
    path("appraisals/", views.appraisals, name="appraisals"),
    path("appraisals/new/", views.appraisal_new, name="appraisal_new"),
    path("appraisals/<int:pk>/", views.appraisal, name="appraisal"),
    path("appraisals/<int:pk>/self/", views.appraisal_self, name="appraisal_self"),
    path("appraisals/<int:pk>/peers/", views.appraisal_peers, name="appraisal_peers"),
    path("appraisals/<int:pk>/peers/<int:person_id>/", views.appraisal_peer, name="appraisal_peer"),
    path("appraisals/<int:pk>/ballot/", views.appraisal_open_ballot, name="appraisal_open_ballot"),
    # Left out of every log: pairing_portal/common/secret_ballots.py knows this address.
    path("appraisals/<int:pk>/vote/", results.appraisal_vote, name="appraisal_vote"),
    path("appraisals/<int:pk>/count/", views.appraisal_count, name="appraisal_count"),
    path("appraisals/<int:pk>/paper/", views.appraisal_paper, name="appraisal_paper"),
    path("appraisals/<int:pk>/extend/", ballot.appraisal_extend, name="appraisal_extend"),
    path("appraisals/<int:pk>/withdraw/", ballot.appraisal_withdraw, name="appraisal_withdraw"),
    path("appraisals/<int:pk>/cancel/", ballot.appraisal_cancel, name="appraisal_cancel"),
    path("appraisals/<int:pk>/show/", views.appraisal_show, name="appraisal_show"),
    path("appraisals/<int:pk>/print/", results.appraisal_print, name="appraisal_print"),
    path("appraisals/<int:pk>/workbook/", results.appraisal_xlsx, name="appraisal_xlsx"),
    path("appraisals/results/<int:pk>/", results.appraisal_result, name="appraisal_result"),
    path("appraisals/results/<int:pk>/object/", results.appraisal_object, name="appraisal_object"),
    path("appraisals/results/<int:pk>/answer/", results.appraisal_answer, name="appraisal_answer"),
]
