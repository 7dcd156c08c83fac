"""The block on a person's page: what comes next on the way into the Party, and the ways to the record and the outlook."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from pairing_portal.common.scope import Scope

from .models import Person
from .process_facts import numbers_on, record_of, step_names
from .process_page import sees_all, sees_dates
from .process_rules import due_by, possible_from


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Hidden for who may not see the record."""
    person = Person.objects.visible_to(scope).filter(pk=person_id).select_related("party_branch").first()
    if person is None or not (sees_all(person, scope) or sees_dates(person, scope)):
        return None
    today = timezone.localdate()
    record = record_of(person, today)
    number, policy = record.known.next_number, numbers_on(today)
    return {
        "person": person, "number": number, "name": step_names().get(number, ""), "today": today,
        "done": sum(record.known.is_done(step) for step in range(1, 26)),
        "from_on": possible_from(record.known, number, policy) if number else None,
        "by_on": due_by(record.known, number, policy) if number else None,
    }  # fmt: skip
