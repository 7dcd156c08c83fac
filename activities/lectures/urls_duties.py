"""Excellent members, duties, the textbook, exemptions."""

from django.urls import path

from .. import views_attachments
from . import views_duties, views_exemptions, views_textbook

urlpatterns = [
    path("lectures/excellent/", views_duties.lecture_excellent, name="lecture_excellent"),
    path("lectures/excellent/<int:pk>/", views_duties.lecture_excellent_branch, name="lecture_excellent_branch"),
    path("lectures/excellent/<int:pk>/choose/", views_duties.lecture_excellent_choose, name="lecture_excellent_choose"),
    path(
        "lectures/excellent/<int:pk>/withdraw/",
        views_duties.lecture_excellent_withdraw,
        name="lecture_excellent_withdraw",
    ),
    path("lectures/duties/", views_duties.lecture_duties, name="lecture_duties"),
    path("lectures/duties/<int:pk>/end/", views_duties.lecture_duty_end, name="lecture_duty_end"),
    path("lectures/duties/<int:pk>/reopen/", views_duties.lecture_duty_reopen, name="lecture_duty_reopen"),
    path("lectures/textbook/", views_textbook.textbook, name="textbook"),
    path("lectures/textbook/<int:pk>/chapters/new/", views_textbook.textbook_chapter_new, name="textbook_chapter_new"),
    path("lectures/textbook/<int:pk>/import/", views_textbook.textbook_import, name="textbook_import"),
    path("lectures/textbook/chapters/<int:pk>/", views_textbook.textbook_chapter, name="textbook_chapter"),
    path(
        "lectures/textbook/chapters/<int:pk>/attach/", views_attachments.chapter_attach, name="textbook_chapter_attach"
    ),
    path(
        "lectures/textbook/chapters/<int:pk>/edit/", views_textbook.textbook_chapter_edit, name="textbook_chapter_edit"
    ),
    path(
        "lectures/textbook/chapters/<int:pk>/remove/",
        views_textbook.textbook_chapter_remove,
        name="textbook_chapter_remove",
    ),
    path("lectures/exemptions/", views_exemptions.exemptions, name="exemptions"),
    path("lectures/exemptions/new/", views_exemptions.exemption_new, name="exemption_new"),
    path("lectures/exemptions/bulk/", views_exemptions.exemption_bulk, name="exemption_bulk"),
    path(
        "lectures/exemptions/bulk/withdraw/", views_exemptions.exemption_bulk_withdraw, name="exemption_bulk_withdraw"
    ),
    path("lectures/exemptions/<int:pk>/decide/", views_exemptions.exemption_decide, name="exemption_decide"),
    path("lectures/exemptions/<int:pk>/withdraw/", views_exemptions.exemption_withdraw, name="exemption_withdraw"),
    path("lectures/exemptions/<int:pk>/restore/", views_exemptions.exemption_restore, name="exemption_restore"),
]
