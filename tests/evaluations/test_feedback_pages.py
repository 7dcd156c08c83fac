"""The pages of feedback as the two sides, committee, department and outsiders meet them; and what is said through the outbox."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone

from evaluations import notices_feedback
from evaluations.models import Feedback, FeedbackExchange, FeedbackRound, Questionnaire
from notifications.models import Notice
from notifications.services import compute_reminders
from pairing_portal.common.registries import notice_kinds
from tests.evaluations.feedback_crew import CLOSED, NOW, answer, asked, asked_league, link, moment, open_round, points

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(cast):
    """Open at the moment of the request."""
    exchange = asked(cast)
    now = timezone.now()
    FeedbackExchange.objects.update(opens_at=now - dt.timedelta(days=1), closes_at=now + dt.timedelta(days=7))
    FeedbackRound.objects.update(opens_at=now - dt.timedelta(days=1), closes_at=now + dt.timedelta(days=7))
    exchange.refresh_from_db()
    return exchange


def url(exchange) -> str:
    return reverse("feedback_exchange", args=[exchange.pk])


def data(side: str, point: int = 4, **more: str) -> dict[str, object]:
    return {f"q{key}": value for key, value in points(side, point).items()} | more


def say(cast, exchange, name, side, point=4, **more):
    return answer(cast, exchange, name, side, point, now=timezone.now(), today=timezone.localdate(), **more)


# --- Answering -----------------------------------------------------------------------------------


def test_a_mentee_answers_with_one_press(cast, exchange, sign_in):
    client = sign_in("er_probationary")
    page = client.get(url(exchange))
    sent = client.post(url(exchange), data("mentee", 5, remark="只说给书记"))
    row = Feedback.objects.get()

    assert (page.status_code, len(page.context["form"].scales()), sent.url) == (200, 8, url(exchange))
    assert (row.author, row.side, row.discipline, row.remark) == (
        cast.person("er_probationary"),
        "mentee",
        500,
        "只说给书记",
    )


def test_a_double_press_is_one_answer(cast, exchange, sign_in):
    client = sign_in("er_probationary")
    codes = [client.post(url(exchange), data("mentee")).status_code for _press in range(2)]

    assert (codes, Feedback.objects.count()) == ([302, 302], 1)


def test_a_hole_comes_back_with_what_was_marked(cast, exchange, sign_in):
    given = data("mentee", 2)
    hole = min(given)
    del given[hole]
    page = sign_in("er_probationary").post(url(exchange), given)

    assert (page.status_code, list(page.context["form"].errors), Feedback.objects.count()) == (400, [hole], 0)
    assert page.content.decode().count("checked") == 7


def test_a_second_answer_is_refused_clearly(cast, exchange, sign_in):
    client = sign_in("er_probationary")
    client.post(url(exchange), data("mentee"))
    page = client.post(url(exchange), data("mentee", 1), follow=True)

    assert [str(message) for message in page.context["messages"]][-1:] != []
    assert Feedback.objects.get().political == 400


def test_an_answer_after_closing_is_refused(cast, exchange, sign_in):
    past = timezone.now() - dt.timedelta(minutes=1)
    FeedbackExchange.objects.update(closes_at=past)
    page = sign_in("er_probationary").post(url(exchange), data("mentee"))

    assert (page.status_code, Feedback.objects.count()) == (302, 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("er_secretary", 403), ("mech_organiser", 403), ("san_secretary", 404), ("liu_member", 404), ("administrator", 404),
        ("stranger", 404),
    ],
)  # fmt: skip
def test_nobody_else_posts_an_answer(cast, exchange, sign_in, name, code):
    assert (sign_in(name).post(url(exchange), data("mentee")).status_code, Feedback.objects.count()) == (code, 0)


def test_words_of_the_other_stay_hidden_until_both_have_answered(cast, exchange, sign_in):
    say(cast, exchange, "er_member", "mentor", given=points("mentor", 4, "继续保持"))
    pages = {name: sign_in(name).get(url(exchange)).content.decode() for name in ("er_probationary", "er_secretary")}
    say(cast, exchange, "er_probationary", "mentee")
    after = {name: sign_in(name).get(url(exchange)).content.decode() for name in pages}

    assert ["继续保持" in page for page in pages.values()] == [False, False]
    assert ["继续保持" in page for page in after.values()] == [True, True]


def test_a_remark_stands_on_the_secretarys_page_alone(cast, exchange, sign_in):
    say(cast, exchange, "er_member", "mentor")
    say(cast, exchange, "er_probationary", "mentee", remark="希望换一位联系人")
    names = ("er_secretary", "er_member", "mech_organiser", "er_probationary")
    shown = {name: "希望换一位联系人" in sign_in(name).get(url(exchange)).content.decode() for name in names}

    # Who wrote it sees it beside the own answer.
    assert shown == {"er_secretary": True, "er_member": False, "mech_organiser": False, "er_probationary": True}


def test_a_league_secretary_answers_for_the_branch(cast, sign_in):
    exchange = asked_league(cast)
    now = timezone.now()
    FeedbackExchange.objects.update(opens_at=now - dt.timedelta(days=1), closes_at=now + dt.timedelta(days=7))
    sign_in("league_secretary").post(url(exchange), data("league"))

    assert Feedback.objects.values_list("side", "author__name").get() == (
        "league",
        cast.person("league_secretary").name,
    )


def test_questions_are_asked_in_the_readers_language(cast, exchange, sign_in):
    client = sign_in("er_probationary")
    chinese = client.get(url(exchange)).content.decode()
    client.cookies["django_language"] = "en"
    english = client.get(url(exchange)).content.decode()

    assert ("对方按约定与我见面交流" in chinese, "My mentor keeps our appointments" in english) == (True, True)


# --- My own page ---------------------------------------------------------------------------------


def test_my_page_says_what_is_asked_and_what_was_said(cast, exchange, sign_in):
    client = sign_in("er_member")
    asked_page = client.get(reverse("feedback"))
    say(cast, exchange, "er_member", "mentor")
    waiting_page = client.get(reverse("feedback"))
    say(cast, exchange, "er_probationary", "mentee", 5)
    said_page = client.get(reverse("feedback"))
    counts = [
        tuple(len(page.context[key]) for key in ("asked", "waiting", "received"))
        for page in (asked_page, waiting_page, said_page)
    ]

    assert counts == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert said_page.context["means"].count == 1


@pytest.mark.parametrize("count", [1, 3])
def test_my_page_asks_the_same_number_of_questions(cast, exchange, sign_in, count, django_assert_num_queries):
    for name in ("er_secretary", "er_deputy")[: count - 1]:
        more = link(cast, "er_member", name)
        FeedbackExchange.objects.create(
            round=exchange.round, mentorship=more, mentor=more.mentor, mentee=more.mentee, opens_at=exchange.opens_at,
            closes_at=exchange.closes_at,
        )  # fmt: skip
    client = sign_in("er_member")
    client.get(reverse("feedback"))

    with django_assert_num_queries(MINE_QUERIES):
        assert len(client.get(reverse("feedback")).context["asked"]) == count


MINE_QUERIES = 12


@pytest.mark.parametrize(("name", "code"), [("administrator", 403), ("stranger", 403), ("mech_organiser", 302)])
def test_who_is_in_no_roster_has_no_feedback_of_their_own(cast, sign_in, name, code):
    assert sign_in(name).get(reverse("feedback")).status_code == code


def test_the_front_page_shows_what_waits(cast, exchange, sign_in):
    cards = sign_in("er_probationary").get(reverse("evaluations")).context["cards"]

    assert [(card.url, card.waiting) for card in cards if card.url == reverse("feedback")] == [(reverse("feedback"), 1)]


def test_the_mentoring_page_and_the_persons_page_show_it(cast, exchange, sign_in):
    asked_there = sign_in("er_probationary").get(reverse("my_mentoring")).content.decode()
    say(cast, exchange, "er_member", "mentor")
    say(cast, exchange, "er_probationary", "mentee", 5)
    page = sign_in("er_secretary").get(reverse("person", args=[cast.person("er_member").pk]) + "?tab=evaluation")

    assert (url(exchange) in asked_there, url(exchange) in page.content.decode()) == (True, True)


# --- Rounds --------------------------------------------------------------------------------------


def round_url(exchange, **query: object) -> str:
    return reverse("feedback_round", args=[exchange.round_id]) + "".join(
        f"?{key}={value}" for key, value in query.items()
    )


def test_a_department_opens_a_round_with_the_proposed_days(cast, sign_in):
    link(cast)
    client = sign_in("mech_organiser")
    today = timezone.localdate()
    cast.term.start_monday = today - dt.timedelta(days=today.weekday() + 28)
    cast.term.save()
    form = client.get(reverse("feedback_round_new")).context["form"]
    sent = client.post(
        reverse("feedback_round_new"),
        {"kind": "mid_term", "title": "期中反馈", "term": cast.term.pk, "department": cast.mech.pk,
         "opens_on": today.isoformat(), "closes_on": (today + dt.timedelta(days=6)).isoformat()},
    )  # fmt: skip
    round = FeedbackRound.objects.get()

    assert (form.initial["kind"], form.initial["opens_on"] >= today.isoformat()) == ("mid_term", True)
    assert (sent.url, round.exchanges.count(), round.opened_by) == (
        reverse("feedback_round", args=[round.pk]), 1, cast.user("mech_organiser"),
    )  # fmt: skip


def test_a_round_that_closes_before_it_opens_comes_back(cast, sign_in):
    today = timezone.localdate()
    page = sign_in("mech_organiser").post(
        reverse("feedback_round_new"),
        {"kind": "mid_term", "title": "期中反馈", "term": cast.term.pk, "department": cast.mech.pk,
         "opens_on": today.isoformat(), "closes_on": (today - dt.timedelta(days=1)).isoformat()},
    )  # fmt: skip

    assert (page.status_code, FeedbackRound.objects.count()) == (400, 0)
    assert "closes_on" in page.context["form"].errors


def test_an_office_sees_rates_and_median_days(cast, exchange, sign_in):
    say(cast, exchange, "er_member", "mentor")
    page = sign_in("er_secretary").get(round_url(exchange))
    rows = sign_in("mech_organiser").get(reverse("feedback_rounds")).context["rows"]

    assert (page.context["tally"].rate, page.context["median"], [row["tally"].rate for row in rows]) == (50, 1.0, [50])
    assert [(side["given"], side["asked"]) for side in page.context["tally"].sides] == [(0, 1), (1, 1)]


@pytest.mark.parametrize(
    ("state", "count"), [("", 1), ("one", 1), ("nobody", 0), ("both", 0), ("without", 0), ("strange", 1)]
)
def test_the_list_is_filtered_by_state(cast, exchange, sign_in, state, count):
    say(cast, exchange, "er_member", "mentor")
    page = sign_in("er_secretary").get(round_url(exchange, state=state))

    assert len(page.context["rows"]) == count


@pytest.mark.parametrize("branch", ["-1", "x", "9" * 30, "１"])
def test_a_branch_that_is_no_number_filters_nothing(cast, exchange, sign_in, branch):
    assert len(sign_in("er_secretary").get(round_url(exchange, branch=branch)).context["rows"]) == 1


def test_another_branch_sees_nothing_of_ours(cast, exchange, sign_in):
    page = sign_in("san_secretary").get(round_url(exchange))

    assert (page.status_code, page.context["rows"], page.context["tally"].links) == (200, [], 0)


def test_one_press_reminds_and_the_second_says_so(cast, exchange, sign_in):
    client, remind = sign_in("er_secretary"), reverse("feedback_remind", args=[exchange.round_id])
    client.post(remind, {"exchange": exchange.pk})
    client.post(remind)

    assert Notice.objects.filter(kind="evaluations.feedback_nudge").count() == 2


@pytest.mark.parametrize("count", [1, 3])
def test_a_rounds_page_asks_the_same_number_of_questions(cast, exchange, sign_in, count, django_assert_num_queries):
    for name in ("er_secretary", "er_deputy")[: count - 1]:
        more = link(cast, "er_member", name)
        FeedbackExchange.objects.create(
            round=exchange.round, mentorship=more, mentor=more.mentor, mentee=more.mentee, opens_at=exchange.opens_at,
            closes_at=exchange.closes_at,
        )  # fmt: skip
    client = sign_in("er_secretary")
    client.get(round_url(exchange))

    with django_assert_num_queries(ROUND_QUERIES):
        assert len(client.get(round_url(exchange)).context["rows"]) == count


ROUND_QUERIES = 15


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_rounds_asks_the_same_number_of_questions(
    cast, exchange, sign_in, count, django_assert_num_queries
):
    for kind, who, department in (("end_of_term", "mech_organiser", cast.mech), ("end_of_term", "college_organiser", None))[: count - 1]:  # fmt: skip
        open_round(cast, who, kind=kind, department=department)
    client = sign_in("mech_organiser")
    client.get(reverse("feedback_rounds"))

    with django_assert_num_queries(LIST_QUERIES):
        assert len(client.get(reverse("feedback_rounds")).context["rows"]) == count


LIST_QUERIES = 10


# --- Through the outbox --------------------------------------------------------------------------


def said(kind: str) -> dict[str, int]:
    return {notice.user.username: notice.subject.get("count", 0) for notice in Notice.objects.filter(kind=kind)}


def numbers(cast, *names: str) -> set[str]:
    return {cast.user(name).username for name in names}


def test_both_sides_are_asked_once_and_reminded_when_missing(cast, exchange):
    now = timezone.now()
    compute_reminders(now=now)
    compute_reminders(now=now + dt.timedelta(hours=1))
    asked_users = set(said(notices_feedback.ASKED))
    early = set(said(notices_feedback.REMINDER))
    say(cast, exchange, "er_member", "mentor")
    compute_reminders(now=exchange.closes_at - dt.timedelta(days=4))

    assert (asked_users, early) == (numbers(cast, "er_member", "er_probationary"), set())
    assert set(said(notices_feedback.REMINDER)) == numbers(cast, "er_probationary")


def test_answering_takes_the_asking_out_of_the_bell_at_once(cast, exchange):
    compute_reminders(now=timezone.now())
    say(cast, exchange, "er_member", "mentor")
    open_asks = Notice.objects.filter(kind=notices_feedback.ASKED, obsolete_at=None)

    assert [notice.user for notice in open_asks] == [cast.user("er_probationary")]


def test_both_are_told_when_they_can_read_each_other(cast, exchange):
    say(cast, exchange, "er_member", "mentor")
    before = said(notices_feedback.READY)
    say(cast, exchange, "er_probationary", "mentee")
    compute_reminders(now=exchange.closes_at + dt.timedelta(hours=1))

    assert (before, set(said(notices_feedback.READY))) == ({}, numbers(cast, "er_member", "er_probationary"))


def test_after_closing_the_other_is_told_and_the_secretary_how_many_are_missing(cast, exchange):
    say(cast, exchange, "er_member", "mentor")
    compute_reminders(now=exchange.closes_at + dt.timedelta(hours=1))

    assert set(said(notices_feedback.READY)) == numbers(cast, "er_probationary")
    assert said(notices_feedback.MISSING) == dict.fromkeys(numbers(cast, "er_secretary", "er_deputy"), 1)


def test_nobody_is_asked_of_what_was_called_off(cast, exchange):
    FeedbackExchange.objects.update(called_off_at=timezone.now(), call_off_reason="离校")
    compute_reminders(now=timezone.now())
    compute_reminders(now=exchange.closes_at + dt.timedelta(hours=1))

    assert [said(kind) for kind in (notices_feedback.ASKED, notices_feedback.MISSING)] == [{}, {}]


def test_a_round_asks_once_a_person_however_many_links(cast):
    for mentee in ("er_probationary", "er_deputy", "san_member"):
        link(cast, "er_member", mentee)
    open_round(cast)
    compute_reminders(now=NOW)

    assert said(notices_feedback.ASKED)[cast.user("er_member").username] == 3


KINDS = ("ASKED", "CLASS_ASKED", "MISSING", "NUDGE", "READY", "REMINDER")


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_names_nobody(cast, name):
    subject = {"count": 2, "until": "2026-11-11", "user": 1, "exchange": 1, "person": 1, "round": 1, "branch": 1}
    words = "".join(notice_kinds.get(getattr(notices_feedback, name)).text(subject))

    assert [person.name for person in cast.people.values() if person.name in words] == []


# --- Administration ------------------------------------------------------------------------------


def test_staff_copy_a_questionnaire_and_put_the_copy_into_use(cast, sign_in):
    client, address = sign_in("college_organiser"), reverse("admin:evaluations_questionnaire_changelist")
    original = Questionnaire.objects.get(side="mentee")
    client.post(address, {"action": "copy_selected", ACTION_CHECKBOX_NAME: [original.pk]})
    copy = Questionnaire.objects.get(side="mentee", is_current=False)
    client.post(address, {"action": "use_selected", ACTION_CHECKBOX_NAME: [copy.pk]})
    current = Questionnaire.objects.get(side="mentee", is_current=True)

    assert (current.pk, current.questions.count()) == (copy.pk, 9)


def test_a_department_does_not_change_the_colleges_questionnaires(cast, sign_in):
    client, address = sign_in("mech_organiser"), reverse("admin:evaluations_questionnaire_changelist")
    original = Questionnaire.objects.get(side="mentee")
    client.post(address, {"action": "copy_selected", ACTION_CHECKBOX_NAME: [original.pk]})

    assert Questionnaire.objects.filter(side="mentee").count() == 1


def test_a_closed_exchange_is_still_read_by_its_sides(cast, exchange, sign_in):
    say(cast, exchange, "er_member", "mentor")
    FeedbackExchange.objects.update(closes_at=timezone.now() - dt.timedelta(hours=1))

    assert sign_in("er_probationary").get(url(exchange)).status_code == 200
    assert (CLOSED > NOW, moment("2026-10-29T09:00") == NOW) == (True, True)
