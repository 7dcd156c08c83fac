"""How notices read outside the portal: one with its own words, several as a summary.

Always in the portal's own language. No names of mentees and no categories (RULES.md P5): the kinds' texts are written so, and
nothing is added to them here but a greeting line that leads back into the portal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.registries import notice_kinds

from ..models import Notice
from .base import Undeliverable

# Lines of a summary; the rest is counted and stands in the portal.
LINES = 40
# Marks of markdown and tags, which a name typed by somebody must not bring into a chat.
MARKS = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "｀", "#": "＃"})


@dataclass(frozen=True)
class Group:
    """Titles of one kind; `heading` is empty where there is one notice only."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Wording:
    """`address` is where to sign in, "" when the portal was not told its own address."""

    title: str
    groups: tuple[Group, ...]
    footer: str
    address: str = ""

    def plain(self, limit: int | None = None) -> str:
        """The body as plain text, without the title."""
        return fit("\n\n".join(_block(group, bullet="- ") for group in self.groups), self._way_in(), limit)

    def text(self, limit: int) -> str:
        """Title and body for a chat, at most `limit` bytes: the title and the way in stay whole."""
        return fit(
            "\n\n".join([self.title, *(_block(group, bullet="- ") for group in self.groups)]), self._way_in(), limit
        )

    def markdown(self, limit: int, *, heading: str, bullet: str) -> str:
        """For the robots; `heading` holds %s where the title stands."""
        way_in = f"[{self.footer}]({self.address})" if self.address else self.footer
        blocks = [_block(group, bullet=bullet) for group in self.groups]
        return fit("\n\n".join([heading % self.title, *blocks]), way_in, limit)

    def _way_in(self) -> str:
        return f"{self.footer}\n{self.address}" if self.address else self.footer


def _block(group: Group, *, bullet: str) -> str:
    if not group.heading:
        return "\n".join(group.lines)
    return "\n".join([group.heading, *(f"{bullet}{line}" for line in group.lines)])


def word(notices: Sequence[Notice]) -> Wording:
    """What to say. Raises `Undeliverable` when this release knows none of the kinds."""
    with translation.override(settings.LANGUAGE_CODE):
        said = [(notice, *_words(notice)) for notice in notices if notice.kind in notice_kinds]
        if not said:
            raise Undeliverable(_("this kind of notice is not known any more"))
        footer = _("Sign in to the portal to see it.")
        if len(said) == 1:
            notice, title, body = said[0]
            return Wording(title, (Group("", (body,)),) if body else (), footer, portal_address(notice.link))
        title = ngettext("%(count)d reminder", "%(count)d reminders", len(said)) % {"count": len(said)}
        return Wording(title, _groups(said), footer, portal_address())


def _groups(said: Sequence[tuple[Notice, str, str]]) -> tuple[Group, ...]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for notice, title, _body in said[:LINES]:
        by_kind[notice.kind].append(title)
    groups = [Group(one_line(str(notice_kinds.get(kind).label)), tuple(lines)) for kind, lines in by_kind.items()]
    if len(said) > LINES:
        more = len(said) - LINES
        groups.append(Group("", (ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more},)))
    return tuple(groups)


def _words(notice: Notice) -> tuple[str, str]:
    kind = notice_kinds.get(notice.kind)
    try:
        title, body = kind.text(notice.subject)
    except (KeyError, TypeError, ValueError):
        # Written by an older release: its label still says what it is about.
        title, body = str(kind.label), ""
    if notice.on_behalf_of_id:
        title = _("As deputy: %(title)s") % {"title": title}
    return one_line(title), "\n".join(one_line(line) for line in str(body).splitlines())


def one_line(text: object) -> str:
    """Without line ends and control characters: a title is a header of a mail and a line of a chat."""
    return (
        re.sub(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+", " ", str(text))
        .strip()
        .translate(MARKS)
    )


def portal_address(path: str = "") -> str:
    """Where a notice leads from outside; the list behind the bell when it has no page of its own."""
    if not settings.PORTAL_URL:
        return ""
    inside = path.startswith("/") and not path.startswith("//") and not re.search(r"[\s()<>\\]", path)
    return f"{settings.PORTAL_URL}{path if inside else reverse('notices')}"


def fit(main: str, footer: str, limit: int | None) -> str:
    """`main`, a blank line, `footer`; `main` is cut where the whole would be longer than `limit` bytes."""
    end = f"\n\n{footer}" if main else footer
    return (main if limit is None else cut(main, limit - len(end.encode()))) + end


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, never half a character; what was cut off is marked."""
    whole = text.encode()
    if len(whole) <= limit:
        return text
    mark = "…"
    return whole[: max(limit - len(mark.encode()), 0)].decode(errors="ignore") + mark
