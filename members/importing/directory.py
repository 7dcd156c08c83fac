"""What exists already: departments, branches, classes, League branches and their offices, read once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from branches.models import Department, LeagueBranch, PartyBranch, SchoolClass
from pairing_portal.common.scope import Role, Scope

from ..office_models import Post


class Placing(NamedTuple):
    """`department` "" when nothing tells it; `objection` to be said of the field `key`, "" when there is none."""

    department: str
    key: str = ""
    objection: str = ""


class Holder(NamedTuple):
    """Who holds a post today."""

    post_id: int
    number: str
    name: str


@dataclass
class Directory:
    """Names to rows. `scope` None is the command line, which may do everything."""

    scope: Scope | None
    departments: dict[str, int] = field(default_factory=dict)
    branches: dict[str, tuple[int, int, str]] = field(default_factory=dict)  # name -> id, department id, department
    classes: dict[tuple[str, str], int] = field(default_factory=dict)  # (department, class) -> id
    classes_by_name: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    leagues: dict[str, LeagueBranch] = field(default_factory=dict)
    guided_classes: set[int] = field(default_factory=set)
    # By branch and kind of post; several hold a shared one.
    holders: dict[tuple[str, str], list[Holder]] = field(default_factory=lambda: defaultdict(list))
    # What was asked, and the answers.
    resolved: dict[str, str] = field(default_factory=dict)
    placed: dict[tuple[str, str, str], Placing] = field(default_factory=dict)

    @classmethod
    def load(cls, scope: Scope | None) -> Directory:
        found = cls(scope)
        found.departments = dict(Department.objects.values_list("name", "pk"))
        for pk, name, department_id, department in PartyBranch.objects.values_list(
            "pk", "name", "department_id", "department__name"
        ):
            found.branches[name] = (pk, department_id, department)
        for pk, name, department in SchoolClass.objects.values_list("pk", "name", "department__name"):
            found.classes[department, name] = pk
            found.classes_by_name[name].append(department)
        for league in LeagueBranch.objects.select_related("department", "school_class", "party_branch"):
            found.leagues[league.name] = league
            if scope and league.party_branch_id in scope.managed_branch_ids and league.school_class_id:
                found.guided_classes.add(league.school_class_id)
        posts = Post.objects.filter(ended_on=None).select_related("person", "party_branch", "league_branch")
        for post in posts:
            where = post.party_branch or post.league_branch
            found.holders[where.name, post.kind].append(Holder(post.pk, post.person.number, post.person.name))
        return found

    def still_answers(self) -> bool:
        """Whether a directory read now would have said the same whenever this one was asked where people belong."""
        now = Directory.load(self.scope)
        return all(now.resolve_branch(text) == branch for text, branch in self.resolved.items()) and all(
            now.place(*question) == answer for question, answer in self.placed.items()
        )

    def resolve_branch(self, text: str) -> str:
        """The full name of a branch written short (第三党支部), when only one is meant; else the text itself."""
        if text not in self.resolved:
            self.resolved[text] = self._resolve_branch(text)
        return self.resolved[text]

    def _resolve_branch(self, text: str) -> str:
        if text in self.branches:
            return text
        allowed = [name for name in self.branches if name.endswith(text) and self.may_use_branch(name)]
        return allowed[0] if len(allowed) == 1 else text

    @property
    def is_unlimited(self) -> bool:
        return self.scope is None or (self.scope.whole_college and self.scope.has(Role.STAFF, Role.ADMINISTRATOR))

    def oversees(self, department: str) -> bool:
        """May the user create and change everything of this department?"""
        if self.is_unlimited:
            return True
        return self.scope is not None and self.departments.get(department, 0) in self.scope.department_ids

    def may_use_branch(self, name: str) -> bool:
        if self.is_unlimited:
            return True
        known = self.branches.get(name)
        if known is None:
            return False
        assert self.scope is not None
        return known[0] in self.scope.managed_branch_ids or known[1] in self.scope.department_ids

    def may_put_into_branch(self, name: str, department: str) -> bool:
        """May the user put somebody into this Party branch, or create it in this department?"""
        return self.may_use_branch(name) or (name not in self.branches and self.oversees(department))

    def may_use_class(self, department: str, school_class: str) -> bool:
        """May people without a Party branch be put into this class?"""
        if self.oversees(department):
            return True
        pk = self.classes.get((department, school_class), 0)
        return self.scope is not None and (pk in self.scope.class_ids or pk in self.guided_classes)

    def place(self, branch: str, school_class: str, department: str) -> Placing:
        """Where a person of this branch or class belongs, and what speaks against putting somebody there."""
        question = (branch, school_class, department)
        if question not in self.placed:
            self.placed[question] = self._place(*question)
        return self.placed[question]

    def _place(self, branch: str, school_class: str, department: str) -> Placing:
        key = "branch" if branch else "school_class"
        if branch in self.branches:
            department = self.branches[branch][2]
        department = department or self.department_of_class(school_class)
        if not department:
            unknown = _("Which department “%(name)s” belongs to is unknown. Add a column 所属系, or write the branch's full name.")  # fmt: skip
            return Placing("", key, unknown % {"name": branch or school_class} if branch or school_class else "")
        if branch:
            allowed = self.may_put_into_branch(branch, department)
        else:
            allowed = self.may_use_class(department, school_class)
        if allowed:
            return Placing(department)
        return Placing(department, key, _("“%(name)s” is outside what you manage.") % {"name": branch or school_class})

    def department_of_class(self, school_class: str) -> str:
        """The department of a class, when only one department has a class of that name."""
        known = self.classes_by_name.get(school_class, [])
        return known[0] if len(known) == 1 else ""
