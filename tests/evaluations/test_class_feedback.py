"""A class without names: a fixed roll, one sheet each, figures of five and more, and nothing that ties a sheet to its author."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from evaluations import class_feedback_services as services
from evaluations import feedback_round_services, questionnaires
from evaluations.models import ClassFeedback, ClassFeedbackRoll, FeedbackExchange, Questionnaire
from members.models import Person
from pairing_portal.common.encryption import decrypt
from pairing_portal.common.problems import Refused
from pairing_portal.common.secret_ballots import UNLOGGED
from tests.evaluations.feedback_crew import (
    CLOSED,
    NOW,
    answer,
    asked_league,
    classmates,
    fresh,
    guidance,
    open_round,
    points,
)

pytestmark = pytest.mark.django_db
ROUNDS = 40


def sheet(point: int = 4) -> dict[int, object]:
    return {question.id: point for question in services.class_questions()}


def signed(place: int) -> dict[int, object]:
    """A sheet that carries its author's place in the order of answering: nobody else gives that question one point."""
    return {question.id: 1 if place == index else 4 for index, question in enumerate(services.class_questions())}


def places_on(answers) -> list[int]:
    """Which authors' points lie on a sheet."""
    return [index for index, answer in enumerate(answers) if answer["points"] == 1]


@pytest.fixture
def exchange(cast):
    """Six asked: five of classmates(5) and the classmate of the cast; the League secretary answers by name."""
    classmates(cast, 5)
    return asked_league(cast, asks_classes=True)


@pytest.fixture
def people(exchange):
    return list(Person.objects.filter(pk__in=ClassFeedbackRoll.objects.values("person_id")).order_by("number"))


def answer_all(exchange, people, count: int) -> None:
    for person in people[:count]:
        services.answer_class_feedback(exchange=exchange, person=person, given=sheet(), now=NOW)


def test_the_roll_is_the_class_without_the_guide_and_the_officers(cast, exchange, people):
    assert {person.name for person in people} == {"农军", *(f"同学{number}" for number in range(100, 105))}


def test_a_roll_stays_as_it_was_first_written(cast, exchange, people):
    classmates_later = Person.objects.create(
        number="20260599999", name="新同学", department=cast.civil, school_class=cast.class_26, stage="non_member"
    )
    written = services.fix_rolls(round=exchange.round, now=NOW)

    assert (written, ClassFeedbackRoll.objects.filter(person=classmates_later).exists()) == (0, False)


@pytest.mark.parametrize(("more", "on_roll"), [(3, 0), (4, 5)])
def test_a_class_below_five_is_not_asked(cast, more, on_roll):
    classmates(cast, more)
    asked_league(cast, asks_classes=True)

    assert ClassFeedbackRoll.objects.count() == on_roll


def test_a_round_that_does_not_ask_classes_has_no_roll(cast):
    classmates(cast, 6)
    asked_league(cast)

    assert ClassFeedbackRoll.objects.count() == 0


def test_a_sheet_names_nobody_and_keeps_no_time():
    assert sorted(field.name for field in ClassFeedback._meta.get_fields()) == ["answers", "exchange", "id"]
    assert hasattr(ClassFeedback, "history") is False


@pytest.mark.parametrize("name", ["liu_member", "league_secretary", "er_member"])
def test_who_is_not_on_the_roll_hands_nothing_in(cast, exchange, name):
    with pytest.raises(Refused):
        services.answer_class_feedback(exchange=exchange, person=cast.person(name), given=sheet(), now=NOW)
    assert ClassFeedback.objects.count() == 0


def test_everybody_answers_once(exchange, people):
    answer_all(exchange, people, 1)
    with pytest.raises(Refused):
        answer_all(exchange, people, 1)
    assert (ClassFeedback.objects.count(), services.place_on_roll(exchange.pk, people[0].pk)) == (1, True)


@pytest.mark.parametrize("now", [NOW - dt.timedelta(days=1), CLOSED], ids=["early", "late"])
def test_outside_its_time_no_sheet_is_taken(exchange, people, now):
    with pytest.raises(Refused):
        services.answer_class_feedback(exchange=exchange, person=people[0], given=sheet(), now=now)


def test_a_sheet_with_a_hole_or_with_words_is_refused(exchange, people):
    hole = sheet()
    del hole[min(hole)]
    for given in (hole, points("league", 4, "我的笔迹")):
        with pytest.raises(Refused):
            services.answer_class_feedback(exchange=exchange, person=people[0], given=given, now=NOW)
    assert ClassFeedback.objects.count() == 0


