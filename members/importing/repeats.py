"""The same file again: nothing to read when nothing it depends on has changed since it was applied.

An import that left nothing open notes in its line of the trail what it depended on (`Circumstances`) and the state of
the tables it left behind. When both are the same again, down to the transaction that wrote each row, reading the file
would find every row unchanged. Any difference, and it is read. PostgreSQL only: it tells who wrote a row last.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import connection

from accounts.models import AuditAction, AuditEvent
from branches.models import Department, LeagueBranch, PartyBranch, SchoolClass
from pairing_portal.common.scope import Scope

from ..models import Absence, Person, Post
from .directory import Directory
from .plan import Plan

# Below this a file is read sooner than the tables are looked through.
MANY_ROWS = 1_000
# All that a plan reads.
MODELS = (Person, Post, Absence, Department, PartyBranch, SchoolClass, LeagueBranch)
ROOT = Path(__file__).resolve().parents[2]
CODE = ("accounts", "branches", "members", "pairing_portal")


@dataclass(frozen=True)
class Circumstances:
    """All that a plan follows from, apart from the tables. `scope` None is the operator's command line."""

    sha256: str
    file_name: str
    branch_default: str
    scope: Scope | None
    today: date

    def key(self) -> str:
        scope = asdict(self.scope) if self.scope is not None else {}
        scope = {name: sorted(ids) if isinstance(ids, frozenset) else ids for name, ids in scope.items()}
        parts = (self.sha256, self.file_name, self.branch_default, scope, self.today.isoformat(), _code())
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Tables:
    """What the tables of MODELS hold at one moment: rows and the transactions that wrote them, and a digest of all."""

    counts: tuple[int, ...]
    writers: frozenset[str]
    digest: str
    # The transaction that asks, "" when it has written nothing.
    own: str


class Repeats:
    """Around one import: ask `earlier()` before reading the file, `begin()` before planning, `note()` when it is applied."""

    def __init__(self, circumstances: Circumstances) -> None:
        self.circumstances = circumstances
        self.before: Tables | None = None

    def earlier(self, now: datetime) -> dict[str, Any] | None:
        """What an import noted that would be repeated without any effect."""
        if connection.vendor != "postgresql":
            return None
        key = self.circumstances.key()
        lines = AuditEvent.objects.filter(
            action=AuditAction.IMPORTED, object_type="roster", at__gt=now - timedelta(days=2), detail__repeat__key=key
        )
        found: dict[str, Any] | None = lines.order_by("-pk").values_list("detail__repeat", flat=True).first()
        return found if found is not None and found["tables"] == _look().digest else None

    def begin(self, rows: int) -> None:
        if rows >= MANY_ROWS and connection.vendor == "postgresql":
            self.before = _look()

    def note(self, plan: Plan, directory: Directory) -> dict[str, Any] | None:
        """What to keep with the applied plan; None when a repetition might have an effect."""
        if self.before is None or not _leaves_nothing_open(plan, directory):
            return None
        after = _look()
        created = (len(plan.created), 0, 0, len(plan.new_departments), len(plan.new_branches), len(plan.new_classes), 0)
        expected = tuple(map(sum, zip(self.before.counts, created, strict=True)))
        # Nobody else has added, changed or deleted a row since the plan began to read.
        is_own_work = after.counts == expected and after.writers <= self.before.writers | {after.own}
        if not is_own_work or not directory.still_answers():
            return None
        unchanged = len(plan.people) + plan.unchanged
        return {"key": self.circumstances.key(), "tables": after.digest, "unchanged": unchanged}


def _leaves_nothing_open(plan: Plan, directory: Directory) -> bool:
    """Whether the plan, once applied, would come out as "all unchanged", were the same rows placed in the same way.

    Applied values are those of the file, so comparing again finds no difference; notes, posts, absences and League
    branches would have to be looked at again. After changes, a limited user may have lost sight of who was moved.
    """
    if plan.refused or plan.notes or plan.posts or plan.absences or plan.leagues:
        return False
    return directory.is_unlimited or not (plan.people or plan.new_departments or plan.new_branches or plan.new_classes)


DIGEST = "(SELECT coalesce(string_agg(md5(t::text || ' ' || t.xmin::text), '' ORDER BY t.id), '') FROM {table} t)"
COUNT = "(SELECT count(*) FROM {table})"
WRITERS = "(SELECT coalesce(array_agg(DISTINCT xmin::text), '{{}}') FROM {table})"


def _look() -> Tables:
    """The tables at one moment: one statement sees one."""
    tables = [connection.ops.quote_name(model._meta.db_table) for model in MODELS]
    digests, counts, writers = ([part.format(table=table) for table in tables] for part in (DIGEST, COUNT, WRITERS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT encode(sha256(concat_ws('/', {', '.join(digests)})::bytea), 'hex'), "  # our own tables
            f"coalesce(pg_current_xact_id_if_assigned()::xid::text, ''), {', '.join(counts + writers)}"
        )
        digest, own, *found = cursor.fetchone()
    return Tables(tuple(found[: len(tables)]), frozenset(chain(*found[len(tables) :])), digest, own)


@lru_cache(maxsize=1)
def _code() -> str:
    """Of the rules themselves: a new version may read the same file differently."""
    digest = hashlib.sha256(f"{platform.python_version()} {version('python-calamine')}".encode())
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
