"""The files of an entry, an activity, an announcement or a chapter, wherever its page stands."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from activities.attachment_services import closed_words, field_of, files_at_most, may_attach, may_remove
from activities.forms_records import AttachmentForm
from activities.models import Attachment
from pairing_portal.common.requests import scope_of

register = template.Library()
ADDRESSES = {
    "log_entry": "log_attach", "activity": "activity_attach", "announcement": "announcement_attach",
    "chapter": "textbook_chapter_attach",
}  # fmt: skip


@register.inclusion_tag("activities/includes/attachments.html", takes_context=True)
def attachments(context: dict[str, Any], target: Any) -> dict[str, Any]:
    """{% attachments entry %}: the list, and the form for who may add; nothing at all where there is neither. One query."""
    request = context["request"]
    scope, field = scope_of(request), field_of(target)
    rows = list(Attachment.objects.visible_to(scope).filter(**{field: target}))
    mine, limit = may_attach(target, scope), files_at_most(target)
    open_ = mine and not closed_words(target, removing=True)
    for row in rows:
        row.may_remove = open_ and may_remove(row, scope)
    return {
        "request": request,
        "csrf_token": context.get("csrf_token", ""),
        "pictures": [row for row in rows if row.kind == "image"],
        "documents": [row for row in rows if row.kind != "image"],
        "form": AttachmentForm() if mine and not closed_words(target) and len(rows) < limit else None,
        "add_url": reverse(ADDRESSES[field], args=[target.pk]),
        "limit": limit,
    }
