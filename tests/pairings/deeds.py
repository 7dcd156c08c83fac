"""What the tests of pairings do again and again: propose, act as one of the cast, confirm, run a race."""

from __future__ import annotations

import datetime as dt
import threading

from django.db import connection
from django.utils import timezone

from members.access import scope_for
from pairings import services


def act(cast, name):
    """The keyword arguments every service takes, for one of the cast."""
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def propose(cast, **changes):
    """Er's secretary proposes to San for the year."""
    values = {
        "academic_year": cast.year, "helping_branch": cast.er, "partner_branch": cast.san, "starts_on": dt.date(2026, 10, 8),
        "ends_on": dt.date(2027, 6, 30), "agreement": "平等共建",
    }  # fmt: skip
    return services.propose_pairing(**values | act(cast, "er_secretary") | changes)


def agreed(cast, **changes):
    """Proposed by Er, confirmed by San."""
    return services.confirm_pairing(pairing=propose(cast, **changes), **act(cast, "san_secretary"))


def pair(cast, pairing, helper="er_member", partner="san_member", **changes):
    values = {"support_areas": ["study"], "starts_on": dt.date(2026, 10, 8), "now": timezone.now()}
    return services.pair_members(
        pairing=pairing, helper=cast.person(helper), partner=cast.person(partner), **values | changes
    )


def race(work, clients):
    """Run `work(index)` in threads that start together; returns what each returned or raised."""
    barrier, results = threading.Barrier(clients), [None] * clients

    def run(index):
        try:
            barrier.wait(timeout=20)
            results[index] = work(index)
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
