"""The class list of a League branch, from which attendance is ticked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from branches.models import LeagueBranch
from members.models import Person
from members.stages import Stage


def class_list(league_branches: Sequence[LeagueBranch]) -> dict[int, list[Person]]:
    """Who is in the class of each League branch and has not left, by name; one query. The roster may know only some of them."""
    by_class: dict[int, list[Person]] = defaultdict(list)
    ids = {branch.school_class_id for branch in league_branches if branch.school_class_id}
    people = Person.objects.filter(school_class_id__in=ids).exclude(stage=Stage.LEFT)
    for person in people.only("pk", "name", "number", "school_class_id").order_by("name_key", "number"):
        by_class[person.school_class_id].append(person)
    return {branch.pk: by_class.get(branch.school_class_id or 0, []) for branch in league_branches}
