"""What is said about a mentor assessment: it can be read, an objection waits, it was answered. No text names a person or a grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Post, StaffRole
from members.office_models import MANAGING_POSTS, StaffKind
from pairing_portal.common.registries import DueNotice, NoticeKind, asked_together, register_notices

from .models import MentorAssessment

SHOWN: Final = "evaluations.assessment_shown"
OBJECTION: Final = "evaluations.assessment_objection"
ANSWERED: Final = "evaluations.assessment_answered"
RECENT: Final = timedelta(days=30)
Subject = dict[str, Any]


def register() -> None:
    kinds = (
        NoticeKind(SHOWN, gettext_lazy("Your mentor assessment can be read"), _shown_text, may_mute=False),
        NoticeKind(OBJECTION, gettext_lazy("An objection to a mentor assessment waits"), _objection_text, **asked_together(_answered), to_office=True),
        NoticeKind(ANSWERED, gettext_lazy("Your objection to a mentor assessment was answered"), _answered_text, may_mute=False),
    )  # fmt: skip
    sources = {SHOWN: compute_shown, OBJECTION: compute_objections, ANSWERED: compute_answers}
    register_notices(kinds, sources)


def _page(pk: int) -> str:
    return reverse("assessment", args=[pk])


def compute_shown(now: datetime) -> Iterator[DueNotice]:
    """The person, once a version is shown."""
    rows = MentorAssessment.objects.filter(shown_at__gte=now - RECENT, person__user__is_active=True)
    for row in rows.select_related("person", "academic_year"):
        yield DueNotice(
            kind=SHOWN, user_id=row.person.user_id, dedupe_key=f"{SHOWN}:{row.pk}:{row.person.user_id}",
            subject={"year": str(row.academic_year)}, link=_page(row.pk),
        )  # fmt: skip


def compute_objections(now: datetime) -> Iterator[DueNotice]:
    """The officers who run the branch, but neither the person nor who decided; where none is left, the department's staff."""
    waiting = list(
        MentorAssessment.objects.filter(objected_at__isnull=False, answered_at=None).order_by("pk")
        .values_list("pk", "person_id", "person__party_branch_id", "person__department_id", "decided_by_id", "answer_due_on")
    )  # fmt: skip
    officers = _officers({row[2] for row in waiting}, now)
    staff = _staff({row[3] for row in waiting})
    for pk, person_id, branch_id, department_id, decided_by, due_on in waiting:
        told = {user for person, user in officers.get(branch_id, ()) if person != person_id and user != decided_by}
        for user_id in sorted(told or staff.get(department_id, set()) or staff.get(None, set())):
            yield DueNotice(
                kind=OBJECTION, user_id=user_id, dedupe_key=f"{OBJECTION}:{pk}:{user_id}",
                subject={"assessment": pk, "due": due_on.isoformat()}, link=_page(pk),
            )  # fmt: skip


def _officers(branch_ids: set[int | None], now: datetime) -> dict[int, list[tuple[int, int]]]:
    """Branch → (person, account) of those who run it."""
    found: dict[int, list[tuple[int, int]]] = {}
    posts = Post.objects.current(timezone.localdate(now)).filter(
        party_branch_id__in=branch_ids - {None}, kind__in=MANAGING_POSTS, person__user__is_active=True
    )
    for branch_id, person_id, user_id in posts.values_list("party_branch_id", "person_id", "person__user_id"):
        found.setdefault(branch_id, []).append((person_id, user_id))
    return found


def _staff(department_ids: set[int]) -> dict[int | None, set[int]]:
    """Department → accounts of its organisers; None: those of the whole college."""
    found: dict[int | None, set[int]] = {}
    roles = StaffRole.objects.filter(kind=StaffKind.ORGANISER, user__is_active=True)
    roles = roles.filter(Q(department=None) | Q(department_id__in=department_ids))
    for department_id, user_id in roles.values_list("department_id", "user_id"):
        found.setdefault(department_id, set()).add(user_id)
    return found


def compute_answers(now: datetime) -> Iterator[DueNotice]:
    """Who objected, once it is answered."""
    recent = MentorAssessment.objects.filter(answered_at__gte=now - RECENT, person__user__is_active=True)
    for pk, user_id in recent.values_list("pk", "person__user_id"):
        yield DueNotice(
            kind=ANSWERED, user_id=user_id, dedupe_key=f"{ANSWERED}:{pk}:{user_id}", subject={}, link=_page(pk)
        )


def _answered(subjects: Sequence[Subject], now: datetime) -> list[bool]:
    ids = [subject["assessment"] for subject in subjects if "assessment" in subject]
    waiting = set(MentorAssessment.objects.filter(pk__in=ids, answered_at=None).values_list("pk", flat=True))
    return [subject.get("assessment") not in waiting for subject in subjects]


def _shown_text(subject: Subject) -> tuple[str, str]:
    return _("Mentor assessment %(year)s: it can be read") % subject, _(
        "With the sum, the committee's decision and the reason. If something is wrong, say so there."
    )


def _objection_text(subject: Subject) -> tuple[str, str]:
    return _("An objection to a mentor assessment waits for an answer"), _("An answer is due by %(due)s.") % subject


def _answered_text(subject: Subject) -> tuple[str, str]:
    return _("Your objection was answered"), _("Read the answer on the page of your mentor assessment.")
