"""Attachments of an entry, an activity, an announcement or a chapter of a textbook: added, removed; their files go with their rows."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.db.models.signals import post_delete
from django.utils.translation import gettext as _

from accounts.limits import Limit, take_turn
from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .attachment_files import PICTURES, Prepared, clean_name, prepare
from .event_models import Activity, ActivityState
from .event_rules import may_keep_list
from .lectures.textbook_services import may_add_material, may_remove_material
from .models import LogEntry, LogState, TextbookChapter
from .record_models import Announcement, Attachment

FILES_AT_MOST: Final = 6
# A chapter is shared by all speakers of the college.
CHAPTER_FILES_AT_MOST: Final = 30
# SAFETY.md 6: of all entries, activities and announcements of one branch together; without a branch, of one uploader.
SPACE_AT_MOST: Final = 500 * 1024 * 1024
PHOTOS_AT_MOST: Final = 3
UPLOADS: Final = Limit("attachment", 60, timedelta(hours=1))

Target = LogEntry | Activity | Announcement | TextbookChapter
logger = logging.getLogger(__name__)


def register() -> None:
    """Files of rows that are deleted in any way, cascades too, are deleted when that is certain."""
    post_delete.connect(_drop_file, sender=Attachment, dispatch_uid="attachment-file")


def field_of(target: Target) -> str:
    """The column of an attachment that points to such a thing."""
    names = {LogEntry: "log_entry", Activity: "activity", Announcement: "announcement", TextbookChapter: "chapter"}
    return names[type(target)]


def may_attach(target: Target, scope: Scope) -> bool:
    """The author of an entry; who keeps the list of an activity; who may change an announcement; who lectures on a chapter."""
    if isinstance(target, LogEntry):
        return scope.person_id is not None and target.person_id == scope.person_id
    if isinstance(target, Activity):
        return may_keep_list(target, scope)
    if isinstance(target, TextbookChapter):
        return may_add_material(scope)
    return Announcement.objects.changeable_by(scope).filter(pk=target.pk).exists()


def may_remove(attachment: Attachment, scope: Scope) -> bool:
    """Who may attach may remove; of what many share on a chapter only who shared it, and the organisers."""
    return attachment.chapter_id is None or may_remove_material(attachment.uploaded_by_id, scope)


def target_of(attachment: Attachment) -> Target:
    """What a file hangs on."""
    found = attachment.log_entry or attachment.activity or attachment.announcement or attachment.chapter
    assert found is not None  # kept by the database
    return found


def files_at_most(target: Target) -> int:
    return CHAPTER_FILES_AT_MOST if isinstance(target, TextbookChapter) else FILES_AT_MOST


def closed_words(target: Target, *, removing: bool = False) -> str:
    """Why nothing is attached (or removed) any more, "" while it still is. A finished activity still takes what proves it."""
    if isinstance(target, LogEntry):
        if target.state == LogState.CONFIRMED:
            return _("This entry is confirmed and stays as it is. Ask the secretary to return it first.")
    elif isinstance(target, Activity):
        if target.state == ActivityState.CANCELLED:
            return _("This activity was called off: nothing is attached any more.")
        if removing and target.state == ActivityState.FINISHED:
            return _("This activity is finished: what was attached stays.")
    elif isinstance(target, Announcement) and target.withdrawn_at is not None:
        return _("This announcement was withdrawn: nothing is attached any more.")
    return ""


def add_photos(*, entry: LogEntry, files: Sequence[UploadedFile], scope: Scope, by: User, now: datetime) -> list[str]:
    """Pictures sent along with an entry: each is kept or refused by itself. Returns a sentence for each that was refused.

    The same form sent twice keeps each picture once.
    """
    refused = []
    for file in files[:PHOTOS_AT_MOST]:
        name = clean_name(file.name or "")
        try:
            if name.rpartition(".")[2].lower() not in PICTURES:
                raise Refused(_("Only pictures (JPEG, PNG, WebP) go along with an entry."))
            add_attachment(target=entry, file=file, once=True, scope=scope, by=by, now=now)
        except Refused as refusal:
            refused.append(_("%(name)s: %(why)s") % {"name": name or _("file"), "why": refusal.text})
        except OSError:
            logger.exception("a photo of log entry %s could not be written", entry.pk)
            refused.append(_("%(name)s could not be stored. Add it to the entry later.") % {"name": name})
    if len(files) > PHOTOS_AT_MOST:
        refused.append(_("At most %(count)d photos go along; the others were left out.") % {"count": PHOTOS_AT_MOST})
    return refused


def add_attachment(
    *, target: Target, file: UploadedFile, once: bool = False, scope: Scope, by: User, now: datetime
) -> Attachment:
    """Check a file, keep it under a name of its own and note it. Raises `Refused`. With `once` the same content that hangs
    there already is returned instead.

    The file is written before the transaction begins, and deleted again when that fails.
    """
    _check_rights(target, scope, removing=False)
    if take_turn(limit=UPLOADS, user=by, now=now):
        words = _("You have attached %(count)d files within an hour, which is the limit. Go on later.")
        raise Refused(words % {"count": UPLOADS.times}, field="file")
    prepared = prepare(file.name or "", file.read())
    digest = hashlib.sha256(prepared.data).hexdigest()
    if once and (known := Attachment.objects.filter(sha256=digest, **{field_of(target): target}).first()):
        return known
    row = Attachment(
        name=prepared.name, kind=prepared.kind, content_type=prepared.content_type, size=len(prepared.data),
        sha256=digest, uploaded_by=by, uploaded_at=now, **{field_of(target): target},
    )  # fmt: skip
    row.file.save(f"{uuid.uuid4().hex}.{prepared.extension}", ContentFile(prepared.data), save=False)
    try:
        _note(row, target, prepared, scope)
    except BaseException:
        row.file.storage.delete(str(row.file.name))
        raise
    return row


@transaction.atomic
def _note(row: Attachment, target: Target, prepared: Prepared, scope: Scope) -> None:
    locked = _lock(target)
    _check_rights(locked, scope, removing=False)
    if Attachment.objects.filter(**{field_of(locked): locked}).count() >= files_at_most(locked):
        words = _("There are %(count)d files already, which is the limit. Remove one first.")
        raise Refused(words % {"count": files_at_most(locked)}, field="file")
    if _space_used(locked, row.uploaded_by_id) + len(prepared.data) > SPACE_AT_MOST:
        words = _("No space is left: the files of this branch fill %(limit)d MB. Remove old ones first.")
        raise Refused(words % {"limit": SPACE_AT_MOST // (1024 * 1024)}, field="file")
    row.save()


@transaction.atomic
def remove_attachment(*, attachment: Attachment, scope: Scope, now: datetime) -> None:
    """Take a file away while what it hangs on is open. Raises `Refused`."""
    target = target_of(attachment)
    _check_rights(_lock(target), scope, removing=True)
    if not may_remove(attachment, scope):
        raise Refused(_("Materials are removed by who shared them and by the organisers."))
    Attachment.objects.filter(pk=attachment.pk).delete()


def _lock(target: Target) -> Any:
    try:
        return type(target).objects.select_for_update(of=("self",)).get(pk=target.pk)
    except type(target).DoesNotExist as error:
        raise Refused(_("This was deleted meanwhile. Go back to the list.")) from error


def _check_rights(target: Target, scope: Scope, *, removing: bool) -> None:
    if not may_attach(target, scope):
        raise Refused(_("Files are attached by who wrote it."))
    if words := closed_words(target, removing=removing):
        raise Refused(words)


def _space_used(target: Target, user_id: int) -> int:
    person = target.person if isinstance(target, LogEntry) else None
    branch_id = person.party_branch_id if person else getattr(target, "party_branch_id", None)
    rows = Attachment.objects.annotate(
        branch=Coalesce(
            F("log_entry__person__party_branch"), F("activity__party_branch"), F("announcement__party_branch")
        )
    )
    mine = Q(branch=branch_id) if branch_id else Q(branch=None, uploaded_by=user_id)
    return int(rows.filter(mine).aggregate(total=Sum("size"))["total"] or 0)


def _drop_file(instance: Attachment, **_signal: Any) -> None:
    """Only after the transaction: what is rolled back keeps its file."""
    storage, name = instance.file.storage, instance.file.name
    if name:
        transaction.on_commit(lambda: storage.delete(name), robust=True)
