"""The life of an appraisal: writing, the secret ballot, the count, the committee's grades, what members say to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from branches.policy import Policy
from members.models import Person
from members.stages import MEMBER_STAGES, Stage
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairing_portal.common.secret_ballots import rewrite_shuffled

from . import appraisal_rules, ballot_marks
from .appraisal_rules import Tally
from .ballot_marks import Mark
from .models import (
    AppraisalBallot,
    AppraisalGrade,
    AppraisalItem,
    AppraisalResult,
    AppraisalRoll,
    AppraisalRound,
    AppraisalState,
    ItemMark,
    PeerAppraisal,
    SelfAppraisal,
)

LONGEST = timedelta(days=92)
COUNTS = {
    appraisal_rules.EXCELLENT: "excellent_count",
    appraisal_rules.QUALIFIED: "qualified_count",
    appraisal_rules.BASICALLY: "basically_count",
    appraisal_rules.UNQUALIFIED: "unqualified_count",
}


def lock_round(round_id: int) -> AppraisalRound:
    """The round, locked before any row that hangs on it. Raises `Refused` when it is gone."""
    try:
        return AppraisalRound.objects.select_for_update(of=("self",)).select_related("party_branch").get(pk=round_id)
    except AppraisalRound.DoesNotExist as error:
        raise Refused(_("This appraisal is no longer there. Reload the page.")) from error


def require_committee(round: AppraisalRound, scope: Scope) -> None:
    """Raises `Refused` for who does not run the branch."""
    if not scope.manages(round.party_branch_id):
        raise Refused(_("The appraisal is run by the branch's own secretary."))


def require_state(round: AppraisalRound, *states: str) -> None:
    """Raises `Refused`, saying where the appraisal stands."""
    if round.state not in states:
        raise Refused(_("The appraisal stands at “%(state)s”.") % {"state": round.get_state_display()})


def refuse_odd_day(until: date, today: date, field: str) -> None:
    """Raises `Refused` for a last day before today, and for one so late that the year was mistyped."""
    if until < today:
        raise Refused(_("A round cannot close before it opens."), field=field)
    if until - today > LONGEST:
        raise Refused(_("That is more than three months. Check the year."), field=field)


@transaction.atomic
def open_round(
    *, party_branch: PartyBranch, year: int, write_until_on: date, scope: Scope, by: User, today: date
) -> AppraisalRound:
    """Begin the appraisal of a branch: its members write of themselves and of each other. Raises `Refused` for another's branch,
    a year that has not begun, a second round of the year, and a last day before today."""
    PartyBranch.objects.select_for_update().get(pk=party_branch.pk)
    if not scope.manages(party_branch.pk):
        raise Refused(_("The appraisal is run by the branch's own secretary."))
    if not today.year - 1 <= year <= today.year:
        raise Refused(_("An appraisal is of this year or of the last one."), field="year")
    refuse_odd_day(write_until_on, today, "write_until_on")
    if AppraisalRound.objects.filter(party_branch=party_branch, year=year).exists():
        raise Refused(_("This branch has an appraisal for that year already."), field="year")
    round: AppraisalRound = AppraisalRound.objects.create(
        party_branch=party_branch, year=year, opened_on=today, write_until_on=write_until_on, opened_by=by
    )
    return round


def members_of(round: AppraisalRound) -> list[Person]:
    """Full and probationary members of the branch today, by number."""
    return list(
        Person.objects.filter(party_branch_id=round.party_branch_id, stage__in=MEMBER_STAGES).order_by("number")
    )


@transaction.atomic
def write_self_appraisal(*, round: AppraisalRound, person: Person, text: str, now: datetime) -> SelfAppraisal:
    """Somebody's own account of the year; written anew until the ballot opens. Raises `Refused`."""
    round = lock_round(round.pk)
    _require_writer(round, person)
    row, _created = SelfAppraisal.objects.update_or_create(
        round=round, person=person, defaults={"author": person, "text": _words(text, 3000), "written_at": now}
    )
    return row


