"""Views of a register that somebody keeps: filters, order and columns under a name, for themselves only."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from pairing_portal.common.problems import Refused

from .models import SavedView
from .registers import BY_KEY, SHOWN

AT_MOST = 20
QUERY_LENGTH = 500
NAME_LENGTH = 40
# Where one stands in the list and what was clicked last is no part of a view.
LEFT_OUT = frozenset({"p", "all", "cols", "view", "e", "_changelist_filters", "_popup", "_to_field"})


def kept_query(query: str) -> str:
    """What of an address makes a view: filters, search and order."""
    pairs = [(key, value) for key, value in parse_qsl(query) if key not in LEFT_OUT and value]
    return urlencode(pairs)


def _checked_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise Refused(_("Give the view a name."), field="name")
    if len(name) > NAME_LENGTH:
        raise Refused(_("A name has %(limit)d characters at most.") % {"limit": NAME_LENGTH}, field="name")
    return name


def _refuse_taken(user: User, register: str, name: str, besides: int = 0) -> None:
    if SavedView.objects.filter(user=user, register=register, name=name).exclude(pk=besides).exists():
        raise Refused(_("You have a view of this name already."), field="name")


def _lock(user: User) -> None:
    """One change to somebody's views at a time: two windows agree on the names and on how many there are."""
    User.objects.select_for_update().get(pk=user.pk)


@transaction.atomic
def save_view(*, user: User, register: str, name: str, query: str, columns: Sequence[str]) -> SavedView:
    """Keep the present filters and columns under a name. Raises `Refused` for a name that is taken, too many, or too long."""
    if register not in SHOWN:
        raise Refused(_("There is no such register."), field="register")
    name, kept = _checked_name(name), kept_query(query)
    if len(kept) > QUERY_LENGTH:
        raise Refused(_("The filters are too long to be kept."), field="name")
    _lock(user)
    _refuse_taken(user, register, name)
    if SavedView.objects.filter(user=user, register=register).count() >= AT_MOST:
        raise Refused(_("%(count)d views at most; delete one first.") % {"count": AT_MOST}, field="name")
    known = [key for key in dict.fromkeys(columns) if key in BY_KEY]
    return SavedView.objects.create(user=user, register=register, name=name, query=kept, columns=known)


@transaction.atomic
def rename_view(*, view: SavedView, name: str, by: User) -> SavedView:
    """Another name. Raises `Refused` for somebody else's view or a name that is taken."""
    name = _checked_name(name)
    _lock(by)
    row = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if row is None:
        raise Refused(_("This view was deleted meanwhile."))
    if row.user_id != by.pk:
        raise Refused(_("This view belongs to somebody else."))
    _refuse_taken(by, row.register, name, besides=row.pk)
    row.name = name
    row.save(update_fields=["name"])
    return row


@transaction.atomic
def delete_view(*, view: SavedView, by: User) -> None:
    """Delete a view; what it showed stays. Raises `Refused` for somebody else's."""
    row = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if row is None:
        return
    if row.user_id != by.pk:
        raise Refused(_("This view belongs to somebody else."))
    row.delete()


def address_of(view: SavedView) -> str:
    """The query of the register's page that shows this view."""
    pairs = [*parse_qsl(view.query), *(("cols", key) for key in view.columns)]
    return urlencode([*pairs, ("view", str(view.pk))])
