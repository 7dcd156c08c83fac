"""The forecast and its stand-ins in words, for the page and the report."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .continuity import ConversionOffCampus, MonthForecast, OffCampus, Remedy, RemedyKind
from .stand_ins import StandInReason


def gap_words(month: MonthForecast) -> str:
    """Why nobody can lawfully vote in a month; "" when somebody can."""
    if not month.gap:
        return ""
    if month.members == 0:
        return _("gap: no member in the branch")
    return _("gap: no full member on campus") if month.empty else _("gap: no quorum on any day")


def remedy_words(month: MonthForecast, remedies: tuple[Remedy, ...]) -> list[str]:
    """The ways that are open; when none is, what to do then. Empty for a month without a gap."""
    if remedies and month.members == 0:
        return [_("Nobody is left unless new members are admitted before. Talk to the department about a joint branch in time.")]  # fmt: skip
    words = [_one_remedy(remedy) for remedy in remedies if remedy.applies]
    if remedies and not words:
        words = [_("None of the lawful ways is open. Talk to the department about who is to join this branch.")]
    return words


def _one_remedy(remedy: Remedy) -> str:
    if remedy.kind == RemedyKind.OTHER_DATE and remedy.on is not None:
        return _("Meet on another day: the nearest with a quorum is %(on)s.") % {"on": date_format(remedy.on)}
    if remedy.kind == RemedyKind.WRITTEN_OPINIONS:
        return _("Collect written opinions before the meeting: they count as votes, but they do not make a quorum.")
    return _("Fewer than three full members: ask the department for a joint branch.")


def reason_words(reason: StandInReason) -> str:
    return {
        StandInReason.WHOLE_PERIOD: _("on campus the whole time"),
        StandInReason.MOST_OF_PERIOD: _("on campus most of the time, not all of it"),
        StandInReason.FULL_MEMBER: _("full member"),
        StandInReason.PAIRED: _("the two are a member pair"),
        StandInReason.NO_OTHER_COVER: _("no other stand-in duty"),
        StandInReason.SAME_MAJOR: _("same major"),
        StandInReason.PROBATIONARY: _("only a probationary member: guidance needs a full member beside"),
        StandInReason.NOBODY_ON_CAMPUS: _("nobody of the helping group is on campus then"),
    }[reason]


def conversion_words(conversion: ConversionOffCampus) -> str:
    """What keeps somebody from being there on the day of conversion."""
    if conversion.why is OffCampus.GRADUATED:
        return _("will have graduated")
    if conversion.until is None:
        return _("away until further notice")
    return _("away until %(on)s") % {"on": date_format(conversion.until)}


def month_span(first: date, last: date) -> str:
    """One month, or the first and the last of several."""
    start = date_format(first, "YEAR_MONTH_FORMAT")
    return start if first == last else f"{start} – {date_format(last, 'YEAR_MONTH_FORMAT')}"
