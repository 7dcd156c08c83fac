"""What the people of the demonstration did: pairings, logs, lectures. Written through the same services as real deeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from accounts.models import User
from activities.models import ExemptionReason, LectureAudience, LogPurpose, Textbook
from activities.services import (
    answer_audience,
    assign_duty,
    confirm_logs,
    grant_exemption,
    record_lecture,
    return_log,
    submit_log,
)
from branches.models import AcademicYear, LeagueBranch
from members.access import scope_for
from members.models import Person
from pairing_portal.common.scope import Scope
from pairings.board_services import propose_pairs, publish_board
from pairings.committee_services import propose_committee
from pairings.group_services import propose_split, publish_split
from pairings.models import BranchPairing, MemberPairing, SupportArea
from pairings.services import confirm_pairing, propose_pairing
from pairings.wish_services import save_wish

from .lecture_setting import ask_for_days
from .lectures_ahead import look_ahead
from .people import Company
from .together import AIMS, PRINCIPLES, moment, plan_of, work_together

# The lecturer one may sign in as, by the number in the story's own year.
LECTURER = "20250530003"
AGREEMENT = (
    "一、双方按时开展“三会一课”，相互指导和督促。\n二、党建材料互查，发现问题约定整改期限。\n三、共同学习讨论，联合开展党建思政课题研究。\n"
    "四、支委对支委、党员对党员结对。\n五、专科生党员实习离校期间，由本科生支部协助开展工作；到会人数、表决和任职仍由本支部党员承担。"
)
CHAPTERS = (
    "第一章 党的性质和宗旨",
    "第二章 党的指导思想",
    "第三章 党的组织制度",
    "第四章 党的纪律和作风",
    "第五章 党员的权利和义务",
)
TALKS = (
    "一起复习高等数学，梳理了两章难点",
    "聊了求职简历怎么写，改了一版",
    "一起读《党章》第一章，各写一段体会",
    "交流实习准备和安全事项",
    "帮忙联系图书馆自习座位，讲了学习方法",
)


def propose(
    company: Company, year: AcademicYear, *, other: str, secretary: User, today: date, ends_on: date
) -> BranchPairing:
    """Branch 2's secretary proposes to another branch, with the plan of the template."""
    starts_on = min(today, max(year.starts_on, today - timedelta(weeks=7)))
    return propose_pairing(
        academic_year=year,
        helping_branch=company.branch("第二"),
        partner_branch=company.branch(other),
        starts_on=starts_on,
        ends_on=ends_on,
        principles=PRINCIPLES,
        aims=AIMS,
        agreement=AGREEMENT,
        tasks=plan_of(starts_on, ends_on),
        scope=scope_for(secretary, today),
        by=secretary,
        now=moment(max(year.starts_on, today - timedelta(weeks=7)), 9),
    )


def run_pairings(company: Company, year: AcademicYear, users: dict[str, User], *, today: date, ends_on: date) -> None:
    """Both pairings active; branch 2's members divided over branches 3 and 4, posts and people paired, with logs of six weeks."""
    pairings = []
    for other, key in (("第三", "san_secretary"), ("第四", "si_secretary")):
        pairing = propose(company, year, other=other, secretary=users["er_secretary"], today=today, ends_on=ends_on)
        pairings.append(
            confirm_pairing(
                pairing=pairing, scope=scope_for(users[key], today), by=users[key],
                now=moment(pairing.starts_on + timedelta(days=1), 10),
            )
        )  # fmt: skip
    _wishes(company, year)
    draw_boards(company, year, pairings, users["er_secretary"], on=pairings[0].starts_on + timedelta(days=1))
    for pairing, key in zip(pairings, ("san_secretary", "si_secretary"), strict=True):
        work_together(pairing, users, key, today=today)
    _log_pairs(users, today=today)


def _wishes(company: Company, year: AcademicYear) -> None:
    """Two in three members say what they offer or ask for."""
    areas = SupportArea.values
    for ordinal, is_helping in (("第二", True), ("第三", False), ("第四", False)):
        for number, person in enumerate(sorted(company.people_of(ordinal), key=lambda person: person.number)):
            if number % 3 == 2:
                continue
            chosen = [areas[number % 4], areas[(number + 1) % 4]]
            save_wish(
                person_id=person.pk, year=year, offers=chosen if is_helping else [], asks=[] if is_helping else chosen,
                is_left_out=False,
            )  # fmt: skip


def draw_boards(
    company: Company, year: AcademicYear, pairings: list[BranchPairing], secretary: User, *, on: date
) -> None:
    """Divide branch 2 evenly, then propose and publish posts and pairs of each pairing."""
    step = {"scope": scope_for(secretary, on), "today": on}
    branch = company.branch("第二")
    propose_split(branch=branch, year=year, version=None, **step)
    publish_split(branch=branch, year=year, version=None, by=secretary, now=moment(on, 11), **step)
    for pairing in pairings:
        propose_committee(pairing_id=pairing.pk, version=None, **step)
        propose_pairs(pairing_id=pairing.pk, version=None, **step)
        publish_board(pairing_id=pairing.pk, version=None, by=secretary, now=moment(on, 12), **step)


