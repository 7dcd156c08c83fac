"""An evidence pack in words: sections with figures that open their rows, tables, and what is missing. Pure: no ORM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from activities.ledgers import hours_words
from members.stages import Stage
from mentoring.tiers import Tier
from pairings.models import SupportArea

from .assessment_models import MentorGrade

Text = str | Promise
# The headings of RULES.md 4.3(m), in their order.
DUTY_HEADINGS: Final[Sequence[Text]] = (
    gettext_lazy("name"), gettext_lazy("student number"), gettext_lazy("development stage"), gettext_lazy("mentoring tier"),
    gettext_lazy("people helped"), gettext_lazy("records"), gettext_lazy("total time"), gettext_lazy("lectures (counted)"),
    gettext_lazy("rating by those helped"), gettext_lazy("rating by League branch or counsellor"),
    gettext_lazy("rating by the branch"), gettext_lazy("proposed grade"), pgettext_lazy("duty table", "evidence"),
)  # fmt: skip
DATE_LABELS: Final[Mapping[str, Text]] = {
    "applied_on": gettext_lazy("applied on"), "activist_on": gettext_lazy("activist since"),
    "candidate_on": gettext_lazy("candidate since"), "admitted_on": gettext_lazy("admitted on"),
    "extended_to": gettext_lazy("probation extended to"), "converted_on": gettext_lazy("full member since"),
    "graduates_on": gettext_lazy("expected graduation"),
}  # fmt: skip
DIMENSION_LABELS: Final[Mapping[str, Text]] = {
    "political": gettext_lazy("political consciousness"), "working": gettext_lazy("working ability"),
    "learning": gettext_lazy("learning ability"), "discipline": gettext_lazy("self-discipline"),
}  # fmt: skip
SIDE_LABELS: Final[Mapping[str, Text]] = {
    "mentee": gettext_lazy("of those helped"), "league": gettext_lazy("of League branches"),
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One figure; `url` opens the rows behind it."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True)
class Section:
    """`empty` says that there is no evidence; `gaps` say what is owed and missing. `for_committee`: not for the person."""

    key: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    # Where each row leads, in the order of `rows`; "" where nowhere.
    urls: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    empty: str = ""
    source: str = ""
    for_committee: bool = False

    @property
    def linked_rows(self) -> list[tuple[list[str], str]]:
        return list(zip(self.rows, self.urls or [""] * len(self.rows), strict=True))


def sections(pack: Mapping[str, Any], *, for_person: bool = False) -> list[Section]:
    """The pack as it is read, from the top; for the person without what the committee alone reads."""
    found = [
        _mentoring(pack), _lectures(pack), _pairing(pack), _hours(pack), _activities(pack), _feedback(pack),
        _observations(pack), _partner(pack),
    ]  # fmt: skip
    return [section for section in found if not (for_person and section.for_committee)]


def dates(pack: Mapping[str, Any]) -> list[tuple[str, str]]:
    # In the order of the labels: a database gives the keys of what it kept in its own.
    found = pack["dates"]
    return [(str(label), day(found[name])) for name, label in DATE_LABELS.items() if name in found]


def stage_label(pack: Mapping[str, Any]) -> str:
    return str(Stage(pack["stage"]).label)


def gap_words(pack: Mapping[str, Any], *, for_person: bool = False) -> list[str]:
    """Every gap in a sentence."""
    hidden = {"review"} if for_person else set()
    return [_gap(gap) for gap in pack["gaps"] if gap["key"] not in hidden]


def day(text: str) -> str:
    return str(date_format(date.fromisoformat(text)))


def _gap(gap: Mapping[str, Any]) -> str:
    match gap["key"]:
        case "review":
            words = _("No half-year review since %(since)s; one was due on %(due)s.")
            return words % {"since": day(gap["since"]), "due": day(gap["due"])}
        case "training":
            words = _("Training %(year)d: %(has)s of %(owed)s due by then.")
            return words % {"year": gap["year"], "has": hours_words(gap["minutes"]), "owed": hours_words(gap["owed"])}
        case "silent":
            return ngettext("%(count)d running mentoring link without a confirmed talk.", "%(count)d running mentoring links without a confirmed talk.", gap["count"]) % gap  # fmt: skip
        case "pair":
            return ngettext("%(count)d running pair without a confirmed talk.", "%(count)d running pairs without a confirmed talk.", gap["count"]) % gap  # fmt: skip
        case "absent":
            return ngettext("Absent without leave from %(count)d activity.", "Absent without leave from %(count)d activities.", gap["count"]) % gap  # fmt: skip
    return str(_("Nothing on record of help given to others: no mentoring, no pair, no lecture."))


def _gaps(pack: Mapping[str, Any], *keys: str) -> list[str]:
    return [_gap(gap) for gap in pack["gaps"] if gap["key"] in keys]


def _ledger(pack: Mapping[str, Any], key: str = "") -> str:
    year = pack["on"][:4]
    address = f"{reverse('person_ledgers', args=[pack['person']])}?year={year}"
    return f"{address}&ledger={key}#rows" if key else address


def _mentoring(pack: Mapping[str, Any]) -> Section:
    rows, urls = [], []
    for row in pack["mentoring"]:
        goals = _("%(reached)d of %(all)d") % {"reached": row["goals_reached"], "all": row["goals"]}
        rows.append([
            str(Tier(row["tier"]).label), str(row["people"]), str(row["talks"]), hours_words(row["minutes"]),
            goals if row["goals"] else "–",
        ])  # fmt: skip
        urls.append(f"{reverse('mentoring')}?tier={row['tier']}&q={pack['number']}&state=all")
    return Section(
        "mentoring", _("Mentoring given"), rows=rows, urls=urls, gaps=_gaps(pack, "silent", "nothing_given"),
        headings=[str(text) for text in (_("mentoring tier"), _("people helped"), _("confirmed talks"), _("total time"), _("goals reached"))],
        empty="" if rows else _("No evidence: nobody was mentored in this time."), source=_("mentoring links and confirmed logs"),
    )  # fmt: skip


def _lectures(pack: Mapping[str, Any]) -> Section:
    found, url = pack["lectures"], reverse("person_certificate", args=[pack["person"]])
    figures = [
        Figure(_("lectures given"), str(found["given"]), url), Figure(_("of these counted"), str(found["counted"]), url),
        Figure(_("total time"), hours_words(found["minutes"]), _ledger(pack, "lectures")),
    ]  # fmt: skip
    return Section(
        "lectures", _("Theory lectures"), figures if found["given"] else [],
        empty="" if found["given"] else _("No evidence: no lecture on record."), source=_("lectures, confirmed by League branches"),
    )  # fmt: skip


def _pairing(pack: Mapping[str, Any]) -> Section:
    rows = [
        [
            pair["partner"], pair["branch"], "、".join(str(SupportArea(area).label) for area in pair["areas"]) or "–",
            f"{day(pair['from'])} – {day(pair['to']) if pair['to'] else ''}", str(pair["talks"]), hours_words(pair["minutes"]),
        ]
        for pair in pack["pairs"]
    ]  # fmt: skip
    return Section(
        "pairing", _("Pairing"), rows=rows, urls=[reverse("member_pair", args=[pair["pair"]]) for pair in pack["pairs"]],
        headings=[_("pair"), _("branch"), _("support areas"), _("time"), _("confirmed talks"), _("total time")],
        gaps=_gaps(pack, "pair"), empty="" if rows else _("No evidence: no pair in this time."), source=_("published pairs and confirmed logs"),
    )  # fmt: skip


def _hours(pack: Mapping[str, Any]) -> Section:
    service = pack["hours"]["service"]
    figures = [Figure(_("volunteer service"), hours_words(service["minutes"]), _ledger(pack, "service"))]
    for year in pack["training"]:
        words = _("%(has)s of %(goal)s a year") % {
            "has": hours_words(year["minutes"]),
            "goal": hours_words(year["goal"]),
        }
        url = f"{reverse('person_ledgers', args=[pack['person']])}?year={year['year']}&ledger=training#rows"
        figures.append(Figure(_("training %(year)d (rule R42)") % {"year": year["year"]}, words, url))
    empty = "" if service["count"] or any(year["minutes"] for year in pack["training"]) else _("No evidence: no confirmed hours.")  # fmt: skip
    return Section(
        "hours", _("Volunteer service and training hours"), figures, gaps=_gaps(pack, "training"), empty=empty,
        source=_("confirmed logs, by ledger"),
    )  # fmt: skip


def _activities(pack: Mapping[str, Any]) -> Section:
    found, reading, url = pack["activities"], pack["reading"], _ledger(pack)
    figures = [
        Figure(_("attended"), str(found["present"]), url), Figure(_("on leave"), str(found["leave"])),
        Figure(_("absent without leave"), str(found["absent"])), Figure(_("classics read or seen"), str(reading["classics"])),
        Figure(_("viewpoints written"), str(reading["viewpoints"])),
    ]  # fmt: skip
    empty = "" if any(found.values()) else _("No evidence: no attendance on record.")
    return Section(
        "activities", _("Activities of the branch"), figures, gaps=_gaps(pack, "absent"), empty=empty,
        source=_("attendance lists"),
    )  # fmt: skip


def _feedback(pack: Mapping[str, Any]) -> Section:
    rows = [
        [str(SIDE_LABELS[side]), str(found["count"]), *(_points(found.get(name)) for name in DIMENSION_LABELS)]
        for side in SIDE_LABELS
        if (found := pack["feedback"].get(side))
    ]
    headings = [_("feedback"), _("answers"), *(str(label) for label in DIMENSION_LABELS.values())]
    return Section(
        "feedback", _("Feedback received"), rows=rows, headings=headings,
        empty="" if rows else _("No evidence: no feedback yet that may be read."), source=_("means of 1 to 5 points, once both sides answered"),
    )  # fmt: skip


def _points(hundredths: int | None) -> str:
    return "–" if hundredths is None else f"{hundredths / 100:.1f}"


def _observations(pack: Mapping[str, Any]) -> Section:
    kinds = {"branch": _("review of the branch"), "contact": _("contact's record")}
    rows = [
        [kinds.get(row["kind"], ""), f"{day(row['from'])} – {day(row['to'])}", row["observer"] or "–"]
        for row in pack["observations"]
    ]
    return Section(
        "observations", _("Observation records"), rows=rows, headings=[_("record"), _("period"), _("observer")],
        urls=[reverse("mentoring_observation", args=[row["record"]]) for row in pack["observations"]],
        gaps=_gaps(pack, "review"), empty="" if rows else _("No evidence: no record in this time."),
        source=_("half-year reviews and quarterly records"), for_committee=True,
    )  # fmt: skip


def _partner(pack: Mapping[str, Any]) -> Section:
    rows = [[row["branch"], day(row["on"]), row["text"]] for row in pack["partner_opinions"]]
    return Section(
        "partner", _("Opinion of the partner branch"), rows=rows, headings=[_("branch"), _("given on"), _("opinion")],
        empty="" if rows else _("No evidence: the partner branch has not written anything yet."),
        source=_("written by the partner branch's committee"), for_committee=True,
    )  # fmt: skip


def duty_table(pack: Mapping[str, Any]) -> list[list[str]]:
    """The rows of 帮扶履职情况表 (RULES.md 4.3(m)): one a tier, one without a tier where nothing but lectures is there."""
    lectures, assessment = pack["lectures"], pack["assessment"]
    counted = _("%(given)d (%(counted)d)") % {"given": lectures["given"], "counted": lectures["counted"]}
    helped, league = (_mean(pack["feedback"].get(side)) for side in ("mentee", "league"))
    branch = str(assessment["total"]) if assessment and assessment["total"] is not None else "–"
    grade = str(MentorGrade(assessment["grade"]).label) if assessment else "–"
    rows = []
    for row in pack["mentoring"] or [{"tier": None, "people": 0, "talks": 0, "minutes": 0}]:
        rows.append([
            pack["name"], pack["number"], stage_label(pack), str(Tier(row["tier"]).label) if row["tier"] else "–",
            str(row["people"]), str(row["talks"]), hours_words(row["minutes"]), counted, helped, league, branch, grade,
            _("portal, %(on)s") % {"on": day(pack["on"])},
        ])  # fmt: skip
    return rows


def _mean(found: Mapping[str, Any] | None) -> str:
    """The mean of the dimensions that were answered."""
    points = [found[name] for name in DIMENSION_LABELS if name in found] if found else []
    return _points(round(sum(points) / len(points))) if points else "–"
