"""The role × address table: a closed list. An address that is missing here fails the build, and so does a right that changed.

Letters say what a GET answers: 2 a page, 3 a redirect, f forbidden (403), n not found (404), m method not allowed (405),
b bad request (400), l sign in first. Columns are the members of the cast in `ROLES`; `-` is nobody (not signed in).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from activities.models import (
    Activity,
    ActivityKind,
    ActivityTalk,
    Announcement,
    Attachment,
    Classic,
    ContestRound,
    ContestSetup,
    ContestTeam,
    Lecture,
    LectureAudience,
    LectureSlot,
    LectureSwap,
    LogEntry,
    MeetingMinutes,
    NoLecture,
    Participation,
    SpotCheck,
    Textbook,
    TextbookChapter,
    Viewpoint,
)
from activities.services import assign_duty, grant_exemption
from branches.models import CalendarDay, PolicyValue, Term
from members.models import (
    Absence,
    AffiliationTransfer,
    DevelopmentStep,
    ExcellentMember,
    MobileMember,
    PartyGroup,
    PartyGroupPlace,
    Post,
    Sponsor,
    StaffRole,
)
from mentoring.models import (
    ContactCard,
    GoalStep,
    HelpRequest,
    LeagueGuidance,
    LeagueMilestone,
    LeaguePlan,
    MentoringGoal,
    Mentorship,
    ObservationRecord,
)
from notifications.models import Notice, Robot
from pairings.models import (
    BranchPairing,
    BranchSplit,
    CommitteePairing,
    Cover,
    CrossInspection,
    GroupPlace,
    InspectionFinding,
    InspectionMaterial,
    JointProject,
    MemberPairing,
    PairingGroup,
    PairingTask,
    ProjectMilestone,
)
from reports.models import ExportJob
from tests.evaluations.appraisal_stage import appraisal_stage
from tests.evaluations.assessment_stage import assessment_stage
from tests.evaluations.conversion_stage import conversions_stage
from tests.evaluations.feedback_stage import feedback_stage
from tests.members.process_stage import process_stage

ROLES = {
    "-": None,
    "X": "stranger",
    "s": "er_member",
    "S": "er_secretary",
    "L": "league_secretary",
    "C": "counsellor",
    "O": "mech_organiser",
    "A": "administrator",
}
ORDER = "".join(ROLES)

TABLE = Path(__file__).with_name("addresses.txt")
LETTERS = {200: "2", 302: "3", 301: "3", 403: "f", 404: "n", 405: "m", 400: "b", 429: "r", 503: "u"}


def every_address(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, list[str]]]:
    """(name, argument names) of every named address, admin pages included."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from every_address(pattern, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}{pattern.name}", list(pattern.pattern.converters)


def table() -> dict[str, tuple[str, str]]:
    """name -> (method, letters)."""
    rows = (
        line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    )
    return {name: (method, letters) for name, method, letters in rows}