def _log_pairs(users: dict[str, User], *, today: date) -> None:
    scope = scope_for(users["er_secretary"], today)
    for index, pair in enumerate(MemberPairing.objects.select_related("helper", "partner").order_by("pk")):
        for back in range(1 + index % 3, 42, 9 + index % 6):
            on = today - timedelta(days=back)
            if on < pair.starts_on:
                continue
            entry = submit_log(
                person=pair.helper, on=on, minutes=(30, 45, 60, 90)[(index + back) % 4], purpose=LogPurpose.PAIRING,
                summary=TALKS[(index + back) % len(TALKS)], member_pairing=pair, today=on, now=moment(on, 20),
            )  # fmt: skip
            own = pair.helper.user_id == users["er_secretary"].pk
            if own or back <= 4 + index % 3:
                continue
            by_scope = scope
            confirm_logs(
                entry_ids=[entry.pk], scope=by_scope, by=users["er_secretary"], now=moment(on + timedelta(days=2), 12)
            )
    _return_one(scope, users["er_secretary"], today=today)


def _return_one(scope: Scope, by: User, *, today: date) -> None:
    from activities.models import LogEntry

    entry = LogEntry.objects.confirmable_by(scope).order_by("-on").first()
    if entry is not None:
        return_log(entry=entry, reason="请补充一句做了什么、下一步是什么", scope=scope, by=by, now=moment(today, 8))


def speakers_of(company: Company) -> list[Person]:
    """The excellent members who lecture, two a League branch in their order: the seniors of branch 6.

    The lecturer one may sign in as speaks to the League branch whose secretary one may sign in as.
    """
    lecturer = company.by_number[LECTURER]
    seniors = sorted(
        (person for person in company.people_of("第六") if person.stage == "full" and person != lecturer),
        key=lambda person: person.number,
    )
    return [*seniors[:4], lecturer, *seniors[4:]]


def _juniors(company: Company, year: AcademicYear) -> list[LeagueBranch]:
    return [branch for branch in company.league_branches if branch.study_year(year.start_year) == 1]


def assign_duties(company: Company, year: AcademicYear) -> None:
    """Two speakers for each of the four junior League branches."""
    speakers = speakers_of(company)
    for index, branch in enumerate(_juniors(company, year)):
        for speaker in speakers[index * 2 : index * 2 + 2]:
            assign_duty(person=speaker, league_branch=branch, academic_year=year)


def run_lectures(company: Company, year: AcademicYear, decider: User, *, today: date) -> None:
    """Lectures of the season, given by those on duty: met, missed, exempt and running weeks."""
    from activities.lectures.board import QuotaContext, shown_weeks

    book = Textbook.objects.get(is_prescribed=True)
    speakers, juniors = speakers_of(company), _juniors(company, year)
    context = QuotaContext.load()
    weeks = [week for week in shown_weeks(context, today) if week <= today]
    this_week = weeks[-1]
    for index, branch in enumerate(juniors):
        pair = speakers[index * 2 : index * 2 + 2]
        for number, monday in enumerate(weeks):
            plan = _plan(index, number, is_current=monday == this_week)
            for position, (day, minutes, textbook, answer) in enumerate(plan):
                _lecture(
                    branch, pair[day % 2], monday, day, minutes, book if textbook else None, answer, 2 * number + position,
                    today=today,
                )  # fmt: skip
    grant_exemption(
        league_branches=juniors[3:4],
        from_on=this_week,
        to_on=this_week + timedelta(days=6),
        reason=ExemptionReason.MILITARY_TRAINING,
    )
    if len(weeks) > 2:
        grant_exemption(
            league_branches=juniors[2:3],
            from_on=weeks[-3],
            to_on=weeks[-3] + timedelta(days=4),
            reason=ExemptionReason.OTHER,
            note="学科竞赛集训",
        )
    ask_for_days(juniors, decider, this_week=this_week, year=year, today=today)
    look_ahead(juniors, speakers, this_week=this_week, year=year, today=today)


def _plan(index: int, number: int, *, is_current: bool) -> Iterator[tuple[int, int, bool, str]]:
    """(weekday, minutes, prescribed textbook, answer) of the lectures of one League branch and week."""
    if is_current:
        # Branch 1 has both, 2 has one, 3 waits for confirmation, 4 is exempt.
        yield from ([(0, 40, True, "yes"), (0, 35, True, "yes")], [(0, 45, True, "yes")], [(0, 40, True, "")], [])[
            index
        ]
        return
    yield 1, 40, True, "yes"
    if (index + number) % 5 == 4:
        yield 3, 20, True, "yes"  # too short: this week is missed
    elif (index + number) % 7 == 6:
        yield 3, 45, False, "yes"  # other material: missed
    elif (index, number % 6) == (1, 3):
        yield 3, 40, True, "no"
    else:
        yield 3, 35 + 5 * (number % 3), True, "yes"


def _lecture(
    branch: LeagueBranch,
    speaker: Person,
    monday: date,
    day: int,
    minutes: int,
    book: Textbook | None,
    answer: str,
    number: int,
    *,
    today: date,
) -> None:
    on = monday + timedelta(days=day)
    chapter = CHAPTERS[number % len(CHAPTERS)]
    lecture = record_lecture(
        speakers=[speaker], league_branches=[branch], on=on, minutes=minutes, textbook=book, chapter=chapter if book else "",
        topic=chapter.split(" ", 1)[1] if book else "时事报告", by=speaker.user, today=today, now=moment(on, 17),
    )  # fmt: skip
    if not answer:
        return
    secretary = branch.posts.get(kind="league_secretary").person.user
    answer_audience(
        audience=LectureAudience.objects.get(lecture=lecture), took_place=answer == "yes",
        attendance=(branch.member_count or 30) - number % 4 if answer == "yes" else None,
        reason="" if answer == "yes" else "主讲人临时有事，改到下周",
        scope=scope_for(secretary, today), by=secretary, now=moment(on, 21),
    )  # fmt: skip
