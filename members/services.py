"""What happens to people: saved by hand, their stage kept in step with the calendar, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import leave_effects

from .models import Person, Post
from .stages import STAGE_DATE_FIELDS, derive_stage

BATCH = 500


@transaction.atomic
def save_person(*, person: Person, today: date, by: User | None) -> Person:
    """Save a person as edited; the stage follows from the dates. Raises `Refused` for a branch of another department."""
    branch = person.party_branch
    if branch is not None and branch.department_id != person.department_id:
        raise Refused(
            _("The Party branch belongs to another department. Choose a branch of the person's department."),
            field="party_branch",
        )
    school_class = person.school_class
    if school_class is not None and school_class.department_id != person.department_id:
        raise Refused(
            _("The class belongs to another department. Choose a class of the person's department."),
            field="school_class",
        )
    person.settle_stage(today)
    person._history_user = by  # type: ignore[attr-defined]  # the name simple_history reads
    person.save()
    return person


def refresh_stages(*, today: date) -> int:
    """Bring stages in step with dates that have come. Set-wise, safe to repeat; returns how many changed.

    Only people with a date in the last ten days or ahead of their stage can be out of step; all are looked at.
    """
    changed = 0
    rows = Person.objects.order_by("pk").values_list("pk", "stage", "is_league_member", *STAGE_DATE_FIELDS)
    stale: dict[str, list[int]] = {}
    for pk, stage, is_league_member, *dates in rows.iterator(chunk_size=5_000):
        wanted = derive_stage(
            dict(zip(STAGE_DATE_FIELDS, dates, strict=True)), is_league_member=is_league_member, today=today
        )
        if wanted != stage:
            stale.setdefault(wanted.value, []).append(pk)
    for stage, ids in stale.items():
        for start in range(0, len(ids), BATCH):
            people = Person.objects.filter(pk__in=ids[start : start + BATCH])
            with transaction.atomic():
                for person in people:
                    person.stage = stage
                    person.save(update_fields=["stage"])
                    changed += 1
    return changed


@transaction.atomic
def leave_people(*, people: Sequence[Person], left_on: date, today: date, by: User | None) -> list[str]:
    """People leave: their posts end, and every room ends what it holds of them. Returns what happened, in lines.

    Running it again changes nothing. Histories and logs stay.
    """
    ids = [person.pk for person in people]
    lines: list[str] = []
    for person in Person.objects.select_for_update().filter(pk__in=ids, left_on=None).order_by("pk"):
        person.left_on = left_on
        save_person(person=person, today=today, by=by)
        lines.append(_("%(name)s left on %(date)s.") % {"name": person.name, "date": left_on})
    open_posts = Post.objects.filter(person_id__in=ids).filter(Q(ended_on=None) | Q(ended_on__gt=left_on))
    for post in open_posts.select_related("person", "party_branch", "league_branch"):
        post.ended_on = max(left_on, post.since or left_on)
        post.save()
        lines.append(_("%(name)s: %(post)s ends.") % {"name": post.person.name, "post": post})
    for effect in leave_effects:
        lines += effect.apply(ids, left_on, by.pk if by else None)
    return lines