@transaction.atomic
def write_peer_appraisal(
    *, round: AppraisalRound, author: Person, person: Person, text: str, now: datetime
) -> PeerAppraisal:
    """What a member says of another of the branch, by name; written anew until the ballot opens. Raises `Refused`."""
    round = lock_round(round.pk)
    _require_writer(round, author)
    if author.pk == person.pk:
        raise Refused(_("Nobody appraises themselves as a peer."), field="person")
    if person.party_branch_id != round.party_branch_id or person.stage not in MEMBER_STAGES:
        raise Refused(_("Choose a member of your branch."), field="person")
    row, _created = PeerAppraisal.objects.update_or_create(
        round=round, person=person, author=author, defaults={"text": _words(text, 1000), "written_at": now}
    )
    return row


def _require_writer(round: AppraisalRound, person: Person) -> None:
    require_state(round, AppraisalState.WRITING)
    if person.party_branch_id != round.party_branch_id or person.stage not in MEMBER_STAGES:
        raise Refused(_("Members of the branch write in its appraisal."))


def _words(text: str, limit: int) -> str:
    words = text.strip()
    if not words:
        raise Refused(_("Please write something."), field="text")
    if len(words) > limit:
        raise Refused(_("At most %(limit)d characters.") % {"limit": limit}, field="text")
    return words


# --- The ballot ----------------------------------------------------------------------------------


@transaction.atomic
def open_ballot(
    *, round: AppraisalRound, vote_until_on: date, scope: Scope, today: date, policy: Policy | None = None
) -> AppraisalRound:
    """Open the secret ballot: the roll of who votes and the list of who is appraised are fixed now.

    Raises `Refused` below `appraisal_min_voters`: among so few, a count tells who wrote what; count on paper then.
    """
    round = lock_round(round.pk)
    policy = policy or Policy()
    require_committee(round, scope)
    require_state(round, AppraisalState.WRITING)
    refuse_odd_day(vote_until_on, today, "vote_until_on")
    members = members_of(round)
    voters = _voters(members, policy, today)
    least = policy.number("appraisal_min_voters", today)
    if len(voters) < least:
        raise Refused(
            _("%(count)d members vote here; with fewer than %(least)d a ballot in the portal would not be secret. Count on paper and enter the count.")
            % {"count": len(voters), "least": least}
        )  # fmt: skip
    _make_results(round, members)
    rewrite_shuffled(AppraisalRoll, group={"round_id": round.pk}, rows=[{"person_id": person.pk} for person in voters])
    round.state, round.vote_until_on, round.eligible_count = AppraisalState.VOTING, vote_until_on, len(voters)
    round.save()
    return round


def _voters(members: Sequence[Person], policy: Policy, today: date) -> list[Person]:
    with_probationary = bool(policy.number("appraisal_probationary_ballot", today))
    return [person for person in members if with_probationary or person.stage == Stage.FULL]


def _make_results(round: AppraisalRound, members: Sequence[Person]) -> None:
    for person in members:
        AppraisalResult.objects.get_or_create(
            round=round, person=person, defaults={"is_probationary": person.stage == Stage.PROBATIONARY}
        )


def cast_ballot(*, round: AppraisalRound, person: Person, marks: Mapping[int, Mark], today: date) -> None:
    """Hand in one ballot: a mark for everybody on the list, oneself included, as on paper; whoever left a place out would sign
    the ballot by it. `marks`: person id → {"grade", "items"}; a probationary member's grade stays empty (R51).

    The marks of all ballots are mixed and, with the roll of the round, written anew in shuffled order: nothing in the database ties
    this ballot to the voter. Raises `Refused` for a second ballot, a closed round, somebody not on the roll, and a list with holes.
    """
    with transaction.atomic():
        locked = lock_round(round.pk)
        if locked.state != AppraisalState.VOTING or (locked.vote_until_on or today) < today:
            raise Refused(_("The ballot is closed."))
        roll = list(AppraisalRoll.objects.filter(round=locked).values("person_id", "has_voted"))
        mine = next((row for row in roll if row["person_id"] == person.pk), None)
        if mine is None or person.party_branch_id != locked.party_branch_id or person.stage not in MEMBER_STAGES:
            raise Refused(_("You are not on the roll of this ballot."))
        if mine["has_voted"]:
            raise Refused(_("You have handed in your ballot; each member has one."))
        mine["has_voted"] = True
        ballot = ballot_marks.written(_clean_marks(locked, marks))
        known = AppraisalBallot.objects.filter(round=locked).values_list("marks", flat=True)
        sheets = ballot_marks.mixed_sheets([*known, ballot])
        rewrite_shuffled(AppraisalBallot, group={"round_id": locked.pk}, rows=[{"marks": sheet} for sheet in sheets])
        rewrite_shuffled(AppraisalRoll, group={"round_id": locked.pk}, rows=roll)


