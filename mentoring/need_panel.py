"""On a person's page: “being helped”, and the way to the page where those who may look. The same whether a need is recorded or not."""

from __future__ import annotations

from typing import Any

from pairing_portal.common.scope import Scope

from .need_services import is_helped, readable_people


def support_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """None for everybody who may not look."""
    is_me = person_id == scope.person_id
    if not is_me and not readable_people(scope).filter(pk=person_id).exists():
        return None
    return {"person_id": person_id, "is_me": is_me, "is_helped": is_helped(person_id)}
