"""What a register shows and exports: its columns, who may see which, and how a name is looked up in a long one.

Headings are the importer's own labels and words in cells are those it reads, so a workbook comes back as it went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Reverse, StrIndex, Substr
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from branches.models import Programme
from pairing_portal.common.scope import Role, Scope
from pairing_portal.common.spreadsheets import Column
from pairing_portal.common.spreadsheets.writer import Kind

from .models import Person, Sex
from .stages import STAGE_DATE_FIELDS, Stage, derive_stage

# Longer words are cut before they reach the database.
SEARCH_LENGTH = 50
SEX_WORDS: Final[Mapping[str, str]] = {Sex.MALE: "男", Sex.FEMALE: "女"}
PROGRAMME_NAMES: Final[Mapping[str, str]] = {
    Programme.BACHELOR: "本科", Programme.DIPLOMA: "专科", Programme.UPGRADE: "专升本", Programme.STAFF: "教职工",
}  # fmt: skip


@dataclass(frozen=True)
class RegisterColumn:
    """One column. `value`: what a workbook holds; `is_sensitive`: only for those who keep the person's roster."""

    key: str
    heading: str | Promise
    value: Callable[[Person], Any]
    kind: Kind = "text"
    width: float = 14
    is_sensitive: bool = False


def status_word(person: Person) -> str:
    """政治面貌 as offices write it; of who has left the last one."""
    stage = person.stage
    if stage == Stage.LEFT:
        dates = {name: getattr(person, name) for name in STAGE_DATE_FIELDS if name != "left_on"}
        stage = derive_stage(dates, is_league_member=person.is_league_member, today=person.left_on)  # type: ignore[arg-type]  # the database keeps a date with that stage
    words = {Stage.FULL: "中共党员", Stage.PROBATIONARY: "中共预备党员"}
    return words.get(stage, "共青团员" if person.is_league_member else "群众")  # type: ignore[call-overload]  # a stage is its text


def _field(name: str) -> Callable[[Person], Any]:
    return lambda person: getattr(person, name)


def _date(name: str, heading: Any) -> RegisterColumn:
    return RegisterColumn(name, heading, _field(name), "date", 12)


COLUMNS: Final = (
    RegisterColumn("number", _("student or staff number"), _field("number")),
    RegisterColumn("name", _("name"), _field("name"), width=12),
    RegisterColumn("sex", _("sex"), lambda person: SEX_WORDS.get(person.sex, ""), width=8),
    RegisterColumn("ethnicity", _("ethnicity"), _field("ethnicity"), width=10, is_sensitive=True),
    RegisterColumn("born_on", _("born on"), _field("born_on"), "date", 12, is_sensitive=True),
    RegisterColumn("phone", _("phone"), _field("phone"), is_sensitive=True),
    RegisterColumn("department", _("department"), lambda person: person.department.name),
    RegisterColumn("branch", _("Party branch"), lambda person: person.party_branch.name if person.party_branch else "", width=26),
    RegisterColumn("school_class", _("class"), lambda person: person.school_class.name if person.school_class else "", width=18),
    RegisterColumn("programme", _("programme"), lambda person: PROGRAMME_NAMES.get(person.programme, ""), width=10),
    RegisterColumn("major", _("major"), _field("major"), width=18),
    RegisterColumn("enrolment_year", _("enrolment year"), _field("enrolment_year"), "integer", 10),
    _date("graduates_on", _("expected graduation")),
    RegisterColumn("stage", _("stage"), lambda person: str(person.get_stage_display())),
    RegisterColumn("political", _("political status"), status_word),
    _date("league_joined_on", _("joined the League on")),
    _date("applied_on", _("applied on")),
    _date("activist_on", _("activist since")),
    _date("candidate_on", _("candidate since")),
    _date("admitted_on", _("admitted on")),
    _date("converted_on", _("full member since")),
    _date("extended_to", _("probation extended to")),
)  # fmt: skip
BY_KEY: Final[Mapping[str, RegisterColumn]] = {column.key: column for column in COLUMNS}

