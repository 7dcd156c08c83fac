"""What the tests of the pages of links and guidance ask of an answer."""

from __future__ import annotations

from django.urls import reverse

NEW = reverse("mentoring_link_new")


def text_of(answer) -> str:
    return answer.content.decode()


def toasts(client) -> list[str]:
    """What the next page says was done."""
    return [str(one) for one in client.get(reverse("mentoring_rules")).context["messages"]]


def names(offers) -> list[str]:
    return [offer.person.name for offer in offers]


def refusals(answer) -> dict[str, list[tuple[str, str]]]:
    return {
        offer.person.name: [(one.words, one.rule) for one in offer.refusals]
        for offer in answer.context["offers"].refused
    }


def first_of(tier: int, person, **more) -> str:
    parts = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{NEW}?tier={tier}&first={person.pk}{parts}"


def sent(client, address: str, other, **more):
    values = {"person": other.pk if other else "", "starts_on": "2026-10-28", "ends_on": "", "goal": ""} | more
    return client.post(address, values)
