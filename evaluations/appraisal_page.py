"""What the pages of an appraisal show, read in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.scope import Scope

from . import appraisal_services as services
from .home import Card
from .models import (
    AppraisalItem,
    AppraisalResult,
    AppraisalRound,
    AppraisalState,
    ItemMark,
    PeerAppraisal,
    SelfAppraisal,
)

BADGES = {
    AppraisalState.WRITING: "wait",
    AppraisalState.VOTING: "wait",
    AppraisalState.COUNTED: "wait",
    AppraisalState.DECIDED: "ok",
}
STEPS = tuple(AppraisalState)
# How long one's own result stays on the front page; the list of appraisals keeps it.
SHOWN_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Standing:
    """What a reader is to a round: a member of the branch who takes part, its committee, or one who oversees it."""

    is_member: bool
    is_committee: bool
    may_manage: bool


def standing(round: AppraisalRound, scope: Scope) -> Standing:
    is_member = any(person.pk == scope.person_id for person in services.members_of(round))
    if round.state != AppraisalState.WRITING:
        is_member = round.results.filter(person_id=scope.person_id or 0).exists()
    oversees = scope.oversees(round.party_branch.department_id)
    is_committee = round.party_branch_id in scope.branch_ids or oversees
    return Standing(is_member, is_committee, scope.manages(round.party_branch_id))


def state_line(round: AppraisalRound) -> list[dict[str, Any]]:
    """The four steps, with the one it stands at."""
    now = STEPS.index(AppraisalState(round.state))
    return [
        {"label": step.label, "is_done": index < now or round.state == AppraisalState.DECIDED, "is_now": index == now}
        for index, step in enumerate(STEPS)
    ]


def next_words(round: AppraisalRound, today: date) -> str:
    """What everybody waits for, in one sentence."""
    if round.state == AppraisalState.WRITING:
        return _("Members write of themselves and of each other until %(day)s.") % {
            "day": date_format(round.write_until_on)
        }
    if round.state == AppraisalState.VOTING:
        cast, eligible = services.turnout(round)
        last = round.vote_until_on or today
        words = _("%(cast)d of %(all)d have voted; the ballot is open until %(day)s.")
        if last < today:
            words = _("%(cast)d of %(all)d have voted; the ballot closed on %(day)s and waits to be counted.")
        return words % {"cast": cast, "all": eligible, "day": date_format(last)}
    if round.state == AppraisalState.COUNTED:
        return _(
            "The votes are counted. The branch committee decides on the grades, from the vote and from daily conduct."
        )
    return _("The grades are decided and every member was told their own.")


def may_count(round: AppraisalRound, today: date) -> bool:
    """Once everybody has voted or the last day is over: then the ballot is ready to be closed and counted."""
    if round.state != AppraisalState.VOTING:
        return False
    cast, eligible = services.turnout(round)
    return (round.vote_until_on or today) < today or cast >= eligible


def progress_rows(round: AppraisalRound) -> list[dict[str, Any]]:
    """For the committee, while members write: who has written of themselves, and of how many they and others have."""
    wrote = set(SelfAppraisal.objects.filter(round=round).values_list("person_id", flat=True))
    peers = PeerAppraisal.objects.filter(round=round).values_list("author_id", "person_id")
    by_author, about = Counter(author for author, _person in peers), Counter(person for _author, person in peers)
    return [
        {
            "person": person,
            "has_self": person.pk in wrote,
            "written": by_author[person.pk],
            "received": about[person.pk],
        }
        for person in services.members_of(round)
    ]


def result_rows(round: AppraisalRound) -> list[AppraisalResult]:
    """For the committee, once counted: everybody with counts, proposal and grade, by number."""
    rows = (
        AppraisalResult.objects.filter(round=round)
        .select_related("person")
        .order_by("is_probationary", "person__number")
    )
    return list(rows)


def paper_initial(round: AppraisalRound, results: list[AppraisalResult]) -> dict[str, Any]:
    """What stands in the form of a count on paper that is corrected; nothing before it was entered."""
    if not results:
        return {}
    found: dict[str, Any] = {
        "first_teller": round.first_teller_id, "second_teller": round.second_teller_id, "eligible": round.eligible_count,
        "present": round.present_count, "returned": round.returned_count,
    }  # fmt: skip
    for result in results:
        for grade, column in services.COUNTS.items():
            found[f"{grade}-{result.person_id}"] = getattr(result, column)
    return found


def item_table(result: AppraisalResult) -> list[dict[str, Any]]:
    """Counts by heading, in the order of the form; empty after a count on paper."""
    return [
        {"label": item.label, "counts": [result.items[item.value][mark.value] for mark in ItemMark]}
        for item in AppraisalItem
        if item.value in result.items
    ]


def home_cards(scope: Scope, today: date) -> list[Card]:
    """On the room's front page: rounds in which the reader still has something to do."""
    rounds = (
        AppraisalRound.objects.visible_to(scope).exclude(state=AppraisalState.DECIDED).select_related("party_branch")
    )
    cards = []
    for round in rounds[:10]:
        place = standing(round, scope)
        if not (place.is_member or place.is_committee):
            continue
        cards.append(
            Card(
                title=_("Appraisal %(year)d, %(branch)s") % {"year": round.year, "branch": round.party_branch.short_name},
                words=next_words(round, today), url=f"/evaluations/appraisals/{round.pk}/", icon="people",
                waiting=int(bool(my_tasks(round, scope, place))), state=BADGES[AppraisalState(round.state)],
                state_text=str(round.get_state_display()),
            )
        )  # fmt: skip
    return [*cards, *_result_cards(scope, today)]


