"""Small registries through which a lower room learns of a higher one; filled in `AppConfig.ready`.

A person's page stands in members/ and shows pairings and hours without importing them; the tick stands in
notifications/ and asks every room what is missing. Registering the same key twice is a mistake and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from .scope import EVERYBODY_ROLES, Role, Scope

Item = TypeVar("Item")


class Registry(Generic[Item]):
    """Named items in the order of their `order`, then their key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, tuple[int, Item]] = {}

    def register(self, key: str, item: Item, *, order: int = 100) -> Item:
        if key in self._items:
            raise ValueError(f"{self.name}: {key!r} is registered already")
        self._items[key] = (order, item)
        return item

    def __iter__(self) -> Iterator[Item]:
        return iter([item for _key, item in self.items()])

    def keys(self) -> list[str]:
        return sorted(self._items)

    def items(self) -> list[tuple[str, Item]]:
        """(key, item) in the order of iteration."""
        ordered = sorted(self._items.items(), key=lambda pair: (pair[1][0], pair[0]))
        return [(key, item) for key, (_order, item) in ordered]

    def get(self, key: str) -> Item:
        return self._items[key][1]

    def __contains__(self, key: object) -> bool:
        return key in self._items


@dataclass(frozen=True)
class NavigationEntry:
    """One room in the left column; `phone` puts it in the bottom bar too."""

    label: Any
    url_name: str
    icon: str
    prefix: str
    roles: frozenset[Role] = EVERYBODY_ROLES
    phone: bool = False


@dataclass(frozen=True)
class PersonPanel:
    """A block on a person's page: `context(person_id, scope)` returns the template's context, or None to hide it."""

    title: Any
    template: str
    context: Callable[[int, Scope], dict[str, Any] | None]
    tab: str = "record"


@dataclass(frozen=True)
class DueNotice:
    """One thing to be said to one user, or by one robot. `dedupe_key` names kind, subject, period and recipient: sent once."""

    kind: str
    user_id: int | None
    dedupe_key: str
    subject: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False
    # Said by a robot in a chat instead of to a user.
    robot_id: int | None = None
    # Said to a deputy because this user is away.
    on_behalf_of_id: int | None = None


@dataclass(frozen=True)
class ReminderSource:
    """Computes what is missing at `now`; `write` says the same set-wise, without reading it, and returns how many are new."""

    kind: str
    compute: Callable[[datetime], Iterable[DueNotice]]
    write: Callable[[datetime], int] | None = None


@dataclass(frozen=True)
class NoticeKind:
    """How a notice reads: `text(subject)` gives (title, body) without names of mentees or categories."""

    kind: str
    label: Any
    text: Callable[[dict[str, Any]], tuple[str, str]]
    # True when the notice no longer needs to be said.
    obsolete: Callable[[dict[str, Any], datetime], bool] = lambda subject, now: False
    urgent: bool = False
    # The same for many subjects in a few queries, in their order; without it `obsolete` is asked one by one.
    obsolete_among: Callable[[Sequence[dict[str, Any]], datetime], Sequence[bool]] | None = None
    # Also sent outside the portal (e-mail, WeCom); its recipient may turn that off where `may_mute` says so.
    outside: bool = True
    may_mute: bool = True
    # Said to an office: while its holder is away, the deputy is told too.
    to_office: bool = False


def asked_together(among: Callable[[Sequence[dict[str, Any]], datetime], Sequence[bool]]) -> dict[str, Any]:
    """Both questions of a `NoticeKind` from one that is answered for many subjects at once."""
    return {"obsolete": lambda subject, now: among([subject], now)[0], "obsolete_among": among}


@dataclass(frozen=True)
class LeaveEffect:
    """What happens in a room when people leave: `apply(person_ids, left_on, by_user_id)` ends what is open, returns lines.

    `preview(person_ids)` names beforehand what would end, a line each, and writes nothing.
    """

    label: Any
    apply: Callable[..., Sequence[str]]
    preview: Callable[[list[int]], Sequence[str]] | None = None


@dataclass(frozen=True)
class MoveEffect:
    """What a room ends when people go over to another Party branch: `apply(person_ids, from_branch_id, on, by_user_id)`, in lines.

    `preview(person_ids, from_branch_id)` names it beforehand, a line each, and writes nothing. What does not hang on the
    branch stays.
    """

    label: Any
    apply: Callable[[Sequence[int], int, date, int | None], Sequence[str]]
    preview: Callable[[Sequence[int], int], Sequence[str]]


