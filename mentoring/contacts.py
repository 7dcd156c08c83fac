"""How the two of a link reach each other: each chooses what the other sees, and nothing is shown until they do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .models import ContactCard, ContactWay


@dataclass(frozen=True)
class Contact:
    """What somebody lets others see. Empty `text`: nothing. `address` is what a tap opens, or ""."""

    text: str = ""
    address: str = ""


def shown(card: ContactCard | None, person: Person) -> Contact:
    """What the others see of a card."""
    if card is None or card.way == ContactWay.HIDDEN:
        return Contact()
    if card.way == ContactWay.PHONE:
        number = "".join(sign for sign in person.phone if sign.isdigit() or sign == "+")
        return Contact(person.phone, f"tel:{number}" if number else "")
    return Contact(card.words)


def contacts_of(person_ids: Collection[int], scope: Scope) -> dict[int, Contact]:
    """Contacts by person, as far as the scope is linked with them; one query."""
    cards = ContactCard.objects.visible_to(scope).filter(person_id__in=person_ids).select_related("person")
    return {card.person_id: shown(card, card.person) for card in cards}


@transaction.atomic
def save_card(*, person: Person, way: str, words: str, scope: Scope) -> ContactCard:
    """Choose what the others see; the last choice counts. Words are kept only while they are shown."""
    if scope.person_id != person.pk:
        raise Refused(_("Everybody chooses this for themselves."))
    Person.objects.select_for_update().get(pk=person.pk)
    if way not in ContactWay.values:
        raise Refused(_("Choose what the others see."), field="way")
    words = " ".join(words.split())[:60]
    if way == ContactWay.OTHER and not words:
        raise Refused(_("Write how you can be reached, or choose to show nothing."), field="words")
    if way == ContactWay.PHONE and not person.phone.strip():
        raise Refused(
            _("The roster has no phone number of yours. Write how you can be reached in your own words."), field="way"
        )
    card, _created = ContactCard.objects.update_or_create(
        person=person, defaults={"way": way, "words": words if way == ContactWay.OTHER else ""}
    )
    return card
