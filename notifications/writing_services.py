"""Saying something: notices and their deliveries, written in the transaction of what they tell of, as sets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils import timezone

from pairing_portal.common.insert_select import insert_select
from pairing_portal.common.registries import DueNotice, deputies, notice_kinds

from .channels.email import goes_out
from .models import Channel, ContactChoice, Delivery, DeliveryState, MutedKind, Notice

# What rows of a set must yield, under these names.
SET_COLUMNS = ("user_id", "dedupe_key", "subject", "link", "expires_at")
BATCH = 500


@transaction.atomic
def post_notices(*, notices: Iterable[DueNotice], now: datetime) -> int:
    """Write notices and their deliveries; what was said before (same dedupe key) is skipped. Returns how many are new.

    Call it in the transaction of what the notices tell of. In the portal they stand at once; outside they wait to be sent.
    Deputies of who is away get a copy of what is said to an office.
    """
    asked = [notice for notice in notices if notice.kind in notice_kinds]
    wanted = {notice.dedupe_key: notice for notice in [*asked, *_copies(asked, now)]}
    known: set[str] = set()
    keys = list(wanted)
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        known.update(Notice.objects.filter(dedupe_key__in=part).values_list("dedupe_key", flat=True))
    fresh = [notice for key, notice in wanted.items() if key not in known]
    if not fresh:
        return 0
    last = _last_notice()
    Notice.objects.bulk_create([_row(notice, now) for notice in fresh], batch_size=BATCH, ignore_conflicts=True)
    return _deliver(since=last, kinds={notice.kind for notice in fresh}, now=now)


@transaction.atomic
def post_notice_set(*, kind: str, rows: QuerySet[Any, Any], now: datetime, urgent: bool = False) -> int:
    """As `post_notices`, for one kind and as many as there are, without reading them. Returns how many are new.

    `rows` yields `user_id`, `dedupe_key`, `subject` (a JSONObject), `link` and `expires_at`; recipients without an account
    must not be among them.
    """
    if kind not in notice_kinds:
        return 0
    last = _last_notice()
    constants = {"kind": kind, "is_urgent": urgent or notice_kinds.get(kind).urgent, "created_at": now}
    if not insert_select(model=Notice, rows=rows, columns=SET_COLUMNS, constants=constants, unless="dedupe_key"):
        return 0
    if notice_kinds.get(kind).to_office:
        _copy_set(since=last, kind=kind, now=now)
    return _deliver(since=last, kinds={kind}, now=now)


def _row(notice: DueNotice, now: datetime) -> Notice:
    return Notice(
        user_id=notice.user_id,
        robot_id=notice.robot_id,
        kind=notice.kind,
        subject=notice.subject,
        link=notice.link,
        dedupe_key=notice.dedupe_key,
        is_urgent=notice.urgent or notice_kinds.get(notice.kind).urgent,
        on_behalf_of_id=notice.on_behalf_of_id,
        created_at=now,
        due_at=notice.due_at,
        expires_at=notice.expires_at,
    )


# --- Deliveries ----------------------------------------------------------------------------------


def _last_notice() -> int:
    """Numbers only grow: what this transaction writes next has a greater one."""
    return Notice.objects.aggregate(last=Max("pk"))["last"] or 0


def _deliver(*, since: int, kinds: Collection[str], now: datetime) -> int:
    """Give the notices written after `since` their deliveries, a statement a channel. Returns how many notices these were.

    What another tick wrote meanwhile became visible together with its deliveries: they conflict with ours and stay as they are.
    No look at what is there already: that would be a join with a table that grows while it is read.
    """
    fresh = Notice.objects.filter(pk__gt=since, kind__in=sorted(kinds)).order_by()
    to_people = fresh.filter(user__isnull=False)
    outside = {kind for kind in kinds if notice_kinds.get(kind).outside}
    robots = _insert(fresh.filter(robot__isnull=False), Channel.ROBOT, now)
    for may_mute in (True, False):
        among = sorted(kind for kind in outside if notice_kinds.get(kind).may_mute is may_mute)
        if not among:
            continue
        listening = to_people.filter(kind__in=among)
        if may_mute:
            listening = listening.exclude(
                Exists(MutedKind.objects.filter(user=OuterRef("user_id"), kind=OuterRef("kind")))
            )
        if goes_out():
            _insert(_by_email(listening), Channel.EMAIL, now)
        if getattr(settings, "WECOM_CORP_ID", ""):
            _insert(_by_wecom(listening), Channel.WECOM, now)
    return robots + _insert(to_people, Channel.PORTAL, now, state=DeliveryState.SENT, sent_at=now)


def _by_email(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Those whose recipient has an address and did not turn it off."""
    refused = ContactChoice.objects.filter(user=OuterRef("user_id"), by_email=False)
    return notices.exclude(user__email="").exclude(Exists(refused))