@dataclass(frozen=True)
class Successor:
    """Somebody who could take something over; `why` says what speaks for them, and against them."""

    person_id: int
    name: str
    why: str = ""


@dataclass(frozen=True)
class SuccessorIdea:
    """Something somebody holds, and those who could take it over, the best first.

    `key` ("room:number") names it for `successions`; without one nobody can be chosen on the page, and `names` are only said.
    """

    what: str
    names: Sequence[str]
    key: str = ""
    candidates: Sequence[Successor] = ()


@dataclass(frozen=True)
class Handing:
    """Of whom something is handed over or given back; by whom, with which rights, from which day."""

    person_id: int
    scope: Scope
    by: Any
    on: date
    today: date
    now: datetime


@dataclass(frozen=True)
class Succession:
    """How a room hands on one kind of thing.

    `may_choose(numbers, scope)` returns those the scope may hand on. `hand_over(number, successor id, handing)` ends it with its
    holder and begins it with the successor; it returns a line, or raises `Refused`. `lock(numbers)` takes the locks that come
    before those of people.
    """

    may_choose: Callable[[Sequence[int], Scope], set[int]]
    hand_over: Callable[[int, int, Handing], str]
    lock: Callable[[Sequence[int]], None] = lambda numbers: None


@dataclass(frozen=True)
class Restorer:
    """How a room gives back what a move or a leaving ended, when that was a mistake.

    `held(person id, branch id)` describes beforehand what will end, as rows of plain JSON (branch None: wherever it is).
    `restore(rows, handing)` opens again what may stand and returns two lists of lines: restored, and to be done by hand; rights
    were checked by the caller. `lock()` takes locks that come before those of people.
    """

    held: Callable[[int, int | None], list[dict[str, Any]]]
    restore: Callable[[Sequence[dict[str, Any]], Handing], tuple[list[str], list[str]]]
    lock: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class HandoverItem:
    """Something of a branch that is open: in words, how many, and where its rows are."""

    label: Any
    count: int
    url: str
    is_late: bool = False


@dataclass(frozen=True)
class CalendarEntry:
    """One line of the calendar. `kind` is its source's key; `until` is the last day of what lasts longer than a day.

    What has a time of day has aware `starts_at` and `ends_at` too. `tone` is a colour of the tokens, beside the sign. `uid` stays
    the same for as long as the entry lives, `version` counts what has changed since: feeds need both. `move_url` takes a new time.
    `topic` is the kind of activity, `sides` whose it is: "own", "partner", "league". Without tone and sides it has its source's.
    """

    on: date
    title: str
    kind: str
    icon: str
    until: date | None = None
    url: str = ""
    note: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    tone: str = ""
    place: str = ""
    uid: str = ""
    version: int = 0
    is_cancelled: bool = False
    is_mine: bool = False
    move_url: str = ""
    topic: str = ""
    sides: tuple[str, ...] = ()


@dataclass(frozen=True)
class CalendarSource:
    """What a room puts on the calendar: `entries(scope, first, last)` returns what touches these days and the user may see.

    A fixed number of queries, however many entries there are.
    """

    label: Any
    entries: Callable[[Scope, date, date], Iterable[CalendarEntry]]
    tone: str = "grey"
    sides: tuple[str, ...] = ("own",)
    # Everything it gives a user concerns that user: duties and due days of their own.
    is_personal: bool = False


@dataclass(frozen=True)
class DemoAccount:
    """One click on the sign-in page in demonstration mode: whose account, and what there is to try.

    `username` may hold wildcards (????0310001): the enrolment years of the demonstration move with the calendar.
    """

    username: str
    label: Any
    description: Any


@dataclass(frozen=True)
class Talks:
    """What is on record for one link: confirmed entries with their minutes, the newest confirmed day, and those that wait."""

    confirmed: int = 0
    minutes: int = 0
    last_on: date | None = None
    waiting: int = 0


@dataclass(frozen=True)
class Evidence:
    """What the portal holds of one kind of record: held, of those with signed minutes, how many fell due, and the list behind it."""

    held: int
    signed: int
    # None where nothing is owed.
    owed: int | None
    url: str


@dataclass(frozen=True)
class Cultivation:
    """What is on record of guiding somebody: their contacts as (id, name, is a full member), the newest review and record."""

    contacts: tuple[tuple[int, str, bool], ...] = ()
    reviewed_on: date | None = None
    contact_entry_on: date | None = None


@dataclass(frozen=True)
class StepKeeper:
    """A page that keeps some of the 25 steps of a person and writes them itself."""

    numbers: tuple[int, ...]
    words: str
    url: str


