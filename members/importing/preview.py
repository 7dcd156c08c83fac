"""What the page shows of a plan before it is applied: every person, post, League branch, class and absence it touches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from branches.models import Department, LeagueBranch, PartyBranch, SchoolClass

from ..models import Person
from ..office_models import PostKind
from .plan import Plan
from .service import FileReport

# Of each kind.
SHOWN_ROWS = 200


def preview_of(file: FileReport, token: str) -> dict[str, Any]:
    """The context of one file; `token` "" when there is nothing to confirm."""
    plan = file.plan
    leagues = plan.changed_leagues
    counted: tuple[Sequence[Any], ...] = (plan.created, plan.updated, plan.posts, leagues, plan.absences, plan.notes)
    return {
        "file": file,
        "token": token,
        "counts": file.counts,
        "changes_anything": plan.changes_anything,
        "created": plan.created[:SHOWN_ROWS],
        "updates": [
            {
                "number": person.draft.number,
                "name": person.merged["name"],
                "changes": cells(Person, person.changes),
            }
            for person in plan.updated[:SHOWN_ROWS]
        ],
        "places": new_places(plan),
        "leagues": [
            {
                "name": league.draft.name,
                "is_new": league.existing is None,
                "changes": cells(LeagueBranch, league.changes),
            }
            for league in leagues[:SHOWN_ROWS]
        ],
        "posts": [
            {
                "name": post.name,
                "number": post.number,
                "post": PostKind(post.kind).label,
                "where": post.where,
                "ends": post.replaced_name,
            }
            for post in plan.posts[:SHOWN_ROWS]
        ],
        "absences": plan.absences[:SHOWN_ROWS],
        "notes": plan.notes[:SHOWN_ROWS],
        "more": sum(max(0, len(rows) - SHOWN_ROWS) for rows in counted),
    }


def cells(model: type[Model], changes: Iterable[tuple[str, Any, Any]]) -> list[dict[str, Any]]:
    """Changes of a row of `model`, as label, old and new."""
    return [
        {
            "label": model._meta.get_field(name).verbose_name,  # type: ignore[union-attr]  # a column
            "old": _shown(model, name, old),
            "new": _shown(model, name, new),
        }
        for name, old, new in changes
    ]


def _shown(model: type[Model], name: str, value: Any) -> str:
    if value in (None, ""):
        return "—"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    choices = dict(getattr(model._meta.get_field(name), "choices", None) or [])
    return str(choices.get(value, value))


def new_places(plan: Plan) -> list[dict[str, Any]]:
    """Departments, and Party branches and classes with their department, that are created with the file."""
    found: list[tuple[type[Model], str, str]] = [
        *((Department, name, "") for name in plan.new_departments),
        *((PartyBranch, name, department) for name, department in plan.new_branches),
        *((SchoolClass, name, department) for department, name in plan.new_classes),
    ]
    return [
        {"kind": model._meta.verbose_name, "name": name, "department": department} for model, name, department in found
    ]


def effects(plans: Iterable[Plan]) -> dict[str, int]:
    """How much these plans change, by kind."""
    total = {"people": 0, "posts": 0, "leagues": 0, "absences": 0}
    for plan in plans:
        total["people"] += len(plan.people)
        total["posts"] += len(plan.posts)
        total["leagues"] += len(plan.changed_leagues)
        total["absences"] += len(plan.absences)
    return total


def in_words(effects: dict[str, int]) -> str:
    """What there is of each kind, the kinds without any left out."""
    words = (
        (effects["people"], _("people: %(count)d")),
        (effects["posts"], _("posts: %(count)d")),
        (effects["leagues"], _("League branches: %(count)d")),
        (effects["absences"], _("internships: %(count)d")),
    )
    return "、".join(text % {"count": count} for count, text in words if count)
