"""What the administration lets be added and chosen, asked of every page it has."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.test import RequestFactory

from accounts.models import User
from branches.models import Department, LeagueBranch, PartyBranch, SchoolClass
from members.models import Person
from pairing_portal.common.admin import PortalModelAdmin, RoleAccess

NOBODYS = 999_999
DEPARTMENTAL = ("er_secretary", "er_deputy", "liu_secretary", "mech_organiser", "civil_organiser", "counsellor")


def pages() -> list[PortalModelAdmin]:
    return [page for page in admin.site._registry.values() if isinstance(page, PortalModelAdmin)]


def request_of(user: User) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def belongs_to_a_department(model: type[models.Model], seen: frozenset[type] = frozenset()) -> bool:
    """True when a row of the model hangs, by one relation or several, on a department."""
    relations = [field.related_model for field in model._meta.get_fields() if field.many_to_one and field.concrete]
    fresh = [related for related in relations if related not in seen and related is not User]
    return Department in fresh or any(belongs_to_a_department(related, seen | {model}) for related in fresh)


@pytest.mark.parametrize("who", DEPARTMENTAL)
def test_what_belongs_to_no_department_is_added_by_who_answers_for_the_whole_college(cast, who):
    """A new model that hangs on no department must say that it is college-wide (`is_college_wide`), or nobody may add it."""
    request = request_of(cast.user(who))
    offered = [page.model for page in pages() if page.has_add_permission(request)]
    assert [model for model in offered if not belongs_to_a_department(model)] == []


def test_the_organisers_of_the_whole_college_do_add_it(cast):
    request = request_of(cast.user("college_organiser"))
    offered = {page.model._meta.model_name for page in pages() if page.has_add_permission(request)}
    assert {"policyvalue", "calendarday", "academicyear", "department", "textbook"} <= offered


COLLEGE_WIDE = {
    "policyvalue": {"key": "lectures_a_week", "value": "7", "source": "自定", "effective_from": "2026-10-01"},
    "calendarday": {"on": "2026-10-28", "kind": "holiday", "name": "自定"},
    "department": {"name": "新系"},
}


@pytest.mark.parametrize("model", COLLEGE_WIDE)
def test_a_department_organiser_does_not_change_the_college_through_an_add_page(cast, sign_in, model):
    url = f"/admin/branches/{model}/add/"
    assert sign_in("mech_organiser").post(url, COLLEGE_WIDE[model]).status_code == 403
    assert sign_in("college_organiser").post(url, COLLEGE_WIDE[model]).status_code == 302


def test_terms_are_no_back_door(cast, sign_in):
    """The rows of an inline are guarded as their page is."""
    terms = {"terms-TOTAL_FORMS": "0", "terms-INITIAL_FORMS": "0"}
    values = {"start_year": "2027", "starts_on": "2027-09-01", "ends_on": "2028-08-31", **terms}
    assert sign_in("civil_organiser").post("/admin/branches/academicyear/add/", values).status_code == 403


# --- What may be chosen ---------------------------------------------------------------------------


def others(cast: Any, who: str) -> dict[type[models.Model], list[Any]]:
    """Rows that are another branch's or department's business, by model."""
    mech = {
        Person: [cast.person(name) for name in ("san_member", "si_secretary", "liu_member", "classmate")],
        PartyBranch: [cast.san, cast.si, cast.liu],
        LeagueBranch: [cast.one, cast.old],
        SchoolClass: [cast.class_26],
        Department: [cast.civil],
        User: [cast.user("liu_member"), cast.user("mech_organiser")],
    }
    if who in ("er_secretary", "er_deputy"):
        return mech
    if who == "mech_organiser":
        return mech | {
            Person: [cast.person("liu_member"), cast.person("classmate")], PartyBranch: [cast.liu], User: [cast.user("liu_member")],
        }  # fmt: skip
    return {
        Person: [cast.person("er_member"), cast.person("san_member")], PartyBranch: [cast.er, cast.san], LeagueBranch: [],
        SchoolClass: [cast.class_24], Department: [cast.mech], User: [cast.user("er_member")],
    }  # fmt: skip


def refusal(field: forms.ModelChoiceField, key: int) -> str:
    value = [key] if isinstance(field, forms.ModelMultipleChoiceField) else key
    try:
        field.clean(value)
    except ValidationError as error:
        return str(error.messages[0]).replace(str(key), "#")
    return "accepted"


@pytest.mark.parametrize("who", ["er_secretary", "er_deputy", "liu_secretary", "mech_organiser", "civil_organiser"])
def test_a_row_of_another_branch_is_refused_in_the_words_for_one_that_does_not_exist(cast, who):
    request, tried, wrong = request_of(cast.user(who)), set(), []
    for page in pages():
        if not page.has_add_permission(request):
            continue
        for name, field in page.get_form(request)().fields.items():
            if not isinstance(field, forms.ModelChoiceField):
                continue
            unknown = refusal(field, NOBODYS)
            for row in others(cast, who).get(field.queryset.model, []):
                tried.add(f"{page.model._meta.model_name}.{name}")
                if refusal(field, row.pk) != unknown or unknown == "accepted":
                    wrong.append(f"{page.model._meta.model_name}.{name}: {row}")
    assert wrong == []
    assert {"lectureduty.person", "post.party_branch", "absence.person", "sponsor.sponsor"} <= tried


@pytest.mark.parametrize("who", ["er_secretary", "mech_organiser", "administrator"])
def test_inlines_may_be_filled_in_by_nobody_their_page_refuses(cast, who):
    request = request_of(cast.user(who))
    loose = [
        f"{page.model.__name__}.{inline.model.__name__}"
        for page in pages()
        for inline in page.get_inline_instances(request)
        if inline.has_add_permission(request, None) and not page.has_add_permission(request)
    ]
    assert loose == []
    assert all(isinstance(inline, RoleAccess) for page in pages() for inline in page.get_inline_instances(request))


def test_the_row_that_stands_there_stays_when_something_else_is_changed(cast, sign_in):
    """A League branch guided from another department: its organiser changes the name and keeps the branch."""
    LeagueBranch.objects.filter(pk=cast.one.pk).update(party_branch=cast.er)
    values = {
        "department": cast.civil.pk, "name": "土木系2026级第一团支部", "school_class": cast.class_26.pk, "enrolment_year": 2026,
        "programme": "bachelor", "party_branch": cast.er.pk, "model_type": "", "member_count": "30", "is_active": "on",
    }  # fmt: skip
    page = f"/admin/branches/leaguebranch/{cast.one.pk}/change/"
    assert sign_in("civil_organiser").post(page, values).status_code == 302
    cast.one.refresh_from_db()
    assert (cast.one.name, cast.one.party_branch) == ("土木系2026级第一团支部", cast.er)
    other = sign_in("civil_organiser").post(page, values | {"party_branch": cast.san.pk})
    assert list(other.context["adminform"].form.errors) == ["party_branch"]
