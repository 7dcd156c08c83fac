"""Two hundred people check in at once through the page, beside its floor (one bare UPDATE of the same row each).

    python bench/check_in.py [--people 200] [--threads 8] [--database postgres://postgres@127.0.0.1:5432]

Every request is the whole of it: session, scope, visible activity, code, row lock, history row. Prints how many seconds all of
them took, the milliseconds of one check-in, the floor, and that each person is counted once. Makes a database of its own and
drops it. To keep: two hundred within a minute; in a hall nobody waits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from scratch import scratch_database

DATABASE = "portal_bench_check_in"


def make_hall(people: int) -> tuple[Any, list[Any]]:
    """A published activity that goes on now, and a signed-in client for each of its people."""
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from activities.models import Activity, ActivityKind, Participation
    from branches.models import Department, PartyBranch
    from members.models import Person

    now, department = timezone.now(), Department.objects.create(name="机械系")
    branch = PartyBranch.objects.create(department=department, name="机械系党总支第二党支部", kind="bachelor")
    author = User.objects.create_user("organiser")
    activity = Activity.objects.create(
        kind=ActivityKind.objects.get(key="general_meeting"), title="支部党员大会", party_branch=branch, state="published",
        starts_at=now - timedelta(minutes=5), ends_at=now + timedelta(hours=2), check_in_secret="s" * 43, is_check_in_open=True,
        created_by=author, created_at=now,
    )  # fmt: skip
    clients = []
    for number in range(people):
        user = User.objects.create_user(f"2023{number:07}")
        person = Person(
            number=user.username, name=f"学生{number}", department=department, party_branch=branch, user=user, programme="bachelor",
            enrolment_year=2023, applied_on=now.date() - timedelta(days=1000),
        )  # fmt: skip
        person.settle_stage(now.date())
        person.save()
        Participation.objects.create(activity=activity, person=person)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        clients.append(client)
    return activity, clients


def press(activity: Any, client: Any) -> float:
    """Seconds of one check-in; the code is the one on the screen at that moment."""
    from django.urls import reverse
    from django.utils import timezone

    from activities.check_in_codes import code_now

    address = reverse(
        "activity_check_in", args=[activity.pk, code_now(activity.check_in_secret, activity.pk, timezone.now())]
    )
    started = time.perf_counter()
    answer = client.post(address)
    spent = time.perf_counter() - started
    assert answer.status_code == 302, answer.status_code
    return spent


def update(activity: Any, pk: int) -> float:
    from django.db import connection
    from django.utils import timezone

    words = "UPDATE activities_participation SET state = 'present', way = 'code', checked_in_at = %s WHERE id = %s"
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(words, [timezone.now(), pk])
    return time.perf_counter() - started


def in_threads(threads: int, work: Any, given: list[Any]) -> tuple[float, list[float]]:
    """Seconds of all together, and of each."""
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        each = list(pool.map(work, given))
        return time.perf_counter() - started, each


def measure(people: int, threads: int) -> None:
    from activities.models import Participation

    activity, clients = make_hall(people)
    rows = Participation.objects.filter(activity=activity)
    ids = list(rows.values_list("pk", flat=True))
    floor, bare = in_threads(threads, lambda pk: update(activity, pk), ids)
    rows.update(state="invited", way="", checked_in_at=None)
    press(activity, clients[0])  # imports, templates
    whole, each = in_threads(threads, lambda client: press(activity, client), clients)
    twice, _each = in_threads(threads, lambda client: press(activity, client), clients)
    present = rows.filter(state="present").count()
    counted = Participation.history.filter(activity_id=activity.pk, state="present").count()
    middle, slow = statistics.median(each), sorted(each)[int(len(each) * 0.95)]
    print(f"{people} people, {threads} at once: {whole:.1f} s ({people / whole:.0f} a second); again: {twice:.1f} s")
    print(f"  one check-in       {middle * 1000:7.1f} ms, 95 of 100 within {slow * 1000:.1f} ms")
    print(f"  bare UPDATE        {statistics.median(bare) * 1000:7.1f} ms; all {floor:.2f} s: {whole / floor:.0f} x")
    print(f"  present {present}, counted {counted} times, of {people}")
    if (present, counted) != (people, people) or whole > 60:
        sys.exit("not kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432")
    options = parser.parse_args()
    with scratch_database(options.database, DATABASE):
        measure(options.people, options.threads)


if __name__ == "__main__":
    main()
