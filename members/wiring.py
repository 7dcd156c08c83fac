"""What this room tells the floor."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    NavigationEntry,
    PersonPanel,
    daily_jobs,
    deputies,
    navigation,
    person_panels,
    scope_builders,
)
from pairing_portal.common.scope import Role


def refresh(today: date) -> object:
    from .services import refresh_stages

    return refresh_stages(today=today)


def discard_uploads(today: date) -> object:
    from django.utils import timezone

    from .importing.uploads import discard_expired

    return discard_expired(timezone.now())


def register() -> None:
    from . import going_wiring, notices_due
    from .access import scope_for
    from .deputies import deputies_of
    from .process_panel import panel

    scope_builders.register("members", scope_for)
    deputies.register("members", deputies_of)
    notices_due.register()
    going_wiring.register()
    person_panels.register(
        "process",
        PersonPanel(_("Development"), "members/includes/process_panel.html", panel, tab="development"),
        order=10,
    )
    daily_jobs.register("stages", refresh)
    daily_jobs.register("uploads", discard_uploads)
    navigation.register(
        "people",
        NavigationEntry(_("Members"), "people", "people", "/members/", roles=frozenset(Role) - {Role.PERSON}),
        order=30,
    )
    navigation.register(
        "me",
        NavigationEntry(_("Mine"), "my_record", "person", "/members/me/", roles=frozenset({Role.PERSON}), phone=True),
        order=80,
    )
