"""A contest: rounds, teams from the pairing's groups, judges' scores, closing. What comes out feeds no evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairings.models import MemberPairing, PairingGroup
from pairings.states import PairingState

from .contest_scores import Mark, RoundRule, Standing, holes, standings
from .event_models import Activity, ActivityState, OwnFields
from .event_rules import may_keep_list, may_run
from .event_services import lock_activity
from .line_models import ContestRound, ContestScore, ContestSetup, ContestTeam, TieRule

ROUNDS_AT_MOST: Final = 20
TEAMS_AT_MOST: Final = 100
JUDGES_AT_MOST: Final = 20
MEMBERS_AT_MOST: Final = 100
WEIGHT_AT_MOST: Final = 100
HIGHEST: Final = Decimal("9999.9")
SCORED_STATES: Final = (ActivityState.PUBLISHED, ActivityState.FINISHED)


def _open_contest(activity: Activity, scope: Scope) -> tuple[Activity, ContestSetup]:
    """The contest locked, for who keeps its list and while it is not closed. Raises `Refused`."""
    activity, setup = _locked(activity)
    if not may_keep_list(activity, scope):
        raise Refused(_("The committee of the hosts runs the contest."))
    if activity.state == ActivityState.CANCELLED:
        raise Refused(_("This activity is “%(state)s” now. Reload the page.") % {"state": activity.get_state_display()})
    if setup.closed_at is not None:
        raise Refused(_("This contest is closed. Open it again before you change anything."))
    return activity, setup


def _locked(activity: Activity) -> tuple[Activity, ContestSetup]:
    activity = lock_activity(activity)
    if activity.kind.own_fields != OwnFields.CONTEST:
        raise Refused(_("This activity is no contest."))
    setup, _made = ContestSetup.objects.get_or_create(activity=activity)
    return activity, setup


@transaction.atomic
def set_up(*, activity: Activity, tie_rule: str, is_live: bool, scope: Scope) -> ContestSetup:
    """How ties are broken, and whether the result page is open. The page may be opened and shut after closing, too."""
    activity, setup = _locked(activity)
    if not may_keep_list(activity, scope):
        raise Refused(_("The committee of the hosts runs the contest."))
    if tie_rule not in TieRule.values:
        raise Refused(_("Choose how ties are broken."), field="tie_rule")
    if setup.closed_at is not None and tie_rule != setup.tie_rule:
        raise Refused(_("This contest is closed. Open it again before you change anything."), field="tie_rule")
    setup.tie_rule, setup.is_live = tie_rule, is_live
    setup.save()
    return setup


# --- Rounds -----------------------------------------------------------------------------------------


@transaction.atomic
def save_round(
    *, activity: Activity, title: str, max_score: Decimal, weight: int, scope: Scope, round_id: int | None = None
) -> ContestRound:
    """A new round at the end, or a changed one; the highest score stays above what was given already."""
    activity, _setup = _open_contest(activity, scope)
    title = title.strip()[:50]
    if not title:
        raise Refused(_("Give the round a name."), field="title")
    if not max_score.is_finite() or not 0 < max_score <= HIGHEST:
        raise Refused(_("The highest score is a number above 0."), field="max_score")
    if not 1 <= weight <= WEIGHT_AT_MOST:
        words = _("The weight is a whole number from 1 to %(limit)d.")
        raise Refused(words % {"limit": WEIGHT_AT_MOST}, field="weight")
    rows = list(activity.rounds.all())
    row = next((row for row in rows if row.pk == round_id), None)
    if row is None:
        if round_id is not None:
            raise Refused(_("This round is gone. Reload the page."))
        if len(rows) >= ROUNDS_AT_MOST:
            raise Refused(_("A contest has at most %(limit)d rounds.") % {"limit": ROUNDS_AT_MOST})
        row = ContestRound(activity=activity, position=max((other.position for other in rows), default=0) + 1)
    elif row.scores.filter(score__gt=max_score).exists():
        raise Refused(_("Higher scores than that were given already. Correct them first."), field="max_score")
    row.title, row.max_score, row.weight = title, max_score, weight
    row.save()
    return row


@transaction.atomic
def remove_round(*, contest_round: ContestRound, scope: Scope) -> None:
    """Only while nobody scored in it."""
    _open_contest(contest_round.activity, scope)
    if contest_round.scores.exists():
        raise Refused(_("Scores were given in this round. Take the judges' columns away first."))
    contest_round.delete()


# --- Teams ------------------------------------------------------------------------------------------


def groups_for(activity: Activity) -> list[PairingGroup]:
    """Published groups of the running pairings of the hosts that are no team yet, in a fixed order."""
    hosts = {activity.party_branch_id, *activity.co_hosts.values_list("party_branch_id", flat=True)} - {None}
    rows = PairingGroup.objects.filter(pairing__state=PairingState.ACTIVE, places__isnull=False)
    rows = rows.filter(pairing__helping_branch__in=hosts) | rows.filter(pairing__partner_branch__in=hosts)
    taken = activity.teams.exclude(group=None).values("group_id")
    names = rows.select_related("pairing__helping_branch", "pairing__partner_branch")
    return list(names.exclude(pk__in=taken).distinct().order_by("pk"))


@transaction.atomic
def make_teams(*, activity: Activity, scope: Scope) -> list[ContestTeam]:
    """A team a group: its members, and their partners of the other branch by the published pairs. Pressed twice, made once."""
    activity, _setup = _open_contest(activity, scope)
    names = set(activity.teams.values_list("name", flat=True))
    made = []
    for group in groups_for(activity)[: max(0, TEAMS_AT_MOST - len(names))]:
        team = ContestTeam.objects.create(activity=activity, group=group, name=_free_name(group, names))
        team.members.set(people_of_group(group))
        names.add(team.name)
        made.append(team)
    return made


def _free_name(group: PairingGroup, names: set[str]) -> str:
    """The group's name; with its partner branch, then with a number, where the name is taken."""
    offered = [group.name[:50], f"{group.name[:30]} · {group.pairing.partner_branch.short_name}"[:50]]
    offered += [f"{group.name[:40]} {number}" for number in range(2, TEAMS_AT_MOST + 2)]
    return next(name for name in offered if name not in names)


