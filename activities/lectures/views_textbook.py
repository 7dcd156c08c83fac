"""The textbook: its chapters, what is shared on them, which League branch has heard which; and keeping them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import LeagueBranch
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from ..lecture_querysets import concerned_league_branches
from ..models import LectureAudience, LectureState, Textbook, TextbookChapter
from . import textbook_services as services
from .coverage import Coverage, coverage
from .forms_duties import ChapterForm, ChapterLinesForm
from .textbook_services import may_add_material, may_edit_textbooks

# Beyond that the page shows those of one's own duties and branches only by search.
BRANCHES_AT_MOST = 60
LECTURES_SHOWN = 50


def _shown_book(request: HttpRequest, scope: Scope) -> Textbook | None:
    books = Textbook.objects.visible_to(scope)
    if asked := request.GET.get("book", ""):
        return get_visible_or_404(books, pk=asked)
    found: Textbook | None = books.order_by("-is_prescribed", "title", "pk").first()
    return found


@require_GET
def textbook(request: HttpRequest) -> HttpResponse:
    """Chapters of the prescribed textbook, and what one's League branches have heard of them."""
    scope, today = scope_of(request), timezone.localdate()
    book = _shown_book(request, scope)
    page: dict[str, Any] = {
        "book": book, "books": Textbook.objects.visible_to(scope), "may_edit": may_edit_textbooks(scope),
        "may_share": may_add_material(scope),
    }  # fmt: skip
    if book is not None:
        leagues = concerned_league_branches(scope, today).active().filter(party_branch__isnull=False)
        shown = list(leagues.order_by("-enrolment_year", "pk")[: BRANCHES_AT_MOST + 1])
        heard = coverage([league.pk for league in shown], book)
        chapters = TextbookChapter.objects.visible_to(scope).filter(textbook=book).order_by("number")
        page |= {
            "chapters": chapters.annotate(materials=Count("attachments")),
            "rows": [_row(league, heard) for league in shown[:BRANCHES_AT_MOST]],
            "is_cut": len(shown) > BRANCHES_AT_MOST,
        }
    return render(request, "activities/textbook.html", page)


def _row(league: LeagueBranch, heard: Coverage) -> dict[str, Any]:
    return {
        "league_branch": league,
        "next": heard.next_chapter(league.pk),
        "done": heard.heard_count(league.pk),
        "total": len(heard.chapters),
        "cells": [{"chapter": chapter, "heard": heard.heard(league.pk, chapter.pk)} for chapter in heard.chapters],
    }


def _chapter(request: HttpRequest, pk: int) -> TextbookChapter:
    rows = TextbookChapter.objects.visible_to(scope_of(request)).select_related("textbook")
    chapter: TextbookChapter = get_visible_or_404(rows, pk=pk)
    return chapter


@require_GET
def textbook_chapter(request: HttpRequest, pk: int) -> HttpResponse:
    """One chapter: its outline, what is shared on it, and the lectures of one's League branches that were about it."""
    scope, chapter = scope_of(request), _chapter(request, pk)
    audiences = (
        LectureAudience.objects.visible_to(scope).filter(lecture__textbook_chapter=chapter)
        .exclude(lecture__state=LectureState.CANCELLED).with_lecture().order_by("-lecture__on", "-pk")
    )  # fmt: skip
    league = None
    if asked := request.GET.get("league", ""):
        league = get_visible_or_404(concerned_league_branches(scope), pk=asked)
        audiences = audiences.filter(league_branch=league)
    page = {
        "chapter": chapter, "audiences": list(audiences[:LECTURES_SHOWN]), "league_branch": league,
        "may_edit": may_edit_textbooks(scope), "may_share": may_add_material(scope),
    }  # fmt: skip
    return render(request, "activities/textbook_chapter.html", page)


# --- Keeping the chapters ------------------------------------------------------------------------


def _editor(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not may_edit_textbooks(scope):
        raise PermissionDenied(_("Textbooks are kept by the organisers of the departments and of the college."))
    return scope


def _book(request: HttpRequest, pk: int) -> Textbook:
    book: Textbook = get_visible_or_404(Textbook.objects.visible_to(scope_of(request)), pk=pk)
    _editor(request)
    return book


def _address(book: Textbook) -> str:
    return f"{reverse('textbook')}?book={book.pk}"


@require_http_methods(["GET", "POST"])
def textbook_chapter_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Add one chapter, at the end or in its place."""
    book, scope = _book(request, pk), scope_of(request)
    form = ChapterForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_chapters(textbook=book, rows=[form.text()], scope=scope)[0]
            if number := form.cleaned_data["number"]:
                services.change_chapter(chapter=made, number=number, row=form.text(), scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The chapter “%(title)s” was added.") % {"title": made.title})
            return redirect(_address(book))
    context = {"form": form, "book": book, "chapter": None, "back": _address(book)}
    return render(request, "activities/textbook_chapter_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def textbook_chapter_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a chapter, write its outline, move it."""
    chapter, scope = _chapter(request, pk), _editor(request)
    initial = {"number": chapter.number, "title": chapter.title, "outline": chapter.outline}
    form = ChapterForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_chapter(
                chapter=chapter, number=form.cleaned_data["number"] or chapter.number, row=form.text(), scope=scope
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The chapter is saved."))
            return redirect("textbook_chapter", chapter.pk)
    context = {
        "form": form, "book": chapter.textbook, "chapter": chapter, "back": reverse("textbook_chapter", args=[chapter.pk]),
    }  # fmt: skip
    return render(request, "activities/textbook_chapter_form.html", context, status=400 if form.errors else 200)


@require_POST
def textbook_chapter_remove(request: HttpRequest, pk: int) -> HttpResponse:
    chapter, scope = _chapter(request, pk), _editor(request)
    book = chapter.textbook
    try:
        services.remove_chapter(chapter=chapter, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect("textbook_chapter", chapter.pk)
    say_done(request, _("The chapter “%(title)s” was removed.") % {"title": chapter.title})
    return redirect(_address(book))


@require_http_methods(["GET", "POST"])
def textbook_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Chapters pasted as lines: first what would be added, then one button."""
    book, scope = _book(request, pk), scope_of(request)
    form = ChapterLinesForm(posted(request))
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            preview = services.preview_lines(textbook=book, text=form.cleaned_data["lines"])
            if "apply" in request.POST and preview.new:
                made = services.add_chapters(textbook=book, rows=preview.new, scope=scope)
                words = ngettext("%(count)d chapter was added.", "%(count)d chapters were added.", len(made))
                say_done(request, words % {"count": len(made)})
                return redirect(_address(book))
        except Refused as refusal:
            form.add_error("lines", refusal)
    context = {"form": form, "book": book, "preview": preview, "back": _address(book)}
    return render(request, "activities/textbook_import.html", context, status=400 if form.errors else 200)
