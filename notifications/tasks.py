from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from .services import run_tick


@shared_task(name="notifications.tick", ignore_result=True)
def tick() -> dict[str, int]:
    """Once a minute; may run twice."""
    return run_tick(now=timezone.now())
