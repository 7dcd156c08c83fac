"""Mentors of branch Er with links, talks, goals, feedback, lectures and activities, and who decides on them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from activities.models import (
    Activity,
    ActivityKind,
    Lecture,
    LectureAudience,
    LectureDuty,
    LectureSpeaker,
    LogEntry,
    Participation,
)
from evaluations import assessment_services as services
from evaluations.models import Feedback, FeedbackExchange, FeedbackRound, MentorAssessment
from members.access import scope_for
from members.models import Person
from mentoring.models import LeagueGuidance, LeagueMilestone, LeaguePlan, MentoringGoal, Mentorship

TODAY = dt.date(2026, 10, 28)
BEGUN = dt.date(2026, 9, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(on: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(on, dt.time(9)))


def act(cast, name: str = "er_secretary") -> dict[str, object]:
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def linked(cast, mentor="er_member", mentee="er_probationary", *, starts_on=BEGUN, ended_on=None, **more) -> Mentorship:
    """A link that ran; `mentor` and `mentee` are names of the cast, or people."""
    people = [cast.person(who) if isinstance(who, str) else who for who in (mentor, mentee)]
    values = {
        "tier": 3, "state": "ended" if ended_on else "active", "published_at": at(starts_on), "created_at": at(starts_on),
        "arranged_by": cast.user("er_secretary"), "party_branch": cast.er,
    } | more  # fmt: skip
    return Mentorship.objects.create(
        mentor=people[0], mentee=people[1], starts_on=starts_on, ended_on=ended_on, **values
    )


def guided(cast, person="er_member", *, starts_on=BEGUN, league_branch=None) -> LeagueGuidance:
    return LeagueGuidance.objects.create(
        person=cast.person(person), league_branch=league_branch or cast.one, party_branch=cast.liu, state="active",
        starts_on=starts_on, published_at=at(starts_on), created_at=at(starts_on), focus_areas=["safety"],
    )  # fmt: skip


def talked(link, on: dt.date, *, state: str = "confirmed") -> LogEntry:
    """An entry of a link or of a guidance."""
    if isinstance(link, Mentorship):
        hangs_on = {"person": link.mentor, "purpose": "mentoring", "mentorship": link}
    else:
        hangs_on = {
            "person": link.person, "purpose": "league_branch", "league_branch": link.league_branch, "league_guidance": link,
            "focus_area": "safety",
        }  # fmt: skip
    secretary = Person.objects.exclude(user=None).exclude(pk=hangs_on["person"].pk).first().user
    answer = {"confirmed_by": secretary, "confirmed_at": at(on)} if state == "confirmed" else {}
    return LogEntry.objects.create(
        on=on, minutes=45, summary="谈心", state=state, created_at=at(on), submitted_at=at(on), **hangs_on, **answer
    )


def agreed_goal(
    link: Mentorship, due_on: dt.date, *, reached_on=None, dropped_on=None, is_agreed=True
) -> MentoringGoal:
    return MentoringGoal.objects.create(
        mentorship=link, what="读完《党章》", due_on=due_on, proposed_by=link.mentor, mentor_agreed_at=at(BEGUN),
        mentee_agreed_at=at(BEGUN) if is_agreed else None, reached_on=reached_on, dropped_on=dropped_on,
        drop_reason="另定目标" if dropped_on else "",
    )  # fmt: skip


def milestone(cast, due_on: dt.date, *, done_on=None) -> LeagueMilestone:
    plan, _made = LeaguePlan.objects.get_or_create(
        league_branch=cast.one, academic_year=cast.year,
        defaults={"model_type": "theory-learning", "made_by": cast.user("liu_member"), "created_at": at(BEGUN)},
    )  # fmt: skip
    return LeagueMilestone.objects.create(plan=plan, what="成立学习小组", due_on=due_on, done_on=done_on)


def marked(cast, link: Mentorship, *, side="mentee", revealed=True, on=dt.date(2026, 10, 20), **marks: int) -> Feedback:
    round, _made = FeedbackRound.objects.get_or_create(
        kind="mid_term", term=cast.term, department=None,
        defaults={"title": "期中互评", "opens_at": at(day("2026-10-15")), "closes_at": at(day("2026-11-15")), "created_at": at(BEGUN)},
    )  # fmt: skip
    exchange, _made = FeedbackExchange.objects.get_or_create(
        round=round, mentorship=link,
        defaults={
            "mentor": link.mentor, "mentee": link.mentee, "opens_at": round.opens_at, "closes_at": round.closes_at,
            "revealed_at": at(on) if revealed else None,
        },
    )  # fmt: skip
    author = link.mentee if side == "mentee" else link.mentor
    return Feedback.objects.create(exchange=exchange, side=side, author=author, submitted_at=at(on), **marks)


def invited(cast, person: str, on: dt.date, state: str, *, activity_state: str = "published") -> Participation:
    activity = Activity.objects.create(
        kind=ActivityKind.objects.first(), title=f"主题党日{on:%m%d}", party_branch=cast.er, audience="members", starts_at=at(on),
        ends_at=at(on) + dt.timedelta(hours=2), state=activity_state, created_by=cast.user("er_secretary"), created_at=at(on),
        check_in_secret="x" * 43, cancel_reason="改期" if activity_state == "cancelled" else "",
    )  # fmt: skip
    came = {"checked_in_at": at(on), "way": "list"} if state == "present" else {}
    return Participation.objects.create(activity=activity, person=cast.person(person), state=state, **came)


def on_duty(cast, person: str, *, assigned_on=None, ended_on=None) -> LectureDuty:
    return LectureDuty.objects.create(
        academic_year=cast.year, league_branch=cast.one, person=cast.person(person), ended_on=ended_on,
        assigned_at=at(assigned_on) if assigned_on else None,
    )  # fmt: skip


def lectured(cast, on: dt.date, *speakers: str, book=None, state: str = "confirmed", minutes: int = 45) -> Lecture:
    lecture = Lecture.objects.create(
        on=on, minutes=minutes, textbook=book, topic="党史", recorded_by=cast.user("er_member"), recorded_at=at(on)
    )
    for name in speakers:
        LectureSpeaker.objects.create(lecture=lecture, person=cast.person(name))
    answer = {"confirmed_by": cast.user("league_secretary"), "confirmed_at": at(on)} if state != "waiting" else {}
    LectureAudience.objects.create(lecture=lecture, league_branch=cast.one, state=state, **answer)
    return lecture


def compute(cast, name: str = "er_secretary", **changes) -> services.Computed:
    values = {"party_branch": cast.er, "academic_year": cast.year, "today": TODAY} | act(cast, name) | changes
    return services.compute_branch(**values)


def computed(cast, person: str = "er_member") -> MentorAssessment:
    """The current version after computing Er."""
    compute(cast)
    return current(cast, person)


def current(cast, person: str = "er_member") -> MentorAssessment:
    return MentorAssessment.objects.select_related("person", "academic_year").get(
        person=cast.person(person), is_current=True
    )


def decide(cast, row: MentorAssessment, name: str = "er_secretary", **changes) -> MentorAssessment:
    values = {"grade": "good", "reason": "帮扶认真。", "seen_decided_at": row.decided_at} | act(cast, name) | changes
    return services.decide(assessment=row, **values)


def shown(cast, row: MentorAssessment, name: str = "er_secretary") -> MentorAssessment:
    decided = decide(cast, row, name)
    values = act(cast, name)
    return services.show(assessment=decided, scope=values["scope"], now=values["now"])


def objected(cast, row: MentorAssessment) -> MentorAssessment:
    shown(cast, row)
    return services.object_to(
        assessment=row, person=row.person, text="九月的谈话没有计入。", today=TODAY, now=timezone.now()
    )


def fresh(row):
    return type(row).objects.get(pk=row.pk)
