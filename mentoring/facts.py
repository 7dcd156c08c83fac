"""Reads people, League branches and standing links as the facts the rules ask for: a fixed number of queries for any number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import Q

from branches.models import AcademicYear, LeagueBranch
from members.models import Person
from pairing_portal.common.registries import branch_partners

from .models import LeagueGuidance, Mentorship
from .rules import GuideFacts, LeagueFacts, LinkFacts, Network, PersonFacts
from .tiers import OPEN_STATES, LinkState


def year_start(on: date) -> int:
    """The starting year of the academic year a day lies in; by the calendar when none is entered."""
    year = AcademicYear.objects.filter(starts_on__lte=on, ends_on__gte=on).values_list("start_year", flat=True).first()
    return year if year is not None else on.year - (on.month < 9)


def person_facts(people: Iterable[Person], on: date) -> dict[int, PersonFacts]:
    """Facts by id. Select `party_branch` and `school_class` along, or each person asks for them."""
    start = year_start(on)
    return {person.pk: facts_of(person, start) for person in people}


def facts_of(person: Person, academic_year_start: int) -> PersonFacts:
    branch, school_class = person.party_branch, person.school_class
    return PersonFacts(
        pk=person.pk,
        number=person.number,
        name=person.name,
        stage=person.stage,
        branch_id=person.party_branch_id,
        branch_name=branch.short_name if branch else "",
        department_id=person.department_id,
        class_id=person.school_class_id,
        class_name=school_class.name if school_class else "",
        programme=person.programme,
        study_year=person.study_year(academic_year_start),
        admitted_on=person.admitted_on,
        graduates_on=person.graduates_on,
    )


def load_people(ids: Collection[int], on: date) -> dict[int, PersonFacts]:
    """One query for the people, one for the year."""
    return person_facts(Person.objects.filter(pk__in=ids).select_related("party_branch", "school_class"), on)


def league_facts(branch: LeagueBranch, on: date) -> LeagueFacts:
    return league_facts_of(branch, year_start(on))


def league_facts_of(branch: LeagueBranch, academic_year_start: int) -> LeagueFacts:
    return LeagueFacts(
        pk=branch.pk,
        name=branch.name,
        study_year=branch.study_year(academic_year_start),
        branch_id=branch.party_branch_id,
        department_id=branch.department_id,
        is_active=branch.is_active,
    )


def load_network(person_ids: Collection[int], league_ids: Collection[int] = ()) -> Network:
    """Links among which new ones of these people would stand.

    Those of the people themselves, and every open link, so that circles show that run through other branches; guides of the
    League branches. Declined links take no place.
    """
    near = Q(mentor_id__in=person_ids) | Q(mentee_id__in=person_ids) | Q(state__in=OPEN_STATES)
    rows = Mentorship.objects.filter(near).exclude(state=LinkState.DECLINED).order_by("pk")
    links = [
        LinkFacts(*values)
        for values in rows.values_list("pk", "tier", "mentor_id", "mentee_id", "starts_on", "ended_on", "is_formal")
    ]
    guidances = LeagueGuidance.objects.filter(Q(league_branch_id__in=league_ids) | Q(person_id__in=person_ids))
    guides = [
        GuideFacts(*values)
        for values in guidances.values_list("pk", "person_id", "league_branch_id", "starts_on", "ended_on")
    ]
    return Network(links, guides)


def partners_of(branch_ids: Collection[int | None], on: date) -> dict[int, set[int]]:
    """Party branches paired with each of these on a day, whatever room knows of it."""
    wanted = sorted({pk for pk in branch_ids if pk is not None})
    found: dict[int, set[int]] = {pk: set() for pk in wanted}
    for source in branch_partners:
        answers: dict[int, set[int]] = source(wanted, on)
        for pk, partners in answers.items():
            found.setdefault(pk, set()).update(partners)
    return found
