"""What coming, going and the structure of branches tell the floor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    LeaveEffect,
    MoveEffect,
    PersonPanel,
    daily_jobs,
    handover_items,
    leave_effects,
    move_effects,
    person_panels,
    restorers,
    successions,
    successor_ideas,
)


def register() -> None:
    from . import (
        giving_back,
        handover_page,
        mobile_services,
        notices_transfers,
        successors,
        transfer_page,
        transfer_services,
    )

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
    successions.register(successors.POST, successors.POSTS, order=10)
    restorers.register("posts", giving_back.POSTS, order=10)
    restorers.register("mobile", giving_back.MOBILE, order=15)
    _party_groups()
    handover_items.register("members", handover_page.members_items, order=10)
    person_panels.register(
        "going",
        PersonPanel(_("Affiliation"), "members/includes/going_panel.html", transfer_page.panel, tab="record"),
        order=115,
    )


def _party_groups() -> None:
    from . import party_group_moving as moving

    leave_effects.register(
        "party_groups", LeaveEffect(_("Party groups"), moving.end_places_of, moving.preview_places), order=12
    )
    move_effects.register(
        "party_groups", MoveEffect(_("Party groups"), moving.end_places_of_movers, moving.preview_places), order=12
    )
    successor_ideas.register("party_groups", moving.leader_ideas, order=15)
    successions.register(moving.GROUP, moving.LEADERS, order=12)
    restorers.register("party_groups", moving.PLACES, order=12)
    daily_jobs.register("party_groups", moving.end_stray_places)
