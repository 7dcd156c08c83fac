"""Two appraisals of the evaluating stage: branch 2's is counted and half decided, branch 6's ballot is open."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.models import User
from evaluations import appraisal_services as services
from evaluations.models import AppraisalItem, AppraisalResult, AppraisalRound
from members.access import scope_for
from members.models import Person

from .people import Company
from .together import moment

OWN_WORDS = (
    "坚持理论学习，结对帮扶每月两次，高数互助小组带了三名同学；时间安排上还要更紧凑。",
    "参加支部全部组织生活，承担主题党日材料准备；与专科支部联系还不够主动。",
    "完成理论宣讲任务，志愿服务 20 小时；专业课成绩有提升空间。",
)
PEER_WORDS = ("学习踏实，乐于助人；希望多在支部会上发言。", "帮扶有耐心，记录及时；可以多带新党员。")
# The first of the roster, one in so many, are the branch's most active members.
EAGER = 7


def appraisals(company: Company, users: dict[str, User], today: date) -> None:
    """Branch 2: written, voted, counted, the first five decided. Branch 6: the ballot is open and half of the members have voted."""
    counted = _written(company, "第二", users["er_secretary"], today)
    people = services.members_of(counted)
    _vote(counted, people, people, today)
    scope = scope_for(users["er_secretary"], today)
    services.count_ballots(round=counted, scope=scope, today=today)
    results = AppraisalResult.objects.filter(round=counted, is_probationary=False).exclude(person_id=scope.person_id)
    for result in results.order_by("person__number")[:5]:
        services.decide_grade(
            result=result, grade=result.proposed or "qualified", reason="全年参加组织生活和结对帮扶情况良好，与测评结果一致。",
            scope=scope, today=today,
        )  # fmt: skip
    open_one = _written(company, "第六", users["liu_secretary"], today)
    people = services.members_of(open_one)
    _vote(open_one, people[: len(people) // 2], people, today)


def _written(company: Company, ordinal: str, secretary: User, today: date) -> AppraisalRound:
    scope = scope_for(secretary, today)
    round = services.open_round(
        party_branch=company.branch(ordinal), year=today.year, write_until_on=today + timedelta(days=3), scope=scope,
        by=secretary, today=today,
    )  # fmt: skip
    people = services.members_of(round)
    for index, person in enumerate(people):
        now = moment(today, 9)
        services.write_self_appraisal(round=round, person=person, text=OWN_WORDS[index % len(OWN_WORDS)], now=now)
        other = people[(index + 1) % len(people)]
        services.write_peer_appraisal(
            round=round, author=person, person=other, text=PEER_WORDS[index % len(PEER_WORDS)], now=now
        )
    return services.open_ballot(round=round, vote_until_on=today + timedelta(days=7), scope=scope, today=today)


def _vote(round: AppraisalRound, voters: list[Person], people: list[Person], today: date) -> None:
    probationary = set(
        AppraisalResult.objects.filter(round=round, is_probationary=True).values_list("person_id", flat=True)
    )
    for place, voter in enumerate(voters):
        marks = {}
        for rank, person in enumerate(people):
            is_eager = rank < len(people) // EAGER or (place + rank) % 7 == 0
            marks[person.pk] = {
                "grade": "" if person.pk in probationary else "excellent" if is_eager else "qualified",
                "items": {
                    item: "good" if is_eager or index % 3 else "fair" for index, item in enumerate(AppraisalItem.values)
                },
            }
        services.cast_ballot(round=round, person=voter, marks=marks, today=today)
