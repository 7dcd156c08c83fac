"""Reads for the pages of conversion reviews: the list, one review with its checklist, the cards, the person's panel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from members.models import Person
from members.stages import Stage
from pairing_portal.common.scope import Scope

from .conversion_checks import (
    APPROVAL,
    MEETING,
    STEP_LABELS,
    Line,
    ReviewFacts,
    checklist,
    done_steps,
    gaps,
    next_step,
)
from .conversion_facts import numbers_on, review_facts
from .home import Card
from .models import ConversionReview
from .opinion_services import asked_reviews, own_opinion

STATES = ("open", "late", "closed")


@dataclass(frozen=True)
class ReviewRow:
    """A review as the list and its page show it."""

    review: ConversionReview
    facts: ReviewFacts
    lines: list[Line]
    today: date

    @property
    def gaps(self) -> list[Line]:
        return [] if self.facts.is_closed else gaps(self.lines)

    @property
    def gaps_before_meeting(self) -> list[Line]:
        """What the meeting's form reminds of: not the meeting itself."""
        return [line for line in self.gaps if line.key not in ("meeting", "approval")]

    @property
    def next(self) -> str:
        return next_step(self.facts)

    @property
    def next_label(self) -> Any:
        return STEP_LABELS.get(self.next, "")

    @property
    def done(self) -> list[str]:
        return done_steps(self.facts)

    @property
    def is_late(self) -> bool:
        """The meeting or the approval is overdue."""
        return any(line.rule in ("R19", "R15") for line in self.gaps)

    @property
    def badge(self) -> tuple[str, str]:
        """(kind, words) of the state badge."""
        review = self.review
        if review.closed_at is not None:
            if review.is_approved:
                words = {"convert": _("converted"), "extend": _("extended"), "annul": _("annulled")}[review.decision]
                return "ok", words
            return "exempt", _("not approved") if review.is_approved is False else pgettext("review", "closed")
        if self.is_late:
            return "late", _("overdue")
        if self.next == APPROVAL:
            return "wait", _("waiting for approval")
        if self.next == MEETING:
            return "wait", _("ready for the meeting") if not self.gaps else _("waiting for the meeting")
        return "wait", _("being prepared")


def review_rows(reviews: Iterable[ConversionReview], today: date) -> list[ReviewRow]:
    """Select `person` and `party_branch` along; a fixed number of queries for any number of reviews."""
    found, number = list(reviews), numbers_on(today)
    facts = review_facts(found, number)
    return [ReviewRow(review, facts[review.pk], checklist(facts[review.pk], today, number), today) for review in found]


def may_see_pack(person: Person, scope: Scope) -> bool:
    """Committee of the branch and department; the person reads their own evidence in their own review only."""
    if person.pk == scope.person_id:
        return False
    return scope.oversees(person.department_id) or person.party_branch_id in scope.branch_ids


def full_members_of(branch_id: int) -> int:
    """How many have a vote: the number proposed for a meeting's count."""
    return Person.objects.filter(party_branch_id=branch_id, stage=Stage.FULL).count()


def waiting_people(scope: Scope, today: date) -> list[dict[str, Any]]:
    """Probationary members whose review the scope may open by hand, soonest first, each with the day the probation is over."""
    from .conversion_services import due_day

    people = Person.objects.changeable_by(scope).filter(stage=Stage.PROBATIONARY, party_branch__isnull=False)
    people = people.exclude(conversion_reviews__in=ConversionReview.objects.open()).exclude(pk=scope.person_id or 0)
    rows = [{"person": person, "due_on": due_day(person, today)} for person in people.select_related("party_branch")]
    return sorted((row for row in rows if row["due_on"]), key=lambda row: (row["due_on"], row["person"].pk))


def home_cards(scope: Scope, today: date) -> list[Card]:
    """Cards of the front page: reviews in work, opinions asked of a sponsor, one's own review, the partner branch."""
    cards = []
    for review in asked_reviews(scope):
        if own_opinion(review, scope) is None:
            words = _("Probation over on %(on)s") % {"on": date_format(review.due_on)}
            title = _("Your opinion on %(name)s") % {"name": review.person.name}
            url = reverse("sponsor_opinion", args=[review.pk])
            cards.append(Card(title, words, url, "chat-left-text", 1, "wait", _("asked for")))
    visible = ConversionReview.objects.visible_to(scope).open()
    own = visible.filter(person_id=scope.person_id or 0).first()
    if own is not None:
        words = _("Probation over on %(on)s") % {"on": date_format(own.due_on)}
        cards.append(Card(_("My conversion review"), words, reverse("conversion", args=[own.pk]), "person-check"))
    if scope.branch_ids or scope.department_ids or scope.college_staff:
        cards.append(_reviews_card(visible.exclude(person_id=scope.person_id or 0), today))
    if scope.branch_ids:
        words = _("What your branch says of the members it is paired with.")
        cards.append(Card(_("Opinions on paired members"), words, reverse("partner_opinions"), "people"))
    return cards


def _reviews_card(rows: Any, today: date) -> Card:
    found = review_rows(rows.select_related("person", "party_branch"), today)
    late = sum(row.is_late for row in found)
    words = ngettext("%(count)d review in work", "%(count)d reviews in work", len(found)) % {"count": len(found)}
    state = ("late", ngettext("%(count)d overdue", "%(count)d overdue", late) % {"count": late}) if late else ("", "")
    return Card(_("Conversion reviews"), words, reverse("conversions"), "clipboard-check", len(found), *state)


def person_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """On a person's page: their reviews and the way to the evidence pack, for the committee; the person's own reviews."""
    reviews = list(ConversionReview.objects.visible_to(scope).filter(person_id=person_id).order_by("-opened_at"))
    if scope.person_id == person_id:
        return {"reviews": reviews, "pack": False} if reviews else None
    people = Person.objects.visible_to(scope).filter(pk=person_id).exclude(stage__in=(Stage.NON_MEMBER, Stage.LEAGUE_MEMBER))  # fmt: skip
    person = people.first()
    if person is None or not may_see_pack(person, scope):
        return None
    return {"reviews": reviews, "pack": True, "person_id": person_id}
