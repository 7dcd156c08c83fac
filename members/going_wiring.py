"""What coming, going and the structure of branches tell the floor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    LeaveEffect,
    MoveEffect,
    PersonPanel,
    handover_items,
    leave_effects,
    move_effects,
    person_panels,
    successor_ideas,
)


def register() -> None:
    from . import handover_page, mobile_services, notices_transfers, successors, transfer_page, transfer_services

    notices_transfers.register()
    leave_effects.register(
        "mobile",
        LeaveEffect(_("Mobile members"), mobile_services.end_mobile_of, mobile_services.preview_mobile_of),
        order=10,
    )
    leave_effects.register(
        "transfers",
        LeaveEffect(_("Transfers"), transfer_services.settle_transfers_of, transfer_services.preview_transfers_of),
        order=10,
    )
    move_effects.register(
        "mobile",
        MoveEffect(
            _("Mobile members"), mobile_services.release_contacts_of_movers, mobile_services.preview_contacts_of_movers
        ),
        order=10,
    )
    successor_ideas.register("posts", successors.post_ideas, order=10)
    handover_items.register("members", handover_page.members_items, order=10)
    person_panels.register(
        "going",
        PersonPanel(_("Affiliation"), "members/includes/going_panel.html", transfer_page.panel, tab="record"),
        order=115,
    )
