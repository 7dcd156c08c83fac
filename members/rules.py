"""Rules R01–R20 of developing members (RULES.md 1.11). Pure: facts and numbers of policy come in, objections go out.

`RULES` says of each rule what it is called, where it stands and how hard it is; screens quote it. `check(step, …)` asks the rules
of one step. Months are calendar months (`relativedelta`): a year after 29 February is 28 February. A fact that is unknown (None)
raises no objection, but where a step needs it: then it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.policy import CONSTITUTION, LOCAL, RECRUITMENT
from pairing_portal.common.problems import Problem, Severity

Number = Callable[[str], int]
Text = str | Promise


@dataclass(frozen=True)
class Rule:
    """A row of the rule table. `severity` is its hardest; `keys` are its numbers in the policy."""

    id: str
    title: Text
    source: Text
    severity: Severity
    keys: tuple[str, ...] = ()


_ROWS = [
    Rule("R01", gettext_lazy("Age on the day of application"), CONSTITUTION, "block", ("applicant_min_age",)),
    Rule("R02", gettext_lazy("Talk after the application"), RECRUITMENT, "warn", ("talk_within_months",)),
    Rule("R03", gettext_lazy("From application to activist"), LOCAL, "warn", ("application_to_activist_months",)),
    Rule("R04", gettext_lazy("Cultivation contacts"), RECRUITMENT, "block", ("contacts_min", "contacts_max")),
    Rule("R05", gettext_lazy("Half-year review of an activist"), RECRUITMENT, "warn", ("activist_review_months",)),
    Rule("R06", gettext_lazy("Record of the cultivation contact"), LOCAL, "info", ("contact_entry_months",)),
    Rule("R07", gettext_lazy("From activist to candidate"), RECRUITMENT, "block", ("activist_to_candidate_months",)),
    Rule("R08", gettext_lazy("Sponsors"), RECRUITMENT, "block", ("sponsors",)),
    Rule("R09", gettext_lazy("Training before admission"), RECRUITMENT, "block", ("training_days", "training_hours_before_admission")),
    Rule("R10", gettext_lazy("Political review"), RECRUITMENT, "block", ("political_review_valid_months",)),
    Rule("R11", gettext_lazy("Pre-review before the branch meeting"), RECRUITMENT, "warn", ("pre_review_to_meeting_months",)),
    Rule("R12", gettext_lazy("Public notice"), LOCAL, "warn", ("public_notice_days",)),
    Rule("R13", gettext_lazy("Leaving soon after admission"), RECRUITMENT, "warn", ("leaving_within_months",)),
    Rule("R14", gettext_lazy("Quorum and majority of the branch meeting"), RECRUITMENT, "block"),
    Rule("R15", gettext_lazy("Approval after the meeting"), CONSTITUTION, "warn", ("approval_within_months", "approval_hard_limit_months")),
    Rule("R16", gettext_lazy("End of probation"), CONSTITUTION, "info", ("probation_months",)),
    Rule("R17", gettext_lazy("No conversion before the probation is over"), CONSTITUTION, "block", ("probation_months",)),
    Rule("R18", gettext_lazy("Extension of probation"), CONSTITUTION, "block", ("extension_min_months", "extension_max_months")),
    Rule("R19", gettext_lazy("Conversion overdue"), RECRUITMENT, "warn"),
    Rule("R20", gettext_lazy("Half-year review of a probationary member"), LOCAL, "info", ("probation_review_months",)),
]  # fmt: skip
RULES: Final[Mapping[str, Rule]] = {rule.id: rule for rule in _ROWS}


@dataclass(frozen=True)
class Helper:
    """A cultivation contact or sponsor, as far as the rules ask."""

    pk: int
    name: str
    is_full: bool


@dataclass(frozen=True)
class Vote:
    """A count of a branch meeting. Opinions handed in in writing before it count as ballots issued and returned (RULES.md 1.4)."""

    eligible: int
    present: int
    yes: int
    no: int = 0
    abstained: int = 0
    written: int = 0
    issued: int | None = None
    returned: int | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of one person. `days`: days that differ (holiday, makeup, exam, break), as the calendar keeps them."""

    pk: int = 0
    name: str = ""
    born_on: date | None = None
    applied_on: date | None = None
    talked_on: date | None = None
    activist_on: date | None = None
    candidate_on: date | None = None
    admitted_on: date | None = None
    extended_to: date | None = None
    converted_on: date | None = None
    leaves_on: date | None = None
    contacts: tuple[Helper, ...] = ()
    sponsors: tuple[Helper, ...] = ()
    reviewed_on: date | None = None
    contact_entry_on: date | None = None
    training_days: int = 0
    training_hours: int = 0
    is_training_passed: bool | None = None
    political_review_on: date | None = None
    is_political_review_clean: bool | None = None
    pre_reviewed_on: date | None = None
    notice_from_on: date | None = None
    notice_to_on: date | None = None
    meeting_on: date | None = None
    vote: Vote | None = None
    approved_on: date | None = None
    extend_to: date | None = None
    days: Mapping[date, str] = field(default_factory=dict)


