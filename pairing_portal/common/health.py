"""For operators and load balancers: is the process alive, is it ready to serve?"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseFault
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from .registries import Registry

# name -> check() returning "" when all is well, else what is wrong (no personal data).
readiness_checks: Registry[Callable[[], str]] = Registry("readiness checks")


@login_not_required
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, no migration is open and every registered check passes; else 503."""
    faults = {key: fault for key in readiness_checks.keys() if (fault := _fault_of(key))}
    return JsonResponse({"status": "degraded" if faults else "ok", "faults": faults}, status=503 if faults else 200)


def _fault_of(key: str) -> str:
    """What a check says; a check that cannot ask the database says that, and the others are asked all the same."""
    try:
        return readiness_checks.get(key)()
    except DatabaseFault:
        return "the database does not answer"


def _database_ready() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "migrations are waiting: run manage.py migrate" if waiting else ""


readiness_checks.register("database", _database_ready)
