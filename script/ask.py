"""Small questions of script/test: is a service there, what is its database called, what is the sum of the runs?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


def connect(url: str):
    import psycopg2

    parts = urlsplit(url)
    maintenance = parts._replace(scheme="postgresql", path=parts.path if parts.path.strip("/") else "/postgres")
    return psycopg2.connect(urlunsplit(maintenance), connect_timeout=2)


def postgres(url: str) -> None:
    """End with one line when the server does not answer or forbids to create databases."""
    import psycopg2

    try:
        connection = connect(url)
    except psycopg2.Error as error:
        sys.exit(str(error).strip().splitlines()[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            sys.exit("this user may not create databases")


def redis(url: str) -> None:
    from redis import Redis, RedisError

    try:
        Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).ping()
    except (RedisError, ValueError) as error:
        sys.exit(str(error).strip().splitlines()[0])


def name(url: str, database: str) -> None:
    """Print the address of a database of this run on the server of `url`."""
    print(urlunsplit(urlsplit(url)._replace(path=f"/{database}")))


def drop(url: str, database: str) -> None:
    """Drop what an interrupted run left: its test databases carry its own name."""
    connection = connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"test_{database}"])
        for (left,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE "{left}" WITH (FORCE)')


def templates() -> None:
    """Check the style of every template."""
    files = sorted(str(path) for path in Path(".").glob("**/templates/**/*.html") if ".venv" not in path.parts)
    djade = Path(sys.executable).with_name("djade")
    sys.exit(subprocess.run([djade, "--check", "--target-version", "5.2", *files]).returncode)


def sum_up(tally: str, failed: str = "") -> None:
    """Print the closing line for all runs; status 1 when a run or a check failed."""
    lines = Path(tally).read_text().split("\n") if Path(tally).exists() else []
    counts = [tuple(map(int, line.split())) for line in lines if line]
    passed, broken, skipped = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    print(f"{passed} passed, {broken} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed or broken or not passed else 0)


if __name__ == "__main__":
    orders = {"postgres": postgres, "redis": redis, "name": name, "drop": drop, "templates": templates, "sum": sum_up}
    orders[sys.argv[1]](*sys.argv[2:])