def _result_cards(scope: Scope, today: date) -> list[Card]:
    """After the grades are shown: one's own grade of the last months, and objections that wait for the reader's answer."""
    results = AppraisalResult.objects.visible_to(scope).select_related("round")
    cards = [
        Card(
            title=_("My appraisal of %(year)d") % {"year": result.round.year},
            words=_("The grade, the votes, and the committee's reason."),
            url=f"/evaluations/appraisals/results/{result.pk}/", icon="award",
        )
        for result in results.filter(person_id=scope.person_id or 0, round__shown_at__date__gt=today - SHOWN_FOR)
    ]  # fmt: skip
    waiting = results.filter(
        round__party_branch_id__in=scope.managed_branch_ids, objected_at__isnull=False, answered_at=None
    ).exclude(person_id=scope.person_id or 0)
    if count := waiting.count():
        first = waiting.order_by("answer_due_on", "pk")[0]
        words = ngettext("%(count)d objection waits for an answer", "%(count)d objections wait for an answer", count)
        is_late = first.answer_due_on is not None and first.answer_due_on < today
        cards.append(
            Card(
                title=_("Objections to grades"), words=words % {"count": count},
                url=f"/evaluations/appraisals/results/{first.pk}/", icon="people", waiting=count,
                state="late" if is_late else "wait",
                state_text=_("answer by %(day)s") % {"day": date_format(first.answer_due_on)} if first.answer_due_on else "",
            )
        )  # fmt: skip
    return cards


def my_tasks(round: AppraisalRound, scope: Scope, place: Standing) -> list[str]:
    """What the reader has not done yet: "self", "peers", "vote"."""
    if not place.is_member:
        return []
    me = scope.person_id or 0
    if round.state == AppraisalState.WRITING:
        tasks = []
        if not SelfAppraisal.objects.filter(round=round, person_id=me).exists():
            tasks.append("self")
        if not PeerAppraisal.objects.filter(round=round, author_id=me).exists():
            tasks.append("peers")
        return tasks
    return ["vote"] if round.state == AppraisalState.VOTING and services.has_voted(round, me) is False else []


def written_words(count: int) -> str:
    return ngettext("%(count)d written", "%(count)d written", count) % {"count": count}
