"""Handing over: what somebody holds is given to a chosen successor, in the transaction in which they go.

A choice is a key of a `SuccessorIdea` and a person. Choices made beforehand are kept with the transfer and carried out with the
rights that whoever chose has then; one that no longer fits is said and ends like everything else. A choice made in this very
step that does not fit refuses the step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, SuccessorIdea, successions
from pairing_portal.common.scope import Scope

from .access import scope_for
from .models import Person
from .successors import ideas_for

# key -> {"to": person id, "by": user id}: what a transfer keeps.
Kept = Mapping[str, Any]


@dataclass
class Plan:
    """Who takes over what: key -> (successor, who chose). `fresh`: chosen in this step."""

    chosen: dict[str, tuple[int, int]] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()

    @property
    def people(self) -> set[int]:
        return {to for to, _by in self.chosen.values()}

    def kept(self) -> dict[str, dict[str, int]]:
        """As a transfer keeps it."""
        return {key: {"to": to, "by": by} for key, (to, by) in sorted(self.chosen.items())}


def key_of(room: str, number: int) -> str:
    return f"{room}-{number}"


def split_key(key: str) -> tuple[str, int]:
    """Room and number. Raises `Refused` for what is no key."""
    room, _dash, number = key.rpartition("-")
    if room not in successions or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused(_("This cannot be handed over here. Reload the page."))
    return room, int(number)


def choosable(person_id: int, branch_id: int | None, on: date, scope: Scope) -> list[SuccessorIdea]:
    """What the scope may hand over now, each with those who could take it."""
    ideas = [idea for idea in ideas_for(person_id, branch_id, on) if idea.key and idea.candidates]
    allowed = allowed_keys([idea.key for idea in ideas], scope)
    return [idea for idea in ideas if idea.key in allowed]


def allowed_keys(keys: Iterable[str], scope: Scope) -> set[str]:
    numbers = _by_room(keys)
    return {
        key_of(room, number)
        for room, wanted in numbers.items()
        for number in successions.get(room).may_choose(wanted, scope)
    }


def _by_room(keys: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for key in keys:
        room, number = split_key(key)
        found[room].append(number)
    return {room: sorted(numbers) for room, numbers in sorted(found.items())}


def make_plan(kept: Kept, choices: Mapping[str, int | None] | None, *, scope: Scope, by: User) -> Plan:
    """The choices kept, changed by those of this step (None: it ends). Raises `Refused` for what the scope may not hand over."""
    chosen = {key: (int(value["to"]), int(value["by"])) for key, value in kept.items()}
    choices = choices or {}
    changed = {key for key, to in choices.items() if to != chosen.get(key, (None, 0))[0]}
    if changed - allowed_keys(changed, scope):
        raise Refused(_("One of these things is handed over by somebody else. Reload the page."))
    for key in changed:
        to = choices[key]
        if to is None:
            chosen.pop(key, None)
        else:
            chosen[key] = (to, by.pk)
    # What is shown in this step and stays as it was is confirmed by it.
    return Plan(chosen, frozenset(key for key, to in choices.items() if to is not None))


def lock_for(plan: Plan) -> None:
    """Locks that come before those of people. Call it first in the transaction."""
    for room, numbers in _by_room(plan.chosen).items():
        successions.get(room).lock(numbers)


def carry_out(plan: Plan, *, person_id: int, on: date, today: date, now: datetime) -> list[str]:
    """Hand over what was chosen, before the rest ends. Returns a line each. Raises `Refused` for a fresh choice that does not fit."""
    lines = []
    scopes: dict[int, tuple[User, Scope]] = {}
    for key, (to, by_id) in sorted(plan.chosen.items()):
        if by_id not in scopes:
            user = User.objects.get(pk=by_id)
            scopes[by_id] = (user, scope_for(user))
        by, scope = scopes[by_id]
        room, number = split_key(key)
        try:
            with transaction.atomic():
                lines.append(successions.get(room).hand_over(number, to, Handing(person_id, scope, by, on, today, now)))
        except Refused as refusal:
            if key in plan.fresh:
                raise Refused(refusal.text, field=f"to-{key}") from refusal
            name = Person.objects.filter(pk=to).values_list("name", flat=True).first() or ""
            words = _("Not handed over to %(name)s: %(why)s")
            lines.append(words % {"name": name, "why": refusal.text})
    return lines


def plan_lines(kept: Kept, ideas: Sequence[SuccessorIdea]) -> list[tuple[str, str]]:
    """What is planned, in words: what, and the name of who takes over."""
    names = dict(Person.objects.filter(pk__in=[value["to"] for value in kept.values()]).values_list("pk", "name"))
    return [
        (idea.what, names[kept[idea.key]["to"]]) for idea in ideas if idea.key in kept and kept[idea.key]["to"] in names
    ]