# Register (the model's name) → what is shown before anybody chooses.
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("name", "number", "stage", "branch", "school_class", "programme", "graduates_on"),
    "member": ("name", "number", "stage", "branch", "school_class", "admitted_on", "converted_on"),
    "activist": ("name", "number", "branch", "school_class", "applied_on", "activist_on", "graduates_on"),
    "candidate": ("name", "number", "branch", "school_class", "activist_on", "candidate_on", "graduates_on"),
    "applicant": ("name", "number", "branch", "school_class", "applied_on", "enrolment_year", "graduates_on"),
}
# In every workbook, without what is sensitive: enough for the importer to place everybody where they stand.
EXPORTED: Final = (
    "number", "name", "sex", "department", "branch", "school_class", "programme", "enrolment_year", "graduates_on", "stage",
    "political", "applied_on", "activist_on", "candidate_on", "admitted_on", "converted_on",
)  # fmt: skip


def keeps_contacts(scope: Scope) -> bool:
    """Whether somebody may choose sensitive columns at all; of whom they are filled is decided row by row."""
    return bool(scope.managed_branch_ids or scope.department_ids) or (
        scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR)
    )


def may_see_contacts(scope: Scope, person: Person) -> bool:
    """Phone, birth and the like: of people whose roster somebody keeps, not of all they see."""
    if scope.whole_college and scope.has(Role.STAFF, Role.ADMINISTRATOR):
        return True
    if person.department_id in scope.department_ids or person.pk == scope.person_id:
        return True
    # Whoever has no Party branch is visible to those who run one only through the class it guides.
    return scope.manages(person.party_branch_id) or (
        person.party_branch_id is None and bool(scope.guided_league_branch_ids)
    )


def offered_columns(scope: Scope) -> list[RegisterColumn]:
    """The columns somebody may choose from."""
    allowed = keeps_contacts(scope)
    return [column for column in COLUMNS if allowed or not column.is_sensitive]


def chosen_columns(register: str, keys: Iterable[str], scope: Scope) -> tuple[str, ...]:
    """What of `keys` is a column the scope may see, in the order of the register; the usual ones when nothing is.

    The name always comes first: it leads to the person.
    """
    wanted, offered = set(keys), [column.key for column in offered_columns(scope)]
    found = [key for key in offered if key in wanted and key != "name"]
    return ("name", *found) if found else SHOWN[register]


def export_columns(keys: Iterable[str]) -> list[RegisterColumn]:
    """The columns of a workbook: the usual ones and those chosen besides."""
    wanted = {*EXPORTED, *keys}
    return [column for column in COLUMNS if column.key in wanted]


def sheet_columns(columns: Sequence[RegisterColumn]) -> list[Column]:
    return [Column(column.heading, width=column.width, kind=column.kind) for column in columns]


def sheet_rows(people: QuerySet[Person], columns: Sequence[RegisterColumn], scope: Scope) -> Iterator[tuple[Any, ...]]:
    """The rows of a workbook, read bit by bit."""
    for person in people.iterator(chunk_size=1_000):
        hides = any(column.is_sensitive for column in columns) and not may_see_contacts(scope, person)
        yield tuple(None if hides and column.is_sensitive else column.value(person) for column in columns)


def find_people(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """People whose name begins or ends so, whose pinyin or initials begin so, or whose number does.

    Each of these is an index, so that a search costs the same in a long register; parts from the middle of a name are not looked
    for. At most 50 characters are read.
    """
    text = words.replace("\x00", "").strip()[:SEARCH_LENGTH]
    if not text:
        return rows
    plain = text.lower().replace(" ", "")
    rows = rows.alias(name_backwards=Reverse("name"), initials=Substr("name_key", StrIndex("name_key", Value(" ")) + 1))
    return rows.filter(
        Q(name__startswith=text)
        | Q(name_backwards__startswith=text[::-1])
        | Q(number__startswith=text.upper())
        | Q(name_key__startswith=plain)
        | Q(initials__startswith=plain)
    )
