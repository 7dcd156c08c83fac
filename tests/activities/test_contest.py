"""Contests: totals and places, teams from the groups, the table of scores, the live page, closing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from activities import contest_services as contests
from activities.contest_scores import Hole, Mark, RoundRule, holes, standings
from activities.models import ContestScore, ContestTeam, LogEntry
from members.access import scope_for
from pairing_portal.common.problems import Refused
from pairings.models import BranchSplit, GroupPlace, MemberPairing, PairingGroup
from tests.activities.event_crew import act, published
from tests.pairings.crew import activate

ROUNDS = [RoundRule(1, 1, Decimal(100), 1), RoundRule(2, 2, Decimal(10), 2)]


def mark(round_id, team_id, score, judge="甲"):
    return Mark(round_id, team_id, judge, Decimal(score))


def places(marks, tie_rule="shared", rounds=ROUNDS, teams=(1, 2, 3)):
    return {row.team_id: (row.place, row.total, row.is_shared) for row in standings(rounds, teams, marks, tie_rule)}


# --- Totals and places -----------------------------------------------------------------------------------


def test_rounds_count_by_their_weight_as_shares_of_their_highest_score():
    marks = [mark(1, 1, 80), mark(1, 1, 90, "乙"), mark(2, 1, 7), mark(1, 2, 100), mark(2, 2, 9), mark(1, 3, "33.3")]
    assert places(marks) == {
        2: (1, Decimal("93.33"), False), 1: (2, Decimal("75.00"), False), 3: (3, Decimal("11.10"), False),
    }  # fmt: skip


TIED = [mark(1, 1, 90), mark(2, 1, 6), mark(1, 2, 70), mark(2, 2, 7), mark(1, 3, 10), mark(2, 3, 1)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("shared", {1: (1, True), 2: (1, True), 3: (3, False)}), ("last_round", {2: (1, False), 1: (2, False), 3: (3, False)}),
     ("best_round", {1: (1, False), 2: (2, False), 3: (3, False)})],
)  # fmt: skip
def test_equal_totals_are_placed_by_the_rule(rule, expected):
    found = standings(ROUNDS, (1, 2, 3), TIED, rule)
    assert found[0].total == found[1].total == Decimal("70.00")
    assert {row.team_id: (row.place, row.is_shared) for row in found} == expected


def test_before_the_first_score_nobody_has_a_place():
    assert places([]) == {1: (None, Decimal("0.00"), False), 2: (None, Decimal("0.00"), False), 3: (None, Decimal("0.00"), False)}  # fmt: skip


SCORES = st.decimals(min_value=0, max_value=10, places=1)
MARKS = st.dictionaries(
    st.tuples(st.sampled_from([1, 2]), st.integers(1, 5), st.sampled_from("甲乙丙")), SCORES, max_size=30
).map(lambda found: [Mark(round_id, team, judge, score) for (round_id, team, judge), score in found.items()])
RULES = st.sampled_from(["shared", "last_round", "best_round"])


@given(MARKS, RULES, st.randoms())
def test_the_order_of_scores_rounds_and_teams_plays_no_part(marks, rule, random):
    mixed, rounds, teams = list(marks), list(ROUNDS), [1, 2, 3, 4, 5]
    for rows in (mixed, rounds, teams):
        random.shuffle(rows)
    assert standings(rounds, teams, mixed, rule) == standings(ROUNDS, (1, 2, 3, 4, 5), marks, rule)


@given(MARKS, RULES)
def test_a_better_total_is_a_better_place_and_only_ties_share_one(marks, rule):
    rows = standings(ROUNDS, range(1, 6), marks, rule)
    for one in rows:
        assert 0 <= one.total <= 100
        for other in rows if marks else []:
            if one.total > other.total:
                assert one.place < other.place
            if one.place == other.place:
                assert one.total == other.total
            if one.total == other.total and rule == "shared":
                assert one.place == other.place


@given(MARKS, st.integers(1, 50))
def test_only_the_ratio_of_the_weights_counts(marks, factor):
    heavier = [RoundRule(row.id, row.position, row.max_score, row.weight * factor) for row in ROUNDS]
    assert standings(heavier, range(1, 6), marks, "shared") == standings(ROUNDS, range(1, 6), marks, "shared")


def test_what_is_missing_is_named():
    assert holes(ROUNDS, [1, 2], [mark(1, 1, 5), mark(1, 1, 5, "乙"), mark(1, 2, 5, "乙")]) == [
        Hole(1, 2, "甲"),
        Hole(2),
    ]


# --- Teams and scores -------------------------------------------------------------------------------------


def grouped(cast):
    """A pairing of Er and San with one published group: er_member and er_deputy; er_member is paired with san_member."""
    pairing = activate(cast)
    split = BranchSplit.objects.create(academic_year=cast.year, branch=cast.er)
    group = PairingGroup.objects.create(split=split, pairing=pairing, name="第一组")
    for name in ("er_member", "er_deputy"):
        GroupPlace.objects.create(
            split=split, academic_year=cast.year, person=cast.person(name), group=group, draft_group=group
        )
    pair = {"pairing": pairing, "starts_on": dt.date(2026, 10, 8)}
    MemberPairing.objects.create(
        **pair, helper=cast.person("er_member"), partner=cast.person("san_member"), published_at=timezone.now()
    )
    MemberPairing.objects.create(
        **pair, helper=cast.person("er_deputy"), partner=cast.person("san_activist")
    )  # a draft
    return group


@pytest.fixture
def contest(db, cast):
    """A published contest of Er with the round 必答题 (0 to 10) and the teams 红队 and 蓝队."""
    activity = published(cast, kind="contest", title="知识竞赛")
    scope = scope_for(cast.user("er_deputy"))
    activity.turn = contests.save_round(activity=activity, title="必答题", max_score=Decimal(10), weight=1, scope=scope)
    activity.red, activity.blue = (
        contests.save_team(activity=activity, name=name, people=[], scope=scope) for name in ("红队", "蓝队")
    )
    return activity


def write(cast, contest, judge="甲", who="er_deputy", **scores):
    values = {getattr(contest, name).pk: Decimal(value) for name, value in scores.items()}
    return contests.save_scores(contest_round=contest.turn, columns=[contests.Column(judge, values)], **act(cast, who))


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_team_is_the_group_with_its_published_partners_and_is_made_once(cast, sign_in):
    grouped(cast)
    activity = published(cast, kind="contest", title="知识竞赛")
    client = sign_in("er_secretary")
    response = client.post(reverse("contest_teams_make", args=[activity.pk]))
    assert said(response) == ["已由分组生成 1 支队伍。"]
    team = ContestTeam.objects.get()
    assert team.name == "第一组"
    assert set(team.members.all()) == {cast.person(name) for name in ("er_member", "er_deputy", "san_member")}
    client.post(reverse("contest_teams_make", args=[activity.pk]))
    assert ContestTeam.objects.count() == 1


@pytest.mark.parametrize("value", ["NaN", "-1", "10.1", "Infinity", "1e9", "9.55"])
def test_a_score_that_is_none_is_refused_and_nothing_is_written(cast, contest, value):
    with pytest.raises(Refused):
        write(cast, contest, red="5", blue=value)
    assert ContestScore.objects.count() == 0


def test_unknown_teams_members_without_a_post_and_closed_contests_are_refused(cast, contest):
    with pytest.raises(Refused, match="没有这支队伍"):
        contests.save_scores(
            contest_round=contest.turn, columns=[contests.Column("甲", {999999: Decimal(1)})], **act(cast, "er_deputy")
        )
    with pytest.raises(Refused, match="由主办方支委组织"):
        write(cast, contest, who="er_member", red="5")
    write(cast, contest, red="5", blue="6")
    contests.close_contest(activity=contest, scope=scope_for(cast.user("er_secretary")), now=timezone.now())
    with pytest.raises(Refused, match="比赛已结束评分"):
        write(cast, contest, red="7")
    assert sorted(ContestScore.objects.values_list("score", flat=True)) == [5, 6]


def test_a_correction_keeps_who_made_it_and_the_same_again_changes_nothing(cast, contest):
    assert write(cast, contest, red="5", blue="6") == 2
    assert write(cast, contest, who="er_secretary", red="5", blue="6") == 0
    assert write(cast, contest, who="er_secretary", red="5", blue="7") == 1
    found = {row.team.name: (row.score, row.recorded_by.display_name) for row in ContestScore.objects.all()}
    assert found == {"红队": (5, "张红"), "蓝队": (7, "甘杰怡")}


def test_the_table_writes_what_was_changed_and_keeps_what_another_entered_meanwhile(cast, contest, sign_in):
    write(cast, contest, red="5", blue="6")
    red, blue = contest.red.pk, contest.blue.pk
    form = {
        "judge-0": "甲", f"score-0-{red}": "5", f"before-score-0-{red}": "5", f"score-0-{blue}": "6", f"before-score-0-{blue}": "6",
        "new_judge": "乙", f"score-new-{red}": "9.5", f"score-new-{blue}": "8",
    }  # fmt: skip
    write(cast, contest, who="er_secretary", red="5.5")
    client, url = sign_in("er_deputy"), reverse("round_scores", args=[contest.turn.pk])
    assert said(client.post(url, form)) == ["已记录 2 个评分。"]
    found = {(row.judge, row.team.name): row.score for row in ContestScore.objects.all()}
    assert found == {
        ("甲", "红队"): Decimal("5.5"),
        ("甲", "蓝队"): 6,
        ("乙", "红队"): Decimal("9.5"),
        ("乙", "蓝队"): 8,
    }
    again = client.post(url, form)
    assert (again.status_code, "另一位评委" in again.content.decode()) == (400, True)
    assert ContestScore.objects.count() == 4


@pytest.mark.parametrize("value", ["NaN", "-1", "11", "很好", "sNaN", "1e400"])
def test_the_table_shows_a_bad_score_where_it_stands_and_writes_nothing(cast, contest, sign_in, value):
    form = {"new_judge": "乙", f"score-new-{contest.red.pk}": value, f"score-new-{contest.blue.pk}": "8"}
    response = sign_in("er_deputy").post(reverse("round_scores", args=[contest.turn.pk]), form)
    assert response.status_code == 400
    assert "0 到 10" in response.content.decode()
    assert ContestScore.objects.count() == 0


@pytest.mark.parametrize("change", [{"score-new-999999": "8"}, {"score-new-x": "8"}, {"new_judge": ""}])
def test_forged_teams_and_a_column_without_a_judge_are_refused(cast, contest, sign_in, change):
    form = {"new_judge": "乙", f"score-new-{contest.red.pk}": "8"} | change
    assert sign_in("er_deputy").post(reverse("round_scores", args=[contest.turn.pk]), form).status_code == 400
    assert ContestScore.objects.count() == 0


def test_closing_names_what_is_missing_and_can_be_taken_back(cast, contest, sign_in):
    client, close = sign_in("er_secretary"), reverse("contest_close", args=[contest.pk])
    assert said(client.post(close)) == ["“必答题”还没有评分。请录入评分，或删除这一轮。"]
    write(cast, contest, red="5")
    contest.refresh_from_db()
    assert "“必答题”缺少甲给“蓝队”的评分。" in said(client.post(close))
    write(cast, contest, blue="5")
    client.post(close)
    contest.contest.refresh_from_db()
    assert contest.contest.closed_at == timezone.now()
    client.post(reverse("contest_reopen", args=[contest.pk]))
    contest.contest.refresh_from_db()
    assert contest.contest.closed_at is None
    assert sign_in("er_member").post(close).status_code == 403


def test_the_live_page_is_empty_until_it_is_opened(cast, contest, sign_in):
    write(cast, contest, red="5", blue="6")
    member, url = sign_in("er_member"), reverse("contest_live_rows", args=[contest.pk])
    for who in (member, sign_in("er_secretary")):
        shut = who.get(url).content.decode()
        assert ("红队" in shut, "现在不显示成绩" in shut) == (False, True)
    assert "60.00" not in member.get(reverse("contest", args=[contest.pk])).content.decode()
    sign_in("er_secretary").post(reverse("contest_setup", args=[contest.pk]), {"tie_rule": "shared", "is_live": "on"})
    page = sign_in("er_member").get(url)
    assert [(row["team"].name, row["place"].place) for row in page.context["rows"]] == [("蓝队", 1), ("红队", 2)]
    assert "60.00" in page.content.decode()
    assert sign_in("liu_member").get(url).status_code == 404


def test_nobody_is_in_two_teams_and_scored_ones_stay(cast, contest, sign_in):
    client = sign_in("er_secretary")
    form = {"name": "红队", "numbers": "20230310004 罗萍妍\n20230310002"}
    assert client.post(reverse("team_edit", args=[contest.red.pk]), form).status_code == 302
    assert set(contest.red.members.all()) == {cast.person("er_member"), cast.person("er_deputy")}
    double = client.post(reverse("team_edit", args=[contest.blue.pk]), {"name": "蓝队", "numbers": "20230310004"})
    assert "已在队伍“红队”中" in double.content.decode()
    unknown = client.post(reverse("team_edit", args=[contest.blue.pk]), {"name": "蓝队", "numbers": "20250530002"})
    assert unknown.status_code == 400
    write(cast, contest, red="5")
    client.post(reverse("team_remove", args=[contest.red.pk]))
    client.post(reverse("round_remove", args=[contest.turn.pk]))
    client.post(reverse("team_remove", args=[contest.blue.pk]))
    assert list(contest.teams.values_list("name", flat=True)) == ["红队"]
    assert contest.rounds.count() == 1
    too_low = client.post(
        reverse("round_edit", args=[contest.turn.pk]), {"title": "必答题", "max_score": "4", "weight": "1"}
    )
    assert too_low.status_code == 400


def test_the_result_takes_as_many_queries_for_six_teams_as_for_two_and_feeds_nothing(cast, contest, sign_in):
    write(cast, contest, red="5", blue="6")
    client, counts = sign_in("er_secretary"), []
    for more in (0, 4):
        for number in range(more):
            team = contests.save_team(
                activity=contest, name=f"队{number}", people=[], scope=scope_for(cast.user("er_secretary"))
            )
            setattr(contest, f"team{number}", team)
            write(cast, contest, **{f"team{number}": "7"})
        client.get(reverse("contest", args=[contest.pk]))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("contest", args=[contest.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert LogEntry.objects.count() == 0


def test_another_kind_of_activity_has_no_contest(cast, sign_in):
    other = published(cast)
    assert sign_in("er_secretary").get(reverse("contest", args=[other.pk])).status_code == 404
    with pytest.raises(Refused, match="不是竞赛"):
        contests.make_teams(activity=other, scope=scope_for(cast.user("er_secretary")))
