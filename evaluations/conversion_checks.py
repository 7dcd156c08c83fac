"""The checklist of a conversion review (RULES.md 1.5). Pure: what is on record comes in, lines go out.

Each line is met, missing (its day has come) or not yet due, names its rule, and points to the step that mends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from members.rules import (
    Facts,
    Number,
    approval_due_on,
    approval_limit_on,
    check,
    notice_may_end_on,
    review_due_on,
)

MET, MISSING, LATER = "met", "missing", "later"
APPLICATION, COMMITTEE, NOTICE, MEETING, APPROVAL = "application", "committee", "notice", "meeting", "approval"
# In the order in which they come; each needs the one before it.
ORDER: Final = (APPLICATION, COMMITTEE, NOTICE, MEETING, APPROVAL)
STEP_LABELS: Final[dict[str, str | Promise]] = {
    APPLICATION: gettext_lazy("application received"),
    COMMITTEE: gettext_lazy("review by the branch committee"),
    NOTICE: gettext_lazy("public notice"),
    MEETING: gettext_lazy("branch meeting"),
    APPROVAL: gettext_lazy("approval"),
}
# Inside and outside the Party: one of each side is heard (RULES.md 1.5).
INSIDE, OUTSIDE = frozenset({"group", "members"}), frozenset({"masses", "league_branch"})


@dataclass(frozen=True)
class ReviewFacts:
    """One review. `facts.admitted_on` and `facts.extended_to` say when the probation is over; `due_on` is that day."""

    facts: Facts
    due_on: date
    applied_on: date | None = None
    committee_on: date | None = None
    decision: str = ""
    deferred_to: date | None = None
    sponsor_ids: frozenset[int] = frozenset()
    sponsors_heard: frozenset[int] = frozenset()
    opinion_kinds: frozenset[str] = frozenset()
    opens_days: int = 30
    is_closed: bool = False
    days: dict[date, str] = field(default_factory=dict)

    @property
    def meeting_by(self) -> date:
        """When the branch has to have met: the end of the probation, or the day the discussion was deferred to."""
        return max(self.due_on, self.deferred_to or self.due_on)


@dataclass(frozen=True)
class Line:
    """`step`: the page where it is done ("" where there is none)."""

    key: str
    title: str
    state: str
    words: str
    rule: str = ""
    on: date | None = None
    step: str = ""

    @property
    def badge(self) -> str:
        return {MET: "ok", MISSING: "late", LATER: "neutral"}[self.state]


def checklist(review: ReviewFacts, today: date, number: Number) -> list[Line]:
    """Every line, in the order of the work."""
    return [
        _probation(review, today),
        _half_years(review, today, number),
        _application(review, today),
        _sponsors(review, today),
        _heard(review, today),
        _committee(review, today),
        _notice(review, today, number),
        _meeting(review, today, number),
        *_decision(review, today, number),
        _approval(review, today, number),
    ]


def gaps(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.state == MISSING]


def done_steps(review: ReviewFacts) -> list[str]:
    """Steps on record, in order; the last one is what can be taken back."""
    on_record = {
        APPLICATION: review.applied_on, COMMITTEE: review.committee_on, NOTICE: review.facts.notice_from_on,
        MEETING: review.facts.meeting_on, APPROVAL: review.facts.approved_on,
    }  # fmt: skip
    return [step for step in ORDER if on_record[step] is not None]


def next_step(review: ReviewFacts) -> str:
    """What comes next; "" when the review is closed."""
    if review.is_closed:
        return ""
    done = done_steps(review)
    # A meeting may decide without an application or a notice (annulment, extension): what lies before it is over then.
    start = ORDER.index(MEETING) if MEETING in done else 0
    return next((step for step in ORDER[start:] if step not in done), "")


def missing_opinions(review: ReviewFacts) -> Iterator[str]:
    """Whose opinion a meeting still lacks, in words."""
    left = len(review.sponsor_ids - review.sponsors_heard)
    if not review.sponsor_ids:
        yield _("no sponsor is on record")
    elif left:
        yield ngettext("the opinion of %(count)d sponsor", "the opinions of %(count)d sponsors", left) % {"count": left}
    if not review.opinion_kinds & INSIDE:
        yield _("an opinion inside the Party (group or members)")
    if not review.opinion_kinds & OUTSIDE:
        yield _("an opinion outside the Party (masses or League branch)")


def _d(on: date) -> str:
    return str(date_format(on))


def _due(review: ReviewFacts, today: date) -> str:
    """Missing once the probation is over (or the meeting has decided), else not yet due."""
    return MISSING if today >= review.due_on or review.facts.meeting_on else LATER


def _probation(review: ReviewFacts, today: date) -> Line:
    rule = "R18" if review.facts.extended_to else "R16"
    if today >= review.due_on:
        words, state = _("over since %(on)s"), MET
    else:
        words, state = _("over on %(on)s; the branch cannot decide before (rule R17)"), LATER
    return Line("probation", _("Probation"), state, words % {"on": _d(review.due_on)}, rule, review.due_on)


def _half_years(review: ReviewFacts, today: date, number: Number) -> Line:
    title, last = _("Half-year reviews of the branch"), review.facts.reviewed_on
    for problem in check("probation_review", review.facts, today, number):
        # What is due next month is said as info and not yet missing.
        if review_due_on(review.facts, number) <= today:
            return Line("half_years", title, MISSING, problem.message, "R20", last, "review")
    words = _("last one until %(on)s") % {"on": _d(last)} if last else _("none is due yet")
    return Line("half_years", title, MET if last else LATER, words, "R20", last, "review")


def _application(review: ReviewFacts, today: date) -> Line:
    title = _("Written application for full membership")
    if review.applied_on:
        return Line("application", title, MET, _d(review.applied_on), "", review.applied_on, APPLICATION)
    early = review.due_on - timedelta(days=review.opens_days)
    words = _("handed in between %(from)s and %(to)s") % {"from": _d(early), "to": _d(review.due_on)}
    return Line("application", title, _due(review, today), words, "", review.due_on, APPLICATION)


def _sponsors(review: ReviewFacts, today: date) -> Line:
    title, heard = _("Opinions of the sponsors"), len(review.sponsors_heard)
    wanted = max(len(review.sponsor_ids), 2)
    words = _("%(heard)d of %(wanted)d given") % {"heard": heard, "wanted": wanted}
    if not review.sponsor_ids:
        words = _("No sponsors are on record. Enter them in the person's record first.")
    state = MET if review.sponsor_ids and heard >= wanted else _due(review, today)
    return Line("sponsors", title, state, words, "R08", None, "opinion")


def _heard(review: ReviewFacts, today: date) -> Line:
    inside, outside = bool(review.opinion_kinds & INSIDE), bool(review.opinion_kinds & OUTSIDE)
    words = {
        (True, True): _("heard inside and outside the Party"),
        (True, False): _("heard inside the Party; the masses or the League branch are missing"),
        (False, True): _("heard outside the Party; the group or the members are missing"),
        (False, False): _("nobody inside or outside the Party is heard yet"),
    }[inside, outside]
    state = MET if inside and outside else _due(review, today)
    return Line("heard", _("Opinions inside and outside the Party"), state, words, "", None, "opinion")


def _committee(review: ReviewFacts, today: date) -> Line:
    title = _("Review by the branch committee")
    if review.committee_on:
        return Line("committee", title, MET, _d(review.committee_on), "", review.committee_on, COMMITTEE)
    return Line(
        "committee", title, _due(review, today), _("after the opinions, before the notice"), "", None, COMMITTEE
    )


def _notice(review: ReviewFacts, today: date, number: Number) -> Line:
    title, facts = _("Public notice"), review.facts
    if facts.notice_from_on is None or facts.notice_to_on is None:
        if review.decision and review.decision != "convert":
            return Line("notice", title, MET, _("not asked for with this decision"), "R12", None, NOTICE)
        days = number("public_notice_days")
        words = ngettext("%(days)d working day, before the meeting", "%(days)d working days, before the meeting", days)
        return Line("notice", title, _due(review, today), words % {"days": days}, "R12", None, NOTICE)
    span = {"from": _d(facts.notice_from_on), "to": _d(facts.notice_to_on)}
    if facts.notice_to_on < notice_may_end_on(facts.notice_from_on, review.days, number):
        words = _("%(from)s – %(to)s: shorter than asked for; a reason is needed")
        return Line("notice", title, MISSING, words % span, "R12", facts.notice_to_on, NOTICE)
    if today <= facts.notice_to_on:
        return Line("notice", title, LATER, _("stands until %(to)s") % span, "R12", facts.notice_to_on, NOTICE)
    return Line("notice", title, MET, _("%(from)s – %(to)s") % span, "R12", facts.notice_to_on, NOTICE)


def _meeting(review: ReviewFacts, today: date, number: Number) -> Line:
    title, facts, by = _("Branch meeting with quorum and majority"), review.facts, review.meeting_by
    if facts.meeting_on is not None:
        words = _d(facts.meeting_on)
        if facts.vote is not None:
            words = _("%(on)s: %(present)d of %(eligible)d present, %(yes)d in favour") % {
                "on": words, "present": facts.vote.present, "eligible": facts.vote.eligible, "yes": facts.vote.yes,
            }  # fmt: skip
        return Line("meeting", title, MET, words, "R14", facts.meeting_on, MEETING)
    if today > by:
        days = (today - by).days
        words = ngettext("due on %(on)s, %(days)d day ago", "due on %(on)s, %(days)d days ago", days)
        return Line("meeting", title, MISSING, words % {"on": _d(by), "days": days}, "R19", by, MEETING)
    words = _("deferred to %(on)s at the latest") if review.deferred_to else _("on %(on)s or soon after")
    return Line("meeting", title, LATER, words % {"on": _d(by)}, "R14", by, MEETING)


def _decision(review: ReviewFacts, today: date, number: Number) -> Iterator[Line]:
    """Only once there is one: from when the standing counts, or until when the probation goes on."""
    if review.decision == "convert":
        words = _("full member from %(on)s, the day the probation was over") % {"on": _d(review.due_on)}
        yield Line("decision", _("Decision: convert"), MET, words, "R17", review.due_on)
    elif review.decision == "extend":
        to = review.facts.extend_to or review.due_on
        yield Line("decision", _("Decision: extend"), MET, _("until %(on)s; once only") % {"on": _d(to)}, "R18", to)
    elif review.decision == "annul":
        yield Line("decision", _("Decision: annul"), MET, _("with the reason given"), "", review.facts.meeting_on)


def _approval(review: ReviewFacts, today: date, number: Number) -> Line:
    title, facts = _("Approval by the higher committee"), review.facts
    if facts.approved_on is not None:
        return Line("approval", title, MET, _d(facts.approved_on), "R15", facts.approved_on, APPROVAL)
    if facts.meeting_on is None:
        return Line("approval", title, LATER, _("within three months of the meeting"), "R15", None, APPROVAL)
    by, limit = approval_due_on(facts.meeting_on, number), approval_limit_on(facts.meeting_on, number)
    words = _("due by %(by)s, at the very latest %(limit)s") % {"by": _d(by), "limit": _d(limit)}
    return Line("approval", title, MISSING if today > by else LATER, words, "R15", by, APPROVAL)