@pytest.mark.parametrize(("count", "lines"), [(4, 0), (5, 8), (6, 8)])
def test_figures_are_shown_of_five_and_more(exchange, people, count, lines):
    answer_all(exchange, people, count)
    result = services.class_result(exchange, CLOSED)

    assert (result.asked, result.answered, len(result.lines)) == (6, count, lines)


def test_nothing_is_shown_before_closing(exchange, people):
    answer_all(exchange, people, 6)

    assert services.class_result(exchange, CLOSED - dt.timedelta(seconds=1)) is None


def test_figures_are_means_and_counts_of_each_question(exchange, people):
    for person, point in zip(people, (1, 2, 3, 4, 5, 5), strict=True):
        services.answer_class_feedback(exchange=exchange, person=person, given=sheet(point), now=NOW)
    line = services.class_result(exchange, CLOSED).lines[0]

    assert (line.mean, line.counts) == (333, (1, 1, 1, 1, 2))


def test_the_questionnaire_does_not_change_while_a_class_answers(exchange):
    copy = questionnaires.copy_questionnaire(questionnaire=Questionnaire.objects.get(side="league"))
    with pytest.raises(Refused):
        questionnaires.put_into_use(questionnaire=copy, now=NOW)
    questionnaires.put_into_use(questionnaire=copy, now=CLOSED)
    assert fresh(copy).is_current is True


# --- Unlinkable ----------------------------------------------------------------------------------


def orders(exchange) -> list[list[list[int]]]:
    """The authors' places as ids and as the database's own places give them."""
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    by_id = list(ClassFeedback.objects.filter(exchange=exchange).order_by("pk").values_list("answers", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT answers FROM evaluations_classfeedback WHERE exchange_id = %s ORDER BY {place}", [exchange.pk]
        )
        rows = [row[0] for row in cursor.fetchall()]
    by_place = [json.loads(decrypt(row)) for row in rows]
    return [[places_on(answers) for answers in found] for found in (by_id, by_place)]


def hits_of(exchange, people, rounds: int) -> list[int]:
    """How many sheets lie where the order of answering would put them, forwards and backwards; about one a round by chance."""
    hits = [0, 0, 0, 0]
    for _turn in range(rounds):
        ClassFeedback.objects.all().delete()
        ClassFeedbackRoll.objects.update(has_answered=False)
        for place, person in enumerate(people):
            services.answer_class_feedback(exchange=exchange, person=person, given=signed(place), now=NOW)
        for number, order in enumerate(orders(exchange)):
            for turn, found in enumerate((order, order[::-1])):
                hits[2 * number + turn] += sum(index in places for index, places in enumerate(found))
    return hits


def test_sheets_lie_in_no_order_of_answering(exchange, people):
    # By chance about one a round lies where it was handed in: 40, give or take 6. So many more never do.
    assert [count for count in hits_of(exchange, people, ROUNDS) if count >= 90] == []


def test_sheets_that_are_simply_added_give_their_authors_away(exchange, people, monkeypatch):
    def append(model, *, group, rows):
        """What the portal must not do."""
        if model is ClassFeedback:
            model._base_manager.create(**group, **rows[-1])
        else:
            model._base_manager.filter(**group).delete()
            model._base_manager.bulk_create([model(**group, **values) for values in rows])

    monkeypatch.setattr(services, "rewrite_shuffled", append)
    monkeypatch.setattr(services, "mixed", list)

    assert hits_of(exchange, people, 5)[2] == 5 * len(people)


@pytest.mark.postgres
def test_every_row_of_a_group_names_the_same_transaction(exchange, people):
    answer_all(exchange, people, 6)
    found = []
    for table in ("classfeedback", "classfeedbackroll"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), count(DISTINCT xmin::text) FROM evaluations_{table}")
            found.append(cursor.fetchone())

    assert found == [(6, 1), (6, 1)]


def tables() -> dict[str, list[str]]:
    """Every row of every table, as a dump would hold them."""
    return {
        model._meta.label: sorted(serializers.serialize("json", [row]) for row in model._base_manager.all())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }


def test_an_answer_changes_nothing_but_the_sheets_and_the_roll(exchange, people):
    before = tables()
    answer_all(exchange, people, 1)
    after = tables()

    assert sorted(name for name in after if after[name] != before[name]) == [
        "evaluations.ClassFeedback",
        "evaluations.ClassFeedbackRoll",
    ]


# --- Pages ---------------------------------------------------------------------------------------


@pytest.fixture
def now_open(cast):
    """The same, open at the moment of the request."""
    classmates(cast, 5)
    guidance(cast)
    now = timezone.now()
    round = open_round(
        cast, "civil_organiser", department=cast.civil, asks_classes=True, now=now, opens_on=timezone.localdate(now),
        closes_on=timezone.localdate(now) + dt.timedelta(days=7),
    )  # fmt: skip
    return round.exchanges.get()


def form_data(point: int = 4) -> dict[str, int]:
    return {f"q{key}": point for key in sheet()}


def test_a_classmate_answers_on_the_phone_once(cast, now_open, sign_in):
    client, url = sign_in("classmate"), reverse("feedback_class", args=[now_open.pk])
    page = client.get(url)
    first = client.post(url, form_data())
    again = client.post(url, form_data(5))

    assert (page.status_code, first.status_code, again.status_code) == (200, 302, 302)
    assert [row.answers[0]["points"] for row in ClassFeedback.objects.all()] == [4]


def test_a_hole_comes_back_with_the_form(cast, now_open, sign_in):
    data = form_data()
    data.popitem()
    page = sign_in("classmate").post(reverse("feedback_class", args=[now_open.pk]), data)

    assert (page.status_code, ClassFeedback.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("liu_member", 403),
        ("league_secretary", 403),
        ("civil_organiser", 403),
        ("er_member", 404),
        ("administrator", 404),
    ],
)
def test_others_do_not_come_in(cast, now_open, sign_in, name, code):
    assert sign_in(name).get(reverse("feedback_class", args=[now_open.pk])).status_code == code


