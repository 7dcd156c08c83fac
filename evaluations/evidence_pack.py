"""The evidence pack: what the portal holds of a person's work for others, in one plain dictionary per person.

Read set-wise: a fixed number of queries for any number of people. Numbers, days and codes only, so that a pack can be kept as JSON
with a decision and still be read in either language; `pack_words` says it in words. Never in it: support needs, names of those
helped, texts of observation records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Avg, Count, F, Max, Q, Sum
from django.utils import timezone

from activities import ledgers
from activities.models import (
    AudienceState,
    ClassicViewing,
    LectureSpeaker,
    LectureState,
    LogEntry,
    LogState,
    Participation,
    ParticipationState,
    Viewpoint,
)
from branches.policy import Policy
from members.models import Person, Post
from members.rules import Facts, review_due_on
from members.stages import MEMBER_STAGES, Stage
from mentoring.models import LeagueGuidance, MentoringGoal, Mentorship, ObservationRecord
from mentoring.tiers import LinkState, Tier
from pairings.models import MemberPairing

from .models import Feedback, MentorAssessment, PartnerOpinion, Side

VERSION: Final = 1
DATES: Final = (
    "applied_on",
    "activist_on",
    "candidate_on",
    "admitted_on",
    "extended_to",
    "converted_on",
    "graduates_on",
)
DIMENSIONS: Final = ("political", "working", "learning", "discipline")
HELD: Final = (LinkState.ACTIVE, LinkState.ENDED)
Pack = dict[str, Any]


def pack_of(person: Person, on: date, *, now: datetime | None = None) -> Pack:
    return packs_of([person], on, now=now)[person.pk]


def packs_of(people: Iterable[Person], on: date, *, now: datetime | None = None) -> dict[int, Pack]:
    """Person id → pack as of `on`. Counts what is confirmed, from the day the present stage began."""
    rows = list(people)
    since = {person.pk: since_of(person) or on for person in rows}
    packs: dict[int, Pack] = {person.pk: _head(person, since[person.pk], on) for person in rows}
    span = _Span(since, on)
    policy = Policy()
    for read in (_mentoring, _guidances, _lectures, _pairs, _activities, _reading, _opinions):
        read(packs, span, policy)
    _hours(packs, span)
    _training(packs, rows, span, policy)
    _feedback(packs, span, now or timezone.now())
    _observations(packs, rows, span, policy)
    _assessments(packs)
    for pack in packs.values():
        pack["gaps"] = find_gaps(pack)
    return packs


def since_of(person: Person) -> date | None:
    """From when a pack counts: the admission for members, the day of becoming an activist before that."""
    if person.stage in MEMBER_STAGES:
        return person.admitted_on
    return person.activist_on or person.applied_on


class _Span:
    """From when to when each person's rows count; one query asks for all, then each row is looked at."""

    def __init__(self, since: dict[int, date], on: date) -> None:
        self.since, self.on = since, on
        self.ids = sorted(since)
        self.first = min(since.values(), default=on)

    def covers(self, person_id: int, day: date) -> bool:
        return self.since[person_id] <= day <= self.on

    def entries(self) -> Any:
        """Confirmed entries of all, by person, with the day: filter further, then group."""
        return LogEntry.objects.filter(
            person_id__in=self.ids, state=LogState.CONFIRMED, on__gte=self.first, on__lte=self.on
        ).order_by()


def _head(person: Person, since: date, on: date) -> Pack:
    return {
        "version": VERSION, "person": person.pk, "on": on.isoformat(), "since": since.isoformat(), "stage": person.stage,
        "name": person.name, "number": person.number,
        "dates": {name: value.isoformat() for name in DATES if (value := getattr(person, name))},
        "mentoring": [], "lectures": {"given": 0, "counted": 0, "minutes": 0}, "pairs": [],
        "hours": {key: {"minutes": 0, "count": 0} for key in ("service", "pairing", "mentoring")}, "training": [],
        "activities": {"present": 0, "leave": 0, "absent": 0}, "reading": {"classics": 0, "viewpoints": 0},
        "feedback": {}, "observations": [], "review_due_on": None, "partner_opinions": [], "assessment": None, "gaps": [],
    }  # fmt: skip


# --- Helping others ------------------------------------------------------------------------------


def _talks(span: _Span, field: str) -> dict[int, tuple[int, int]]:
    """Link id → (confirmed talks, minutes), whoever of the two wrote them down."""
    logged = LogEntry.objects.filter(state=LogState.CONFIRMED, on__gte=span.first, on__lte=span.on).order_by()
    found = logged.filter(**{f"{field}__in": _LINKS[field](span)}).values(field)
    sums = found.annotate(count=Count("pk"), minutes=Sum("minutes"))
    return {key: (count, minutes) for key, count, minutes in sums.values_list(field, "count", "minutes")}


