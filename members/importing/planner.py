"""Compare rows with each other and with the database, set-wise, and make the plan of one file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _

from ..models import Absence, Person
from ..office_models import AbsenceKind
from ..stages import ORDERED_DATES, STAGE_DATE_FIELDS, Stage, date_order_faults, derive_stage
from .directory import Directory
from .drafts import PERSON_FIELDS, LeagueDraft, PersonDraft, PlainRow, RowProblem
from .known import (
    CHUNK,
    CLASS_ID,
    MEMBERSHIP,
    NAME,
    PK,
    STAGE,
    KnownPerson,
    Sameness,
    changeable_ids,
    chunks,
    known_people,
)
from .league_planner import LeaguePlanner
from .plan import MERGED_FIELDS, Plan, PlannedAbsence, PlannedLeague, PlannedPerson, Refusal
from .posts import PostPlanner
from .rows import STUDIES

PLACE_FIELDS = ("department", "party_branch", "school_class")
PLACE_OF = itemgetter(*map(PERSON_FIELDS.index, PLACE_FIELDS))
DEPARTMENT, BRANCH, CLASS, JOINED = map(PERSON_FIELDS.index, (*PLACE_FIELDS, "league_joined_on"))

Row = PersonDraft | PlainRow


class Planner:
    """Makes the plan of one file. Ask `plan()` once."""

    def __init__(self, directory: Directory, *, today: date) -> None:
        self.directory, self.today = directory, today
        self.result = Plan()
        self._stages: dict[tuple[Any, ...], str] = {}

    def plan(self, people: list[Row], leagues: list[LeagueDraft]) -> Plan:
        """`people` in the order of the file; plain rows that turn out to need words are replaced in it by their drafts."""
        self._refuse_repeats(people)
        for draft in people:
            if isinstance(draft, PersonDraft):
                self._place(draft)
        numbers = {row.number for row in people}
        numbers.update(draft.secretary_number for draft in leagues)
        numbers.discard("")
        known = known_people(numbers)
        changeable = self._changeable(known)
        self._people(people, known, changeable)
        accepted = [row for row in people if isinstance(row, PlainRow) or not row.problems]
        planned = self._leagues(leagues, accepted, known, changeable) if leagues else []
        drafts = [row for row in accepted if isinstance(row, PersonDraft)]
        self._posts(drafts, accepted, planned, known)
        self._absences(drafts, known)
        kept = [league.draft for league in planned]
        self._creations(accepted, kept)
        noted: list[PersonDraft | LeagueDraft] = [*drafts, *kept]
        self.result.notes = [(draft.source, note) for draft in noted for note in draft.notes]
        self.result.refused.sort(key=lambda row: (row.source.sheet, row.source.row))
        return self.result

    # --- one row against the others -------------------------------------------------------------

    def _refuse_repeats(self, people: list[Row]) -> None:
        numbers = [draft.number for draft in people if draft.number]
        if len(set(numbers)) == len(numbers):
            return
        times = Counter(numbers)
        for at, row in enumerate(people):
            if isinstance(row, PlainRow) and times[row.number] > 1:
                people[at] = row.draft()
        by_number: dict[str, list[PersonDraft]] = defaultdict(list)
        for draft in people:
            if isinstance(draft, PersonDraft) and draft.number:
                by_number[draft.number].append(draft)
        for number, drafts in by_number.items():
            if len(drafts) < 2:
                continue
            first = drafts[0]
            if all(draft.content() == first.content() for draft in drafts):
                for draft in drafts[1:]:
                    _refuse(
                        draft,
                        "number",
                        _("The same number and content as row %(row)d: a repeat. Delete this row.")
                        % {"row": first.source.row},
                    )
                continue
            rows = ", ".join(str(draft.source.row) for draft in drafts)
            for draft in drafts:
                _refuse(
                    draft,
                    "number",
                    _("Number %(number)s stands in rows %(rows)s with different content. Keep the right one.")
                    % {"number": number, "rows": rows},
                )

    def _place(self, draft: PersonDraft) -> None:
        """Department and scope of a row."""
        values = draft.values
        department = values.pop("department", "")
        placing = self.directory.place(values.get("party_branch", ""), values.get("school_class", ""), department)
        if placing.department:
            values["department"] = placing.department
        if placing.objection:
            _refuse(draft, placing.key, placing.objection)

    # --- against the database -------------------------------------------------------------------

    def _changeable(self, known: dict[str, KnownPerson]) -> set[int] | None:
        """Who may be changed; None when it is everybody."""
        scope = self.directory.scope
        return None if scope is None or self.directory.is_unlimited else changeable_ids(known.values(), scope)

    def _people(self, people: list[Row], known: dict[str, KnownPerson], changeable: set[int] | None) -> None:
        is_same = Sameness(row for row in people if isinstance(row, PlainRow))
        for at, draft in enumerate(people):
            person = known.get(draft.number)
            if isinstance(draft, PlainRow):
                if person is None:
                    self._create(draft, draft.values, draft.stage)
                    continue
                if changeable is None or person[PK] in changeable:
                    if is_same(draft, person) and self._is_in_named_class(draft, person):
                        self.result.unchanged += 1
                        continue
                    said = {name: value for name, value in zip(PERSON_FIELDS, draft.values, strict=True) if value is not None}  # fmt: skip
                    if not _clashing_dates(said, person):
                        self._change(draft, said, person)
                        continue
                draft = people[at] = draft.draft()
                self._place(draft)
            self._person(draft, person, changeable)

    def _is_in_named_class(self, row: PlainRow, person: KnownPerson) -> bool:
        """False for somebody in a class of that name in another department."""
        place = row.values[DEPARTMENT], row.values[CLASS]
        return place[1] is None or bool(self.directory.classes.get(place) == person[CLASS_ID])

    def _person(self, draft: PersonDraft, person: KnownPerson | None, changeable: set[int] | None) -> None:
        if person is not None and person[BRANCH] is None:
            draft.problems[:] = [problem for problem in draft.problems if not problem.only_if_new]
        if person is not None and changeable is not None and person[PK] not in changeable:
            draft.problems.clear()
            _refuse(draft, "number", _("Number %(number)s is outside what you manage.") % {"number": draft.number})
        elif person is not None and not draft.problems:
            _check_dates(draft, person)
        elif person is None and not draft.problems and "department" not in draft.values:
            _refuse(draft, "school_class", _("The department is unknown. Add a column 所属系 or 班级."))
        if draft.problems:
            self.result.refused.append(Refusal.of(draft))
        elif person is None:
            values = tuple(map(draft.values.get, PERSON_FIELDS))
            self._create(draft, values, self._stage(dict(zip(PERSON_FIELDS, values, strict=True))))
        else:
            self._change(draft, draft.values, person)

    def _create(self, draft: PersonDraft | PlainRow, values: tuple[Any, ...], stage: str) -> None:
        if values[JOINED] is not None and not values[MEMBERSHIP]:
            values = (*values[:MEMBERSHIP], True, *values[MEMBERSHIP + 1 :])
        self.result.people.append(PlannedPerson(draft, (*values, None, None), stage))

    def _change(self, draft: Row, said: Mapping[str, Any], person: KnownPerson) -> None:
        old = dict(zip(MERGED_FIELDS, person, strict=False))
        changes = [
            (name, old[name], value)
            for name, value in said.items()
            if value != old[name] and not _keeps(name, value, old)
        ]
        if any(name in STUDIES for name, _old, _new in changes):
            changes = _without_guesses(changes, draft.guessed)
        merged = old | {name: new for name, _old, new in changes}
        stage = self._stage(merged)
        # A class that is not named stays the person's, whatever department the person comes to.
        class_id = person[CLASS_ID] if said.get("school_class") is None else None
        if class_id is None and merged["school_class"] == old["school_class"]:
            changes += self._change_of_department(merged, person)
        if not changes and person[STAGE] == stage:
            self.result.unchanged += 1
        else:
            planned = PlannedPerson(draft, tuple(merged.values()), stage, person[PK], tuple(changes), class_id)
            self.result.people.append(planned)

    def _change_of_department(self, merged: dict[str, Any], person: KnownPerson) -> list[tuple[str, Any, Any]]:
        """The change from a class to one of the same name in another department."""
        department, school_class = merged["department"], merged["school_class"]
        if not school_class or self.directory.classes.get((department, school_class)) == person[CLASS_ID]:
            return []
        old = next((place for place, pk in self.directory.classes.items() if pk == person[CLASS_ID]), ("", ""))
        return [("school_class", " ".join(old), f"{department} {school_class}")]

    def _stage(self, merged: dict[str, Any]) -> str:
        """The stage of a person who will be so; makes those League members who joined on a day."""
        if merged["league_joined_on"] is not None:
            merged["is_league_member"] = True
        is_member = bool(merged["is_league_member"])
        key = (*(merged.get(name) for name in STAGE_DATE_FIELDS), is_member)
        if key not in self._stages:
            self._stages[key] = derive_stage(merged, is_league_member=is_member, today=self.today).value
        return self._stages[key]

    # --- League branches, posts, absences -------------------------------------------------------

    def _leagues(
        self, leagues: list[LeagueDraft], accepted: list[Row], known: dict[str, KnownPerson], changeable: set[int] | None
    ) -> list[PlannedLeague]:  # fmt: skip
        planner = LeaguePlanner(self.directory, known, changeable, {row.number: _name(row) for row in accepted})
        planner.plan(leagues, _branches(accepted))
        self.result.leagues = planner.planned
        self.result.refused += planner.refused
        for draft in planner.secretaries:
            self._place(draft)
            self._person(draft, None, changeable)
        return planner.planned

    def _posts(
        self, drafts: list[PersonDraft], accepted: list[Row], leagues: list[PlannedLeague], known: dict[str, KnownPerson]
    ) -> None:  # fmt: skip
        holding = [draft for draft in drafts if draft.posts]
        if not holding and not leagues:
            return
        left = {number for number, person in known.items() if person[STAGE] == Stage.LEFT}
        planner = PostPlanner(self.directory, accepted, left)
        for draft in holding:
            planner.of_person(draft)
        for league in leagues:
            planner.of_league(league.draft, league.existing)
        self.result.posts = planner.planned

    def _absences(self, drafts: list[PersonDraft], existing: dict[str, KnownPerson]) -> None:
        wanted = {draft.number: (draft, *draft.absence) for draft in drafts if draft.absence}
        ids = {existing[number][PK]: number for number in wanted if number in existing}
        known: dict[tuple[str, date], tuple[int, date | None]] = {}
        for chunk in chunks(list(ids), CHUNK):
            rows = Absence.objects.filter(person_id__in=chunk, kind=AbsenceKind.INTERNSHIP)
            for pk, person_id, from_on, to_on in rows.values_list("pk", "person_id", "from_on", "to_on"):
                known[ids[person_id], from_on] = (pk, to_on)
        for number, (draft, from_on, to_on) in wanted.items():
            pk, old_end = known.get((number, from_on), (None, None))
            if pk is None or old_end != to_on:
                name = draft.values["name"]
                self.result.absences.append(PlannedAbsence(number, name, from_on, to_on, pk, old_end))

    def _creations(self, people: list[Row], leagues: list[LeagueDraft]) -> None:
        """Departments, branches and classes the file names and the portal does not have."""
        plan, directory = self.result, self.directory
        for draft in _first_of_each_place(people, leagues):
            values = draft.values
            if isinstance(draft, PlainRow):
                values = dict(zip(PERSON_FIELDS, draft.values, strict=True))
            department = values.get("department", "")
            if not department:
                continue
            if department not in directory.departments and department not in plan.new_departments:
                plan.new_departments.append(department)
            branch = values.get("party_branch", "")
            if branch and branch not in directory.branches and branch not in dict(plan.new_branches):
                plan.new_branches.append((branch, department))
            school_class = values.get("school_class", "")
            if school_class and (department, school_class) not in directory.classes:
                year = values.get("enrolment_year") or self.today.year
                programme = values.get("programme") or _programme_of_class(school_class)
                plan.new_classes.setdefault((department, school_class), (programme, year))


def _first_of_each_place(people: list[Row], leagues: list[LeagueDraft]) -> list[Any]:
    """The first row of each department, branch and class."""
    found: dict[tuple[Any, ...], Any] = {}
    for draft in (*people, *leagues):
        if isinstance(draft, PlainRow):
            place = PLACE_OF(draft.values)
        else:
            place = tuple(map(draft.values.get, PLACE_FIELDS))
        if place not in found:
            found[place] = draft
    return list(found.values())


def _branches(people: Iterable[Row]) -> set[str]:
    """The Party branches a file names."""
    named = {
        draft.values[BRANCH] if isinstance(draft, PlainRow) else draft.values.get("party_branch") for draft in people
    }
    return {branch for branch in named if branch}


def _name(row: Row) -> str:
    name: str = row.values[NAME] if isinstance(row, PlainRow) else row.values["name"]
    return name


def _clashing_dates(said: Mapping[str, Any], person: KnownPerson) -> list[tuple[str, str]]:
    """Pairs (field of the row, field of the portal) of dates that would stand in the wrong order together."""
    known = dict(zip(MERGED_FIELDS, person, strict=False))
    if all(said.get(name) in (None, known[name]) for name in ORDERED_DATES):
        return []
    dates = {name: said.get(name) or known[name] for name in ORDERED_DATES}
    clashes = [
        (later, earlier) if said.get(later) is not None else (earlier, later)
        for later, earlier in date_order_faults(dates)
    ]
    if known["extended_to"] is not None and dates["admitted_on"] >= known["extended_to"]:
        clashes.append(("admitted_on", "extended_to"))
    return clashes


def _check_dates(draft: PersonDraft, person: KnownPerson) -> None:
    known = dict(zip(MERGED_FIELDS, person, strict=False))
    order = (*ORDERED_DATES, "extended_to")
    for key, other in _clashing_dates(draft.values, person):
        words = (
            _("%(date)s lies before “%(field)s” in the portal (%(other)s). Correct the file or the portal.")
            if order.index(other) < order.index(key)
            else _("%(date)s does not lie before “%(field)s” in the portal (%(other)s). Correct the file or the portal.")
        )  # fmt: skip
        field = Person._meta.get_field(other).verbose_name  # type: ignore[union-attr]  # a date
        words %= {"date": draft.values[key], "field": field, "other": known[other]}
        _refuse(draft, key, f"{_heading(draft, key)}:{words}")


def _keeps(name: str, value: Any, old: dict[str, Any]) -> bool:
    """What a roster knows less well than the portal: the League membership of somebody who is a Party member now."""
    return name == "is_league_member" and value is False and old.get("league_joined_on") is not None


def _without_guesses(changes: list[tuple[str, Any, Any]], guessed: frozenset[str]) -> list[tuple[str, Any, Any]]:
    """A guess of what somebody studies makes a new person complete; of somebody known it is no news, in the same class."""
    if any(name == "school_class" for name, _old, _new in changes):
        return changes
    return [change for change in changes if change[0] not in guessed]


def _programme_of_class(school_class: str) -> str:
    return "upgrade" if "专升本" in school_class else "diploma" if "专科" in school_class else "bachelor"


def _refuse(draft: PersonDraft, key: str, message: str) -> None:
    draft.problems.append(RowProblem(_heading(draft, key), message, key))


def _heading(draft: PersonDraft, key: str) -> str:
    return draft.headings.get(key, "")