def people_of_group(group: PairingGroup) -> list[Person]:
    """Both sides: who stands in the published group, and their partners."""
    placed = group.places.values("person_id")
    pairs = MemberPairing.objects.filter(
        pairing=group.pairing_id, helper__in=placed, published_at__isnull=False, ended_on=None
    )
    people = Person.objects.filter(pk__in=placed) | Person.objects.filter(pk__in=pairs.values("partner_id"))
    return list(people.distinct())


@transaction.atomic
def save_team(
    *, activity: Activity, name: str, people: Iterable[Person], scope: Scope, team_id: int | None = None
) -> ContestTeam:
    """A team by hand, or another name and other people for one; nobody is in two teams."""
    activity, _setup = _open_contest(activity, scope)
    name, people = name.strip()[:50], list(people)
    if not name:
        raise Refused(_("Give the team a name."), field="name")
    team = activity.teams.filter(pk=team_id).first() if team_id is not None else ContestTeam(activity=activity)
    if team is None:
        raise Refused(_("This team is gone. Reload the page."))
    others = activity.teams.exclude(pk=team.pk)
    if others.filter(name=name).exists():
        raise Refused(_("Another team has this name."), field="name")
    if team.pk is None and others.count() >= TEAMS_AT_MOST:
        raise Refused(_("A contest has at most %(limit)d teams.") % {"limit": TEAMS_AT_MOST})
    if len(people) > MEMBERS_AT_MOST:
        raise Refused(_("A team has at most %(limit)d people.") % {"limit": MEMBERS_AT_MOST}, field="numbers")
    elsewhere = others.filter(members__in=people).values_list("members__name", "name").first()
    if elsewhere:
        words = _("%(person)s is in the team “%(team)s” already.")
        raise Refused(words % {"person": elsewhere[0], "team": elsewhere[1]}, field="numbers")
    team.name = name
    team.save()
    team.members.set(people)
    return team


@transaction.atomic
def remove_team(*, team: ContestTeam, scope: Scope) -> None:
    """Only while nobody scored it."""
    _open_contest(team.activity, scope)
    if team.scores.exists():
        raise Refused(_("This team was scored already and stays."))
    team.delete()


# --- Scores -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """What one judge gives: a score a team id."""

    judge: str
    scores: Mapping[int, Decimal]


