"""A colleague gives a planned lecture: asked and agreed, or taken over on the day itself."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person
from members.stages import MEMBER_STAGES
from notifications.services import retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from ..models import Lecture, LectureSpeaker, LectureSwap, SwapState
from . import notices_plan
from .busy import read_taken
from .clashes import FORBIDDEN, Span, clash_problem, clashes
from .locks import lock_lectures, lock_people
from .plan_rules import may_stand_in, require_planned
from .swap_ends import end_open_swaps


def ask_swap(
    *, lecture: Lecture, colleague: Person, in_return: Lecture | None = None, note: str = "", scope: Scope, now: datetime
) -> LectureSwap:  # fmt: skip
    """Ask a colleague on duty to give a planned lecture of one's own, perhaps for one of theirs in return; they are told.

    Raises `Refused` when the lecture is no longer to come, the colleague is not on duty or not free, or somebody is asked already.
    """
    try:
        with transaction.atomic():
            rows = lock_lectures([lecture.pk, *([in_return.pk] if in_return else [])])
            lecture = rows[lecture.pk]
            other = rows[in_return.pk] if in_return else None
            asker = _own_speaker(lecture, scope.person_id).person
            _require_exchange(lecture, asker, colleague, other, now)
            swap: LectureSwap = LectureSwap.objects.create(
                lecture=lecture,
                asker=asker,
                colleague=colleague,
                in_return=other,
                note=note.strip()[:200],
                asked_at=now,
            )
            notices_plan.ask_colleague(swap=swap, now=now)
            return swap
    except IntegrityError as error:
        raise Refused(_("A colleague is asked already. Take the question back first.")) from error


def _own_speaker(lecture: Lecture, person_id: int | None) -> LectureSpeaker:
    row = LectureSpeaker.objects.select_related("person").filter(lecture=lecture, person_id=person_id or 0).first()
    if row is None:
        raise Refused(_("Only the speaker asks a colleague to give the lecture."))
    return row


def _require_exchange(lecture: Lecture, asker: Person, colleague: Person, other: Lecture | None, now: datetime) -> None:
    """Both lectures are still to come, are the two people's, and each may and can give the other's. Raises `Refused`."""
    lock_people([asker.pk, colleague.pk])
    _require_to_come(lecture, now)
    _require_stand_in(colleague, lecture)
    if not LectureSpeaker.objects.filter(lecture=lecture, person=asker).exists():
        raise Refused(_("Somebody else gives this lecture meanwhile. Reload the page."))
    given_away = [lecture.pk]
    if other is not None:
        _require_to_come(other, now)
        _require_stand_in(asker, other, is_asker=True)
        if other.pk == lecture.pk or not LectureSpeaker.objects.filter(lecture=other, person=colleague).exists():
            raise Refused(_("The lecture in return must be one of the colleague's."), field="in_return")
        given_away.append(other.pk)
        _require_free(asker, other, given_away)
    _require_free(colleague, lecture, given_away)


def _require_to_come(lecture: Lecture, now: datetime) -> None:
    require_planned(lecture)
    if lecture.on < timezone.localdate(now):
        raise Refused(_("That hour is past. What was given already is recorded, not planned."))


def _require_stand_in(person: Person, lecture: Lecture, *, is_asker: bool = False) -> None:
    if LectureSpeaker.objects.filter(lecture=lecture, person=person).exists():
        raise Refused(_("%(name)s gives this lecture already.") % {"name": person}, field="colleague")
    if person.stage not in MEMBER_STAGES or not may_stand_in(person.pk, lecture, lecture.on):
        raise Refused(
            _("%(name)s has no lecture duty in this department on that day. Choose somebody on duty.")
            % {"name": person},
            rule="R74", field="in_return" if is_asker else "colleague",
        )  # fmt: skip


def _require_free(person: Person, lecture: Lecture, given_away: list[int]) -> None:
    if lecture.starts_at is None:
        return
    taken = read_taken(people=[person.pk], league_branches=[], first=lecture.on, last=lecture.on, but_for=given_away)
    found = clashes(
        taken, Span.of(lecture.on, lecture.starts_at, lecture.minutes), people=[person.pk], league_branches=[]
    )
    refuse_blocked(clash_problem(row) for row in found if row.kind in FORBIDDEN)


def _lock_swap(swap: LectureSwap) -> tuple[LectureSwap, dict[int, Lecture]]:
    """Its lectures first, then the swap itself; both people are those of the row. Raises `Refused` when it was answered."""
    rows = lock_lectures([swap.lecture_id, *([swap.in_return_id] if swap.in_return_id else [])])
    row: LectureSwap = (
        LectureSwap.objects.select_for_update(of=("self",)).select_related("asker", "colleague").get(pk=swap.pk)
    )
    row.lecture = rows[row.lecture_id]
    if row.state != SwapState.ASKED:
        raise Refused(_("This question is “%(state)s” already.") % {"state": row.get_state_display()})
    return row, rows


@transaction.atomic
def accept_swap(*, swap: LectureSwap, scope: Scope, by: User, now: datetime) -> LectureSwap:
    """The colleague says yes: the lectures change hands in this transaction; the asker and the League branches are told."""
    swap, rows = _lock_swap(swap)
    _require_colleague(swap, scope)
    other = rows[swap.in_return_id] if swap.in_return_id else None
    _require_exchange(swap.lecture, swap.asker, swap.colleague, other, now)
    _hand_over(swap.lecture, old=swap.asker, new=swap.colleague)
    if other is not None:
        _hand_over(other, old=swap.colleague, new=swap.asker)
    _close(swap, SwapState.ACCEPTED, now)
    for lecture in [swap.lecture, *([other] if other else [])]:
        # What else was asked about them is answered by this.
        end_open_swaps(lecture, now=now)
        notices_plan.tell_changed(
            lecture=lecture, what=notices_plan.OTHER_SPEAKER, urgent_day=lecture.on, by=by, now=now, speakers=False
        )
    notices_plan.tell_answer(swap=swap, now=now)
    return swap


@transaction.atomic
def decline_swap(*, swap: LectureSwap, scope: Scope, now: datetime) -> LectureSwap:
    """The colleague says no; the asker is told. Raises `Refused`."""
    swap, _rows = _lock_swap(swap)
    _require_colleague(swap, scope)
    _close(swap, SwapState.DECLINED, now)
    notices_plan.tell_answer(swap=swap, now=now)
    return swap


@transaction.atomic
def withdraw_swap(*, swap: LectureSwap, scope: Scope, now: datetime) -> LectureSwap:
    """The asker takes the question back; the notice leaves the colleague's bell. Raises `Refused`."""
    swap, _rows = _lock_swap(swap)
    if swap.asker_id != scope.person_id:
        raise Refused(_("Only who asked takes the question back."))
    return _close(swap, SwapState.WITHDRAWN, now)


