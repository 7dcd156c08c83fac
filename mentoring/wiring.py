"""What this room tells the rooms below it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    CalendarSource,
    LeaveEffect,
    MoveEffect,
    NavigationEntry,
    PersonPanel,
    calendar_sources,
    cultivation,
    daily_jobs,
    handover_items,
    leave_effects,
    move_effects,
    navigation,
    person_panels,
    personal_data,
    restorers,
    successions,
    successor_ideas,
)


def register() -> None:
    from . import calendar_source, moving, notices, notices_needs, notices_phone, notices_work, succession
    from .cultivation import cultivation_of
    from .need_panel import support_panel
    from .need_services import erase_needs_of, forget_what_is_over, own_data
    from .person_panel import panel
    from .services import end_links_of, preview_links_of

    for spoken in (notices, notices_work, notices_needs, notices_phone):
        spoken.register()
    leave_effects.register("mentoring", LeaveEffect(_("Mentoring links end"), end_links_of, preview_links_of))
    move_effects.register(
        "mentoring", MoveEffect(_("Mentoring links end"), moving.end_links_of_movers, moving.preview_links_of_movers)
    )
    handover_items.register("mentoring", moving.handover, order=30)
    successor_ideas.register("mentoring", succession.ideas, order=40)
    successions.register(succession.LINK, succession.LINKS, order=20)
    successions.register(succession.GUIDANCE, succession.GUIDANCES, order=20)
    restorers.register("mentoring", succession.RESTORER, order=40)
    for order, (kind, source) in enumerate(
        [
            ("goal", CalendarSource(_("Mentoring goals"), calendar_source.goals, "teal", is_personal=True)),
            (
                "league_milestone",
                CalendarSource(
                    _("Milestones of League branches"), calendar_source.milestones, "violet", sides=("league",)
                ),
            ),
            (
                "observation",
                CalendarSource(_("Observation records"), calendar_source.observations, "grey", is_personal=True),
            ),
        ]
    ):
        calendar_sources.register(kind, source, order=40 + order)
    # No preview and no lines: they would tell who has a need.
    leave_effects.register("support_needs", LeaveEffect(_("Support needs are erased"), erase_needs_of))
    cultivation.register("mentoring", cultivation_of)
    daily_jobs.register("support_needs", forget_what_is_over)
    personal_data.register("support_needs", own_data)
    person_panels.register(
        "support_needs", PersonPanel(_("Support"), "mentoring/includes/need_panel.html", support_panel, tab="mentoring")
    )
    person_panels.register(
        "mentoring",
        PersonPanel(_("Tiered mentoring"), "mentoring/includes/person_panel.html", panel, tab="pairing"),
        order=105,
    )
    navigation.register(
        "mentoring", NavigationEntry(_("Tiered mentoring"), "mentoring", "diagram-3", "/mentoring/"), order=45
    )
