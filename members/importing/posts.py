"""Who gets which post by a file, and whose term ends with it. Every post asks `may_fill`, as on the pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from branches.models import Department, LeagueBranch, PartyBranch

from ..office_models import SHARED_POSTS, PostKind
from ..post_services import Branch, may_fill
from .directory import Directory, Holder
from .drafts import LeagueDraft, PersonDraft, PlainRow
from .plan import PlannedPost


class PostPlanner:
    """Plans the posts of one file. `accepted`: its people without the refused rows; `left`: numbers of who has left."""

    def __init__(self, directory: Directory, accepted: Iterable[PersonDraft | PlainRow], left: Collection[str]) -> None:
        self.directory, self.left = directory, left
        # What the file says of people: who stands in it without a post gives it up.
        self.in_file = {row.number: row.posts if isinstance(row, PersonDraft) else [] for row in accepted}
        self.given: dict[tuple[str, str], str] = {}
        self.planned: list[PlannedPost] = []

    def of_person(self, draft: PersonDraft) -> None:
        """Plan the posts of this row; what stays as it is is noted in it."""
        where = draft.values.get("party_branch", "")
        for kind in draft.posts:
            post = PlannedPost(draft.number, draft.values["name"], where, kind)
            note = self._plan(post, self._party_branch(where, draft.values.get("department", "")))
            draft.notes += [note] if note else []

    def of_league(self, draft: LeagueDraft, existing: LeagueBranch | None) -> None:
        """The secretary of this League branch, in the place of whoever is."""
        if not draft.secretary_number:
            return
        branch = existing or LeagueBranch(department=self._department(draft.values["department"]))
        post = PlannedPost(draft.secretary_number, draft.secretary_name, draft.name, PostKind.LEAGUE_SECRETARY)
        note = self._plan(post, branch)
        draft.notes += [note] if note else []

    def _party_branch(self, name: str, department: str) -> PartyBranch:
        if name in self.directory.branches:
            pk, department_id, _name = self.directory.branches[name]
            return PartyBranch(pk=pk, department_id=department_id)
        return PartyBranch(department=self._department(department))

    def _department(self, name: str) -> Department:
        return Department(pk=self.directory.departments.get(name))

    def _plan(self, post: PlannedPost, branch: Branch) -> str:
        """Plan it, or say why it was left as it is; "" also when nothing changes."""
        holders = self.directory.holders.get((post.where, post.kind), [])
        label = PostKind(post.kind).label
        if post.kind not in SHARED_POSTS and self.given.setdefault((post.where, post.kind), post.number) != post.number:
            return _("%(post)s is given to somebody else in this file already; left out here.") % {"post": label}
        if any(holder.number == post.number for holder in holders):
            return ""
        if post.number in self.left:
            return _("%(name)s has left and holds no post.") % {"name": post.name}
        scope = self.directory.scope
        if scope is not None and not may_fill(scope, post.kind, branch):
            return _("%(post)s is filled by the department, not by your role. The post was left as it is.") % {
                "post": label
            }
        if holders and post.kind not in SHARED_POSTS:
            (holder,) = holders
            if not self._gives_up(holder, post.kind):
                return _("%(post)s is held by %(name)s. The post was left as it is; end that term first.") % {
                    "post": label, "name": holder.name,
                }  # fmt: skip
            post.replaces, post.replaced_name = holder.post_id, holder.name
        self.planned.append(post)
        return ""

    def _gives_up(self, holder: Holder, kind: str) -> bool:
        if kind == PostKind.LEAGUE_SECRETARY:
            return True
        return holder.number in self.in_file and kind not in self.in_file[holder.number]
