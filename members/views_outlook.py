"""What the calendar still allows: one person's line, and a cohort's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from branches.models import PartyBranch, SchoolClass
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import outlook_page as page
from .models import Person
from .process_page import sees_all
from .rules import RULES
from .timeline import WIDTH, next_march
from .views_process import visible_person

PAGE = 200


class CohortForm(forms.Form):
    """Which people, and a day to try."""

    branch: forms.ModelChoiceField[PartyBranch] = forms.ModelChoiceField(
        label=gettext_lazy("Party branch"), queryset=None, required=False, empty_label=gettext_lazy("all branches")
    )
    school_class: forms.ModelChoiceField[SchoolClass] = forms.ModelChoiceField(
        label=gettext_lazy("class"), queryset=None, required=False, empty_label=gettext_lazy("all classes")
    )
    year = forms.IntegerField(label=gettext_lazy("enrolment year"), required=False, min_value=1990, max_value=2100)
    stage = forms.ChoiceField(label=gettext_lazy("stage"), required=False, choices=list(page.COHORTS.items()))
    by = forms.DateField(
        label=gettext_lazy("activists by"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = PartyBranch.objects.visible_to(scope)  # type: ignore[attr-defined]  # of a choice field
        self.fields["school_class"].queryset = SchoolClass.objects.visible_to(scope)  # type: ignore[attr-defined]  # of a choice field
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"


@require_GET
def person_outlook(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's line: what is done, the earliest lawful days, absences, leaving; and the same as a list."""
    person, scope = visible_person(request, pk)
    today = timezone.localdate()
    rows = page.outlook_rows([person], today)
    row = page.drawn(rows, page.axis_for(rows, today, WIDTH), today)[0]
    context = {
        "person": person, "row": row, "line": row.timeline, "words": page.outlook_words(row.outlook, row.facts.away), "today": today,
        "milestones": [
            {"milestone": milestone, "rule": page.rule_of(milestone)} for milestone in row.outlook.milestones
        ],
        "rule": RULES["R13"], "is_me": person.pk == scope.person_id, "shows_stand_in": sees_all(person, scope),
    }  # fmt: skip
    return render(request, "members/outlook_person.html", context)


@require_GET
def outlook_page(request: HttpRequest) -> HttpResponse:
    """A cohort: how many can still be admitted on campus, what has to happen by when, who converts elsewhere."""
    scope, today = scope_of(request), timezone.localdate()
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("The outlook of a cohort is for the branch's secretary and for the department."))
    form = CohortForm(request.GET or None, scope=scope, initial={"by": next_march(today)})
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    stage, year, by = chosen.get("stage") or "", chosen.get("year"), chosen.get("by") or next_march(today)
    people = Person.objects.changeable_by(scope).filter(stage__in=page.on_the_way(stage))
    if chosen.get("branch"):
        people = people.filter(party_branch=chosen["branch"])
    if chosen.get("school_class"):
        people = people.filter(school_class=chosen["school_class"])
    if year:
        people = people.filter(enrolment_year=year)
    is_valid = not form.is_bound or form.is_valid()
    found = people.select_related("school_class", "party_branch").distinct().order_by("number") if is_valid else []
    rows = page.outlook_rows(found, today)
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    lost, elsewhere = page.leavers(rows)
    context = {
        "form": form, "rows": page.drawn(list(shown.object_list), page.axis_for(rows, today, page.BAR_WIDTH), today), "page": shown,
        "sentence": page.cohort_words(rows, stage=stage, year=year), "trial": page.trial_words(rows, by, today), "by": by,
        "deadlines": page.deadlines(rows), "lost": lost, "elsewhere": elsewhere, "rule": RULES["R13"], "today": today,
        "words": _in_words(chosen, stage), "stage": stage, "total": len(rows),
    }  # fmt: skip
    return render(request, "members/outlook.html", context, status=200 if is_valid else 400)


def _in_words(chosen: dict[str, Any], stage: str) -> list[str]:
    """What is filtered, for the line above the list."""
    words = [str(chosen[name]) for name in ("branch", "school_class") if chosen.get(name)]
    words += [_("enrolled in %(year)d") % {"year": chosen["year"]}] if chosen.get("year") else []
    return [*words, str(page.COHORTS[stage])]
