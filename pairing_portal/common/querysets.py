"""The base of every queryset a person's request starts from."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404

from .scope import Scope

ModelType = TypeVar("ModelType", bound=models.Model)


class ScopedQuerySet(models.QuerySet[ModelType]):
    """Rows a scope may see, and those it may change. Rooms override both; the default shows nothing."""

    def visible_to(self, scope: Scope) -> ScopedQuerySet[ModelType]:
        return self.none()

    def changeable_by(self, scope: Scope) -> ScopedQuerySet[ModelType]:
        """Rows whose fields the scope may edit; by default the rows it sees."""
        return self.visible_to(scope)


def get_visible_or_404(queryset: models.QuerySet[ModelType], **lookup: Any) -> ModelType:
    """The one row of a `visible_to` queryset. Strangers get 404, the same as for a row that does not exist."""
    try:
        return queryset.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError) as error:
        raise Http404 from error