def _clean_marks(round: AppraisalRound, marks: Mapping[int, Mark]) -> dict[int, Mark]:
    """Everybody on the list, every heading, nothing else; else `Refused`."""
    subjects = dict(AppraisalResult.objects.filter(round=round).values_list("person_id", "is_probationary"))
    if set(marks) != set(subjects):
        raise Refused(_("A ballot names everybody on the list, yourself included."))
    return {
        person_id: _clean_mark(marks[person_id], is_probationary) for person_id, is_probationary in subjects.items()
    }


def _clean_mark(mark: Mark, is_probationary: bool) -> Mark:
    grade, items = mark.get("grade", ""), mark.get("items", {})
    if is_probationary and grade:
        raise Refused(_("A probationary member takes part without a grade."), rule="R51")
    if not is_probationary and grade not in AppraisalGrade.values:
        raise Refused(_("Give everybody on the list a grade."))
    if set(items) != set(AppraisalItem.values) or not set(items.values()) <= set(ItemMark.values):
        raise Refused(_("Mark every heading for everybody on the list."))
    return {"grade": grade, "items": {name: items[name] for name in AppraisalItem.values}}


def still_voting(roll: QuerySet[AppraisalRoll]) -> QuerySet[AppraisalRoll]:
    """Of a roll, those who have not voted and still belong to the branch: who left or moved in between is waited for no longer."""
    here = Q(person__party_branch_id=F("round__party_branch_id"), person__stage__in=MEMBER_STAGES)
    return roll.filter(here, has_voted=False)


def turnout(round: AppraisalRound) -> tuple[int, int]:
    """(ballots handed in, members who vote)."""
    roll = AppraisalRoll.objects.filter(round=round)
    cast = roll.filter(has_voted=True).count()
    return cast, cast + still_voting(roll).count()


def has_voted(round: AppraisalRound, person_id: int | None) -> bool | None:
    """Whether somebody has handed in a ballot; None when they are not on the roll."""
    known: bool | None = (
        AppraisalRoll.objects.filter(round=round, person_id=person_id or 0).values_list("has_voted", flat=True).first()
    )
    return known


@transaction.atomic
def count_ballots(*, round: AppraisalRound, scope: Scope, today: date, policy: Policy | None = None) -> AppraisalRound:
    """Close the ballot and count. Raises `Refused` while it is open with votes missing, below quorum (R14), and for so few ballots
    that their counts would tell who wrote what: then it goes on (`ballot_services`)."""
    round = lock_round(round.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.VOTING)
    cast, eligible = turnout(round)
    if cast < eligible and (round.vote_until_on or today) >= today:
        raise Refused(
            _("%(cast)d of %(all)d have voted and the ballot is open until %(day)s.")
            % {"cast": cast, "all": eligible, "day": date_format(round.vote_until_on or today)}
        )
    if cast * 2 <= eligible:
        raise Refused(
            _("Only %(cast)d of %(all)d have voted; more than half are needed. Open the ballot for longer.")
            % {"cast": cast, "all": eligible},
            rule="R14",
        )
    least = (policy or Policy()).number("appraisal_min_voters", today)
    if cast < least:
        raise Refused(
            _("Only %(cast)d ballots are in; counts of fewer than %(least)d would tell who wrote what. Open the ballot for longer, or withdraw it and count on paper.")
            % {"cast": cast, "least": least}
        )  # fmt: skip
    sheets = list(AppraisalBallot.objects.filter(round=round).values_list("marks", flat=True))
    results = list(AppraisalResult.objects.select_for_update().filter(round=round).order_by("pk"))
    for result in results:
        mine = [ballot_marks.mark_of(sheet, result.person_id) for sheet in sheets]
        tally = appraisal_rules.tally_of(result.person_id, [mark["grade"] for mark in mine])
        _write_tally(result, tally, _item_counts(mine))
    round.state, round.counted_on = AppraisalState.COUNTED, today
    round.eligible_count, round.present_count, round.returned_count = eligible, cast, cast
    round.save()
    _propose(round, results, today)
    return round