# --- Calendar arithmetic -------------------------------------------------------------------------


def of_age_on(born_on: date, number: Number) -> date:
    """R01: the day from which an application is lawful."""
    return born_on + relativedelta(years=number("applicant_min_age"))


def talk_due_on(applied_on: date, number: Number) -> date:
    """R02: the last day for the first talk."""
    return applied_on + relativedelta(months=number("talk_within_months"))


def earliest_activist_on(applied_on: date, number: Number) -> date:
    return applied_on + relativedelta(months=number("application_to_activist_months"))


def earliest_candidate_on(activist_on: date, number: Number) -> date:
    return activist_on + relativedelta(months=number("activist_to_candidate_months"))


def probation_ends_on(admitted_on: date, extended_to: date | None, number: Number) -> date:
    """R16: a year after the branch meeting, or the end of the extension."""
    return extended_to or admitted_on + relativedelta(months=number("probation_months"))


def approval_due_on(meeting_on: date, number: Number) -> date:
    return meeting_on + relativedelta(months=number("approval_within_months"))


def approval_limit_on(meeting_on: date, number: Number) -> date:
    return meeting_on + relativedelta(months=number("approval_hard_limit_months"))


def review_due_on(facts: Facts, number: Number) -> date:
    """R05, R20: when the branch's next review is due; `date.max` for who is not observed."""
    is_member = facts.admitted_on is not None
    since = facts.admitted_on or facts.activist_on
    if since is None:
        return date.max
    key = "probation_review_months" if is_member else "activist_review_months"
    return max(since, facts.reviewed_on or since) + relativedelta(months=number(key))


def extension_bounds(ended_on: date, number: Number) -> tuple[date, date]:
    """R18: the first and the last day an extension may reach, counted from the day the probation was over."""
    return (
        ended_on + relativedelta(months=number("extension_min_months")),
        ended_on + relativedelta(months=number("extension_max_months")),
    )


def is_working_day(on: date, days: Mapping[date, str]) -> bool:
    """Monday to Friday less holidays and breaks; make-up days count, and so do days of exams."""
    kind = days.get(on)
    return kind == "makeup" or (kind not in ("holiday", "break") and on.weekday() < 5)


def working_days(first: date, last: date, days: Mapping[date, str]) -> int:
    """Working days from the first to the last day, both included; 0 when the last lies before."""
    return sum(is_working_day(first + timedelta(days=n), days) for n in range((last - first).days + 1))


def notice_may_end_on(first: date, days: Mapping[date, str], number: Number) -> date:
    """R12: the last day of a notice from `first` that is just long enough. Looks a year ahead at most."""
    wanted, on = number("public_notice_days"), first - timedelta(days=1)
    for _day in range(366):
        on += timedelta(days=1)
        wanted -= is_working_day(on, days)
        if wanted <= 0:
            break
    return on


