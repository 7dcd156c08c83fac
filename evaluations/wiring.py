"""What this room tells the rooms below it."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import (
    LeaveEffect,
    MoveEffect,
    NavigationEntry,
    PersonPanel,
    daily_jobs,
    handover_items,
    leave_effects,
    move_effects,
    navigation,
    person_panels,
    restorers,
    step_keepers,
)


def register() -> None:
    navigation.register(
        "evaluations", NavigationEntry(_("Evaluations"), "evaluations", "clipboard-check", "/evaluations/"), order=75
    )
    _conversions()
    _appraisals()
    _assessments()
    _feedback()


def _conversions() -> None:
    """Conversion reviews, evidence packs, opinions of partner branches."""
    from . import handover, moving, notices_conversion
    from .conversion_reader import home_cards as conversion_cards
    from .conversion_reader import person_panel
    from .conversion_services import end_reviews_of, preview_reviews_of
    from .home import RoomPage, home_cards, room_pages
    from .step_keeper import keepers_of

    notices_conversion.register()
    step_keepers.register("conversions", keepers_of)
    daily_jobs.register("conversion_reviews", keep_reviews)
    leave_effects.register(
        "conversions", LeaveEffect(_("Conversion reviews close"), end_reviews_of, preview_reviews_of)
    )
    move_effects.register(
        "conversions",
        MoveEffect(_("Conversion reviews close"), moving.close_reviews_of_movers, moving.preview_reviews_of_movers),
    )
    restorers.register("conversions", moving.RESTORER, order=60)
    handover_items.register("conversions", handover.items, order=50)
    home_cards.register("conversions", conversion_cards, order=20)
    room_pages.register("home", RoomPage(_("Overview"), "evaluations", "house", lambda scope: True), order=0)
    room_pages.register(
        "conversions",
        RoomPage(
            _("Conversion reviews"), "conversions", "clipboard-check",
            lambda scope: bool(scope.branch_ids or scope.department_ids or scope.college_staff),
        ),
        order=20,
    )  # fmt: skip
    room_pages.register(
        "partners",
        RoomPage(_("Opinions on paired members"), "partner_opinions", "people", lambda scope: bool(scope.branch_ids)),
        order=25,
    )
    person_panels.register(
        "conversion",
        PersonPanel(_("Conversion and evidence"), "evaluations/includes/conversion_panel.html", person_panel, tab="evaluation"),
        order=110,
    )  # fmt: skip


def keep_reviews(today: date) -> object:
    """Daily: close what is settled elsewhere, then open what is due."""
    from django.utils import timezone

    from .conversion_services import close_settled_reviews, open_due_reviews

    now = timezone.now()
    return close_settled_reviews(today=today, now=now) + open_due_reviews(today=today, now=now)


def _appraisals() -> None:
    """The yearly appraisal of a branch."""
    from . import notices_appraisal
    from .appraisal_page import home_cards as appraisal_cards
    from .home import RoomPage, home_cards, room_pages

    notices_appraisal.register()
    home_cards.register("appraisals", appraisal_cards, order=30)
    room_pages.register(
        "appraisals",
        RoomPage(
            _("Democratic appraisal"), "appraisals", "people",
            lambda scope: bool(scope.own_branch_ids or scope.branch_ids or scope.department_ids or scope.college_staff),
        ),
        order=30,
    )  # fmt: skip


def _feedback() -> None:
    """Feedback rounds, feedback at the end of a link, classes without names."""
    from pairing_portal.common.registries import mentoring_panels

    from . import notices_feedback
    from .feedback_page import home_cards as feedback_cards
    from .feedback_page import mentoring_panel, person_panel
    from .feedback_reader import watches
    from .feedback_round_services import call_off_of, keep_rounds, preview_call_off
    from .home import RoomPage, home_cards, room_pages

    notices_feedback.register()
    daily_jobs.register("feedback_rounds", keep_rounds)
    leave_effects.register("feedback", LeaveEffect(_("Feedback is called off"), call_off_of, preview_call_off))
    home_cards.register("feedback", feedback_cards, order=10)
    room_pages.register(
        "feedback",
        RoomPage(_("My feedback"), "feedback", "chat-square-text", lambda scope: scope.person_id is not None),
        order=10,
    )
    room_pages.register(
        "feedback_rounds", RoomPage(_("Feedback rounds"), "feedback_rounds", "bar-chart", watches), order=12
    )
    person_panels.register(
        "feedback", PersonPanel(_("Feedback"), "evaluations/includes/feedback_panel.html", person_panel, tab="evaluation"), order=108
    )  # fmt: skip
    mentoring_panels.register(
        "feedback",
        PersonPanel(_("Feedback"), "evaluations/includes/feedback_mentoring.html", mentoring_panel),
        order=120,
    )


def _assessments() -> None:
    """What the portal knows of a mentor's year, and what the committee makes of it."""
    from . import notices_assessment
    from .assessment_page import home_cards as assessment_cards
    from .assessment_page import is_keeper, person_panel
    from .home import RoomPage, home_cards, room_pages

    notices_assessment.register()
    home_cards.register("assessments", assessment_cards, order=40)
    room_pages.register(
        "assessments", RoomPage(_("Mentor assessments"), "assessments", "clipboard-data", is_keeper), order=40
    )
    person_panels.register(
        "assessment",
        PersonPanel(
            _("Mentor assessments"), "evaluations/includes/assessment_panel.html", person_panel, tab="evaluation"
        ),
        order=115,
    )
