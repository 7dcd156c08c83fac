"""Organisational life and the branch itself: what is owed by frequency, minutes, the committee, the size of a branch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.minutes_services import without_minutes
from activities.owed import SOON
from evaluations.models import AppraisalRound, AppraisalState
from members.models import Person, Post
from members.stages import Stage

from .base import Overdue, SupervisionSource, Watch

A_DAY: Final = timedelta(days=1)
# The window of the yearly appraisal (R41): from November on it is asked for, until March it can still be made up for.
ASKED_FROM_MONTH, MADE_UP_UNTIL_MONTH = 11, 3


def find_owed(watch: Watch) -> Iterator[Overdue]:
    """R40: overdue and not planned. Done by planning it, or by finishing what was held."""
    for branch, owes in watch.owed.items():
        for owed in owes:
            if owed.duty.is_yearly or owed.standing != "late":
                continue
            words = _("%(name)s was due on %(on)s") % {"name": owed.duty.name, "on": date_format(owed.due_on)}
            yield Overdue(
                f"owed-{branch.pk}-{owed.duty.key}", branch.pk, words, owed.due_on + A_DAY,
                f"{reverse('activity_new')}?kind={owed.duty.key}&host=party-{branch.pk}", user_ids=watch.runs(branch.pk),
                look_url=f"{reverse('calendar')}#owed-title",
            )  # fmt: skip


def find_owed_this_year(watch: Watch) -> Iterator[Overdue]:
    """R41: what a year still owes within its last month, and has not planned."""
    for branch, owes in watch.owed.items():
        for owed in owes:
            if not owed.duty.is_yearly or owed.standing != "wait":
                continue
            words = _("%(name)s: owed once a year, by %(on)s") % {
                "name": owed.duty.name, "on": date_format(owed.due_on),
            }  # fmt: skip
            yield Overdue(
                f"owed-{branch.pk}-{owed.duty.key}", branch.pk, words, owed.due_on - SOON,
                f"{reverse('activity_new')}?kind={owed.duty.key}&host=party-{branch.pk}", user_ids=watch.runs(branch.pk),
                look_url=f"{reverse('calendar')}#owed-title",
            )  # fmt: skip


def find_minutes(watch: Watch) -> Iterator[Overdue]:
    """Meetings without minutes past the days the policy of their day gives."""
    rows = without_minutes(watch.now).filter(party_branch_id__in=watch.ids).order_by("ends_at", "pk")
    for pk, title, ends_at, branch_id in rows.values_list("pk", "title", "ends_at", "party_branch_id"):
        ended = timezone.localdate(ends_at)
        # As `minutes_services.due_on`, with the policy read once for all rows.
        due_on = ended + timedelta(days=watch.policy.number("minutes_within_days", ended))
        if due_on < watch.today:
            words = _("Minutes of “%(title)s” of %(on)s") % {"title": title, "on": date_format(ended)}
            yield Overdue(
                f"minutes-{pk}", branch_id, words, due_on + A_DAY, reverse("minutes", args=[pk]),
                user_ids=watch.runs(branch_id), look_url=reverse("activity", args=[pk]),
            )  # fmt: skip


def appraisal_year(today: date) -> int | None:
    """Which year's appraisal is asked for: this one from November on, last year's until March; None in between."""
    if today.month >= ASKED_FROM_MONTH:
        return today.year
    return today.year - 1 if today.month <= MADE_UP_UNTIL_MONTH else None


def find_appraisals(watch: Watch) -> Iterator[Overdue]:
    """R41: branches with full members whose appraisal of the year is not decided."""
    year = appraisal_year(watch.today)
    if year is None:
        return
    rows = AppraisalRound.objects.filter(party_branch_id__in=watch.ids, year=year)
    rounds = {branch_id: (pk, state) for branch_id, pk, state in rows.values_list("party_branch_id", "pk", "state")}
    for branch_id in _with_full_members(watch):
        pk, state = rounds.get(branch_id, (0, ""))
        if state == AppraisalState.DECIDED:
            continue
        if not state:
            words, url = _("No appraisal of %(year)d yet") % {"year": year}, reverse("appraisals")
        else:
            words = _("Appraisal of %(year)d is not decided: %(state)s") % {
                "year": year, "state": AppraisalState(state).label,
            }  # fmt: skip
            url = reverse("appraisal", args=[pk])
        yield Overdue(
            f"appraisal-{branch_id}-{year}", branch_id, words, date(year, ASKED_FROM_MONTH, 1), url,
            user_ids=watch.runs(branch_id),
        )  # fmt: skip


def _full_members(watch: Watch) -> dict[int, int]:
    rows = _people(watch).filter(stage=Stage.FULL).values_list("party_branch_id").annotate(n=Count("pk"))
    return dict(rows)


def _people(watch: Watch) -> Any:
    return Person.objects.filter(party_branch_id__in=watch.ids).order_by()


def _with_full_members(watch: Watch) -> list[int]:
    full = _full_members(watch)
    return [pk for pk in watch.ids if full.get(pk)]


def find_terms(watch: Watch) -> Iterator[Overdue]:
    """R34: the committee's term has ended, or ends within the months of notice."""
    months = watch.number("committee_term_notice_months")
    for branch in watch.branches.values():
        ends_on = branch.committee_term_ends_on
        if ends_on is None or ends_on - relativedelta(months=months) > watch.today:
            continue
        is_over = ends_on < watch.today
        words = _("The committee's term ended on %(on)s") if is_over else _("The committee's term ends on %(on)s")
        since = ends_on + A_DAY if is_over else ends_on - relativedelta(months=months)
        yield Overdue(
            f"term-{branch.pk}", branch.pk, words % {"on": date_format(ends_on)}, since,
            reverse("branch", args=[branch.pk]), user_ids=watch.runs(branch.pk),
        )  # fmt: skip


