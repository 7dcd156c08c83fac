"""What the drills of the outbox share: a mail server that counts, and a tick in a process of its own that may be killed."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import socketserver
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Longer than a lease: what a killed tick held is free for the next.
STEP = dt.timedelta(minutes=6)


@dataclass
class Sink:
    """Takes every mail; `ids` are the message ids by recipient, in the order they came. `before` and `after` are called around our yes."""

    port: int = 0
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: int = 0
    before: Callable[[int], None] = lambda number: None
    after: Callable[[int], None] = lambda number: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def twice(self) -> int:
        """Mails beyond the first to a recipient."""
        return sum(len(ids) - 1 for ids in self.ids.values())

    def renamed(self) -> list[str]:
        """Recipients whose copies carry different ids."""
        return [address for address, ids in self.ids.items() if len(set(ids)) > 1]


class _Handler(socketserver.StreamRequestHandler):
    sink: Sink

    def handle(self) -> None:
        try:
            self._talk()
        except OSError:
            # Whoever wrote to us was killed.
            return

    def _talk(self) -> None:
        self._say("220 sink")
        recipient = ""
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split()[0].upper()
            if word == "RCPT":
                recipient = line.partition(":")[2].strip("<>")
                self._say("250 fine")
            elif word == "DATA":
                self._say("354 go on")
                self._take(recipient)
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _take(self, recipient: str) -> None:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            if not line:
                return
            lines.append(line)
        found = re.search(r"(?im)^message-id:\s*(\S+)", "".join(lines))
        with self.sink.lock:
            self.sink.ids[recipient].append(found[1] if found else "")
            self.sink.taken += 1
            number = self.sink.taken
        self.sink.before(number)
        self._say("250 taken")
        self.sink.after(number)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_sink() -> Iterator[Sink]:
    sink = Sink()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"sink": sink}))
    server.daemon_threads = True
    sink.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()


def portal_environment(**more: str) -> dict[str, str]:
    """For a process of the portal on the database of this one."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
    return os.environ | {
        "DATABASE_URL": f"postgres://{database['USER']}@{host}:{port}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "pairing_portal.settings",
        "LOG_LEVEL": "ERROR",
        **more,
    }


def start_tick(at: dt.datetime, sink: Sink) -> subprocess.Popen[bytes]:
    """One tick of that moment, in a process of its own."""
    command = [sys.executable, str(ROOT / "manage.py"), "send_reminders", "--at", at.isoformat()]
    environment = portal_environment(EMAIL_URL=f"smtp://127.0.0.1:{sink.port}")
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass
class Outcome:
    """What came of a drill."""

    kills: int
    runs: int
    ends_at: dt.datetime
    killed_at: Counter[str]


def drill(*, kills: int, reminders: int, start: dt.datetime, sink: Sink, seed: int = 7) -> Outcome:
    """Ticks one after the other, `kills` of them killed at random points, until nothing waits.

    Points: a mail was taken and the answer not sent, or just sent, or a moment later; now and then the first half second of a
    process, or the seconds in which it finds out what is due.
    """
    chance, at = random.Random(seed), start
    done, runs, points = 0, 0, Counter[str]()
    while True:
        process = start_tick(at, sink)
        runs += 1
        point = chance.choice(["before", "after", "later", "later", "early"]) if done < kills else "never"
        _arm(sink, process, point, chance.randint(1, max(1, 4 * reminders // (3 * kills or 1))), chance.random() / 20)
        try:
            process.wait(timeout=chance.uniform(0.2, 6) if point == "early" else 600)
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        sink.before = sink.after = lambda number: None
        if code == -9:
            done += 1
            points[point] += 1
        elif code != 0:
            raise RuntimeError(f"the tick ended with {code}")
        at += STEP
        if code == 0 and not _waiting():
            return Outcome(done, runs, at, points)


def _arm(sink: Sink, process: subprocess.Popen[bytes], point: str, mails: int, moment: float) -> None:
    """Have the process killed at its `mails`-th mail."""
    if point in ("never", "early"):
        return
    target = sink.taken + mails

    def shoot(number: int) -> None:
        if number != target:
            return
        if point == "later":
            threading.Timer(moment, process.kill).start()
        else:
            process.kill()

    if point == "before":
        sink.before = shoot
    else:
        sink.after = shoot


def _waiting() -> bool:
    from notifications.models import Delivery

    return Delivery.objects.filter(state="pending").exists()


def tally(kind: str) -> dict[str, Any]:
    """What stands in the database of one kind: notices, recipients, rows of deliveries by channel and state."""
    from django.db.models import Count

    from notifications.models import Delivery, Notice

    notices = Notice.objects.filter(kind=kind)
    rows = Delivery.objects.filter(notice__kind=kind).order_by().values_list("channel", "state").annotate(n=Count("pk"))
    return {
        "notices": notices.count(),
        "recipients": notices.order_by().values("user_id").distinct().count(),
        "deliveries": {f"{channel} {state}": number for channel, state, number in rows},
    }
