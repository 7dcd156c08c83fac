"""What this room tells the rooms below it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import LeaveEffect, leave_effects


def register() -> None:
    from . import notices, notices_needs, notices_phone, notices_work
    from .services import end_links_of, preview_links_of

    for spoken in (notices, notices_work, notices_needs, notices_phone):
        spoken.register()
    leave_effects.register("mentoring", LeaveEffect(_("Mentoring links end"), end_links_of, preview_links_of))
