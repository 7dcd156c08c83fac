"""A PostgreSQL database of its own for one run, gone afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent


def on_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def scratch_database(server_url: str, name: str) -> Iterator[None]:
    """Make the database `name` on the server, with all tables, and point Django at it; drop it in the end."""
    sys.path.insert(0, str(ROOT))
    os.environ["DATABASE_URL"] = on_database(server_url, name)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django
    import psycopg2

    server = psycopg2.connect(on_database(server_url, "postgres"))
    server.autocommit = True
    server.cursor().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.cursor().execute(f"CREATE DATABASE {name}")
    try:
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        server.cursor().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