# --- The rules -----------------------------------------------------------------------------------

Check = Callable[[Facts, date, Number], Iterator[Problem]]


def _d(on: date) -> str:
    return str(date_format(on))


def _problem(rule: str, words: str, field_name: str = "", severity: Severity | None = None) -> Problem:
    return Problem(words, rule, severity or RULES[rule].severity, field_name)


def _r01(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.born_on is None or facts.applied_on is None:
        return
    from_on = of_age_on(facts.born_on, number)
    if facts.applied_on < from_on:
        words = _("On %(on)s %(name)s is not yet %(age)d years old. The application may be dated %(from)s or later.")
        values = {
            "on": _d(facts.applied_on),
            "name": facts.name,
            "age": number("applicant_min_age"),
            "from": _d(from_on),
        }
        yield _problem("R01", words % values, "applied_on")


def _r02(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.applied_on is None:
        return
    by = talk_due_on(facts.applied_on, number)
    if facts.talked_on is not None and facts.talked_on < facts.applied_on:
        words = _("The talk of %(on)s lies before the application of %(applied)s. Check both dates.")
        yield _problem("R02", words % {"on": _d(facts.talked_on), "applied": _d(facts.applied_on)}, "done_on")
    elif facts.talked_on is not None and facts.talked_on > by:
        words = _("The talk of %(on)s comes after %(by)s, the last day for it. Say why it was late.")
        yield _problem("R02", words % {"on": _d(facts.talked_on), "by": _d(by)}, "done_on")
    elif facts.talked_on is None and today > by:
        words = _("The first talk was due by %(by)s. Send somebody to talk with %(name)s, then record it.")
        yield _problem("R02", words % {"by": _d(by), "name": facts.name}, "done_on")


def _r03(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.applied_on is None or facts.activist_on is None:
        return
    from_on = earliest_activist_on(facts.applied_on, number)
    if facts.activist_on < from_on:
        words = _("Between application and activist lie at least %(months)d months here: %(from)s or later. Say why it is earlier.")  # fmt: skip
        values = {"months": number("application_to_activist_months"), "from": _d(from_on)}
        yield _problem("R03", words % values, "activist_on")


def _helpers(facts: Facts, helpers: tuple[Helper, ...], rule: str, field_name: str) -> Iterator[Problem]:
    """Full members, each once, none the person."""
    for helper in helpers:
        if helper.pk == facts.pk:
            yield _problem(rule, _("Nobody is their own contact or sponsor. Choose another full member."), field_name)
        elif not helper.is_full:
            words = _("%(name)s is not a full member. Choose somebody who is.")
            yield _problem(rule, words % {"name": helper.name}, field_name)
    if len({helper.pk for helper in helpers}) < len(helpers):
        yield _problem(rule, _("The same person is named twice. Choose two different full members."), field_name)


def _r04(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    low, high, count = number("contacts_min"), number("contacts_max"), len(facts.contacts)
    if not low <= count <= high:
        words = _("An activist has %(low)d to %(high)d cultivation contacts; here there are %(count)d.")
        yield _problem("R04", words % {"low": low, "high": high, "count": count}, "contacts")
    yield from _helpers(facts, facts.contacts, "R04", "contacts")


def _rhythm(rule: str, since: date | None, last: date | None, months: int, today: date) -> Iterator[Problem]:
    """Due `months` after the last one, or after the start; spoken of a month before."""
    if since is None:
        return
    anchor = max(since, last) if last else since
    due_on = anchor + relativedelta(months=months)
    values = {"last": _d(last) if last else "", "due": _d(due_on), "since": _d(since)}
    if today >= due_on:
        words = _("There was no review since %(last)s; one was due on %(due)s. Write it now.") if last and last >= since else _("There was no review since %(since)s; one was due on %(due)s. Write it now.")  # fmt: skip
        yield _problem(rule, words % values)
    elif today >= anchor + relativedelta(months=months - 1):
        yield _problem(rule, _("The next review is due on %(due)s.") % values, severity="info")


def _r05(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.admitted_on is None or facts.admitted_on > today:
        yield from _rhythm("R05", facts.activist_on, facts.reviewed_on, number("activist_review_months"), today)


def _r06(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.activist_on is None or (facts.admitted_on is not None and facts.admitted_on <= today):
        return
    anchor = max(facts.activist_on, facts.contact_entry_on or facts.activist_on)
    due_on = anchor + relativedelta(months=number("contact_entry_months"))
    if today >= due_on:
        words = _("The contact's record was due on %(due)s. Ask the contact to write it.")
        yield _problem("R06", words % {"due": _d(due_on)})


def _r07(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.activist_on is None or facts.candidate_on is None:
        return
    from_on = earliest_candidate_on(facts.activist_on, number)
    if facts.candidate_on < from_on:
        words = _("%(name)s has been an activist since %(since)s and can become a candidate on %(from)s at the earliest.")  # fmt: skip
        values = {"name": facts.name, "since": _d(facts.activist_on), "from": _d(from_on)}
        yield _problem("R07", words % values, "candidate_on")


def _r08(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    wanted, count = number("sponsors"), len(facts.sponsors)
    if count != wanted:
        words = _("A candidate has exactly %(wanted)d sponsors; here there are %(count)d. Name them first.")
        yield _problem("R08", words % {"wanted": wanted, "count": count}, "sponsors")
    yield from _helpers(facts, facts.sponsors, "R08", "sponsors")


def _r09(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    days, hours = number("training_days"), number("training_hours_before_admission")
    if facts.training_days < days and facts.training_hours < hours:
        words = _("Training before admission lasts %(days)d days or %(hours)d hours at least; on record are %(has_days)d days and %(has_hours)d hours.")  # fmt: skip
        values = {"days": days, "hours": hours, "has_days": facts.training_days, "has_hours": facts.training_hours}
        yield _problem("R09", words % values, "hours")
    elif not facts.is_training_passed:
        yield _problem("R09", _("The training is not recorded as passed. Record the result first."), "is_passed")


def _r10(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    done_on, on = facts.political_review_on, facts.meeting_on or today
    if done_on is None:
        yield _problem("R10", _("There is no political review on record. Nobody is admitted without one."), "done_on")
    elif facts.is_political_review_clean is False:
        yield _problem("R10", _("The political review was not clean. Clear this up with the higher committee first."), "is_passed")  # fmt: skip
    elif on > (until := done_on + relativedelta(months=number("political_review_valid_months"))):
        words = _("The political review of %(on)s was valid until %(until)s. Do it again, or say why it still holds.")
        yield _problem("R10", words % {"on": _d(done_on), "until": _d(until)}, "done_on", "warn")


def _r11(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    meeting_on, before = facts.meeting_on, facts.pre_reviewed_on
    if meeting_on is None:
        return
    if before is None or before > meeting_on:
        words = _("The higher committee's pre-review comes before the branch meeting of %(on)s; none is on record.")
        yield _problem("R11", words % {"on": _d(meeting_on)}, "meeting_on")
    elif meeting_on > (until := before + relativedelta(months=number("pre_review_to_meeting_months"))):
        words = _("After the pre-review of %(before)s the branch meets by %(until)s; %(on)s is later. Say why.")
        yield _problem("R11", words % {"before": _d(before), "until": _d(until), "on": _d(meeting_on)}, "meeting_on")


def _r12(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    wanted, first, last = number("public_notice_days"), facts.notice_from_on, facts.notice_to_on
    if first is None or last is None:
        words = ngettext("There was no public notice; it stands for %(days)d working day.", "There was no public notice; it stands for %(days)d working days.", wanted)  # fmt: skip
        yield _problem("R12", words % {"days": wanted}, "notice_from_on")
        return
    stood = working_days(first, last, facts.days)
    if stood < wanted:
        words = _(
            "The notice stands for %(stood)d working days, %(wanted)d are asked for: let it stand until %(until)s."
        )
        values = {"stood": stood, "wanted": wanted, "until": _d(notice_may_end_on(first, facts.days, number))}
        yield _problem("R12", words % values, "notice_to_on")
    if facts.meeting_on is not None and facts.meeting_on <= last:
        words = _(
            "The notice stands until %(until)s; the meeting of %(on)s comes before it is over. Choose a later day."
        )
        yield _problem("R12", words % {"until": _d(last), "on": _d(facts.meeting_on)}, "meeting_on")


def _r13(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.leaves_on is None:
        return
    on = facts.meeting_on or today
    until = on + relativedelta(months=number("leaving_within_months"))
    if facts.leaves_on < until:
        words = _("%(name)s leaves on %(leaves)s, within %(months)d months of %(on)s, and is generally not admitted here any more. Hand the file on to the next unit, or say why not.")  # fmt: skip
        values = {"name": facts.name, "leaves": _d(facts.leaves_on), "months": number("leaving_within_months"), "on": _d(on)}  # fmt: skip
        yield _problem("R13", words % values, "meeting_on")


def _r14(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.vote is not None:
        yield from vote_problems(facts.vote)


def vote_problems(vote: Vote) -> Iterator[Problem]:
    """R14: counts that fit together; more than half of those with a vote present; more than half of them in favour."""
    issued = vote.present + vote.written if vote.issued is None else vote.issued
    returned = issued if vote.returned is None else vote.returned
    counts = [
        (vote.eligible < 1, "eligible_count", _("Enter how many full members have a vote.")),
        (vote.present + vote.written > vote.eligible, "present_count", _("Present and written opinions together are more than have a vote (%(eligible)d).")),
        (issued > vote.present + vote.written, "issued_count", _("More ballots issued than there are present and written opinions (%(voters)d).")),
        (returned > issued, "returned_count", _("More ballots returned than issued (%(issued)d).")),
        (vote.yes + vote.no + vote.abstained > returned, "yes_count", _("More votes than ballots returned (%(returned)d).")),
    ]  # fmt: skip
    values = {"eligible": vote.eligible, "voters": vote.present + vote.written, "issued": issued, "returned": returned}
    faults = [_problem("R14", words % values, name) for is_wrong, name, words in counts if is_wrong]
    if faults:
        yield from faults
        return
    needed = vote.eligible // 2 + 1
    if vote.present < needed:
        words = _("%(present)d of %(eligible)d present are no quorum: %(needed)d are needed. Call the meeting again.")
        values |= {"present": vote.present, "needed": needed}
        yield _problem("R14", words % values, "present_count")
    if vote.yes < needed:
        words = _("%(yes)d votes in favour of %(eligible)d with a vote are no majority: %(needed)d are needed. The proposal is not passed.")  # fmt: skip
        yield _problem("R14", words % (values | {"yes": vote.yes, "needed": needed}), "yes_count")


def _r15(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.meeting_on is None:
        return
    by, limit = approval_due_on(facts.meeting_on, number), approval_limit_on(facts.meeting_on, number)
    on = facts.approved_on or today
    values = {"meeting": _d(facts.meeting_on), "by": _d(by), "limit": _d(limit)}
    if facts.approved_on is not None and facts.approved_on < facts.meeting_on:
        yield _problem("R15", _("The approval cannot lie before the meeting of %(meeting)s.") % values, "approved_on", "block")  # fmt: skip
    elif on > limit:
        words = _(
            "The meeting of %(meeting)s needed its approval by %(limit)s at the very latest. The branch decides again."
        )
        yield _problem("R15", words % values, "approved_on", "block" if facts.approved_on else "warn")
    elif on > by:
        words = _("After the meeting of %(meeting)s the approval was due by %(by)s; the last day is %(limit)s. Say why it is late.")  # fmt: skip
        yield _problem("R15", words % values, "approved_on")


def _r16(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.admitted_on is not None:
        words = _("The probation ends on %(on)s.")
        on = probation_ends_on(facts.admitted_on, facts.extended_to, number)
        yield _problem("R16", words % {"on": _d(on)})


def _r17(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.admitted_on is None:
        return
    ends_on = probation_ends_on(facts.admitted_on, facts.extended_to, number)
    for on, name in ((facts.meeting_on, "meeting_on"), (facts.converted_on, "converted_on")):
        if on is not None and on < ends_on:
            words = _("The probation is over on %(ends)s; the branch cannot decide on %(on)s already. Choose that day or a later one.")  # fmt: skip
            yield _problem("R17", words % {"ends": _d(ends_on), "on": _d(on)}, name)


def _r18(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.admitted_on is None:
        return
    if facts.extended_to is not None:
        words = _("The probation was extended once already, to %(to)s. Now only conversion or annulment is possible.")
        yield _problem("R18", words % {"to": _d(facts.extended_to)}, "decision")
        return
    low, high = extension_bounds(probation_ends_on(facts.admitted_on, None, number), number)
    if facts.extend_to is None:
        words = _("Say until when: from %(low)s to %(high)s.")
    elif not low <= facts.extend_to <= high:
        words = _("An extension ends between %(low)s and %(high)s.")
    else:
        return
    yield _problem("R18", words % {"low": _d(low), "high": _d(high)}, "extended_to")


def _r19(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.admitted_on is None or facts.converted_on is not None or facts.meeting_on is not None:
        return
    ends_on = probation_ends_on(facts.admitted_on, facts.extended_to, number)
    if today > ends_on:
        words = ngettext("The probation was over on %(on)s, %(days)d day ago. Call the branch meeting.", "The probation was over on %(on)s, %(days)d days ago. Call the branch meeting.", (today - ends_on).days)  # fmt: skip
        yield _problem("R19", words % {"on": _d(ends_on), "days": (today - ends_on).days})


def _r20(facts: Facts, today: date, number: Number) -> Iterator[Problem]:
    if facts.converted_on is None:
        yield from _rhythm("R20", facts.admitted_on, facts.reviewed_on, number("probation_review_months"), today)


CHECKS: Final[Mapping[str, Check]] = {
    "R01": _r01, "R02": _r02, "R03": _r03, "R04": _r04, "R05": _r05, "R06": _r06, "R07": _r07, "R08": _r08, "R09": _r09,
    "R10": _r10, "R11": _r11, "R12": _r12, "R13": _r13, "R14": _r14, "R15": _r15, "R16": _r16, "R17": _r17, "R18": _r18,
    "R19": _r19, "R20": _r20,
}  # fmt: skip
# What is asked where; `check` takes these names, rule ids and the numbers of the 25 steps.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "application": ("R01",), "talk": ("R02",), "activist": ("R03",), "contacts": ("R04",), "reviews": ("R05", "R06"),
    "candidate": ("R07",), "sponsors": ("R08",), "training": ("R09",), "political_review": ("R10",), "pre_review": ("R11",),
    "notice": ("R12",), "leaving": ("R13",), "vote": ("R14",),
    "admission": ("R08", "R09", "R10", "R11", "R12", "R13", "R14"), "approval": ("R15",), "probation_end": ("R16",),
    "conversion": ("R17", "R12", "R14"), "extension": ("R17", "R18", "R14"), "annulment": ("R14",),
    "overdue": ("R19",), "probation_review": ("R20",),
}  # fmt: skip


def check(step: str, facts: Facts, today: date, number: Number) -> list[Problem]:
    """What stands against a step, hardest first. `step`: a key of `STEPS` or the id of one rule; `number` gives a policy number."""
    found = [problem for rule in STEPS.get(step, (step,)) for problem in CHECKS[rule](facts, today, number)]
    order = ("block", "warn", "info")
    return sorted(found, key=lambda problem: order.index(problem.severity))
