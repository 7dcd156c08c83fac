"""活动表, 请假、缺席统计, 学时统计 (RULES.md 4.3(h)) and volunteer hours, all from the rows the ledgers count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import ledgers
from activities.event_querysets import HIDDEN_STATES
from activities.models import (
    Activity,
    ActivityHost,
    ActivityState,
    LogEntry,
    Participation,
    ParticipationState,
)
from branches.models import LeagueBranch
from branches.policy import Policy
from members.models import Person, Post
from members.stages import MEMBER_STAGES
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from . import cells
from .parameters import (
    BRANCH,
    CALENDAR_YEAR,
    FROM,
    OFFICES,
    OFFICES_AND_SETUP,
    TO,
    ShelfReport,
    choice,
    lots,
    names,
    period,
)

STATE = choice(
    "state", gettext_lazy("state"), [(s.value, s.label) for s in ActivityState if s not in HIDDEN_STATES]
)  # fmt: skip
MISSED = choice(
    "state",
    gettext_lazy("state"),
    [(state.value, state.label) for state in (ParticipationState.LEAVE, ParticipationState.ABSENT)],
)
PAIRED = choice("paired", gettext_lazy("joint activities"), (("yes", gettext_lazy("only those of a pairing")),))


def starting_in(request: ReportRequest, column: str) -> dict[str, datetime]:
    """Lookups that keep moments in the days asked for, by the college's clock."""
    first, last = period(request)
    found = {}
    if first:
        found[f"{column}__gte"] = timezone.make_aware(datetime.combine(first, time()))
    if last:
        found[f"{column}__lt"] = timezone.make_aware(datetime.combine(last + timedelta(days=1), time()))
    return found