def pairing_stage(cast, pairing: BranchPairing, pair: MemberPairing, now: dt.datetime) -> dict[str, object]:
    """What hangs on the pairing of Er and San."""
    secretary = cast.user("er_secretary")
    split = BranchSplit.objects.create(academic_year=cast.year, branch=cast.er)
    group = PairingGroup.objects.create(split=split, pairing=pairing, name="第一组")
    place = GroupPlace.objects.create(
        split=split, academic_year=cast.year, person=cast.person("er_member"), group=group, draft_group=group
    )
    posts = {post.party_branch_id: post for post in Post.objects.filter(kind="branch_secretary")}
    committee = CommitteePairing.objects.create(
        pairing=pairing, kind="branch_secretary", helping_post=posts[cast.er.pk], partner_post=posts[cast.san.pk]
    )
    task = PairingTask.objects.create(
        pairing=pairing, area="standards", what="规范三会一课记录", due_on=dt.date(2026, 12, 1)
    )
    inspection = CrossInspection.objects.create(
        pairing=pairing,
        inspecting_branch=cast.er,
        inspected_branch=cast.san,
        on=dt.date(2026, 10, 20),
        recorded_by=secretary,
    )
    material = InspectionMaterial.objects.first()
    finding = InspectionFinding.objects.create(
        inspection=inspection,
        material=material,
        expected=3,
        found=2,
        problem="缺一次记录",
        mend_by_on=dt.date(2026, 11, 10),
    )
    project = JointProject.objects.create(
        pairing=pairing, title="本专科党员共建路径研究", lead=cast.person("er_member")
    )
    milestone = ProjectMilestone.objects.create(project=project, title="开题", due_on=dt.date(2026, 11, 20))
    cover = Cover.objects.create(
        pairing=pairing, absent=cast.person("san_member"), stand_in=cast.person("er_member"), duty="files",
        from_on=dt.date(2026, 11, 1), to_on=dt.date(2026, 12, 31), asked_by=secretary, asked_at=now,
    )  # fmt: skip
    return {
        "pairings_branchsplit": split, "pairings_pairinggroup": group, "pairings_groupplace": place,
        "pairings_committeepairing": committee, "pairings_pairingtask": task, "pairings_crossinspection": inspection,
        "pairings_inspectionmaterial": material, "pairings_inspectionfinding": finding, "pairings_jointproject": project,
        "pairings_projectmilestone": milestone, "pairings_cover": cover,
        "work": pairing, "task": task, "inspection": inspection, "finding": finding, "project": project,
        "milestone": milestone, "cover": cover, "board": pairing, "split": cast.er, "member_pair": pair,
    }  # fmt: skip


def mentoring_stage(cast, now: dt.datetime) -> dict[str, object]:
    """A senior and a new member of Er, a guide of League branch One, and what hangs on them."""
    mentor, mentee, secretary = cast.person("er_member"), cast.person("er_probationary"), cast.user("er_secretary")
    link = Mentorship.objects.create(
        tier=3, mentor=mentor, mentee=mentee, party_branch=cast.er, state="active", starts_on=dt.date(2026, 10, 8),
        published_at=now, created_at=now, arranged_by=secretary,
    )  # fmt: skip
    guidance = LeagueGuidance.objects.create(
        person=cast.person("liu_member"), league_branch=cast.one, party_branch=cast.liu, state="active",
        starts_on=dt.date(2026, 10, 8), published_at=now, created_at=now, focus_areas=["safety"],
    )  # fmt: skip
    goal = MentoringGoal.objects.create(
        mentorship=link, what="读完《党章》", due_on=dt.date(2026, 12, 1), proposed_by=mentor, mentor_agreed_at=now
    )
    step = GoalStep.objects.create(goal=goal, what="第一章", due_on=dt.date(2026, 11, 1))
    texts = dict.fromkeys(("politics", "study", "work", "masses", "strengths"), "表现良好")
    record = ObservationRecord.objects.create(
        person=mentee, kind="contact", mentorship=link, period_from=dt.date(2026, 7, 1), period_to=dt.date(2026, 9, 30),
        observer=mentor, recorded_by=cast.user("er_member"), signed_on=dt.date(2026, 10, 8), **texts,
    )  # fmt: skip
    plan = LeaguePlan.objects.create(
        league_branch=cast.one, academic_year=cast.year, model_type="theory-learning", made_by=cast.user("liu_member"),
        created_at=now,
    )  # fmt: skip
    milestone = LeagueMilestone.objects.create(plan=plan, what="成立学习小组", due_on=dt.date(2026, 11, 15))
    card = ContactCard.objects.create(person=mentee, way="phone")
    asked = HelpRequest.objects.create(person=mentee, kind="another_mentor", asked_at=now)
    return {
        "mentoring_mentorship": link, "mentoring_leagueguidance": guidance, "mentoring_mentoringgoal": goal,
        "mentoring_goalstep": step, "mentoring_observationrecord": record, "mentoring_leagueplan": plan,
        "mentoring_leaguemilestone": milestone, "mentoring_contactcard": card, "mentoring_helprequest": asked,
        "mentoring_link": link, "mentoring_guidance": guidance, "mentoring_goal": goal, "mentoring_step": step,
        "mentoring_observation": record, "mentoring_observe": link, "mentoring_review": mentee, "mentoring_league": cast.one,
        "mentoring_milestone": milestone, "mentoring_need": mentee, "mentoring_help": asked, "mentoring_plan": cast.er,
    }  # fmt: skip


