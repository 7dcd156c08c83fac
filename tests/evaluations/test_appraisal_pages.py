"""The pages of an appraisal as member, committee, department and outsider meet them."""

from __future__ import annotations

import datetime as dt
import io
import logging

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from evaluations import appraisal_services as services
from evaluations.models import AppraisalBallot, AppraisalResult, AppraisalRound, PeerAppraisal, SelfAppraisal
from notifications.models import Notice
from notifications.services import compute_reminders
from tests.evaluations.voters import LAST_DAY, begun, full_ballot, manager, voting, voting_branch

pytestmark = pytest.mark.django_db
AFTER = LAST_DAY + dt.timedelta(days=1)


@pytest.fixture
def branch(cast):
    """Six full members and a probationary one, each with an account; the first is the secretary."""
    branch = voting_branch(cast, full=6, probationary=1)
    for person in branch.people.all():
        person.user = User.objects.create(username=person.number, display_name=person.name)
        person.save()
    branch.posts.create(person=branch.people.order_by("number").first(), kind="branch_secretary")
    return branch


@pytest.fixture
def people(branch):
    return list(branch.people.order_by("number").select_related("user"))


@pytest.fixture
def enter(client):
    def enter(user):
        client.force_login(user)
        return client

    return enter


def ballot_data(round, grade="qualified"):
    data = {}
    for result in AppraisalResult.objects.filter(round=round):
        if not result.is_probationary:
            data[f"grade-{result.person_id}"] = grade
        for item in ("ideals", "theory", "discipline", "integrity", "service", "example"):
            data[f"{item}-{result.person_id}"] = "good"
    return data


def test_the_secretary_begins_and_every_member_is_asked(cast, branch, people, enter):
    page = enter(people[0].user).post(
        reverse("appraisal_new"), {"party_branch": branch.pk, "year": 2026, "write_until_on": "2026-11-12"}
    )
    round = AppraisalRound.objects.get()
    compute_reminders(now=timezone.now())

    assert page.url == reverse("appraisal", args=[round.pk])
    assert Notice.objects.filter(kind="evaluations.appraisal_write").count() == 7


def test_a_year_that_was_appraised_is_refused_beside_its_field(cast, branch, people, enter):
    begun(cast, branch)
    page = enter(people[0].user).post(
        reverse("appraisal_new"), {"party_branch": branch.pk, "year": 2026, "write_until_on": "2026-11-12"}
    )

    assert (page.status_code, list(page.context["form"].errors)) == (400, ["year"])


def test_a_member_writes_of_themselves_and_of_another(cast, branch, people, enter):
    round = begun(cast, branch)
    client = enter(people[1].user)
    client.post(reverse("appraisal_self", args=[round.pk]), {"text": "这一年"})
    client.post(reverse("appraisal_peer", args=[round.pk, people[2].pk]), {"text": "热心"})

    assert SelfAppraisal.objects.get().person == people[1]
    assert PeerAppraisal.objects.values_list("author", "person", "text").get() == (people[1].pk, people[2].pk, "热心")


def test_blank_words_come_back_with_the_form(cast, branch, people, enter):
    round = begun(cast, branch)
    page = enter(people[1].user).post(reverse("appraisal_self", args=[round.pk]), {"text": " 　 "})

    assert (page.status_code, SelfAppraisal.objects.count()) == (400, 0)


def test_nobody_writes_about_themselves_as_a_peer(cast, branch, people, enter):
    round = begun(cast, branch)
    page = enter(people[1].user).get(reverse("appraisal_peer", args=[round.pk, people[1].pk]))

    assert page.status_code == 403


def test_a_member_votes_once_on_the_phone(cast, branch, people, enter):
    round = voting(cast, branch)
    client = enter(people[1].user)
    first = client.post(reverse("appraisal_vote", args=[round.pk]), ballot_data(round))
    again = client.post(reverse("appraisal_vote", args=[round.pk]), ballot_data(round, "excellent"))

    assert (first.status_code, again.status_code, AppraisalBallot.objects.count()) == (302, 302, 1)
    assert services.turnout(round) == (1, 7)


