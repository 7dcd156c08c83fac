"""A calendar feed (RFC 5545) that Outlook and phones subscribe to, behind a secret address that can be withdrawn."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from icalendar import Calendar, Event

from accounts.models import User
from pairing_portal.common.registries import CalendarEntry, calendar_sources
from pairing_portal.common.scope import Scope

from .models import CalendarFeed

# What a feed holds: the last month, and the half-year to come.
BACK, AHEAD = timedelta(days=31), timedelta(days=183)
PRODUCT = "-//Pairing Portal//Calendar//ZH"


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def open_feed(*, user: User, now: datetime) -> str:
    """A new secret address for `user`; the one before stops working. The token is returned once and never stored."""
    User.objects.select_for_update().get(pk=user.pk)
    close_feed(user=user, now=now)
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=user, token_hash=digest_of(token), created_at=now)
    return token


def close_feed(*, user: User, now: datetime) -> int:
    """Withdraw the address. Returns how many were open."""
    return CalendarFeed.objects.open().filter(user=user).update(revoked_at=now)


def feed_of(token: str) -> CalendarFeed | None:
    """The open feed behind an address, of an account that may sign in; None for every other text."""
    rows = CalendarFeed.objects.open().filter(token_hash=digest_of(token), user__is_active=True)
    found: CalendarFeed | None = rows.select_related("user").first()
    return found


def note_reading(feed: CalendarFeed, *, now: datetime) -> None:
    """Remember that a calendar read it, once an hour at most."""
    if feed.last_read_at is None or now - feed.last_read_at > timedelta(hours=1):
        CalendarFeed.objects.open().filter(pk=feed.pk).update(last_read_at=now)


def feed_entries(scope: Scope, today: date) -> list[CalendarEntry]:
    """What concerns the person: what they take part in, their duties and due days; not everything they may see."""
    entries = [entry for source in calendar_sources for entry in source.entries(scope, today - BACK, today + AHEAD)]
    return [entry for entry in entries if entry.kind != "event" or entry.is_mine]


def as_calendar(entries: Iterable[CalendarEntry], *, name: str, address: str, now: datetime) -> bytes:
    """The entries as an iCalendar file. `address` is the portal's own, with scheme and host; links in events begin with it."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", timezone.get_default_timezone_name())
    calendar.add("refresh-interval", timedelta(hours=4), parameters={"value": "DURATION"})
    host = address.split("//")[-1].split(":")[0]
    for entry in entries:
        calendar.add_component(_event(entry, host=host, address=address, now=now))
    return bytes(calendar.to_ical())


def _event(entry: CalendarEntry, *, host: str, address: str, now: datetime) -> Event:
    event = Event()
    uid = entry.uid or digest_of(f"{entry.kind} {entry.on} {entry.title} {entry.url}")[:32]
    event.add("uid", f"{uid}@{host}")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", entry.version)
    event.add("summary", entry.title)
    if entry.starts_at is not None and entry.ends_at is not None:
        event.add("dtstart", entry.starts_at.astimezone(UTC))
        event.add("dtend", entry.ends_at.astimezone(UTC))
    else:
        event.add("dtstart", entry.on)
        event.add("dtend", (entry.until or entry.on) + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    if entry.place:
        event.add("location", entry.place)
    if entry.note:
        event.add("description", entry.note)
    if entry.url:
        event.add("url", address + entry.url)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    return event
