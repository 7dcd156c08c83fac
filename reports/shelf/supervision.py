"""What is overdue today, rule by rule, as the supervision board finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.scope import Role
from pairing_portal.common.spreadsheets import Column

from ..exporter import ReportRequest, register_report
from ..supervision.base import Watch, watched_branches
from ..supervision.board import list_rows
from ..supervision.sources import BY_KEY, SOURCES, find_overdue
from .parameters import BRANCH, ShelfReport, choice, names

RULE = choice("rule", gettext_lazy("rule"), [(source.key, source.label) for source in SOURCES])


@register_report
class SupervisionReport(ShelfReport):
    name = "supervision"
    title = gettext_lazy("Supervision list")
    description = gettext_lazy(
        "Everything overdue in the branches you answer for: rule, whom it concerns, since when, who is to act."
    )
    subject = "supervision"
    roles = frozenset({Role.STAFF, Role.SECRETARY})
    takes = (RULE, BRANCH)

    def columns(self) -> list[Column]:
        return [
            Column("督办事项", 20), Column("规则", 7), Column("党支部", 24), Column("人员", 12), Column("内容", 38),
            Column("起始日期", 12, "date"), Column("逾期天数", 9, "integer"), Column("责任人", 16), Column("办理链接", 40),
        ]  # fmt: skip

    def rows(self, request: ReportRequest) -> Iterator[Sequence[Any]]:
        branches = watched_branches(request.scope)
        if branch := BRANCH.read(request):
            branches = branches.filter(pk=branch.pk)
        rule = RULE.read(request)
        watch = Watch.over(branches, request.today, request.made_at)
        found = find_overdue(watch, [BY_KEY[rule]] if rule else SOURCES, viewer_id=request.scope.person_id)
        for row in list_rows(found, watch, request.scope):
            yield (
                str(row.source.label), row.source.rule, row.branch.name, row.person, row.overdue.words, row.overdue.since,
                row.days, names(row.recipients), f"{settings.PORTAL_URL}{row.url}",
            )  # fmt: skip

    def definitions(self) -> list[tuple[str, str]]:
        return [
            ("起始日期", _("the first day it was overdue; empty where nobody wrote down when it began")),
            ("规则", _("number of the rule in the rule table; empty where the table has none")),
            ("责任人", _("accounts that are to act, without the reader's own")),
        ]