def activities_stage(cast, entry: LogEntry, now: dt.datetime) -> dict[str, object]:
    """A published meeting of Er with what hangs on it, an announcement, an attachment of a log entry."""
    secretary, er = cast.user("er_secretary"), cast.person("er_member")
    start = now + dt.timedelta(days=1)
    activity = Activity.objects.create(
        kind=ActivityKind.objects.get(key="contest"), title="知识竞赛", party_branch=cast.er, audience="members", starts_at=start,
        ends_at=start + dt.timedelta(hours=2), state="published", check_in_secret="s" * 43, created_by=secretary, created_at=now,
    )  # fmt: skip
    row = Participation.objects.create(activity=activity, person=er)
    talk = ActivityTalk.objects.create(activity=activity, speaker=er, title="身边的榜样", minutes=10)
    contest_round = ContestRound.objects.create(activity=activity, title="必答题", position=1)
    team = ContestTeam.objects.create(activity=activity, name="第一组")
    minutes = MeetingMinutes.objects.create(activity=activity, written_by=secretary, written_at=now)
    said = Announcement.objects.create(
        title="开会", text="周五下午", party_branch=cast.er, published_by=secretary, published_at=now
    )
    attachment = Attachment.objects.create(
        file="attachments/none.jpg", name="照片.jpg", kind="image", content_type="image/jpeg", size=1, sha256="0" * 64,
        log_entry=entry, uploaded_by=cast.user("er_member"), uploaded_at=now,
    )  # fmt: skip
    return {
        "activities_activity": activity, "activities_participation": row, "activities_activitykind": activity.kind,
        "activities_activitytalk": talk, "activities_contestround": contest_round, "activities_contestteam": team,
        "activities_meetingminutes": minutes, "activities_announcement": said, "activities_attachment": attachment,
        "activities_classic": Classic.objects.create(kind="book", title="红岩"),
        "activities_contestsetup": ContestSetup.objects.create(activity=activity),
        "activities_viewpoint": Viewpoint.objects.create(
            activity=activity, person=er, horizon="nearby", source="校报", words="身边的变化", posted_at=now
        ),
        "activity": activity, "participation": row, "talk": talk, "round": contest_round, "team": team, "minutes": activity,
        "announcement": said, "attachment": attachment, "contest": activity,
    }  # fmt: skip


def duties_stage(cast, lecture: Lecture, audience: LectureAudience, now: dt.datetime) -> dict[str, object]:
    """A chapter of the textbook, and what hangs on League branch One and the lecture it heard."""
    recorder, monday = cast.user("liu_member"), dt.date(2026, 10, 26)
    chapter = TextbookChapter.objects.create(textbook=lecture.textbook, number=1, title="党的性质和宗旨")
    week = NoLecture.objects.create(
        league_branch=cast.one, monday=monday, reason="运动会", recorded_by=recorder, recorded_at=now
    )
    slot = LectureSlot.objects.create(
        league_branch=cast.one, weekday=2, starts_at=dt.time(19), ends_at=dt.time(20), place="A101"
    )
    swap = LectureSwap.objects.create(
        lecture=lecture, asker=cast.person("liu_member"), colleague=cast.person("liu_secretary"), asked_at=now
    )
    check = SpotCheck.objects.create(audience=audience, monday=monday, seed="1", drawn_by=recorder, drawn_at=now)
    return {
        "activities_textbookchapter": chapter, "activities_nolecture": week, "activities_lectureslot": slot,
        "activities_lectureswap": swap, "activities_spotcheck": check, "textbook_chapter": chapter,
        "textbook_chapter_new": lecture.textbook, "textbook_import": lecture.textbook, "lecture_excellent": cast.er,
        **dict.fromkeys(("lecture_plan_undo", "lecture_move", "lecture_give", "lecture_swap", "lecture_take_over"), lecture),
        "lecture_swap_answer": swap, "lecture_slot_remove": slot, "lecture_none": cast.one, "lecture_none_back": week,
        "spot_check": check,
    }  # fmt: skip


