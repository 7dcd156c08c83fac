"""How the admin looks: Unfold in the portal's colours, its left column grouped by job.

Imported by the settings, so nothing here touches a model before it is called.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# The left column, top to bottom: apps whose pages belong to one job. Apps named nowhere follow at the end.
JOBS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Organisation"), ("branches",)),
    (_("Members"), ("members",)),
    (_("Pairing"), ("pairings",)),
    (_("Tiered mentoring"), ("mentoring",)),
    (_("Activities and lectures"), ("activities",)),
    (_("Evaluation"), ("evaluations",)),
    (_("Reports"), ("reports",)),
    (_("Accounts and notices"), ("accounts", "notifications")),
)

# One sign a page, by the model's name; names of Unfold's own icon font.
ICONS = {
    "department": "domain",
    "partybranch": "account_tree",
    "leaguebranch": "flag",
    "schoolclass": "school",
    "academicyear": "calendar_month",
    "calendarday": "event",
    "policyvalue": "rule",
    "person": "person",
    "member": "badge",
    "candidate": "how_to_reg",
    "activist": "person_add",
    "applicant": "edit_document",
    "post": "assignment_ind",
    "staffrole": "supervisor_account",
    "absence": "luggage",
    "branchpairing": "link",
    "memberpairing": "group",
    "branchsplit": "call_split",
    "pairinggroup": "groups",
    "groupplace": "person_pin",
    "committeepairing": "handshake",
    "pairingtask": "checklist",
    "crossinspection": "fact_check",
    "inspectionmaterial": "folder_open",
    "jointproject": "science",
    "cover": "swap_horiz",
    "mentorship": "diversity_3",
    "logentry": "edit_note",
    "lecture": "menu_book",
    "textbook": "book",
    "lectureduty": "event_available",
    "user": "key",
    "auditevent": "history",
    "delivery": "outgoing_mail",
    "developmentstep": "timeline",
    "excellentmember": "military_tech",
    "sponsor": "handshake",
    "quotaexemption": "event_busy",
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups by job with the pages this person may open; what the roles refuse is not there at all."""
    from django.contrib import admin

    pages = {
        app["app_label"]: [_page(model, request) for model in app["models"] if model["admin_url"]]
        for app in admin.site.get_app_list(request)
    }
    back = {"title": _("Back to the portal"), "icon": "home", "link": reverse_lazy("workbench"), "active": False}
    groups: list[dict[str, Any]] = [{"items": [back]}]
    placed: set[str] = set()
    for title, labels in JOBS:
        groups.append({"title": title, "items": [page for label in labels for page in pages.get(label, [])]})
        placed.update(labels)
    others = [page for label, found in pages.items() if label not in placed for page in found]
    groups.append({"title": _("Other"), "items": others})
    return [group for group in groups if group["items"]]


def _page(model: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    return {
        "title": model["name"],
        "icon": ICONS.get(model["object_name"].lower(), "circle"),
        "link": model["admin_url"],
        "active": request.path.startswith(model["admin_url"]),
    }


def stylesheet(path: str) -> Any:
    """Unfold asks for addresses at request time: hashed names are known only then."""
    return lambda request: static(path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Pairing Portal"),
    "SITE_HEADER": _("Pairing Portal"),
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/",
    "SITE_ICON": stylesheet("favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": stylesheet("favicon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "THEME": "light",
    "BORDER_RADIUS": "8px",
    "STYLES": [stylesheet("css/tokens.css"), stylesheet("css/admin.css")],
    "ACCOUNT": {"navigation": [{"title": _("My account"), "link": reverse_lazy("account_home")}]},
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": sidebar,
    },
    # The portal's red and its greys, as scales; 600 is --brand, 700 its hover.
    "COLORS": {
        "primary": {
            "50": "#fdf3f1",
            "100": "#fbe5e1",
            "200": "#f5cdc6",
            "300": "#eba79d",
            "400": "#dc7468",
            "500": "#c83f36",
            "600": "#b71c1c",
            "700": "#9b1b1b",
            "800": "#7f1919",
            "900": "#681818",
            "950": "#390a0a",
        },
        "base": {
            "50": "#fafaf9",
            "100": "#f0f2f4",
            "200": "#e4e7eb",
            "300": "#c9ced6",
            "400": "#8a929d",
            "500": "#5b6470",
            "600": "#4a525d",
            "700": "#3a414a",
            "800": "#2a3037",
            "900": "#1f2328",
            "950": "#14171a",
        },
    },
}