def _links_of(span: _Span) -> Any:
    links = Mentorship.objects.filter(mentor_id__in=span.ids, state__in=HELD)
    return links.filter(Q(ended_on=None) | Q(ended_on__gte=span.first)).values("pk")


def _guidances_of(span: _Span) -> Any:
    rows = LeagueGuidance.objects.filter(person_id__in=span.ids, state__in=HELD)
    return rows.filter(Q(ended_on=None) | Q(ended_on__gte=span.first)).values("pk")


def _pairs_of(span: _Span) -> Any:
    rows = MemberPairing.objects.published().filter(Q(helper_id__in=span.ids) | Q(partner_id__in=span.ids))
    return rows.filter(Q(ended_on=None) | Q(ended_on__gte=span.first)).values("pk")


_LINKS = {"mentorship": _links_of, "league_guidance": _guidances_of, "member_pairing": _pairs_of}


def _tier_row(tier: int) -> dict[str, Any]:
    return {
        "tier": tier, "people": 0, "running": 0, "silent": 0, "talks": 0, "minutes": 0, "goals": 0, "goals_reached": 0
    }  # fmt: skip


def _mentoring(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    """Links given, by tier; a running one without a single confirmed talk since it began is silent."""
    talks = _talks(span, "mentorship")
    reached = Count("pk", filter=Q(reached_on__isnull=False))
    goals = MentoringGoal.objects.filter(mentorship__in=_links_of(span), mentor_agreed_at__isnull=False, mentee_agreed_at__isnull=False)  # fmt: skip
    by_link = {
        link: (count, done)
        for link, count, done in goals.order_by().values("mentorship").annotate(count=Count("pk"), done=reached).values_list("mentorship", "count", "done")
    }  # fmt: skip
    patience = timedelta(days=policy.number("talk_silent_days", span.on))
    tiers: dict[tuple[int, int], dict[str, Any]] = {}
    links = Mentorship.objects.filter(pk__in=_links_of(span)).order_by("tier", "pk")
    for pk, mentor_id, tier, starts_on, ended_on in links.values_list(
        "pk", "mentor_id", "tier", "starts_on", "ended_on"
    ):
        if ended_on is not None and ended_on < span.since[mentor_id]:
            continue
        row = tiers.setdefault((mentor_id, tier), _tier_row(tier))
        count, minutes = talks.get(pk, (0, 0))
        goal_count, done = by_link.get(pk, (0, 0))
        row["people"] += 1
        row["running"] += ended_on is None
        row["silent"] += ended_on is None and not count and starts_on + patience <= span.on
        row["talks"] += count
        row["minutes"] += minutes
        row["goals"] += goal_count
        row["goals_reached"] += done
    for (person_id, _tier), row in sorted(tiers.items()):
        packs[person_id]["mentoring"].append(row)


def _guidances(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    talks = _talks(span, "league_guidance")
    found: dict[int, dict[str, Any]] = {}
    rows = LeagueGuidance.objects.filter(pk__in=_guidances_of(span)).order_by("pk")
    for pk, person_id, ended_on in rows.values_list("pk", "person_id", "ended_on"):
        if ended_on is not None and ended_on < span.since[person_id]:
            continue
        row = found.setdefault(person_id, _tier_row(int(Tier.LEAGUE_BRANCHES)))
        count, minutes = talks.get(pk, (0, 0))
        row["people"] += 1
        row["running"] += ended_on is None
        row["talks"] += count
        row["minutes"] += minutes
    for person_id, row in found.items():
        packs[person_id]["mentoring"].append(row)


def _lectures(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    """Given: by the speaker's word. Counted: heard by a League branch that confirms it, long enough and from the textbook."""
    rows = LectureSpeaker.objects.filter(
        person_id__in=span.ids, lecture__state=LectureState.DELIVERED, lecture__on__gte=span.first, lecture__on__lte=span.on
    ).order_by("pk")  # fmt: skip
    heard = Q(lecture__audiences__state=AudienceState.CONFIRMED)
    rows = rows.annotate(
        heard=Max("lecture__audiences__minutes_heard", filter=heard),
        confirmed=Count("lecture__audiences", filter=heard),
        unsaid=Count("lecture__audiences", filter=heard & Q(lecture__audiences__minutes_heard=None)),
    )
    for person_id, on, minutes, prescribed, longest, confirmed, unsaid in rows.values_list(
        "person_id",
        "lecture__on",
        "lecture__minutes",
        "lecture__textbook__is_prescribed",
        "heard",
        "confirmed",
        "unsaid",
    ):
        if not span.covers(person_id, on):
            continue
        figures = packs[person_id]["lectures"]
        figures["given"] += 1
        figures["minutes"] += minutes
        # Without a word of how long it was, it was as long as the speaker says.
        longest_heard = max(longest or 0, minutes if unsaid else 0)
        has_book = bool(prescribed) or not policy.number("lecture_textbook_required", on)
        figures["counted"] += bool(confirmed and longest_heard >= policy.number("lecture_min_minutes", on) and has_book)


def _pairs(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    talks = _talks(span, "member_pairing")
    rows = MemberPairing.objects.filter(pk__in=_pairs_of(span)).select_related(
        "helper__party_branch", "partner__party_branch"
    )
    for pair in rows.order_by("starts_on", "pk"):
        for me, other in ((pair.helper, pair.partner), (pair.partner, pair.helper)):
            if me.pk not in packs or (pair.ended_on is not None and pair.ended_on < span.since[me.pk]):
                continue
            count, minutes = talks.get(pair.pk, (0, 0))
            packs[me.pk]["pairs"].append({
                "pair": pair.pk, "partner": other.name, "branch": other.party_branch.short_name if other.party_branch else "",
                "areas": list(pair.support_areas), "from": pair.starts_on.isoformat(),
                "to": pair.ended_on.isoformat() if pair.ended_on else None, "talks": count, "minutes": minutes,
            })  # fmt: skip


# --- Hours, activities, reading ------------------------------------------------------------------


def _hours(packs: dict[int, Pack], span: _Span) -> None:
    """Of the ledgers, from confirmed entries, each counted for its own person from their own day on."""
    marked = ledgers.with_ledgers(span.entries())
    for person_id, on, minutes, *is_in in marked.values_list(
        "person_id", "on", "minutes", "in_service", "in_pairing", "in_mentoring"
    ):
        if not span.covers(person_id, on):
            continue
        for key, counts in zip(("service", "pairing", "mentoring"), is_in, strict=True):
            if counts:
                packs[person_id]["hours"][key]["minutes"] += minutes
                packs[person_id]["hours"][key]["count"] += 1


def _training(packs: dict[int, Pack], rows: Sequence[Person], span: _Span, policy: Policy) -> None:
    """R42 by calendar year since the admission; `owed`: the share of the year's minutes that has come due by then."""
    members = {person.pk: person for person in rows if person.stage in MEMBER_STAGES and person.admitted_on}
    if not members:
        return
    officers = set(
        Post.objects.current(span.on)
        .filter(person_id__in=members, party_branch__isnull=False)
        .values_list("person_id", flat=True)
    )
    minutes: dict[tuple[int, int], int] = defaultdict(int)
    trained = ledgers.in_ledger(span.entries(), "training").filter(person_id__in=members)
    for person_id, on, count in trained.values_list("person_id", "on", "minutes"):
        if span.covers(person_id, on):
            minutes[person_id, on.year] += count
    for pk in members:
        since = span.since[pk]
        key = "training_hours_a_year_officers" if pk in officers else "training_hours_a_year"
        for year in range(since.year, span.on.year + 1):
            first, last = date(year, 1, 1), date(year, 12, 31)
            goal = policy.number(key, min(span.on, last)) * 60
            days = (min(span.on, last) - max(since, first)).days + 1
            owed = goal * days // ((last - first).days + 1)
            packs[pk]["training"].append({
                "year": year, "minutes": minutes[pk, year], "goal": goal, "owed": owed, "is_over": last < span.on,
            })  # fmt: skip


def _activities(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    states = {ParticipationState.PRESENT: "present", ParticipationState.LEAVE: "leave", ParticipationState.ABSENT: "absent"}  # fmt: skip
    rows = Participation.objects.filter(
        person_id__in=span.ids, state__in=states, activity__starts_at__date__gte=span.first,
        activity__starts_at__date__lte=span.on,
    ).order_by()  # fmt: skip
    for person_id, state, starts_at in rows.values_list("person_id", "state", "activity__starts_at"):
        if span.covers(person_id, timezone.localdate(starts_at)):
            packs[person_id]["activities"][states[state]] += 1


def _reading(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    viewings = ClassicViewing.objects.filter(person_id__in=span.ids, on__gte=span.first, on__lte=span.on).order_by()
    for person_id, on in viewings.values_list("person_id", "on"):
        packs[person_id]["reading"]["classics"] += span.covers(person_id, on)
    posted = Viewpoint.objects.filter(person_id__in=span.ids, posted_at__date__gte=span.first).order_by()
    for person_id, posted_at in posted.values_list("person_id", "posted_at"):
        packs[person_id]["reading"]["viewpoints"] += span.covers(person_id, timezone.localdate(posted_at))


# --- What others say -----------------------------------------------------------------------------


def _feedback(packs: dict[int, Pack], span: _Span, now: datetime) -> None:
    """Means of the four dimensions, in hundredths, of what mentees and League branches said; only once it may be read."""
    rows = Feedback.objects.filter(exchange__mentor_id__in=span.ids, side__in=(Side.MENTEE, Side.LEAGUE)).filter(
        Q(exchange__revealed_at__isnull=False) | Q(exchange__closes_at__lte=now),
        submitted_at__date__gte=span.first, submitted_at__date__lte=span.on,
    ).order_by()  # fmt: skip
    means = {f"mean_{name}": Avg(name) for name in DIMENSIONS}
    for row in rows.values("side", mentor=F("exchange__mentor")).annotate(count=Count("pk"), **means):
        points = {name: round(row[f"mean_{name}"]) for name in DIMENSIONS if row[f"mean_{name}"] is not None}
        packs[row["mentor"]]["feedback"][row["side"]] = {"count": row["count"], **points}


def _observations(packs: dict[int, Pack], rows: Sequence[Person], span: _Span, policy: Policy) -> None:
    """Records of the contact and reviews of the branch: whose and of which days, never what they say."""
    found = ObservationRecord.objects.filter(person_id__in=span.ids, period_to__gte=span.first, period_to__lte=span.on)
    last: dict[int, date] = {}
    for row in found.select_related("observer").order_by("period_to", "pk"):
        if not span.covers(row.person_id, row.period_to):
            continue
        if row.kind == "branch":
            last[row.person_id] = row.period_to
        packs[row.person_id]["observations"].append({
            "record": row.pk, "kind": row.kind, "from": row.period_from.isoformat(), "to": row.period_to.isoformat(),
            "observer": row.observer.name if row.observer else "",
        })  # fmt: skip
    for person in rows:
        if person.stage not in (Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY):
            continue
        facts = Facts(
            activist_on=person.activist_on, reviewed_on=last.get(person.pk),
            admitted_on=person.admitted_on if person.stage == Stage.PROBATIONARY else None,
        )  # fmt: skip
        due_on = review_due_on(facts, lambda key: policy.number(key, span.on))
        packs[person.pk]["review_due_on"] = due_on.isoformat() if due_on != date.max else None
        packs[person.pk]["reviewed_on"] = last[person.pk].isoformat() if person.pk in last else None


def _opinions(packs: dict[int, Pack], span: _Span, policy: Policy) -> None:
    rows = PartnerOpinion.objects.filter(person_id__in=span.ids, given_on__gte=span.first, given_on__lte=span.on)
    for row in rows.select_related("by_branch").order_by("given_on", "pk"):
        if span.covers(row.person_id, row.given_on):
            packs[row.person_id]["partner_opinions"].append(
                {"branch": row.by_branch.short_name, "on": row.given_on.isoformat(), "text": row.text}
            )


def _assessments(packs: dict[int, Pack]) -> None:
    """The newest one the committee has decided on."""
    rows = MentorAssessment.objects.filter(person_id__in=packs).exclude(grade="")
    for row in rows.select_related("academic_year").order_by("academic_year__start_year", "version"):
        packs[row.person_id]["assessment"] = {
            "year": row.academic_year.start_year, "total": row.total, "grade": row.grade, "reason": row.reason,
        }  # fmt: skip


# --- Gaps ----------------------------------------------------------------------------------------


def find_gaps(pack: Pack) -> list[dict[str, Any]]:
    """What is owed and is not there; what nobody owes is "no evidence" and no gap. Pure."""
    found: list[dict[str, Any]] = []
    due, on = pack["review_due_on"], pack["on"]
    if due is not None and due <= on:
        found.append({"key": "review", "since": pack.get("reviewed_on") or pack["since"], "due": due})
    for year in pack["training"]:
        owed = year["goal"] if year["is_over"] and pack["since"][:4] != str(year["year"]) else year["owed"]
        if year["minutes"] < owed:
            found.append({"key": "training", "year": year["year"], "minutes": year["minutes"], "owed": owed})
    silent = sum(row["silent"] for row in pack["mentoring"])
    if silent:
        found.append({"key": "silent", "count": silent})
    without = sum(1 for pair in pack["pairs"] if pair["to"] is None and not pair["talks"])
    if without:
        found.append({"key": "pair", "count": without})
    if pack["activities"]["absent"]:
        found.append({"key": "absent", "count": pack["activities"]["absent"]})
    if pack["stage"] == Stage.PROBATIONARY and not (pack["mentoring"] or pack["pairs"] or pack["lectures"]["given"]):
        found.append({"key": "nothing_given"})
    return found