def find_too_few(watch: Watch) -> Iterator[Overdue]:
    """R30: fewer full members than a branch of its own needs."""
    needed, full = watch.number("branch_min_full_members"), _full_members(watch)
    for branch_id in watch.ids:
        count = full.get(branch_id, 0)
        if count < needed:
            words = ngettext(
                "%(count)d full member, at least %(needed)d are needed: think of a joint branch",
                "%(count)d full members, at least %(needed)d are needed: think of a joint branch",
                count,
            ) % {"count": count, "needed": needed}
            yield Overdue(
                f"few-{branch_id}", branch_id, words, None, reverse("branch", args=[branch_id]), user_ids=watch.runs(branch_id)
            )  # fmt: skip


def find_committees(watch: Watch) -> Iterator[Overdue]:
    """R32: a committee is required and too small, or larger than allowed."""
    required, low, high = (watch.number(key) for key in ("committee_required_from", "committee_min", "committee_max"))
    full = _full_members(watch)
    seats = Post.objects.current(watch.today).filter(party_branch_id__in=watch.ids).order_by()
    counted = dict(seats.values_list("party_branch_id").annotate(people=Count("person_id", distinct=True)))
    for branch_id in watch.ids:
        people, members = counted.get(branch_id, 0), full.get(branch_id, 0)
        values = {"people": people, "members": members, "low": low, "high": high}
        if members >= required and people < low:
            words = _("%(members)d full members and a committee of %(people)d; at least %(low)d belong to it") % values
        elif people > high:
            words = _("A committee of %(people)d; at most %(high)d belong to it") % values
        else:
            continue
        yield Overdue(
            f"committee-{branch_id}", branch_id, words, None, reverse("branch", args=[branch_id]),
            user_ids=watch.runs(branch_id),
        )  # fmt: skip


def find_too_many(watch: Watch) -> Iterator[Overdue]:
    """R31: more members than a student branch is meant to have."""
    limit = watch.number("student_branch_max_members")
    members = _people(watch).filter(Q(stage=Stage.FULL) | Q(stage=Stage.PROBATIONARY))
    for branch_id, count in members.values_list("party_branch_id").annotate(n=Count("pk")):
        if count > limit:
            words = _("%(count)d members, more than %(limit)d") % {"count": count, "limit": limit}
            yield Overdue(
                f"many-{branch_id}", branch_id, words, None, reverse("branch", args=[branch_id]), user_ids=watch.runs(branch_id)
            )  # fmt: skip


LIFE: Final = (
    SupervisionSource("owed", "R40", gettext_lazy("Organisational life overdue"), "info", find_owed),
    SupervisionSource(
        "owed_year", "R41", gettext_lazy("Organisational life of the year"), "info", find_owed_this_year, is_ahead=True
    ),
    SupervisionSource("minutes", "R40", gettext_lazy("Minutes not written"), "info", find_minutes),
    SupervisionSource(
        "appraisal", "R41", gettext_lazy("Appraisal of the year missing"), "info", find_appraisals, is_ahead=True
    ),
    SupervisionSource("few_members", "R30", gettext_lazy("Too few full members"), "warn", find_too_few),
    SupervisionSource("many_members", "R31", gettext_lazy("Branch too large"), "info", find_too_many, is_ahead=True),
    SupervisionSource("committee", "R32", gettext_lazy("Size of the committee"), "warn", find_committees),
    SupervisionSource("term", "R34", gettext_lazy("Term of the committee"), "info", find_terms, is_ahead=True),
)
