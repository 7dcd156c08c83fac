"""How activists and probationary members are guided, for the process record that members/ keeps (R04, R05, R06, R20)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.db.models import Max

from members.stages import Stage
from pairing_portal.common.registries import Cultivation

from .models import Mentorship, ObservationKind, ObservationRecord
from .tiers import LinkState, Tier


def cultivation_of(person_ids: Sequence[int], on: date) -> dict[int, Cultivation]:
    """Person id → formal cultivation contacts of running links and the ends of the newest records; two queries."""
    links = Mentorship.objects.filter(
        mentee_id__in=person_ids, tier=Tier.ACTIVISTS, is_formal=True, state=LinkState.ACTIVE, starts_on__lte=on
    )
    contacts: dict[int, list[tuple[int, str, bool]]] = defaultdict(list)
    for mentee_id, mentor_id, name, stage in links.order_by("starts_on", "pk").values_list(
        "mentee_id", "mentor_id", "mentor__name", "mentor__stage"
    ):
        contacts[mentee_id].append((mentor_id, name, stage == Stage.FULL))
    last: dict[tuple[int, str], date] = {}
    written = ObservationRecord.objects.filter(person_id__in=person_ids).order_by()
    for person_id, kind, period_to in written.values_list("person_id", "kind").annotate(last=Max("period_to")):
        last[person_id, kind] = period_to
    return {
        pk: Cultivation(
            tuple(contacts.get(pk, ())), last.get((pk, ObservationKind.BRANCH)), last.get((pk, ObservationKind.CONTACT))
        )
        for pk in person_ids
    }
