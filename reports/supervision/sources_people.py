"""Developing members and judging them: talks with applicants, conversions, approvals, training hours, objections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.ledgers import BY_KEY, calendar_year, counted, hours_words
from activities.models import LogEntry
from evaluations.conversion_reader import review_rows
from evaluations.models import AppraisalResult, ConversionReview, MentorAssessment
from members.models import DevelopmentStep, Person, Post
from members.rules import approval_due_on, probation_ends_on, talk_due_on
from members.stages import MEMBER_STAGES, Stage

from .base import Overdue, SupervisionSource, Watch

A_DAY: Final = timedelta(days=1)
TALK, MEETING, APPROVAL = 2, 15, 17
# Hours are a matter of the whole year: before its last quarter nobody is behind.
HOURS_FROM_MONTH: Final = 10


def find_talks(watch: Watch) -> Iterator[Overdue]:
    """R02: applicants nobody talked with in time, as far as their steps say."""
    near = Q(party_branch_id__in=watch.ids) | Q(party_branch=None, school_class_id__in=list(watch.guiding))
    talked = DevelopmentStep.objects.filter(number=TALK).values("person_id")
    people = Person.objects.filter(near, stage=Stage.APPLICANT, applied_on__isnull=False).exclude(pk__in=talked)
    for person in people.order_by("applied_on", "pk"):
        due_on = talk_due_on(person.applied_on, watch.number)
        if due_on >= watch.today:
            continue
        branch_id = person.party_branch_id or watch.guiding[person.school_class_id]
        words = _("Applied on %(on)s; the talk was due by %(by)s") % {
            "on": date_format(person.applied_on), "by": date_format(due_on),
        }  # fmt: skip
        yield Overdue(
            f"talk-{person.pk}", branch_id, words, due_on + A_DAY, reverse("person", args=[person.pk]), person.pk,
            watch.runs(branch_id),
        )  # fmt: skip


def _open_reviews(watch: Watch) -> list[Any]:
    reviews = ConversionReview.objects.open().filter(party_branch_id__in=watch.ids)
    return review_rows(reviews.select_related("person", "party_branch").order_by("due_on", "pk"), watch.today)


def _lines(watch: Watch, rule: str, words: str) -> Iterator[Overdue]:
    """Open reviews whose checklist says that the line of this rule is missing."""
    for row in _open_reviews(watch):
        for line in row.gaps:
            if line.rule == rule and line.on is not None:
                review = row.review
                yield Overdue(
                    f"{line.key}-{review.pk}", review.party_branch_id, words % {"on": date_format(line.on)}, line.on + A_DAY,
                    reverse("conversion", args=[review.pk]), review.person_id, watch.runs(review.party_branch_id),
                )  # fmt: skip


def find_conversions(watch: Watch) -> Iterator[Overdue]:
    """R19: probation over and the branch meeting not held, with a review or without."""
    yield from _lines(watch, "R19", _("Branch meeting on the conversion was due on %(on)s"))
    reviewed = ConversionReview.objects.open().values("person_id")
    people = Person.objects.filter(party_branch_id__in=watch.ids, stage=Stage.PROBATIONARY, admitted_on__isnull=False)
    for person in people.exclude(pk__in=reviewed).order_by("admitted_on", "pk"):
        ends_on = probation_ends_on(person.admitted_on, person.extended_to, watch.number)
        if ends_on < watch.today:
            words = _("Probation over on %(on)s; no review is open") % {"on": date_format(ends_on)}
            yield Overdue(
                f"probation-{person.pk}", person.party_branch_id, words, ends_on + A_DAY, reverse("conversion_new"),
                person.pk, watch.runs(person.party_branch_id),
            )  # fmt: skip


def find_approvals(watch: Watch) -> Iterator[Overdue]:
    """R15: decided by the branch and not approved in time: conversions, and admissions whose steps are kept."""
    yield from _lines(watch, "R15", _("Approval of the conversion was due by %(on)s"))
    approved = DevelopmentStep.objects.filter(number=APPROVAL).values("person_id")
    steps = DevelopmentStep.objects.filter(
        number=MEETING, person__party_branch_id__in=watch.ids, person__stage=Stage.PROBATIONARY
    )
    for step in steps.exclude(person_id__in=approved).select_related("person").order_by("done_on", "pk"):
        due_on = approval_due_on(step.done_on, watch.number)
        if due_on < watch.today:
            words = _("Admission decided on %(on)s; the approval was due by %(by)s") % {
                "on": date_format(step.done_on), "by": date_format(due_on),
            }  # fmt: skip
            yield Overdue(
                f"admission-{step.pk}", step.person.party_branch_id, words, due_on + A_DAY,
                reverse("person", args=[step.person_id]), step.person_id, watch.runs(step.person.party_branch_id),
            )  # fmt: skip


def find_hours(watch: Watch) -> Iterator[Overdue]:
    """R42, in the last quarter: members with fewer confirmed hours than the part of the year that is over asks for."""
    if watch.today.month < HOURS_FROM_MONTH:
        return
    period = calendar_year(watch.today.year)
    past = (watch.today - period.from_on).days + 1
    share = past / ((period.to_on - period.from_on).days + 1)
    members = list(
        Person.objects.filter(party_branch_id__in=watch.ids, stage__in=MEMBER_STAGES, admitted_on__lt=period.from_on)
        .order_by("name_key", "pk").only("pk", "party_branch_id", "user_id")
    )  # fmt: skip
    of_branches = LogEntry.objects.filter(BY_KEY["training"].rows, person__party_branch_id__in=watch.ids)
    sums = counted(of_branches, period).order_by().values_list("person_id").annotate(total=Sum("minutes"))
    minutes = dict(sums)
    seats = Post.objects.current(watch.today).filter(party_branch__isnull=False, person__party_branch_id__in=watch.ids)
    officers = set(seats.values_list("person_id", flat=True))
    goals = {
        True: watch.number("training_hours_a_year_officers") * 60,
        False: watch.number("training_hours_a_year") * 60,
    }
    for person in members:
        has, goal = minutes.get(person.pk) or 0, goals[person.pk in officers]
        if has < goal * share:
            words = _("%(has)s of %(goal)s training this year") % {"has": hours_words(has), "goal": hours_words(goal)}
            yield Overdue(
                f"hours-{person.pk}", person.party_branch_id or 0, words, date(watch.today.year, HOURS_FROM_MONTH, 1),
                f"{reverse('person_ledgers', args=[person.pk])}?year={period.key}&ledger=training#rows", person.pk,
                watch.or_secretaries(person.user_id, person.party_branch_id or 0),
            )  # fmt: skip


def find_objections(watch: Watch) -> Iterator[Overdue]:
    """Objections to an assessment or an appraisal not answered by their day."""
    late = Q(objected_at__isnull=False, answered_at=None, answer_due_on__lt=watch.today)
    assessments = MentorAssessment.objects.current().filter(late, person__party_branch_id__in=watch.ids)
    for row in assessments.select_related("person").order_by("answer_due_on", "pk"):
        yield _objection("assessment", row, row.person.party_branch_id, reverse("assessment", args=[row.pk]), watch)
    results = AppraisalResult.objects.filter(late, round__party_branch_id__in=watch.ids)
    for row in results.select_related("round").order_by("answer_due_on", "pk"):
        yield _objection("result", row, row.round.party_branch_id, reverse("appraisal_result", args=[row.pk]), watch)


def _objection(kind: str, row: Any, branch_id: int, url: str, watch: Watch) -> Overdue:
    words = {
        "assessment": _("Objection to the assessment as a mentor: answer due on %(on)s"),
        "result": _("Objection to the appraisal: answer due on %(on)s"),
    }[kind] % {"on": date_format(row.answer_due_on)}
    users = watch.runs(branch_id)
    return Overdue(f"{kind}-{row.pk}", branch_id, words, row.answer_due_on + A_DAY, url, row.person_id, users)


PEOPLE: Final = (
    SupervisionSource("talks", "R02", gettext_lazy("Talks with applicants"), "warn", find_talks),
    SupervisionSource("conversion", "R19", gettext_lazy("Conversions overdue"), "warn", find_conversions, judges=True),
    SupervisionSource("approval", "R15", gettext_lazy("Approvals overdue"), "warn", find_approvals, judges=True),
    SupervisionSource("hours", "R42", gettext_lazy("Training hours behind"), "info", find_hours, is_ahead=True),
    SupervisionSource("objections", "", gettext_lazy("Objections not answered"), "warn", find_objections, judges=True),
)