def test_its_address_is_left_out_of_the_request_log(now_open):
    assert UNLOGGED.match(reverse("feedback_class", args=[now_open.pk])) is not None


def test_the_guide_reads_figures_after_closing(cast, now_open, sign_in):
    people = list(Person.objects.filter(pk__in=ClassFeedbackRoll.objects.values("person_id")))
    for person in people:
        services.answer_class_feedback(exchange=now_open, person=person, given=sheet(5), now=timezone.now())
    url = reverse("feedback_exchange", args=[now_open.pk])
    before = sign_in("liu_member").get(url).content.decode()
    past = timezone.now() - dt.timedelta(hours=1)
    FeedbackExchange.objects.update(opens_at=past - dt.timedelta(days=1), closes_at=past)
    page = sign_in("liu_member").get(url)

    assert "指导人促进了班级的学风" not in before or "class_result" in before
    assert page.context["class_result"]["lines"][0]["counts"] == (0, 0, 0, 0, 6)


def test_a_class_is_asked_through_the_outbox(cast, now_open):
    from notifications.models import Notice
    from notifications.services import compute_reminders

    compute_reminders(now=timezone.now())
    notice = Notice.objects.get(kind="evaluations.class_feedback_asked")

    assert notice.user == cast.user("classmate")


def test_the_officers_answer_by_name_beside_their_class(cast, exchange, people):
    answer(cast, exchange, "league_secretary", "league")
    answer_all(exchange, people, 6)

    assert services.class_result(exchange, CLOSED).answered == 6


def test_who_has_left_hands_nothing_in(exchange, people):
    people[0].left_on = dt.date(2026, 10, 28)
    with pytest.raises(Refused):
        answer_all(exchange, people, 1)


def test_an_announced_round_fixes_its_rolls_when_it_opens(cast, monkeypatch):
    classmates(cast, 5)
    guidance(cast)
    round = open_round(
        cast, "civil_organiser", department=cast.civil, asks_classes=True, opens_on=dt.date(2026, 11, 3), closes_on=dt.date(2026, 11, 9)
    )  # fmt: skip
    before = ClassFeedbackRoll.objects.count()
    monkeypatch.setattr(feedback_round_services.timezone, "now", lambda: NOW + dt.timedelta(days=5))
    feedback_round_services.keep_rounds(dt.date(2026, 11, 3))

    assert (before, ClassFeedbackRoll.objects.filter(exchange__round=round).count()) == (0, 6)


def test_accounts_of_the_roll_are_not_needed_to_be_on_it(people):
    assert User.objects.filter(person__in=people).count() == 1
