"""Django system checks on values that stand in the settings file itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def visibility_outlasts_tasks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A task that runs longer than the broker's visibility timeout is handed out a second time."""
    options = getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {})
    visible = options.get("visibility_timeout", 0)
    limit = getattr(settings, "CELERY_TASK_TIME_LIMIT", 0)
    if visible > limit:
        return []
    return [
        Error(
            f"visibility_timeout ({visible} s) must be longer than CELERY_TASK_TIME_LIMIT ({limit} s): "
            "tasks would run twice",
            id="portal.E001",
        )
    ]
