"""A colleague gives the lecture: asked and agreed, exchanged, or taken over on the day itself."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.lectures import swap_services
from activities.lectures.plan_reader import takeable
from activities.models import Lecture, LectureSpeaker, LectureSwap
from members.access import scope_for
from notifications.models import Notice
from pairing_portal.common.problems import Refused
from tests.activities.plans import THURSDAY, WEDNESDAY, acting, on_duty, planned
from tests.cast import build_cast
from tests.pairings.deeds import race

pytestmark = pytest.mark.usefixtures("quiet_reminders")
# The duty of both speakers; League branch Old has its own secretary nowhere.
ASKER, COLLEAGUE = "liu_member", "liu_secretary"


@pytest.fixture
def duties(cast):
    on_duty(cast, ASKER)
    on_duty(cast, COLLEAGUE, cast.old)


def speakers(lecture):
    return list(LectureSpeaker.objects.filter(lecture=lecture).values_list("person__name", flat=True))


def name_of(cast, key):
    return [cast.person(key).name]


def asking(cast, name=ASKER):
    return {key: value for key, value in acting(cast, name).items() if key != "by"}


def ask(cast, lecture, **changes):
    return swap_services.ask_swap(lecture=lecture, **{"colleague": cast.person(COLLEAGUE)} | asking(cast) | changes)


def accept(cast, swap, name=COLLEAGUE):
    return swap_services.accept_swap(swap=swap, **acting(cast, name))


def in_return(cast, **changes):
    values = {"on": dt.date(2026, 10, 30), "league_branches": (cast.old,), "place": "C"}
    return planned(cast, COLLEAGUE, **values | changes)


# --- Asked and answered ----------------------------------------------------------------------------


def test_a_colleague_says_yes_and_gives_it(cast, sign_in, duties):
    lecture = planned(cast)
    page = sign_in(ASKER).get(reverse("lecture_swap", args=[lecture.pk])).content.decode()
    assert cast.person(COLLEAGUE).name in page
    sign_in(ASKER).post(
        reverse("lecture_swap", args=[lecture.pk]), {"choice": str(cast.person(COLLEAGUE).pk), "note": "那天有考试"}
    )
    swap = LectureSwap.objects.get()
    assert (swap.asker, swap.colleague, swap.state, speakers(lecture)) == (
        cast.person(ASKER), cast.person(COLLEAGUE), "asked", name_of(cast, ASKER),
    )  # fmt: skip
    assert "那天有考试" in sign_in(COLLEAGUE).get(reverse("lecture_plan")).content.decode()
    sign_in(COLLEAGUE).post(reverse("lecture_swap_answer", args=[swap.pk]), {"answer": "accept"})
    swap.refresh_from_db()
    assert (swap.state, speakers(lecture)) == ("accepted", name_of(cast, COLLEAGUE))
    told = Notice.objects.current().values_list("user__username", "kind")
    assert (cast.user(ASKER).username, "activities.lecture_swap_answered") in told
    assert (cast.user("league_secretary").username, "activities.lecture_plan_changed") in told
    assert not Notice.objects.current().filter(kind="activities.lecture_swap_asked").exists()


def test_two_lectures_change_hands_together(cast, sign_in, duties):
    mine, theirs = planned(cast), in_return(cast)
    choice = f"{cast.person(COLLEAGUE).pk}:{theirs.pk}"
    sign_in(ASKER).post(reverse("lecture_swap", args=[mine.pk]), {"choice": choice})
    accept(cast, LectureSwap.objects.get())
    assert (speakers(mine), speakers(theirs)) == (name_of(cast, COLLEAGUE), name_of(cast, ASKER))


def test_lectures_at_the_same_hour_are_exchanged_without_a_clash(cast, duties):
    mine, theirs = planned(cast), in_return(cast, on=THURSDAY)
    accept(cast, ask(cast, mine, in_return=theirs))
    assert (speakers(mine), speakers(theirs)) == (name_of(cast, COLLEAGUE), name_of(cast, ASKER))


@pytest.mark.parametrize(("answer", "who", "state"), [("decline", COLLEAGUE, "declined"), ("withdraw", ASKER, "withdrawn")])  # fmt: skip
def test_a_no_and_a_question_taken_back_leave_the_lecture(cast, sign_in, duties, answer, who, state):
    lecture = planned(cast)
    swap = ask(cast, lecture)
    address = reverse("lecture_swap_answer", args=[swap.pk])
    sign_in(who).post(address, {"answer": answer})
    sign_in(COLLEAGUE).post(address, {"answer": "accept"})
    swap.refresh_from_db()
    assert (swap.state, speakers(lecture)) == (state, name_of(cast, ASKER))
    assert not Notice.objects.current().filter(kind="activities.lecture_swap_asked").exists()


@pytest.mark.parametrize(
    ("name", "answer", "status"),
    [
        ("er_member", "accept", 404), ("league_secretary", "accept", 404), (ASKER, "accept", 302),
        (COLLEAGUE, "withdraw", 302), (COLLEAGUE, "perhaps", 400), ("civil_organiser", "accept", 403),
    ],
)  # fmt: skip
def test_only_the_two_answer_each_their_part(cast, sign_in, duties, name, answer, status):
    lecture = planned(cast)
    swap = ask(cast, lecture)
    if name == "league_secretary":
        status = 403
    response = sign_in(name).post(reverse("lecture_swap_answer", args=[swap.pk]), {"answer": answer})
    swap.refresh_from_db()
    assert (response.status_code, swap.state, speakers(lecture)) == (status, "asked", name_of(cast, ASKER))


def test_one_question_at_a_time(cast, duties):
    lecture = planned(cast)
    ask(cast, lecture)
    with pytest.raises(Refused):
        ask(cast, lecture)
    assert LectureSwap.objects.count() == 1


@pytest.mark.parametrize("who", ["er_member", "liu_activist"])
def test_who_has_no_duty_cannot_be_asked(cast, sign_in, duties, who):
    lecture = planned(cast)
    with pytest.raises(Refused, match="R74"):
        ask(cast, lecture, colleague=cast.person(who))
    address = reverse("lecture_swap", args=[lecture.pk])
    for choice in ("", "x", str(cast.person(who).pk), "999999999999999999999"):
        assert sign_in(ASKER).post(address, {"choice": choice}).status_code == 400
    assert LectureSwap.objects.count() == 0


def test_a_colleague_who_gives_another_lecture_then_is_not_free(cast, duties):
    lecture = planned(cast)
    in_return(cast, on=THURSDAY)
    with pytest.raises(Refused):
        ask(cast, lecture)
    assert LectureSwap.objects.count() == 0


def test_a_lecture_that_is_cancelled_ends_the_question(cast, duties):
    lecture = planned(cast)
    swap = ask(cast, lecture)
    services.cancel_lecture(lecture=lecture, reason="改期", **acting(cast))
    swap.refresh_from_db()
    assert swap.state == "withdrawn"
    with pytest.raises(Refused):
        accept(cast, swap)


def test_the_return_must_be_the_colleagues(cast, duties):
    lecture, other = planned(cast), planned(cast, on=dt.date(2026, 10, 30))
    with pytest.raises(Refused):
        ask(cast, lecture, in_return=other)


# --- Taken over today ------------------------------------------------------------------------------


def today_at_four(cast):
    return planned(cast, on=WEDNESDAY)


def take_over(cast, lecture, name=COLLEAGUE, instead_of=ASKER):
    return swap_services.take_over(lecture=lecture, instead_of=cast.person(instead_of).pk, **acting(cast, name))


def test_anybody_on_duty_takes_over_today_and_the_speaker_is_told_at_once(cast, sign_in, duties):
    lecture = today_at_four(cast)
    address = reverse("lecture_take_over", args=[lecture.pk])
    assert address in sign_in(COLLEAGUE).get(reverse("lecture_plan")).content.decode()
    for _press in range(2):
        assert sign_in(COLLEAGUE).post(address, {"instead_of": cast.person(ASKER).pk}).status_code == 302
    assert speakers(lecture) == name_of(cast, COLLEAGUE)
    told = Notice.objects.get(kind="activities.lecture_taken_over")
    assert (told.user, told.is_urgent) == (cast.user(ASKER), True)
    changed = Notice.objects.get(kind="activities.lecture_plan_changed")
    assert (changed.user, changed.is_urgent) == (cast.user("league_secretary"), True)


def test_tomorrow_is_asked_for_and_not_taken(cast, duties):
    lecture = planned(cast)
    with pytest.raises(Refused):
        take_over(cast, lecture)
    assert speakers(lecture) == name_of(cast, ASKER)


@pytest.mark.parametrize(("name", "status"), [("er_member", 404), ("liu_secretary", 403), ("league_secretary", 403)])
def test_who_has_no_duty_takes_nothing_over(cast, sign_in, name, status):
    on_duty(cast, ASKER)
    lecture = today_at_four(cast)
    response = sign_in(name).post(
        reverse("lecture_take_over", args=[lecture.pk]), {"instead_of": cast.person(ASKER).pk}
    )
    assert (response.status_code, speakers(lecture)) == (status, name_of(cast, ASKER))


@pytest.mark.parametrize("instead_of", ["", "x", "999999999999999999999", "-1"])
def test_a_forged_speaker_is_a_bad_request(cast, sign_in, duties, instead_of):
    lecture = today_at_four(cast)
    response = sign_in(COLLEAGUE).post(reverse("lecture_take_over", args=[lecture.pk]), {"instead_of": instead_of})
    assert (response.status_code, speakers(lecture)) == (400, name_of(cast, ASKER))


def test_colleagues_of_another_department_are_not_offered(cast, duties):
    today_at_four(cast)
    rows = [takeable(scope_for(cast.user(name)), WEDNESDAY).count() for name in (COLLEAGUE, ASKER, "er_member")]
    assert rows == [1, 0, 0]


# --- At once ---------------------------------------------------------------------------------------


def crew(today):
    cast = build_cast(today)
    for name in (ASKER, COLLEAGUE):
        on_duty(cast, name)
    # A third of the same branch.
    on_duty(cast, "er_secretary")
    return cast


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_take_over_at_once_and_one_wins(transactional_db, today):
    cast = crew(today)
    lecture, names = today_at_four(cast), [COLLEAGUE, "er_secretary"]
    results = race(lambda index: take_over(cast, lecture, names[index]), 2)
    assert sorted(type(result).__name__ for result in results) == ["Lecture", "Refused"]
    winner = names[[isinstance(result, Lecture) for result in results].index(True)]
    assert speakers(lecture) == name_of(cast, winner)
    assert Notice.objects.filter(kind="activities.lecture_taken_over").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_lock_and_check_the_second_takes_it_from_the_first(transactional_db, today, monkeypatch):
    """The negative control: both have seen the old speaker before either writes, and write whoever is there now."""
    cast = crew(today)
    lecture, names = today_at_four(cast), [COLLEAGUE, "er_secretary"]
    meet = threading.Barrier(2)

    def overwrite(row, *, old, new):
        meet.wait(timeout=20)
        LectureSpeaker.objects.filter(lecture=row).update(person=new)

    monkeypatch.setattr(swap_services, "lock_lectures", lambda ids: {pk: Lecture.objects.get(pk=pk) for pk in ids})
    monkeypatch.setattr(swap_services, "lock_people", lambda ids: None)
    monkeypatch.setattr(swap_services, "_hand_over", overwrite)
    results = race(lambda index: take_over(cast, lecture, names[index]), 2)
    assert [type(result).__name__ for result in results] == ["Lecture", "Lecture"]
    assert Notice.objects.filter(kind="activities.lecture_taken_over").count() >= 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_take_back_at_once_leave_one_of_the_two(transactional_db, today):
    cast = crew(today)
    lecture = planned(cast)
    swap = ask(cast, lecture)

    def work(index):
        return swap_services.withdraw_swap(swap=swap, **asking(cast)) if index else accept(cast, swap)

    results = race(work, 2)
    assert sum(isinstance(result, Refused) for result in results) == 1
    swap.refresh_from_db()
    assert (swap.state, speakers(lecture)) in [
        ("accepted", name_of(cast, COLLEAGUE)),
        ("withdrawn", name_of(cast, ASKER)),
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_exchange_and_its_mirror_at_once_do_not_lock_each_other_out(transactional_db, today):
    """Both speakers ask each other for the same exchange and both say yes: one stands, the other is refused."""
    cast = crew(today)
    mine, theirs = planned(cast), planned(cast, COLLEAGUE, on=dt.date(2026, 10, 30), place="C")
    one = ask(cast, mine, in_return=theirs)
    two = swap_services.ask_swap(
        lecture=theirs, colleague=cast.person(ASKER), in_return=mine, scope=scope_for(cast.user(COLLEAGUE)), now=timezone.now()
    )  # fmt: skip
    results = race(lambda index: accept(cast, two, ASKER) if index else accept(cast, one), 2)
    assert sorted(type(result).__name__ for result in results) == ["LectureSwap", "Refused"]
    assert (speakers(mine), speakers(theirs)) == (name_of(cast, COLLEAGUE), name_of(cast, ASKER))