@register_report
class ActivityLedger(ShelfReport):
    name = "activities"
    title = gettext_lazy("Activity ledger")
    description = gettext_lazy("Activities with hosts, time, place, how many came, hours counted and state.")
    subject = "activities"
    roles = OFFICES_AND_SETUP
    takes = (FROM, TO, BRANCH, STATE, PAIRED)

    def columns(self) -> list[Column]:
        return [
            Column("活动名称", 26), Column("活动类型", 12), Column("开始时间", 17, "datetime"), Column("结束时间", 17, "datetime"),
            Column("主/承办党支部", 26), Column("活动地点", 14), Column("参会人数", 9, "integer", total=True),
            Column("请假人数", 9, "integer", total=True), Column("缺席人数", 9, "integer", total=True),
            Column("学时数", 8, "number", total=True), Column("活动状态", 9), Column("原因", 16),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        rows = Activity.objects.visible_to(request.scope).known().filter(**starting_in(request, "starts_at"))
        if state := STATE.read(request):
            rows = rows.filter(state=state)
        if PAIRED.read(request):
            rows = rows.filter(pairing__isnull=False)
        if branch := BRANCH.read(request):
            hosted = ActivityHost.objects.filter(party_branch=branch).values("activity_id")
            rows = rows.filter(Q(party_branch=branch) | Q(pk__in=hosted))
        return rows

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        def count(state: str) -> Count:
            return Count("participations", filter=Q(participations__state=state))

        rows = self.listed(request).with_names().prefetch_related("co_hosts__party_branch").annotate(
            present=count(ParticipationState.PRESENT), leave=count(ParticipationState.LEAVE), absent=count(ParticipationState.ABSENT),
        )  # fmt: skip
        for row in rows.order_by("starts_at", "pk").iterator(chunk_size=500):
            yield (
                row.title, row.kind.name, cells.local(row.starts_at), cells.local(row.ends_at),
                names([row.host, *(host.party_branch for host in row.co_hosts.all())]), row.place, row.present, row.leave,
                row.absent, cells.hours(row.counted_minutes), str(row.get_state_display()), row.cancel_reason,
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("学时数", _("hours each person present is credited with; empty until the activity is finished")),
            ("参会人数", _("people checked in")),
        ]


@register_report
class Attendance(ShelfReport):
    """请假、缺席统计: one's own people only; of the partner's people a branch knows less."""

    name = "attendance"
    title = gettext_lazy("Leave and absence")
    description = gettext_lazy("Who was on leave or absent from which activity, and why.")
    subject = "activities"
    roles = OFFICES
    takes = (FROM, TO, BRANCH, MISSED)

    def columns(self) -> list[Column]:
        return [
            Column("党支部", 24), Column("学号", 16), Column("姓名", 12), Column("身份", 14), Column("活动名称", 36),
            Column("活动时间", 17, "datetime"), Column("备注", 30),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        asked = MISSED.read(request)
        rows = Participation.objects.visible_to(request.scope).filter(
            state__in=[asked] if asked else (ParticipationState.LEAVE, ParticipationState.ABSENT),
            person__in=Person.objects.visible_to(request.scope).values("pk"), **starting_in(request, "activity__starts_at"),
        )  # fmt: skip
        if branch := BRANCH.read(request):
            rows = rows.filter(person__party_branch=branch)
        return rows

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        rows = self.listed(request).select_related("person__party_branch", "activity")
        for row in rows.order_by("person__party_branch_id", "person__name_key", "activity__starts_at", "pk").iterator(
            chunk_size=500
        ):
            yield (
                *_who(row.person), row.activity.title, cells.local(row.activity.starts_at),
                "：".join(filter(None, (str(row.get_state_display()), row.leave_reason))),
            )  # fmt: skip


def _who(person: Person) -> tuple[str, str, str, str]:
    branch = person.party_branch.name if person.party_branch else ""
    return branch, person.number, person.name, cells.stage(person.stage)


# --- Hours ---------------------------------------------------------------------------------------


def people_with_hours(scope: Scope) -> Any:
    """People all of whose entries the scope sees, as `ledgers.may_see_ledgers` says, for a set."""
    people = Person.objects.visible_to(scope)
    if scope.college_staff:
        return people
    guided = LeagueBranch.objects.active().filter(pk__in=scope.guided_league_branch_ids, school_class__isnull=False)
    return people.filter(
        Q(pk=scope.person_id or 0)
        | Q(department_id__in=scope.department_ids)
        | Q(party_branch_id__in=scope.branch_ids)
        | Q(party_branch=None, school_class_id__in=guided.values("school_class_id"))
    )


def _year(request: ReportRequest) -> ledgers.Period:
    return ledgers.calendar_year(CALENDAR_YEAR.read(request) or request.today.year)


def _people(request: ReportRequest) -> Any:
    people = people_with_hours(request.scope)
    if branch := BRANCH.read(request):
        people = people.filter(party_branch=branch)
    return people.select_related("party_branch").order_by("party_branch_id", "name_key", "number")


def _members(request: ReportRequest) -> Any:
    return _people(request).filter(stage__in=MEMBER_STAGES)


def _entries(request: ReportRequest, ledger: str) -> Any:
    """What counts in one ledger in the calendar year asked for, whoever's."""
    return ledgers.in_ledger(ledgers.counted(LogEntry.objects.all(), _year(request)), ledger)


@register_report
class VolunteerHours(ShelfReport):
    name = "volunteer_hours"
    title = gettext_lazy("Volunteer hours")
    description = gettext_lazy("Confirmed volunteer service of a calendar year, person by person.")
    subject = "activities"
    roles = OFFICES
    takes = (CALENDAR_YEAR, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("党支部", 24), Column("学号", 16), Column("姓名", 12), Column("身份", 14),
            Column("服务次数", 10, "integer", total=True), Column("服务时长(分钟)", 13, "integer", total=True),
            Column("服务时长(小时)", 13, "number", total=True), Column("最近一次", 12, "date"),
        ]  # fmt: skip

    def listed(self, request: ReportRequest) -> Any:
        return _people(request).filter(pk__in=_entries(request, "service").order_by().values("person_id"))

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        counted = _entries(request, "service").order_by()
        for some in lots(self.listed(request).iterator(chunk_size=500)):
            sums: dict[int, list[Any]] = {person.pk: [0, 0, None] for person in some}
            rows = counted.filter(person_id__in=list(sums)).values_list("person_id", "minutes", "on")
            for person_id, minutes, on in rows:
                found = sums[person_id]
                found[0] += 1
                found[1] += minutes
                found[2] = max(filter(None, (found[2], on)))
            for person in some:
                number, minutes, last = sums[person.pk]
                yield (*_who(person), number, minutes, cells.hours(minutes), last)

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("服务时长", _("confirmed entries of the volunteer ledger in that calendar year, travel left out; this year unless another is asked for")),
        ]  # fmt: skip


@register_report
class TrainingHours(ShelfReport):
    """学时统计: every entry of the training ledger; members without one stand there with nothing."""

    name = "training_hours"
    title = gettext_lazy("Training hours")
    description = gettext_lazy(
        "Training of members in a calendar year, entry by entry, against the hours the rules ask for."
    )
    subject = "activities"
    roles = OFFICES
    takes = (CALENDAR_YEAR, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("党支部", 24), Column("学号", 16), Column("姓名", 12), Column("身份", 14), Column("总学时数", 10, "number"),
            Column("活动名称", 36), Column("活动时间", 12, "date"), Column("学时数", 9, "number", total=True),
            Column("时长(分钟)", 11, "integer", total=True), Column("应学学时", 10, "integer"), Column("差额", 9, "number"),
        ]  # fmt: skip

    def expected_rows(self, request: ReportRequest) -> int:
        people, counted = _members(request).order_by(), _entries(request, "training").order_by()
        without = people.exclude(pk__in=counted.values("person_id"))
        return int(counted.filter(person__in=people.values("pk")).count() + without.count())

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        counted = _entries(request, "training")
        on = min(request.today, _year(request).to_on)
        policy = Policy()
        goals = {
            officer: policy.number("training_hours_a_year_officers" if officer else "training_hours_a_year", on)
            for officer in (False, True)
        }
        for some in lots(_members(request).iterator(chunk_size=500)):
            ids = [person.pk for person in some]
            officers = _officers(ids, on)
            entries: dict[int, list[LogEntry]] = defaultdict(list)
            for entry in counted.filter(person_id__in=ids).select_related("activity", "lecture").order_by("on", "pk"):
                entries[entry.person_id].append(entry)
            for person in some:
                yield from _training_rows(person, entries[person.pk], goals[person.pk in officers])

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("总学时数", _("all confirmed training of the calendar year, on each of the person's rows")),
            (
                "应学学时",
                _("what the rules ask of a member, more of the branch committee, for the whole calendar year"),
            ),
            ("差额", _("hours still lacking to that; 0 when it is reached")),
        ]


def _officers(ids: Sequence[int], on: date) -> set[int]:
    posts = Post.objects.current(on).filter(person_id__in=ids, party_branch__isnull=False)
    return set(posts.values_list("person_id", flat=True))


def _training_rows(person: Person, entries: Sequence[LogEntry], goal: int) -> Iterator[tuple[Any, ...]]:
    total = sum(entry.minutes for entry in entries)
    head = (*_who(person), cells.hours(total))
    tail = (goal, cells.hours(max(0, goal * 60 - total)))
    if not entries:
        yield (*head, "", None, None, None, *tail)
    for entry in entries:
        what = entry.activity or (entry.lecture.topic if entry.lecture else "") or entry.summary
        yield (*head, str(what), entry.on, cells.hours(entry.minutes), entry.minutes, *tail)


def minutes_of(people: Any, key: str, first: date, last: date) -> dict[int, int]:
    """Person → minutes in one ledger between two days, both included; for people of `people_with_hours`."""
    entries = ledgers.in_ledger(LogEntry.objects.confirmed().filter(on__gte=first, on__lte=last), key)
    rows = entries.filter(person__in=people.order_by().values("pk")).order_by().values("person_id")
    return dict(rows.annotate(time=Sum("minutes")).values_list("person_id", "time"))