def test_a_ballot_with_a_hole_says_where(cast, branch, people, enter):
    round = voting(cast, branch)
    data = ballot_data(round)
    del data[f"theory-{people[3].pk}"]
    page = enter(people[1].user).post(reverse("appraisal_vote", args=[round.pk]), data)

    assert (page.status_code, AppraisalBallot.objects.count()) == (400, 0)
    assert people[3].name in page.content.decode()


class Lines(logging.Handler):
    """Keeps every line of the request log."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def request_log():
    handler, logger = Lines(), logging.getLogger("django_structlog")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_the_vote_leaves_no_line_in_the_request_log(cast, branch, people, enter, request_log):
    round = voting(cast, branch)
    client = enter(people[1].user)
    request_log.clear()
    client.post(reverse("appraisal_vote", args=[round.pk]), ballot_data(round))
    voted = list(request_log)
    client.get(reverse("appraisal", args=[round.pk]))

    assert voted == []
    assert len(request_log) == 2


def test_an_officer_counts_decides_and_shows(cast, branch, people, enter):
    round = voting(cast, branch)
    for person in people:
        services.cast_ballot(round=round, person=person, marks=full_ballot(round), today=LAST_DAY)
    client = enter(people[0].user)
    client.post(reverse("appraisal_count", args=[round.pk]))
    other = AppraisalResult.objects.get(round=round, person=people[1])
    client.post(reverse("appraisal_result", args=[other.pk]), {"grade": "qualified", "reason": "工作踏实"})
    other.refresh_from_db()

    assert (other.grade, other.reason) == ("qualified", "工作踏实")
    own = AppraisalResult.objects.get(round=round, person=people[0])
    assert client.get(reverse("appraisal_result", args=[own.pk])).status_code == 200
    assert client.post(reverse("appraisal_result", args=[own.pk]), {"grade": "excellent", "reason": "好"}).status_code == 403  # fmt: skip


def shown(branch, round, people):
    for person in people:
        services.cast_ballot(round=round, person=person, marks=full_ballot(round), today=LAST_DAY)
    services.count_ballots(round=round, scope=manager(branch), today=AFTER)
    for result in AppraisalResult.objects.filter(round=round, is_probationary=False):
        services.decide_grade(result=result, grade="qualified", reason="表现稳定", scope=manager(branch), today=AFTER)
    services.show_results(round=round, scope=manager(branch), today=AFTER, now=timezone.now())


def test_a_member_reads_the_own_grade_and_objects(cast, branch, people, enter):
    round = voting(cast, branch)
    shown(branch, round, people)
    mine = AppraisalResult.objects.get(round=round, person=people[2])
    theirs = AppraisalResult.objects.get(round=round, person=people[3])
    client = enter(people[2].user)

    assert client.get(reverse("appraisal_result", args=[theirs.pk])).status_code == 404
    assert "表现稳定" in client.get(reverse("appraisal_result", args=[mine.pk])).content.decode()
    client.post(reverse("appraisal_object", args=[mine.pk]), {"text": "帮扶记录没有计入"})
    mine.refresh_from_db()
    assert mine.objection == "帮扶记录没有计入"


def test_an_outsider_finds_nothing_and_an_administrator_no_more(cast, branch, people, enter):
    round = voting(cast, branch)
    addresses = [reverse(name, args=[round.pk]) for name in ("appraisal", "appraisal_vote", "appraisal_print")]
    answers = {
        name: [enter(cast.user(name)).get(address).status_code for address in addresses]
        for name in ("er_member", "administrator", "stranger")
    }

    assert answers == {name: [404, 404, 404] for name in ("er_member", "administrator", "stranger")}


def test_the_department_reads_but_does_not_run_it(cast, branch, enter):
    round = voting(cast, branch)
    client = enter(cast.user("mech_organiser"))

    assert client.get(reverse("appraisal", args=[round.pk])).status_code == 200
    assert client.post(reverse("appraisal_count", args=[round.pk])).status_code == 403
    assert client.get(reverse("appraisal_vote", args=[round.pk])).status_code == 403


def test_the_summary_is_a_workbook_with_the_usual_headings(cast, branch, people, enter):
    round = voting(cast, branch)
    shown(branch, round, people)
    page = enter(people[0].user).post(reverse("appraisal_xlsx", args=[round.pk]))
    rows = openpyxl.load_workbook(io.BytesIO(page.content)).worksheets[0].iter_rows(values_only=True)
    table = list(rows)

    assert table[1][:6] == ("序号", "姓名", "应到党员数", "实到", "收回票", "优秀票")
    assert table[2][:10] == (1, people[0].name, 7, 7, 7, 0, 7, 0, 0, "合格")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_questions(cast, branch, people, enter, count, django_assert_num_queries):
    for year in (2026, 2025)[: 1 if count == 1 else 2]:
        begun(cast, branch, year)
    client = enter(people[0].user)
    client.get(reverse("appraisals"))

    with django_assert_num_queries(10):
        client.get(reverse("appraisals"))


def test_the_ballot_may_be_put_in_over_the_whole_page(cast, branch, people):
    """The page works without its script: every mark is a plain radio button."""
    round = voting(cast, branch)
    browser = Client()
    browser.force_login(people[4].user)
    page = browser.get(reverse("appraisal_vote", args=[round.pk])).content.decode()

    assert page.count('type="radio"') == 6 * 4 + 7 * 6 * 3


# --- Holes, the front page, counting -------------------------------------------------------------


def test_holes_are_said_once_a_person_and_nothing_is_lost(cast, branch, people, enter):
    round = voting(cast, branch)
    data = ballot_data(round)
    del data[f"theory-{people[1].pk}"], data[f"grade-{people[1].pk}"]
    page = enter(people[0].user).post(reverse("appraisal_vote", args=[round.pk]), data)
    form = page.context["form"]

    assert [(row["result"].person, row["count"]) for row in form.holes()] == [(people[1], 2)]
    assert [row["result"].person for row in form.people() if row["has_holes"]] == [people[1]]


def test_the_front_page_shows_the_own_grade_and_the_committee_its_objections(cast, branch, people, enter):
    round = voting(cast, branch)
    for person in people:
        services.cast_ballot(round=round, person=person, marks=full_ballot(round), today=LAST_DAY)
    services.count_ballots(round=round, scope=manager(branch), today=AFTER)
    AppraisalRound.objects.filter(pk=round.pk).update(state="decided", shown_at=timezone.now())
    mine = AppraisalResult.objects.get(round=round, person=people[1])
    services.object_to_grade(
        result=mine, person=people[1], text="请复核", today=timezone.localdate(), now=timezone.now()
    )
    address = reverse("appraisal_result", args=[mine.pk])

    def cards(person):
        return [(card.url, card.waiting) for card in enter(person.user).get(reverse("evaluations")).context["cards"]]

    assert (address, 0) in cards(people[1])
    assert (address, 1) in cards(people[0])
    assert [url for url, _waiting in cards(people[2])].count(address) == 0


def test_counting_is_offered_once_all_have_voted_or_the_last_day_is_over(cast, branch, people, enter):
    round = voting(cast, branch)
    client, url = enter(people[0].user), reverse("appraisal", args=[round.pk])
    today, rows = timezone.localdate(), AppraisalRound.objects.filter(pk=round.pk)
    rows.update(opened_on=today - dt.timedelta(days=9), vote_until_on=today)
    open_still = client.get(url).context["may_count"]
    rows.update(vote_until_on=today - dt.timedelta(days=1))

    assert (open_still, client.get(url).context["may_count"]) == (False, True)


def test_a_ballot_is_opened_for_longer_or_withdrawn_on_its_page(cast, branch, people, enter):
    round = voting(cast, branch)
    client, later = enter(people[0].user), LAST_DAY + dt.timedelta(days=3)
    client.post(reverse("appraisal_extend", args=[round.pk]), {"vote_until_on": later.isoformat()})
    extended = AppraisalRound.objects.get(pk=round.pk).vote_until_on
    asked = client.get(reverse("appraisal_withdraw", args=[round.pk]))
    client.post(reverse("appraisal_withdraw", args=[round.pk]))
    withdrawn = AppraisalRound.objects.get(pk=round.pk).state
    client.post(reverse("appraisal_cancel", args=[round.pk]))

    assert (extended, asked.status_code, withdrawn) == (later, 200, "writing")
    assert AppraisalRound.objects.count() == 0
