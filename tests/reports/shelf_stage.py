"""The demonstration in its last stage, and reports asked of it."""

from __future__ import annotations

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from branches.models import PartyBranch
from reports.demo.load import load_demo
from reports.exporter import ReportRequest, reports
from reports.management.commands.export_report import OPERATOR
from tests.conftest import NOW, TODAY

NAMES = sorted(report.name for report in reports)
ER, LIU = "机械系党总支第二党支部", "土木系党总支第六党支部"


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """Loaded once for all tests of a module; gone after them."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        # As the transactions of single tests are: code that insists on its own outermost one must run inside.
        outer._from_testcase = True
        with outer:
            with time_machine.travel(NOW, tick=False):
                company = load_demo(stage="evaluating", today=TODAY)
            yield company
            transaction.set_rollback(True)


def asked(scope=OPERATOR, **parameters) -> ReportRequest:
    return ReportRequest(scope=scope, today=TODAY, made_at=timezone.now(), made_by="test", parameters=parameters)


def rows_of(name: str, scope=OPERATOR, **parameters):
    report, request = reports.get(name), asked(scope, **parameters)
    report.accept(request)
    return list(report.rows(request))


def column(name: str, heading: str, rows=None):
    position = [str(one.heading) for one in reports.get(name).columns()].index(heading)
    return [row[position] for row in (rows_of(name) if rows is None else rows)]


def summed(name: str, heading: str, **parameters) -> int:
    return sum(value or 0 for value in column(name, heading, rows_of(name, **parameters)))


def branch(name: str) -> str:
    return str(PartyBranch.objects.get(name=name).pk)
