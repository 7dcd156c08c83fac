"""The base of every queryset a person's request starts from."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404

from .scope import Scope

ModelType = TypeVar("ModelType", bound=models.Model)


class ScopedQuerySet(models.QuerySet[ModelType]):
    """Rows a scope may see, those it may change, those it may hang others on. The default shows nothing.

    `is_college_wide`: a row more changes something for the whole college, so only who answers for all of it adds one.
    """

    is_college_wide: ClassVar[bool] = False

    def visible_to(self, scope: Scope) -> ScopedQuerySet[ModelType]:
        return self.none()

    def changeable_by(self, scope: Scope) -> ScopedQuerySet[ModelType]:
        """Rows whose fields the scope may edit; by default the rows it sees."""
        return self.visible_to(scope)

    def attachable_by(self, scope: Scope) -> ScopedQuerySet[ModelType]:
        """Rows the scope may choose for a row of its own, as the branch of a duty; by default those it may change."""
        return self.changeable_by(scope)


def get_visible_or_404(queryset: models.QuerySet[ModelType], **lookup: Any) -> ModelType:
    """The one row of a `visible_to` queryset. Strangers get 404, the same as for a row that does not exist."""
    try:
        return queryset.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError) as error:
        raise Http404 from error
