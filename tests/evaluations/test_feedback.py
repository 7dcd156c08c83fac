"""Rounds and answers: who is asked, once each, blind until both have spoken."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from branches.models import PolicyValue
from evaluations import feedback_round_services as rounds
from evaluations import feedback_services as services
from evaluations import questionnaires
from evaluations.feedback_reader import Means, means_for, reads_remarks
from evaluations.models import Feedback, FeedbackExchange, FeedbackRound, Question, Questionnaire
from members.access import scope_for
from members.models import Post
from members.services import leave_people
from pairing_portal.common.problems import Refused
from tests.evaluations.feedback_crew import (
    CLOSED,
    LAST_DAY,
    NOW,
    TODAY,
    answer,
    asked,
    asked_league,
    fresh,
    guidance,
    link,
    moment,
    open_round,
    points,
)

pytestmark = pytest.mark.django_db


def scope(cast, name):
    return scope_for(cast.user(name), TODAY)


# --- Rounds --------------------------------------------------------------------------------------


def test_a_round_asks_every_running_link_of_the_department(cast):
    running = link(cast)
    link(cast, "er_secretary", "er_deputy", state="draft")
    link(cast, "er_secretary", "san_member", state="ended", ended_on=TODAY)
    link(cast, "liu_secretary", "liu_activist", party_branch=cast.liu)
    guidance(cast)
    round = open_round(cast)

    assert list(round.exchanges.values_list("mentorship", "mentor", "mentee", "closes_at")) == [
        (running.pk, running.mentor_id, running.mentee_id, CLOSED)
    ]


def test_a_round_of_the_college_asks_guides_too(cast):
    link(cast)
    guidance(cast)
    round = open_round(cast, "college_organiser", department=None)

    assert set(round.exchanges.values_list("mentee", "league_branch")) == {
        (None, cast.one.pk), (cast.person("er_probationary").pk, None)
    }  # fmt: skip


def test_filling_a_round_again_adds_what_began_since_and_nothing_twice(cast):
    link(cast)
    round = open_round(cast)
    by = scope(cast, "mech_organiser")
    nothing = rounds.fill_round(round=round, scope=by, now=NOW)
    link(cast, "er_secretary", "san_member")
    later = moment("2026-10-31T10:00")
    one = rounds.fill_round(round=round, scope=by, now=later)
    again = rounds.fill_round(round=round, scope=by, now=later)

    assert (nothing, one, again) == (0, 1, 0)
    assert round.exchanges.get(mentor=cast.person("er_secretary")).opens_at == later


def test_a_link_is_not_asked_in_two_rounds_of_a_kind_and_term(cast):
    link(cast)
    open_round(cast)
    college = open_round(cast, "college_organiser", department=None)

    assert college.exchanges.count() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"closes_on": dt.date(9999, 12, 31)}, "closes_on"),
        ({"opens_on": dt.date(9999, 12, 31), "closes_on": dt.date(9999, 12, 31)}, "opens_on"),
        ({"closes_on": TODAY - dt.timedelta(days=1)}, "closes_on"), ({"opens_on": TODAY - dt.timedelta(days=1)}, "opens_on"),
        ({"kind": "closing"}, "kind"), ({"title": " "}, "title"), ({"department": None}, "department"),
    ],
)  # fmt: skip
def test_a_round_that_cannot_be_is_refused_beside_its_field(cast, changes, field):
    with pytest.raises(Refused) as refusal:
        open_round(cast, **changes)
    assert (refusal.value.field, FeedbackRound.objects.count()) == (field, 0)


def test_the_database_keeps_no_round_that_closes_before_it_opens(cast):
    round = open_round(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        FeedbackRound.objects.filter(pk=round.pk).update(closes_at=round.opens_at)


@pytest.mark.parametrize("name", ["er_secretary", "civil_organiser", "administrator"])
def test_a_round_is_opened_by_staff_of_the_department(cast, name):
    with pytest.raises(Refused):
        open_round(cast, name)


def test_a_second_round_of_a_kind_in_a_term_is_refused(cast):
    open_round(cast)
    with pytest.raises(Refused):
        open_round(cast)


def test_a_round_announced_ahead_takes_in_what_begins_before_its_day(cast, monkeypatch):
    round = open_round(cast, opens_on=TODAY + dt.timedelta(days=7), closes_on=TODAY + dt.timedelta(days=14))
    link(cast)
    monkeypatch.setattr(rounds.timezone, "now", lambda: moment("2026-11-01T07:00"))
    rounds.keep_rounds(dt.date(2026, 11, 1))
    link(cast, "er_secretary", "san_member")
    monkeypatch.setattr(rounds.timezone, "now", lambda: moment("2026-11-06T07:00"))
    rounds.keep_rounds(dt.date(2026, 11, 6))

    assert list(round.exchanges.values_list("mentor", flat=True)) == [cast.person("er_member").pk]


# --- Answers -------------------------------------------------------------------------------------


def test_both_are_blind_until_both_have_answered(cast):
    exchange = asked(cast)
    first = answer(cast, exchange, "er_member", "mentor")
    mentee, secretary = scope(cast, "er_probationary"), scope(cast, "er_secretary")
    before = [list(Feedback.objects.visible_to(who, NOW)) for who in (mentee, secretary, scope(cast, "er_member"))]
    second = answer(cast, exchange, "er_probationary", "mentee", 5)
    after = [set(Feedback.objects.visible_to(who, NOW)) for who in (mentee, secretary, scope(cast, "er_member"))]

    assert before == [[], [], [first]]
    assert after == [{first, second}] * 3
    assert fresh(exchange).revealed_at == NOW


def test_when_the_round_closes_what_was_said_is_read(cast):
    exchange = asked(cast)
    first = answer(cast, exchange, "er_member", "mentor")
    mentee = scope(cast, "er_probationary")

    assert list(Feedback.objects.visible_to(mentee, CLOSED - dt.timedelta(seconds=1))) == []
    assert list(Feedback.objects.visible_to(mentee, CLOSED)) == [first]


@pytest.mark.parametrize("name", ["administrator", "san_secretary", "liu_member", "stranger"])
def test_outsiders_and_administrators_read_no_answer(cast, name):
    exchange = asked(cast)
    answer(cast, exchange, "er_member", "mentor")
    answer(cast, exchange, "er_probationary", "mentee")

    assert list(Feedback.objects.visible_to(scope(cast, name), CLOSED)) == []


def test_an_answer_keeps_words_means_and_its_side(cast):
    exchange = asked(cast)
    row = answer(cast, exchange, "er_probationary", "mentee", 5, given=points("mentee", 5, " 谢谢学长 "))

    assert (row.side, row.political, row.working, row.learning, row.discipline) == ("mentee", 500, 500, 500, 500)
    assert [entry["words"] for entry in row.answers if "words" in entry] == ["谢谢学长"]


def test_sending_the_same_once_more_changes_nothing(cast):
    exchange = asked(cast)
    first = answer(cast, exchange, "er_member", "mentor", remark="只说给书记")
    again = answer(cast, exchange, "er_member", "mentor", remark="只说给书记", now=NOW + dt.timedelta(minutes=1))

    assert (again.pk, Feedback.objects.get().submitted_at) == (first.pk, NOW)


@pytest.mark.parametrize("more", [{"point": 5}, {"remark": "再补一句"}], ids=["points", "remark"])
def test_answering_twice_is_refused(cast, more):
    exchange = asked(cast)
    answer(cast, exchange, "er_member", "mentor")
    with pytest.raises(Refused):
        answer(cast, exchange, "er_member", "mentor", **more)
    assert Feedback.objects.get().political == 400


@pytest.mark.parametrize(
    ("name", "side"), [("er_secretary", "mentor"), ("san_member", "mentee"), ("league_secretary", "league")]
)
def test_nobody_answers_as_somebody_else(cast, name, side):
    exchange = asked(cast)
    with pytest.raises(Refused):
        answer(cast, exchange, name, side)
    assert Feedback.objects.count() == 0


def test_nobody_gives_feedback_about_themselves(cast):
    exchange = asked(cast)
    FeedbackExchange.objects.filter(pk=exchange.pk).update(mentee=cast.person("er_member"))
    with pytest.raises(Refused):
        answer(cast, exchange, "er_member", "mentor")


def test_a_guide_does_not_speak_for_the_guided_branch(cast):
    exchange = asked_league(cast)
    Post.objects.create(person=cast.person("liu_member"), league_branch=cast.one, kind="league_deputy")
    answer(cast, exchange, "liu_member", "mentor")
    with pytest.raises(Refused):
        answer(cast, exchange, "liu_member", "league")
    assert list(Feedback.objects.values_list("side", flat=True)) == ["mentor"]


@pytest.mark.parametrize("now", [NOW - dt.timedelta(days=1), CLOSED], ids=["early", "late"])
def test_outside_its_time_nothing_is_taken(cast, now):
    exchange = asked(cast)
    with pytest.raises(Refused):
        answer(cast, exchange, "er_member", "mentor", now=now)


def test_the_last_minute_still_counts(cast):
    answer(cast, asked(cast), "er_member", "mentor", now=CLOSED - dt.timedelta(seconds=1))

    assert Feedback.objects.count() == 1


def test_a_hole_is_refused_at_its_question(cast):
    exchange = asked(cast)
    given = points("mentor")
    hole = min(given)
    del given[hole]
    with pytest.raises(Refused) as refusal:
        answer(cast, exchange, "er_member", "mentor", given=given)
    assert refusal.value.field == f"q{hole}"


def test_of_a_league_branch_whoever_is_first_answers_for_it(cast):
    exchange = asked_league(cast)
    Post.objects.create(person=cast.person("classmate"), league_branch=cast.one, kind="league_deputy")
    answer(cast, exchange, "classmate", "league")
    with pytest.raises(Refused):
        answer(cast, exchange, "league_secretary", "league")
    answer(cast, exchange, "liu_member", "mentor")

    assert (fresh(exchange).revealed_at, Feedback.objects.count()) == (NOW, 2)


# --- Remarks -------------------------------------------------------------------------------------


def test_a_remark_is_read_by_the_mentors_secretary_alone(cast):
    exchange = asked(cast)
    answer(cast, exchange, "er_probationary", "mentee", remark="希望换一位联系人")
    names = (
        "er_secretary",
        "er_deputy",
        "er_member",
        "er_probationary",
        "mech_organiser",
        "san_secretary",
        "administrator",
    )

    assert [name for name in names if reads_remarks(exchange, scope(cast, name))] == ["er_secretary", "er_deputy"]


def test_a_secretary_who_mentors_does_not_read_what_was_said_of_them(cast):
    link(cast, "er_secretary", "er_probationary")
    exchange = open_round(cast).exchanges.get()

    assert [reads_remarks(exchange, scope(cast, name)) for name in ("er_secretary", "er_deputy")] == [False, True]


def test_a_remark_lies_encrypted_in_the_database(cast):
    answer(cast, asked(cast), "er_probationary", "mentee", remark="希望换一位联系人")
    with connection.cursor() as cursor:
        cursor.execute("SELECT remark FROM evaluations_feedback")
        stored = cursor.fetchone()[0]

    assert "联系人" not in stored


def test_a_remark_nobody_could_read_is_refused(cast):
    exchange = asked(cast)
    type(cast.person("er_member")).objects.filter(pk=cast.person("er_member").pk).update(party_branch=None)
    with pytest.raises(Refused) as refusal:
        answer(cast, exchange, "er_probationary", "mentee", remark="说给书记")
    assert refusal.value.field == "remark"


# --- Links that end, people who leave ------------------------------------------------------------


def ended(cast, **more):
    return link(cast, state="ended", ended_on=TODAY, **more)


def test_a_link_that_ended_is_asked_by_itself_and_once(cast):
    ended(cast)
    counts = [rounds.ask_ended_links(today=TODAY, now=NOW) for _turn in range(2)]
    exchange = FeedbackExchange.objects.get()

    assert counts == [1, 0]
    assert (exchange.round.kind, exchange.round.department, exchange.closes_at) == ("closing", None, CLOSED)


@pytest.mark.parametrize("name", ["er_member", "er_probationary"])
def test_a_link_that_ended_because_somebody_left_is_not_asked(cast, name):
    row = ended(cast)
    type(row.mentor).objects.filter(pk=cast.person(name).pk).update(left_on=TODAY, stage="left")

    assert rounds.ask_ended_links(today=TODAY, now=NOW) == 0


def test_a_link_of_long_ago_is_not_asked(cast):
    link(cast, state="ended", starts_on=dt.date(2026, 9, 8), ended_on=TODAY - dt.timedelta(days=15))

    assert rounds.ask_ended_links(today=TODAY, now=NOW) == 0


def test_a_link_that_ends_in_the_middle_of_a_round_stays_in_it(cast):
    exchange = asked(cast)
    type(exchange.mentorship).objects.update(state="ended", ended_on=TODAY)

    assert rounds.ask_ended_links(today=TODAY, now=NOW) == 0
    answer(cast, exchange, "er_member", "mentor")
    assert Feedback.objects.count() == 1


def test_an_answer_of_an_earlier_round_does_not_spare_the_last_one(cast):
    exchange = asked(cast)
    FeedbackExchange.objects.filter(pk=exchange.pk).update(
        opens_at=moment("2026-10-01T00:00"), closes_at=moment("2026-10-10T00:00")
    )
    type(exchange.mentorship).objects.update(state="ended", ended_on=TODAY)

    assert rounds.ask_ended_links(today=TODAY, now=NOW) == 1


def test_the_closing_round_outlasts_its_last_link(cast):
    ended(cast)
    rounds.ask_ended_links(today=TODAY, now=NOW)
    link(cast, "er_secretary", "san_member", state="ended", ended_on=dt.date(2027, 2, 10))
    late = moment("2027-02-11T08:00")
    rounds.ask_ended_links(today=dt.date(2027, 2, 11), now=late)
    round = FeedbackRound.objects.get()

    assert (round.exchanges.count(), round.closes_at) == (2, late + dt.timedelta(days=14))


def test_who_leaves_in_the_middle_is_no_longer_asked_and_the_rest_stays(cast):
    exchange = asked(cast)
    link(cast, "er_secretary", "san_member")
    rounds.fill_round(round=exchange.round, scope=scope(cast, "mech_organiser"), now=NOW)
    answer(cast, exchange, "er_member", "mentor")
    FeedbackExchange.objects.update(closes_at=moment("2099-01-01T00:00"))
    leave_people(people=[cast.person("er_probationary")], left_on=TODAY, today=TODAY, by=cast.user("er_secretary"))
    exchange = fresh(exchange)

    assert (exchange.called_off_at is not None, exchange.call_off_reason != "", Feedback.objects.count()) == (
        True,
        True,
        1,
    )
    assert FeedbackExchange.objects.filter(called_off_at=None).count() == 1
    with pytest.raises(Refused):
        answer(cast, exchange, "er_probationary", "mentee")


def test_what_leaving_calls_off_is_named_beforehand(cast):
    exchange = asked(cast)
    FeedbackExchange.objects.update(closes_at=moment("2099-01-01T00:00"))
    named = rounds.preview_call_off([cast.person("er_member").pk])

    assert (len(named), str(exchange) in named[0]) == (1, True)
    assert rounds.preview_call_off([cast.person("san_member").pk]) == []


def test_rounds_are_marked_closed_when_their_time_is_up(cast):
    round = open_round(cast)

    assert [rounds.close_rounds(now=now) for now in (NOW, CLOSED, CLOSED)] == [0, 1, 0]
    assert fresh(round).closed_at == CLOSED


# --- Means ---------------------------------------------------------------------------------------


def test_means_are_of_what_may_be_read(cast):
    exchange = asked(cast)
    mentor = cast.person("er_member")
    answer(cast, exchange, "er_probationary", "mentee", 5)
    days = (TODAY - dt.timedelta(days=1), LAST_DAY)
    blind = means_for([mentor.pk], *days, now=NOW)
    answer(cast, exchange, "er_member", "mentor", 1)
    known = means_for([mentor.pk, cast.person("er_probationary").pk], *days, now=NOW)

    assert blind == {}
    assert known == {mentor.pk: Means(1, dict.fromkeys(("political", "working", "learning", "discipline"), 500))}


def test_means_and_the_evidence_pack_say_the_same(cast):
    from evaluations.evidence_pack import pack_of

    exchange = asked(cast)
    answer(cast, exchange, "er_probationary", "mentee", 3)
    answer(cast, exchange, "er_member", "mentor")
    mentor = cast.person("er_member")
    pack, means = pack_of(mentor, TODAY, now=NOW), means_for([mentor.pk], TODAY, TODAY, now=NOW)

    assert pack["feedback"] == {"mentee": {"count": 1, **means[mentor.pk].dimensions}}


def test_means_of_many_take_one_query(cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        means_for([person.pk for person in cast.people.values()], TODAY, TODAY, now=NOW)


# --- Questionnaires ------------------------------------------------------------------------------


def test_three_questionnaires_are_there_from_the_start(cast):
    found = {
        row.side: list(row.questions.values_list("dimension", flat=True))
        for row in Questionnaire.objects.filter(is_current=True)
    }
    expected = [name for name in ("political", "working", "learning", "discipline") for _two in range(2)] + ["free"]

    assert found == dict.fromkeys(("mentee", "mentor", "league"), expected)
    questionnaires.fill_questionnaires()
    assert Questionnaire.objects.count() == 3


def test_another_questionnaire_is_asked_and_what_was_asked_stays(cast):
    exchange = asked(cast)
    row = answer(cast, exchange, "er_member", "mentor")
    copy = questionnaires.copy_questionnaire(questionnaire=Questionnaire.objects.get(side="mentor"))
    copy.questions.filter(number=1).update(text="换一种问法")
    questionnaires.put_into_use(questionnaire=copy, now=NOW)

    assert questionnaires.asked_of("mentor")[0].text == "换一种问法"
    assert fresh(row).answers[0]["text"] == "对方的思想认识有进步"
    assert Questionnaire.objects.filter(side="mentor", is_current=True).count() == 1


def test_a_questionnaire_that_leaves_a_dimension_out_is_refused(cast):
    copy = questionnaires.copy_questionnaire(questionnaire=Questionnaire.objects.get(side="mentor"))
    Question.objects.filter(questionnaire=copy, dimension="working").delete()
    with pytest.raises(Refused):
        questionnaires.put_into_use(questionnaire=copy, now=NOW)


def test_a_copy_of_a_copy_has_a_name_of_its_own(cast):
    original = Questionnaire.objects.get(side="league")
    copies = [questionnaires.copy_questionnaire(questionnaire=original) for _turn in range(3)]

    assert len({original.name, *(copy.name for copy in copies)}) == 4


# --- A word to those who are late ----------------------------------------------------------------


def test_nobody_is_reminded_twice_a_day(cast):
    exchange = asked(cast)
    by = scope(cast, "er_secretary")
    first = services.remind(round=exchange.round, scope=by, now=NOW)
    again = services.remind(round=exchange.round, scope=by, now=NOW + dt.timedelta(hours=3))
    tomorrow = services.remind(round=exchange.round, scope=by, now=NOW + dt.timedelta(days=1))

    assert [(said.people, said.again) for said in (first, again, tomorrow)] == [(2, 0), (0, 2), (2, 0)]


def test_only_who_is_missing_is_reminded(cast):
    exchange = asked(cast)
    answer(cast, exchange, "er_member", "mentor")
    said = services.remind(round=exchange.round, exchange_id=exchange.pk, scope=scope(cast, "mech_organiser"), now=NOW)

    assert said.people == 1


@pytest.mark.parametrize("name", ["er_member", "san_secretary", "civil_organiser", "administrator"])
def test_reminding_takes_a_post(cast, name):
    exchange = asked(cast)
    with pytest.raises(Refused):
        services.remind(round=exchange.round, scope=scope(cast, name), now=NOW)


def test_the_days_of_a_closing_exchange_follow_the_policy(cast):
    PolicyValue.objects.create(key="feedback_open_days", value="5", source="本校", effective_from=dt.date(2026, 1, 1))
    ended(cast)
    rounds.ask_ended_links(today=TODAY, now=NOW)

    assert FeedbackExchange.objects.get().closes_at == moment("2026-11-03T00:00")
