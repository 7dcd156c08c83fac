"""The request as the rooms see it: a signed-in user and the scope computed for them once."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest

from .scope import NOBODY, Scope


def scope_of(request: HttpRequest) -> Scope:
    """The scope of the signed-in user, computed once a request; `NOBODY` for a stranger.

    The builder is `User.build_scope`, which members/ provides, so that the floor imports no room.
    """
    cached = getattr(request, "_scope", None)
    if cached is None:
        user = cast(Any, request.user)
        cached = user.build_scope() if user.is_authenticated else NOBODY
        cast(Any, request)._scope = cached
    return cast(Scope, cached)