def _by_wecom(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Those whose recipient gave a WeCom account and did not turn it off."""
    reachable = ContactChoice.objects.filter(user=OuterRef("user_id"), by_wecom=True).exclude(wecom_id="")
    return notices.filter(Exists(reachable))


def _insert(
    notices: QuerySet[Notice],
    channel: Channel,
    now: datetime,
    *,
    state: DeliveryState = DeliveryState.PENDING,
    **more: Any,
) -> int:
    constants = {
        "channel": channel, "state": state, "attempts": 0, "next_attempt_at": now, "lease_token": "", "error": "",
    } | more  # fmt: skip
    return insert_select(
        model=Delivery, rows=notices.values(notice_id=F("pk")), columns=["notice_id"], constants=constants
    )


# --- Deputies ------------------------------------------------------------------------------------


def _deputies_of(user_ids: Sequence[int], on: date) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for ask in deputies:
        for user_id, others in ask(user_ids, on).items():
            found.setdefault(user_id, set()).update(others)
    return found


def _copies(notices: Sequence[DueNotice], now: datetime) -> list[DueNotice]:
    """For the deputies of recipients who are away, unless they are told the same thing anyway."""
    to_office = [notice for notice in notices if notice_kinds.get(notice.kind).to_office and notice.user_id is not None]
    if not to_office:
        return []
    standing_in = _deputies_of(
        sorted({notice.user_id for notice in to_office if notice.user_id}), timezone.localdate(now)
    )
    told = {(notice.kind, notice.user_id, _same(notice)) for notice in to_office}
    return [
        replace(notice, user_id=deputy, dedupe_key=_copy_key(notice.dedupe_key, deputy), on_behalf_of_id=notice.user_id)
        for notice in to_office
        for deputy in sorted(standing_in.get(notice.user_id or 0, ()))
        if (notice.kind, deputy, _same(notice)) not in told
    ]


def _same(notice: DueNotice) -> str:
    return json.dumps(notice.subject, sort_keys=True)


def _copy_key(key: str, deputy_id: int) -> str:
    return f"{key}:for:{deputy_id}"


def _copy_set(*, since: int, kind: str, now: datetime) -> None:
    """The same for a set just written: few are away, so only theirs are read."""
    written = Notice.objects.filter(pk__gt=since, kind=kind, on_behalf_of=None, user__isnull=False)
    recipients = set(written.order_by().values_list("user_id", flat=True))
    standing_in = _deputies_of(sorted(recipients), timezone.localdate(now))
    if not standing_in:
        return
    others = {deputy for found in standing_in.values() for deputy in found}
    told = {
        (user_id, json.dumps(subject, sort_keys=True))
        for user_id, subject in written.filter(user_id__in=others).values_list("user_id", "subject")
    }
    copies = []
    for row in written.filter(user_id__in=standing_in):
        for deputy in sorted(standing_in[row.user_id]):
            if (deputy, json.dumps(row.subject, sort_keys=True)) in told:
                continue
            away, key = row.user_id, row.dedupe_key
            copies.append(
                Notice(
                    user_id=deputy, kind=kind, subject=row.subject, link=row.link, dedupe_key=_copy_key(key, deputy),
                    is_urgent=row.is_urgent, on_behalf_of_id=away, created_at=now, due_at=row.due_at,
                    expires_at=row.expires_at,
                )
            )  # fmt: skip
    Notice.objects.bulk_create(copies, batch_size=BATCH, ignore_conflicts=True)
