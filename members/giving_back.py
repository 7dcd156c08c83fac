"""What this room gives back when a move or a leaving is taken back: posts, and who keeps in touch with mobile members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from pairing_portal.common.registries import Handing, Restorer

from .models import MobileMember, Person, Post
from .office_models import LEAGUE_POSTS, SHARED_POSTS
from .restoring import handed_on_words

Rows = Sequence[dict[str, Any]]
Told = tuple[list[str], list[str]]


def held_posts(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    """Open posts; a move leaves those in League branches alone."""
    posts = Post.objects.filter(person_id=person_id, ended_on=None).order_by("pk")
    if branch_id is not None:
        posts = posts.filter(party_branch_id=branch_id).exclude(kind__in=LEAGUE_POSTS)
    return [{"post": pk} for pk in posts.values_list("pk", flat=True)]


def restore_posts(rows: Rows, handing: Handing) -> Told:
    """A term goes on where the post is still vacant; a post that has a new holder stays with them."""
    back, by_hand = [], []
    posts = Post.objects.select_related("person", "party_branch", "league_branch")
    for post in posts.filter(pk__in=[row["post"] for row in rows], ended_on__isnull=False).order_by("pk"):
        place = {"party_branch": post.party_branch, "league_branch": post.league_branch}
        others = Post.objects.filter(kind=post.kind, ended_on=None, **place).select_related("person")
        holder = others.filter(person=post.person).first() if post.kind in SHARED_POSTS else others.first()
        if holder is not None:
            by_hand.append(handed_on_words(post.get_kind_display(), holder.person.name))
            continue
        post.ended_on = None
        post._history_user = handing.by
        post.save()
        back.append(str(post))
    return back, by_hand


def held_mobile(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    """One's own open entry, and those of whom one keeps in touch with."""
    rows = MobileMember.objects.open()
    own = [{"mobile": row.pk, "contact": row.contact_id} for row in rows.filter(person_id=person_id).order_by("pk")]
    kept = [{"mobile": row.pk, "contact": person_id} for row in rows.filter(contact_id=person_id).order_by("pk")]
    return own + kept


def restore_mobile(rows: Rows, handing: Handing) -> Told:
    """The entry is open again; the same person keeps in touch where both are of one branch and nobody else was named since."""
    back, by_hand = [], []
    contacts = Person.objects.present().in_bulk([row["contact"] for row in rows if row["contact"]])
    for kept in rows:
        row = MobileMember.objects.with_names().filter(pk=kept["mobile"]).first()
        contact = contacts.get(kept["contact"])
        if row is None or row.person.left_on is not None:
            continue
        before = (row.ended_on, row.contact_id)
        if row.ended_on is not None and row.ended_on >= handing.on:
            if MobileMember.objects.open().filter(person=row.person).exists():
                continue
            row.ended_on = None
        if row.contact is None and contact is not None and contact.party_branch_id == row.person.party_branch_id:
            row.contact = contact
        if (row.ended_on, row.contact_id) != before:
            row._history_user = handing.by
            row.save()
            back.append(_("mobile member: %(name)s") % {"name": row.person.name})
        elif row.contact_id != kept["contact"]:
            by_hand.append(_("%(name)s needs somebody else who keeps in touch.") % {"name": row.person.name})
    return back, by_hand


POSTS: Final = Restorer(held_posts, restore_posts)
MOBILE: Final = Restorer(held_mobile, restore_mobile)
