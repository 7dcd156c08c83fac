"""Being away from campus, recorded for several people at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .models import Absence, AbsenceKind, Person

AT_ONCE = 500


def _lock_people(ids: list[int]) -> None:
    """In the order of their ids, so that lists that overlap wait for each other."""
    list(Person.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def _overlapping(ids: list[int], kind: str, from_on: date, to_on: date | None) -> QuerySet[Absence]:
    rows = Absence.objects.filter(person_id__in=ids, kind=kind).filter(Q(to_on=None) | Q(to_on__gte=from_on))
    return rows if to_on is None else rows.filter(from_on__lte=to_on)


@transaction.atomic
def save_absence(*, absence: Absence, by: User) -> Absence:
    """One absence, new or corrected. Raises `Refused` when another of its kind overlaps; the person's row is the lock."""
    _lock_people([absence.person_id])
    others = _overlapping([absence.person_id], absence.kind, absence.from_on, absence.to_on).exclude(pk=absence.pk)
    other = others.first()
    if other is not None:
        raise Refused(
            _("An absence of that kind is recorded for these days already: %(absence)s. Correct that one instead.")
            % {"absence": other}, field="from_on",
        )  # fmt: skip
    absence._history_user = by  # type: ignore[attr-defined]  # read by the history
    absence.save()
    return absence


@transaction.atomic
def record_absences(
    *, people: Iterable[int], kind: str, from_on: date, to_on: date | None, scope: Scope, by: User
) -> tuple[int, int]:
    """Record the same absence for people (ids); returns (recorded, left out because an absence of that kind overlaps).

    Raises `Refused` when somebody is outside what the scope changes, for too many, or for an end before the beginning. The rows
    are locked, so that the same list sent twice records once.
    """
    ids = sorted(set(people))
    if kind not in AbsenceKind.values:
        raise Refused(_("Choose why they are away."), field="kind")
    if to_on is not None and to_on < from_on:
        raise Refused(_("An absence cannot end before it begins."), field="to_on")
    if len(ids) > AT_ONCE:
        raise Refused(_("At most %(count)d people at once.") % {"count": AT_ONCE})
    changeable = set(Person.objects.changeable_by(scope).filter(pk__in=ids).values_list("pk", flat=True))
    if changeable != set(ids):
        raise Refused(_("Somebody chosen is outside what you manage. Nothing was recorded."))
    _lock_people(ids)
    away = set(_overlapping(ids, kind, from_on, to_on).values_list("person_id", flat=True))
    fresh = [Absence(person_id=pk, kind=kind, from_on=from_on, to_on=to_on) for pk in ids if pk not in away]
    bulk_create_with_history(fresh, Absence, batch_size=AT_ONCE, default_user=by)
    return len(fresh), len(ids) - len(fresh)
