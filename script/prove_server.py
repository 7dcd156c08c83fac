"""Starts what docker-compose.yml starts, by hand: migrations, web, worker, beat, on PostgreSQL and Redis; waits until the
portal is ready and the beat's tick has run, then stops everything. Exit status 0 when all of it was seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import IO
from urllib.error import HTTPError, URLError

import psycopg2

SERVER = os.environ.get("PORTAL_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/").rstrip("/")
REDIS = os.environ.get("PORTAL_TEST_REDIS_URL", "redis://127.0.0.1:6379/14")
PORT = 8391
LIMIT = 240


def readiness() -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)
    except (URLError, OSError, ValueError):
        return 0, {}


def main() -> int:
    """What the processes print is shown only when something was not seen."""
    with tempfile.TemporaryFile() as log:
        proved = False
        try:
            proved = prove(log)
        finally:
            if not proved:
                log.seek(0)
                print("".join(log.read().decode(errors="replace").splitlines(keepends=True)[-60:]))
    return 0 if proved else 1


def prove(log: IO[bytes]) -> bool:
    name = f"prove_{os.getpid()}"
    admin = psycopg2.connect(SERVER.replace("postgres://", "postgresql://") + "/postgres")
    admin.autocommit = True
    admin.cursor().execute(f'CREATE DATABASE "{name}"')
    environment = os.environ | {
        "PORTAL_MODE": "trial", "PORTAL_DEMO": "1", "SECRET_KEY": "prove-" + "x" * 60, "DATABASE_URL": f"{SERVER}/{name}",
        "REDIS_URL": REDIS, "PORTAL_DATA_DIR": tempfile.mkdtemp(), "STATIC_ROOT": tempfile.mkdtemp(),
    }  # fmt: skip
    python = sys.executable
    processes = []
    try:
        for command in (
            ["manage.py", "collectstatic", "--noinput", "-v", "0"],
            ["manage.py", "preflight", "--migrate"],
        ):
            subprocess.run([python, *command], env=environment, check=True, timeout=180)
        for command in (
            ["-m", "gunicorn", "pairing_portal.wsgi:application", "--bind", f"127.0.0.1:{PORT}", "--workers", "2"],
            ["-m", "celery", "-A", "pairing_portal", "worker", "--loglevel", "WARNING", "--concurrency", "1"],
            [
                "-m",
                "celery",
                "-A",
                "pairing_portal",
                "beat",
                "--loglevel",
                "WARNING",
                "--schedule",
                f"{environment['PORTAL_DATA_DIR']}/beat",
            ],
        ):
            processes.append(
                subprocess.Popen([python, *command], env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        started = time.monotonic()
        status, body = readiness()
        while status != 200 and time.monotonic() - started < LIMIT:
            if any(process.poll() is not None for process in processes):
                print("a process ended by itself")
                break
            time.sleep(0.5)
            status, body = readiness()
        print(f"readyz: {status} {body} after {time.monotonic() - started:.0f} s")
        if status == 200:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/accounts/login/", timeout=10) as page:
                print(f"sign-in page: {page.status}, {len(page.read())} bytes")
        return status == 200
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
        admin.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