def going_stage(cast) -> dict[str, object]:
    """A probationary member of Er who is mobile and has a letter, and a Party group."""
    person, deputy = cast.person("er_probationary"), cast.person("er_deputy")
    letter = AffiliationTransfer.objects.create(
        person=person, kind="out", from_branch=cast.er, to_unit="某单位党委", starts_on=dt.date(2026, 10, 1),
        valid_until_on=dt.date(2026, 12, 30),
    )  # fmt: skip
    mobile = MobileMember.objects.create(person=person, contact=deputy, from_on=dt.date(2026, 3, 1), cause="实习")
    group = PartyGroup.objects.create(branch=cast.er, name="第一党小组", formed_on=dt.date(2026, 9, 1))
    place = PartyGroupPlace.objects.create(group=group, person=deputy, joined_on=dt.date(2026, 9, 1))
    return {
        "members_partygroup": group, "members_partygroupplace": place, "party_groups": cast.er, "party_group_new": cast.er,
        "party_group": group, "person_leave": person,
        "members_affiliationtransfer": letter, "members_mobilemember": mobile, "transfer": letter, "transfer_new": person,
        "mobile": mobile, "mobile_new": person, "structure": cast.er,
    }  # fmt: skip


@pytest.fixture
def stage(cast):
    """One object of every kind, so that addresses with a key lead somewhere; all of it branch Er's and Liu's."""
    now = timezone.now()
    pairing = BranchPairing.objects.create(
        academic_year=cast.year, helping_branch=cast.er, partner_branch=cast.san, starts_on=dt.date(2026, 10, 8),
        ends_on=dt.date(2027, 6, 30), state="active", helping_confirmed_by=cast.user("er_secretary"), helping_confirmed_at=now,
        partner_confirmed_by=cast.user("san_secretary"), partner_confirmed_at=now,
    )  # fmt: skip
    pair = MemberPairing.objects.create(
        pairing=pairing,
        helper=cast.person("er_member"),
        partner=cast.person("san_member"),
        starts_on=dt.date(2026, 10, 8),
        published_at=now,
    )
    entry = LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 27), minutes=30, purpose="pairing", member_pairing=pair,
        summary="复习", created_at=now, submitted_at=now,
    )  # fmt: skip
    book = Textbook.objects.create(title="读本", is_prescribed=True)
    lecture = Lecture.objects.create(
        on=dt.date(2026, 10, 27), minutes=40, textbook=book, recorded_by=cast.user("liu_member"), recorded_at=now
    )
    audience = LectureAudience.objects.create(lecture=lecture, league_branch=cast.one)
    notice = Notice.objects.create(
        user=cast.user("er_secretary"), kind="pairings.ended", dedupe_key="k", created_at=now
    )
    duty = assign_duty(person=cast.person("liu_member"), league_branch=cast.one, academic_year=cast.year)
    exemption = grant_exemption(
        league_branches=[cast.one], from_on=dt.date(2026, 11, 2), to_on=dt.date(2026, 11, 3), reason="other"
    )[0]
    er = cast.person("er_member")
    more = mentoring_stage(cast, now) | activities_stage(cast, entry, now)
    more |= conversions_stage(cast, now) | assessment_stage(cast, now) | appraisal_stage(cast)
    more |= feedback_stage(cast, more["mentoring_link"], more["mentoring_guidance"], now)
    more |= going_stage(cast)
    more |= duties_stage(cast, lecture, audience, now) | {"lecture_duty": duty, "exemption": exemption}
    more |= process_stage(cast)
    job = ExportJob.objects.create(
        user=cast.user("er_secretary"), report="pairings", purpose="月报", state="done", file="gone.xlsx", created_at=now
    )  # fmt: skip
    more |= {"export_": job, "reports_exportjob": job}
    return pairing_stage(cast, pairing, pair, now) | more | {
        "pairings_branchpairing": pairing, "pairings_memberpairing": pair, "activities_logentry": entry,
        "activities_lecture": lecture, "activities_lectureduty": duty, "activities_quotaexemption": exemption,
        "activities_textbook": book, "members_person": er, "members_member": er,
        "members_activist": cast.person("san_activist"), "members_post": Post.objects.filter(party_branch=cast.er).first(),
        "members_absence": Absence.objects.create(person=er, from_on=dt.date(2026, 11, 1)),
        "members_developmentstep": DevelopmentStep.objects.create(person=er, number=1, done_on=dt.date(2023, 9, 20)),
        "members_excellentmember": ExcellentMember.objects.create(person=er, academic_year=cast.year),
        "members_sponsor": Sponsor.objects.create(person=er, sponsor=cast.person("er_secretary")),
        "members_staffrole": StaffRole.objects.get(user=cast.user("mech_organiser")),
        "branches_department": cast.mech, "branches_partybranch": cast.er, "branches_schoolclass": cast.class_24,
        "branches_leaguebranch": cast.one, "branches_academicyear": cast.year, "branches_term": cast.term,
        "branches_calendarday": CalendarDay.objects.first(),
        "branches_policyvalue": PolicyValue.objects.create(
            key="lectures_a_week", value="2", source="x", effective_from=dt.date(2026, 1, 1)
        ),
        "accounts_user": cast.user("er_member"),
        "accounts_auditevent": AuditEvent.objects.create(at=now, action="sign_in"),
        "notifications_delivery": notice.deliveries.create(channel="portal", next_attempt_at=now),
        "notifications_robot": Robot.objects.create(name="机械系值班群", kind="wecom", department=cast.mech, key="k" * 36),
        "pairing": pairing, "log": entry, "lecture_answer": audience, "lecture_week": cast.one, "lecture_cancel": lecture, "notice": notice,
        "branch": cast.er, "appoint": cast.er, "person": er, "league": cast.one, "invitation": er,
        "term": Term.objects.first(), "user": User.objects.first(),
    }  # fmt: skip