def _item_counts(marks: Sequence[Mark]) -> dict[str, dict[str, int]]:
    return {
        item: {value: sum(mark["items"][item] == value for mark in marks) for value in ItemMark.values}
        for item in AppraisalItem.values
    }


def _write_tally(result: AppraisalResult, tally: Tally, items: dict[str, dict[str, int]]) -> None:
    result.excellent_count, result.qualified_count = tally.excellent, tally.qualified
    result.basically_count, result.unqualified_count = tally.basically, tally.unqualified
    result.items = items
    result.save()


def _tally(result: AppraisalResult) -> Tally:
    return Tally(
        result.person_id,
        result.excellent_count,
        result.qualified_count,
        result.basically_count,
        result.unqualified_count,
    )


def _propose(round: AppraisalRound, results: Sequence[AppraisalResult], today: date) -> None:
    graded = [result for result in results if not result.is_probationary]
    cap = excellent_cap(round, today)
    grades = appraisal_rules.proposed_grades([_tally(result) for result in graded], cap=cap)
    for result in graded:
        result.proposed = grades[result.person_id]
        result.save(update_fields=["proposed"])


def excellent_cap(round: AppraisalRound, today: date) -> int:
    """R50: how many of the branch may be rated excellent."""
    members = AppraisalResult.objects.filter(round=round, is_probationary=False).count()
    return appraisal_rules.excellent_cap(members, Policy().number("excellent_share_divisor", today))


@transaction.atomic
def enter_paper_count(
    *,
    round: AppraisalRound,
    tellers: Sequence[Person],
    eligible: int,
    present: int,
    returned: int,
    counts: Mapping[int, Mapping[str, int]],
    scope: Scope,
    today: date,
) -> AppraisalRound:
    """Enter a ballot that was counted on paper; entered again it is corrected, until the grades are shown. `counts`: person id →
    grade → votes.

    Raises `Refused` unless two different members counted, for more ballots than present, more present than eligible, a meeting
    below quorum (R14), and more votes for somebody than ballots.
    """
    round = lock_round(round.pk)
    require_committee(round, scope)
    if not round.is_on_paper:
        require_state(round, AppraisalState.WRITING)
    require_state(round, AppraisalState.WRITING, AppraisalState.COUNTED)
    _check_paper(round, tellers, eligible, present, returned)
    if round.state == AppraisalState.WRITING:
        _make_results(round, members_of(round))
    results = list(AppraisalResult.objects.select_for_update().filter(round=round).order_by("pk"))
    for result in results:
        given = counts.get(result.person_id, {})
        if result.is_probationary and any(given.values()):
            raise Refused(_("A probationary member takes part without a grade."), rule="R51")
        if not appraisal_rules.counts_add_up(given, returned):
            raise Refused(
                _("%(name)s has more votes than the %(returned)d ballots that were handed in.")
                % {"name": result.person.name, "returned": returned}
            )
        for grade, column in COUNTS.items():
            setattr(result, column, given.get(grade, 0))
        result.save()
    round.is_on_paper, round.first_teller, round.second_teller = True, tellers[0], tellers[1]
    round.eligible_count, round.present_count, round.returned_count = eligible, present, returned
    round.state, round.counted_on = AppraisalState.COUNTED, today
    round.save()
    _propose(round, results, today)
    return round


def _check_paper(round: AppraisalRound, tellers: Sequence[Person], eligible: int, present: int, returned: int) -> None:
    if len(tellers) != 2 or tellers[0].pk == tellers[1].pk:
        raise Refused(_("A count on paper names two different tellers."), field="second_teller")
    if present > eligible:
        raise Refused(_("More present than eligible."), field="present")
    if returned > present:
        raise Refused(_("More ballots than voters present."), field="returned")
    if present * 2 <= eligible:
        raise Refused(
            _("Only %(cast)d of %(all)d were present; more than half are needed.") % {"cast": present, "all": eligible},
            rule="R14",
            field="present",
        )


