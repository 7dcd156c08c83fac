"""What is looked at before a process serves: what stops it (faults) and what is only said (warnings).

The values of the settings were checked when they were read; here stands what only a running neighbour can tell.
"""

from __future__ import annotations

import logging
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from .encrypted_columns import encrypted_columns, unreadable_rows

logger = logging.getLogger(__name__)

DATABASE_WAIT_SECONDS = 60
CLOCK_WARNING = timedelta(minutes=1)
CLOCK_FAULT = timedelta(hours=1)


@dataclass
class Findings:
    """One line each, for the operator; never a secret in it."""

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def wait_for_database(*, seconds: int = DATABASE_WAIT_SECONDS, sleep: Callable[[float], None] = time.sleep) -> str:
    """Try to connect once a second; "" when the database answers, else what it said last. Logs while it waits."""
    fault = ""
    for second in range(seconds + 1):
        try:
            connection.ensure_connection()
        except OperationalError as error:
            fault = str(error).strip().splitlines()[-1]
        else:
            return ""
        if second % 10 == 0:
            logger.warning("waiting for the database (%s of %s s): %s", second, seconds, fault)
        if second < seconds:
            sleep(1)
    return fault


def pending_migrations() -> list[str]:
    """Migrations of this program that the database has not seen, as app.name."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def unknown_migrations() -> list[str]:
    """Migrations the database has seen and this program does not know: the program is older than its data."""
    loader = MigrationExecutor(connection).loader
    ours = {config.label for config in apps.get_app_configs()}
    unknown = set(loader.applied_migrations) - set(loader.disk_migrations)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return sorted(f"{app}.{name}" for app, name in unknown - replaced if app in ours)


def look_around(*, now: datetime, for_worker: bool = False) -> Findings:
    """Everything that only a running database and broker can tell. The database must answer (`wait_for_database`)."""
    findings = Findings()
    findings.faults += [str(message.msg) for message in checks.run_checks() if message.is_serious()]
    _look_at_migrations(findings, for_worker=for_worker)
    if connection.vendor == "postgresql":
        _look_at_postgresql(findings, now=now, for_worker=for_worker)
    else:
        _look_at_sqlite_file(findings)
    _look_at_field_keys(findings)
    _look_at_broker(findings)
    if settings.IS_PRODUCTION:
        _look_at_production(findings)
    return findings


def _look_at_migrations(findings: Findings, *, for_worker: bool) -> None:
    if unknown := unknown_migrations():
        findings.faults.append(
            f"the database is newer than this program ({unknown[-1]}): install the newer version or restore a backup"
        )
    if pending := pending_migrations():
        said = findings.faults if for_worker else findings.warnings
        said.append(f"{len(pending)} migrations are waiting: run manage.py migrate (pages answer 503 until then)")


def _look_at_postgresql(findings: Findings, *, now: datetime, for_worker: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), clock_timestamp()")
        isolation, database_now = cursor.fetchone()
    if isolation != "read committed":
        findings.faults.append(
            f"DATABASE_URL: the isolation level is {isolation}; the portal's locks are written for read committed "
            "(ALTER DATABASE … SET default_transaction_isolation = 'read committed')"
        )
    drift = abs(database_now - now)
    if drift > CLOCK_WARNING:
        said = findings.faults if for_worker and drift > CLOCK_FAULT else findings.warnings
        said.append(f"the clock differs from the database's by {int(drift.total_seconds())} s: set the time")


def _look_at_sqlite_file(findings: Findings) -> None:
    path = Path(str(connection.settings_dict["NAME"]))
    if path.is_file() and stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
        findings.warnings.append(f"everybody on this machine can read the database: chmod 600 {path}")


def _look_at_field_keys(findings: Findings) -> None:
    """Every stored row must be readable with the keys in use: else the process would write what another cannot read."""
    for column in encrypted_columns():
        unreadable, rows = unreadable_rows(column)
        if unreadable:
            findings.faults.append(
                f"FIELD_ENCRYPTION_KEYS: {unreadable} of {rows} rows of {column} cannot be read with these keys; nothing was "
                "changed. Put the key they were written with back (newest first), then run manage.py rotate_field_keys"
            )
    for path in (Path(settings.DATA_DIR) / "field_encryption_key", Path(settings.BASE_DIR) / ".env"):
        if _is_open_key_file(path):
            said = findings.faults if settings.IS_PRODUCTION else findings.warnings
            said.append(f"everybody on this machine can read the keys of encrypted columns: chmod 600 {path}")


def _is_open_key_file(path: Path) -> bool:
    """A file with keys in it that others than its owner and group may read."""
    if not path.is_file() or not stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
        return False
    return path.name != ".env" or bool(
        re.search(r"^\s*(export\s+)?FIELD_ENCRYPTION_KEYS\s*=\s*\S", path.read_text(), re.M)
    )


def _look_at_broker(findings: Findings) -> None:
    """An unreachable broker stops nobody: reminders wait in the database."""
    if not settings.REDIS_URL:
        return
    import redis

    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except redis.RedisError as error:
        findings.warnings.append(f"REDIS_URL: the broker does not answer ({type(error).__name__}); reminders wait")
        return
    finally:
        client.close()
    if policy != "noeviction":
        findings.warnings.append(f"REDIS_URL: maxmemory-policy is {policy}; a full broker would drop work: noeviction")


def _look_at_production(findings: Findings) -> None:
    if not settings.TRUSTED_PROXY_COUNT:
        findings.warnings.append(
            "TRUSTED_PROXY_COUNT is 0: behind a proxy all people would seem to come from one address"
        )
    try:
        demonstration = get_user_model().objects.demonstration().count()
    except DatabaseError:  # before the first migration there is no table
        return
    if demonstration:
        findings.faults.append(
            f"{demonstration} demonstration accounts are in the database: they sign in without a password; "
            "production starts with an empty database"
        )