def argument(name: str, argument_name: str, stage: dict[str, object]) -> object:
    if argument_name in ("name",):
        return "pairings"
    if argument_name in ("app_label",):
        return "members"
    if argument_name in ("token",):
        return "x" * 43
    if argument_name == "url":
        return "nowhere"
    if argument_name == "number":
        return 15
    if argument_name == "part":
        return "talks"
    if argument_name == "key":
        return "all"
    if argument_name == "register":
        return "member"
    if argument_name == "person_id":
        return stage["peer"].pk
    plain = name.removeprefix("admin:")
    key = max((key for key in stage if plain.startswith(key)), key=len, default="person")
    return stage[key].pk


def address(name: str, arguments: list[str], stage: dict[str, object]) -> str:
    return reverse(name, kwargs={key: argument(name, key, stage) for key in arguments})


def answer(client: Client, method: str, url: str) -> str:
    response = client.get(url) if method == "GET" else client.post(url)
    if response.status_code == 302 and response.url.startswith("/accounts/login/"):
        return "l"
    return LETTERS.get(response.status_code, str(response.status_code))


def test_every_address_stands_in_the_table():
    known = set(table())
    existing = {name for name, _arguments in every_address()}
    assert {"missing": sorted(existing - known), "gone": sorted(known - existing)} == {"missing": [], "gone": []}


@pytest.mark.parametrize("letter", ORDER)
def test_what_each_role_is_answered(letter, cast, stage, expected_errors):
    arguments = dict(every_address())
    found = {}
    for name, (method, letters) in table().items():
        if name not in arguments or method == "SKIP":
            continue
        # Each request meets the stage as it was: what a POST did is taken back.
        with transaction.atomic():
            client = Client(raise_request_exception=False)
            if ROLES[letter]:
                client.force_login(
                    cast.user(ROLES[letter]), backend="allauth.account.auth_backends.AuthenticationBackend"
                )
            given = answer(client, method, address(name, arguments[name], stage))
            transaction.set_rollback(True)
        if given != letters[ORDER.index(letter)]:
            found[name] = f"{given} instead of {letters[ORDER.index(letter)]}"
    assert found == {}
