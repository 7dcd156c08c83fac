"""The life of rounds: opening one for all running links, asking at the end of a link, closing, and people who leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import Department, Term
from branches.policy import Policy
from mentoring.models import LeagueGuidance, Mentorship
from mentoring.tiers import LinkState
from pairing_portal.common.insert_select import insert_select
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .class_feedback_services import fix_rolls
from .feedback_reader import keeps_round
from .models import FeedbackExchange, FeedbackRound, RoundKind

# Longer than any round: a year that was mistyped.
LONGEST, LONGEST_AHEAD = timedelta(days=92), timedelta(days=366)


def moment_of(day: date) -> datetime:
    """Its first minute, in the portal's time."""
    return timezone.make_aware(datetime.combine(day, time.min))


@transaction.atomic
def open_round(
    *, kind: str, title: str, term: Term, department: Department | None, opens_on: date, closes_on: date,
    asks_classes: bool = False, scope: Scope, by: User, now: datetime,
) -> FeedbackRound:  # fmt: skip
    """Ask both sides of every running link of a department, or of the college. Both days included.

    Raises `Refused` for who does not answer for the department, a round that closes before it opens or opened in the past, and a
    second round of its kind in the term.
    """
    today = timezone.localdate(now)
    if not (scope.college_staff or (department is not None and department.pk in scope.department_ids)):
        raise Refused(_("A round is opened by the staff of the department, or of the college."), field="department")
    if kind not in (RoundKind.MID_TERM, RoundKind.END_OF_TERM):
        raise Refused(_("Feedback at the end of a link opens by itself."), field="kind")
    if not title.strip():
        raise Refused(_("Please write something."), field="title")
    if opens_on < today:
        raise Refused(_("A round opens today at the earliest."), field="opens_on")
    if opens_on > today + LONGEST_AHEAD:
        raise Refused(_("That is more than a year ahead. Check the year."), field="opens_on")
    if closes_on < opens_on:
        raise Refused(_("A round cannot close before it opens."), field="closes_on")
    if closes_on - opens_on > LONGEST:
        raise Refused(_("That is more than three months. Check the year."), field="closes_on")
    # Everybody who opens a round of this term waits here; the constraint alone would answer with a server error.
    Term.objects.select_for_update().get(pk=term.pk)
    if FeedbackRound.objects.filter(kind=kind, term=term, department=department).exists():
        raise Refused(_("There is such a round this term already."), field="kind")
    round = FeedbackRound(
        kind=kind, title=title.strip()[:80], term=term, department=department, asks_classes=asks_classes, opened_by=by,
        opens_at=now if opens_on == today else moment_of(opens_on), closes_at=moment_of(closes_on + timedelta(days=1)),
        created_at=now,
    )  # fmt: skip
    round.save()
    _fill(round, now)
    return round


@transaction.atomic
def fill_round(*, round: FeedbackRound, scope: Scope, now: datetime) -> int:
    """Add links that began since; again adds nothing. Returns how many. Raises `Refused` for others, and after closing."""
    round = FeedbackRound.objects.select_for_update(of=("self",)).get(pk=round.pk)
    if not keeps_round(round, scope):
        raise Refused(_("A round is kept by the staff of its department, or of the college."))
    if round.kind == RoundKind.CLOSING:
        raise Refused(_("Feedback at the end of a link opens by itself."))
    if now >= round.closes_at:
        raise Refused(_("This round of feedback has closed."))
    return _fill(round, now)


def _fill(round: FeedbackRound, now: datetime) -> int:
    """Two statements, however many links: who is asked in a round of this kind and term already is left out."""
    opens_at = max(round.opens_at, now)
    constants: dict[str, Any] = {
        "round": round.pk, "opens_at": opens_at, "closes_at": round.closes_at, "call_off_reason": ""
    }  # fmt: skip
    asked = FeedbackExchange.objects.filter(round__kind=round.kind, round__term_id=round.term_id)
    starts = Q(starts_on__lte=timezone.localdate(opens_at))
    where = Q(party_branch__department_id=round.department_id) if round.department_id else Q()
    links = Mentorship.objects.running().filter(starts, where, mentor__left_on=None, mentee__left_on=None)
    links = links.exclude(Exists(asked.filter(mentorship=OuterRef("pk")))).order_by()
    guidances = LeagueGuidance.objects.running().filter(starts, where, person__left_on=None)
    guidances = guidances.exclude(Exists(asked.filter(league_guidance=OuterRef("pk")))).order_by()
    added = insert_select(
        model=FeedbackExchange, rows=links.values("mentor_id", "mentee_id", mentorship_id=F("pk")),
        columns=["mentorship_id", "mentor_id", "mentee_id"], constants=constants,
    )  # fmt: skip
    added += insert_select(
        model=FeedbackExchange,
        rows=guidances.values("league_branch_id", mentor_id=F("person_id"), league_guidance_id=F("pk")),
        columns=["league_guidance_id", "mentor_id", "league_branch_id"], constants=constants,
    )  # fmt: skip
    if round.asks_classes and round.opens_at <= now:
        fix_rolls(round=round, now=now)
    return added


# --- Daily ---------------------------------------------------------------------------------------