navigation: Registry[NavigationEntry] = Registry("navigation")
person_panels: Registry[PersonPanel] = Registry("person panels")
reminder_sources: Registry[ReminderSource] = Registry("reminder sources")
notice_kinds: Registry[NoticeKind] = Registry("notice kinds")
leave_effects: Registry[LeaveEffect] = Registry("leave effects")
# What ends when people move to another Party branch; what leaving ends is another matter.
move_effects: Registry[MoveEffect] = Registry("move effects")
# Who could take over what a person holds in a branch (None: anywhere): ideas(person id, branch id, day) -> `SuccessorIdea`s.
successor_ideas: Registry[Callable[[int, int | None, date], Sequence[SuccessorIdea]]] = Registry("successor ideas")
# How it is handed on; the key is the room's part of an idea's key.
successions: Registry[Succession] = Registry("successions")
# How what ended is given back when the move or the leaving is taken back.
restorers: Registry[Restorer] = Registry("restorers")
# What a new secretary finds open in a branch: items(branch id, day) -> `HandoverItem`s, without those of count 0.
handover_items: Registry[Callable[[int, date], Sequence[HandoverItem]]] = Registry("handover items")
# Numbers beside entries of the frame: key -> count(user_id).
frame_counts: Registry[Callable[[int], int]] = Registry("frame counts")
# How the scope of a user is built; members/ fills it.
scope_builders: Registry[Callable[[Any], Scope]] = Registry("scope builders")
# What is done once a day by the first tick: name -> job(today).
daily_jobs: Registry[Callable[[date], object]] = Registry("daily jobs")
# What every tick does last: name -> job(now). Each commits for itself.
tick_jobs: Registry[Callable[[datetime], object]] = Registry("tick jobs")
# What stands on the calendar, by kind; the key is what the address calls it.
calendar_sources: Registry[CalendarSource] = Registry("calendar sources")
# Accounts offered on the sign-in page in demonstration mode, by username.
demo_accounts: Registry[DemoAccount] = Registry("demonstration accounts")
# What a higher room adds when a pairing is summed up: counts(pairing id) -> (sentence of the catalogue in English, number).
pairing_summaries: Registry[Callable[[int], list[tuple[str, int]]]] = Registry("pairing summaries")
# What a room holds about the person behind an account, for their own download: room -> facts(user_id).
personal_data: Registry[Callable[[int], dict[str, Any]]] = Registry("personal data")
# Party branches paired with a branch: partners(branch ids, day) -> branch id -> ids of its partners. pairings/ fills it for mentoring/.
branch_partners: Registry[Callable[[Sequence[int], date], dict[int, set[int]]]] = Registry("branch partners")
# Talks on record for mentoring links ("link") and guidance of League branches ("guidance"): talks(ids) -> id -> `Talks`.
talk_records: Registry[Callable[[Sequence[int]], dict[int, Talks]]] = Registry("talk records")
# What the portal holds of the records of a branch: evidence(branch id, names of records, first, last) -> name -> `Evidence`.
inspection_evidence: Registry[Callable[[int, Sequence[str], date, date], dict[str, Evidence]]] = Registry(
    "inspection evidence"
)
# Blocks that higher rooms put on one's own mentoring page: `context(person_id, scope)`, None hides the block.
mentoring_panels: Registry[PersonPanel] = Registry("mentoring panels")
# Who is told in somebody's place while they are away: deputies(user ids, day) -> user id -> ids of who stands in. members/ fills it.
deputies: Registry[Callable[[Sequence[int], date], dict[int, set[int]]]] = Registry("deputies")
# How activists and probationary members are guided: cultivation(person ids, day) -> person id -> `Cultivation`. mentoring/ fills it.
cultivation: Registry[Callable[[Sequence[int], date], dict[int, Cultivation]]] = Registry("cultivation")
# Who keeps steps of somebody's process record: keepers(person ids) -> person id -> `StepKeeper`. evaluations/ fills it.
step_keepers: Registry[Callable[[Sequence[int]], dict[int, StepKeeper]]] = Registry("step keepers")


def register_notices(
    kinds: Iterable[NoticeKind], sources: Mapping[str, Callable[[datetime], Iterable[DueNotice]]]
) -> None:
    """A room's kinds of notice, and what computes those that nobody's deed brings about: kind -> compute(now)."""
    for kind in kinds:
        notice_kinds.register(kind.kind, kind)
    for key, compute in sources.items():
        reminder_sources.register(key, ReminderSource(key, compute))