@transaction.atomic
def save_scores(
    *, contest_round: ContestRound, columns: Sequence[Column], scope: Scope, by: User, now: datetime
) -> int:
    """Write the scores that are new or other than before; a correction keeps who made it. All of them or none. Returns how many."""
    activity, _setup = _open_contest(contest_round.activity, scope)
    if activity.state not in SCORED_STATES:
        raise Refused(_("Scores are given when the activity is published."))
    row = activity.rounds.filter(pk=contest_round.pk).first()
    if row is None:
        raise Refused(_("This round is gone. Reload the page."))
    teams = set(activity.teams.values_list("pk", flat=True))
    known = {(score.judge, score.team_id): score for score in row.scores.select_for_update()}
    if len({judge for judge, _team in known} | {column.judge.strip() for column in columns}) > JUDGES_AT_MOST:
        raise Refused(_("A round has at most %(limit)d judges.") % {"limit": JUDGES_AT_MOST})
    changed = 0
    for column in columns:
        judge = column.judge.strip()[:50]
        for team_id, value in column.scores.items():
            _check(row, judge, team_id, value, teams)
            score = known.get((judge, team_id)) or ContestScore(round=row, team_id=team_id, judge=judge)
            if score.pk is not None and score.score == value:
                continue
            score.score, score.recorded_by, score.recorded_at = value, by, now
            score.save()
            known[judge, team_id] = score
            changed += 1
    return changed


def _check(row: ContestRound, judge: str, team_id: int, value: Decimal, teams: set[int]) -> None:
    if not judge:
        raise Refused(_("Say which judge gave these scores."), field="judge")
    if team_id not in teams:
        raise Refused(_("There is no such team in this contest. Reload the page."))
    if not value.is_finite() or not 0 <= value <= row.max_score:
        words = _("Scores of “%(round)s” go from 0 to %(max)s.")
        raise Refused(words % {"round": row.title, "max": plain(row.max_score)}, field="score")
    if value != round(value, 1):
        raise Refused(_("A score has at most one decimal."), field="score")


@transaction.atomic
def remove_judge(*, contest_round: ContestRound, judge: str, scope: Scope) -> int:
    """Take a judge's column away, as when the name was mistyped. Returns how many scores went."""
    _open_contest(contest_round.activity, scope)
    deleted, _kinds = contest_round.scores.filter(judge=judge).delete()
    if not deleted:
        raise Refused(_("This judge gave no scores in this round. Reload the page."))
    return deleted


# --- The result -------------------------------------------------------------------------------------


def rules_of(rounds: Iterable[ContestRound]) -> list[RoundRule]:
    return [RoundRule(row.pk, row.position, row.max_score, row.weight) for row in rounds]


def marks_of(activity: Activity) -> list[Mark]:
    """One query."""
    rows = ContestScore.objects.filter(round__activity=activity)
    return [Mark(*values) for values in rows.values_list("round_id", "team_id", "judge", "score")]


def result_of(
    activity: Activity, rounds: Iterable[ContestRound], teams: Iterable[ContestTeam], tie_rule: str
) -> list[Standing]:
    """The places as they stand now."""
    return standings(rules_of(rounds), [team.pk for team in teams], marks_of(activity), tie_rule)


@transaction.atomic
def close_contest(*, activity: Activity, scope: Scope, now: datetime) -> ContestSetup:
    """The result stands. Refused while a score is missing; it names the first one."""
    activity, setup = _open_contest(activity, scope)
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    rounds = {row.pk: row for row in activity.rounds.all()}
    teams = {row.pk: row for row in activity.teams.all()}
    if not rounds or not teams:
        raise Refused(_("A contest needs a round and a team before it is closed."))
    for hole in holes(rules_of(rounds.values()), teams, marks_of(activity)):
        title = rounds[hole.round_id].title
        if hole.team_id is None:
            raise Refused(
                _("Nobody was scored in “%(round)s” yet. Enter the scores, or remove the round.") % {"round": title}
            )
        words = _("In “%(round)s” the score of %(judge)s for “%(team)s” is missing.")
        raise Refused(words % {"round": title, "judge": hole.judge, "team": teams[hole.team_id].name})
    setup.closed_at = now
    setup.save()
    return setup


@transaction.atomic
def reopen_contest(*, activity: Activity, scope: Scope) -> ContestSetup:
    """A mistake was found: open it again."""
    activity, setup = _locked(activity)
    if not may_run(activity, scope):
        raise Refused(_("Only who runs the host, or its department, may do this."))
    if setup.closed_at is None:
        raise Refused(_("This contest is open already. Reload the page."))
    setup.closed_at = None
    setup.save()
    return setup


def plain(value: Decimal) -> str:
    """100.0 as 100, 9.5 as 9.5."""
    return f"{value.normalize():f}"