def keep_rounds(today: date) -> dict[str, int]:
    """Daily: links begun before a round opens join it, classes get their rolls, ended links are asked, what is over is closed."""
    now = timezone.now()
    return {
        "added": _fill_until_open(now),
        "asked": ask_ended_links(today=today, now=now),
        "closed": close_rounds(now=now),
    }


@transaction.atomic
def _fill_until_open(now: datetime) -> int:
    """A round announced ahead takes in what begins before its first day; after that only by hand."""
    added, first = 0, moment_of(timezone.localdate(now))
    rounds = FeedbackRound.objects.select_for_update(of=("self",)).filter(closes_at__gt=now)
    for round in rounds.exclude(kind=RoundKind.CLOSING).order_by("pk"):
        if round.opens_at >= first:
            added += _fill(round, now)
        elif round.asks_classes:
            fix_rolls(round=round, now=now)
    return added


@transaction.atomic
def ask_ended_links(*, today: date, now: datetime, policy: Policy | None = None) -> int:
    """Links that ended in the last days are asked once more, in the term's closing round: unless a round was still open to them
    when they ended, and unless one of the two has left. Running it again asks nobody twice. Returns how many are asked."""
    days = (policy or Policy()).number("feedback_open_days", today)
    term = Term.objects.filter(start_monday__lte=today).order_by("-start_monday").first()
    if term is None:
        return 0
    ended = Q(
        state=LinkState.ENDED,
        ended_on__gte=today - timedelta(days=days),
        ended_on__lte=today,
        published_at__isnull=False,
    )
    links = Mentorship.objects.filter(ended, mentor__left_on=None, mentee__left_on=None)
    guidances = LeagueGuidance.objects.filter(ended, person__left_on=None)
    values = {"opens_at": now, "closes_at": moment_of(today + timedelta(days=days))}
    rows = [
        FeedbackExchange(mentorship_id=pk, mentor_id=mentor, mentee_id=mentee, **values)
        for pk, mentor, mentee in _not_asked(links, "mentorship").values_list("pk", "mentor_id", "mentee_id")
    ]
    rows += [
        FeedbackExchange(league_guidance_id=pk, mentor_id=guide, league_branch_id=branch, **values)
        for pk, guide, branch in _not_asked(guidances, "league_guidance").values_list(
            "pk", "person_id", "league_branch_id"
        )
    ]
    if not rows:
        return 0
    round = _closing_round(term, days, now)
    for row in rows:
        row.round = round
    FeedbackExchange.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _not_asked(rows: Any, link: str) -> Any:
    asked = FeedbackExchange.objects.filter(**{link: OuterRef("pk")})
    closing = asked.filter(round__kind=RoundKind.CLOSING)
    still_open = asked.filter(called_off_at=None, closes_at__date__gt=OuterRef("ended_on"))
    return rows.exclude(Exists(closing)).exclude(Exists(still_open)).order_by("pk")


def _closing_round(term: Term, days: int, now: datetime) -> FeedbackRound:
    """One a term for the whole college; it lasts until the last link of the term has had its days."""
    found: FeedbackRound | None = (
        FeedbackRound.objects.select_for_update(of=("self",))
        .filter(kind=RoundKind.CLOSING, term=term, department=None)
        .first()
    )
    closes_at = max(moment_of(term.ends_on + timedelta(days=days + 1)), now + timedelta(days=days))
    if found is None:
        return FeedbackRound.objects.create(
            kind=RoundKind.CLOSING, term=term, department=None, title=_("Feedback at the end of links"), created_at=now,
            opens_at=moment_of(term.start_monday), closes_at=closes_at,
        )  # fmt: skip
    if closes_at > found.closes_at:
        found.closes_at, found.closed_at = closes_at, None
        found.save()
    return found


@transaction.atomic
def close_rounds(*, now: datetime) -> int:
    """Rounds whose time is up are marked closed; whoever answered is read from the times, so nothing waits for this."""
    rows = list(FeedbackRound.objects.select_for_update(of=("self",)).filter(closes_at__lte=now, closed_at=None))
    for round in rows:
        round.closed_at = now
        round.save()
    return len(rows)


# --- When people leave ---------------------------------------------------------------------------


def call_off_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """Leave effect: who left is no longer asked, and nobody about them; what was said stays. Runs in the caller's transaction."""
    now = timezone.now()
    rows = list(_open_of(person_ids, now).select_for_update(of=("self",)))
    lines = _lines(rows)
    for row in rows:
        row.called_off_at = now
        row.call_off_reason = _("left on %(on)s") % {"on": date_format(left_on)}
    FeedbackExchange.objects.bulk_update(rows, ["called_off_at", "call_off_reason"], batch_size=200)
    return lines


def preview_call_off(person_ids: list[int]) -> list[str]:
    return _lines(list(_open_of(person_ids, timezone.now())))


def _open_of(person_ids: Sequence[int], now: datetime) -> Any:
    theirs = Q(mentor_id__in=person_ids) | Q(mentee_id__in=person_ids)
    rows = FeedbackExchange.objects.filter(theirs, called_off_at=None, revealed_at=None, closes_at__gt=now)
    return rows.select_related("mentor", "mentee", "league_branch").order_by("pk")


def _lines(rows: Sequence[FeedbackExchange]) -> list[str]:
    return [_("Feedback called off: %(link)s") % {"link": row} for row in rows]