# --- Grades --------------------------------------------------------------------------------------


@transaction.atomic
def decide_grade(
    *, result: AppraisalResult, grade: str, reason: str, above_cap_reason: str = "", scope: Scope, today: date
) -> AppraisalResult:
    """The committee's grade for one member, with its reason. Raises `Refused` for a probationary member (R51), without a reason,
    and for one excellent too many without a word why (R50: in general at most one third)."""
    round = lock_round(result.round_id)
    result = AppraisalResult.objects.select_for_update().get(pk=result.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.COUNTED)
    if result.person_id == scope.person_id:
        raise Refused(_("Nobody decides on their own grade. Another officer of the branch does."))
    if result.is_probationary:
        raise Refused(_("A probationary member takes part without a grade."), rule="R51")
    if grade not in AppraisalGrade.values:
        raise Refused(_("Choose a grade."), field="grade")
    if not reason.strip():
        raise Refused(_("Votes alone do not decide: say why this grade."), field="reason")
    if grade == AppraisalGrade.EXCELLENT and not above_cap_reason.strip():
        others = AppraisalResult.objects.filter(round=round, grade=grade).exclude(pk=result.pk).count()
        cap = excellent_cap(round, today)
        if others >= cap:
            raise Refused(
                _("%(count)d are rated excellent already, in general at most %(cap)d of this branch. Say why one more.")
                % {"count": others, "cap": cap},
                rule="R50",
                field="above_cap_reason",
            )
    words = [reason.strip(), above_cap_reason.strip()] if grade == AppraisalGrade.EXCELLENT else [reason.strip()]
    result.grade, result.reason = grade, " ".join(word for word in words if word)[:500]
    result.save()
    return result


@transaction.atomic
def show_results(*, round: AppraisalRound, scope: Scope, today: date, now: datetime) -> AppraisalRound:
    """Tell every member their own grade and why. Raises `Refused` while a grade is missing."""
    round = lock_round(round.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.COUNTED)
    missing = AppraisalResult.objects.filter(round=round, is_probationary=False, grade="").count()
    if missing:
        raise Refused(_("%(count)d members have no grade yet.") % {"count": missing})
    round.state, round.decided_on, round.shown_at = AppraisalState.DECIDED, today, now
    round.save()
    return round


@transaction.atomic
def object_to_grade(
    *, result: AppraisalResult, person: Person, text: str, today: date, now: datetime, policy: Policy | None = None
) -> AppraisalResult:
    """The member says why the grade is wrong; an answer is due by a day. Raises `Refused` for others, before it is shown, twice."""
    round = lock_round(result.round_id)
    result = AppraisalResult.objects.select_for_update().get(pk=result.pk)
    if result.person_id != person.pk or round.shown_at is None:
        raise Refused(_("You object to your own grade, once it was shown to you."))
    if result.objected_at is not None:
        raise Refused(_("Your objection is with the committee already."))
    result.objection, result.objected_at = _words(text, 1000), now
    days = (policy or Policy()).number("objection_answer_days", today)
    result.answer_due_on = today + timedelta(days=days)
    result.save()
    return result


@transaction.atomic
def answer_objection(
    *, result: AppraisalResult, text: str, grade: str = "", scope: Scope, by: User, now: datetime
) -> AppraisalResult:
    """The committee answers an objection, and may change the grade by it: the answer is the new grade's reason. Raises `Refused`,
    also for a grade of a probationary member (R51)."""
    round = lock_round(result.round_id)
    result = AppraisalResult.objects.select_for_update().get(pk=result.pk)
    require_committee(round, scope)
    if result.objected_at is None or result.answered_at is not None:
        raise Refused(_("There is no objection that waits for an answer."))
    if result.person_id == scope.person_id:
        raise Refused(_("Nobody answers their own objection. Another officer of the branch does."))
    result.answer, result.answered_at, result.answered_by = _words(text, 1000), now, by
    if grade:
        if result.is_probationary:
            raise Refused(_("A probationary member takes part without a grade."), rule="R51", field="grade")
        if grade not in AppraisalGrade.values:
            raise Refused(_("Choose a grade."), field="grade")
        if grade != result.grade:
            result.grade, result.reason = grade, result.answer[:500]
    result.save()
    return result