def _require_colleague(swap: LectureSwap, scope: Scope) -> None:
    if swap.colleague_id != scope.person_id:
        raise Refused(_("Only the colleague who is asked answers."))


def _close(swap: LectureSwap, state: SwapState, now: datetime) -> LectureSwap:
    swap.state, swap.answered_at = state, now
    swap.save()
    retire_notices(prefix=notices_plan.swap_prefix(swap.pk), now=now)
    return swap


def _hand_over(lecture: Lecture, *, old: Person, new: Person) -> None:
    """`update(...) == 1`: whoever is no longer the speaker cannot give the lecture away."""
    if LectureSpeaker.objects.filter(lecture=lecture, person=old).update(person=new) != 1:
        raise Refused(_("Somebody else gives this lecture meanwhile. Reload the page."))


@transaction.atomic
def take_over(*, lecture: Lecture, instead_of: int, scope: Scope, by: User, now: datetime) -> Lecture:
    """ "I take over": anybody on duty in the department gives a lecture of today in a speaker's place, without asking.

    `instead_of` is the person who was the speaker when the button was pressed: of two who press at once the second finds
    somebody else there. The old speaker and the League branches are told at once. Raises `Refused`.
    """
    lecture = lock_lectures([lecture.pk])[lecture.pk]
    require_planned(lecture)
    if lecture.on != timezone.localdate(now):
        raise Refused(_("On other days than today the speaker is asked first. Ask for a swap."))
    person = Person.objects.filter(pk=scope.person_id or 0).first()
    if person is None:
        raise Refused(_("Only somebody on duty takes a lecture over."), rule="R74")
    old = LectureSpeaker.objects.select_related("person").filter(lecture=lecture, person_id=instead_of).first()
    if old is None:
        raise Refused(_("Somebody else gives this lecture meanwhile. Reload the page."))
    lock_people([person.pk, old.person_id])
    _require_stand_in(person, lecture)
    _require_free(person, lecture, [lecture.pk])
    _hand_over(lecture, old=old.person, new=person)
    end_open_swaps(lecture, now=now)
    notices_plan.tell_replaced(lecture=lecture, user_id=old.person.user_id, now=now)
    notices_plan.tell_changed(
        lecture=lecture, what=notices_plan.OTHER_SPEAKER, urgent_day=lecture.on, by=by, now=now, speakers=False
    )
    return lecture
