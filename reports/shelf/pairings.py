"""结对共建台账 (RULES.md 4.3 m)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role
from pairing_portal.common.spreadsheets import Column
from pairings.models import BranchPairing, PairingState

from ..exporter import Report, ReportRequest, register_report


@register_report
class PairingLedger(Report):
    name = "pairings"
    title = gettext_lazy("Pairing ledger")
    description = gettext_lazy(
        "Every pairing of the branches you see: year, both branches, dates, state, who confirmed, pairs."
    )
    roles = frozenset({Role.STAFF, Role.ADMINISTRATOR, Role.SECRETARY, Role.COMMITTEE})
    parameters = (("year", gettext_lazy("first year of the academic year")), ("state", gettext_lazy("state")))

    def check(self, request: ReportRequest) -> None:
        year, state = request.parameter("year"), request.parameter("state")
        if year and not (len(year) == 4 and year.isascii() and year.isdigit()):
            raise Refused(
                _("“%(given)s” is no year: write four digits, for example 2026.") % {"given": year}, field="year"
            )
        if state and state not in PairingState.values:
            known = ", ".join(PairingState.values)
            raise Refused(
                _("There is no state “%(given)s”. Choose one of: %(known)s.") % {"given": state, "known": known}, field="state"
            )  # fmt: skip

    def columns(self) -> list[Column]:
        return [
            Column(_("academic year"), width=12),
            Column(_("party A branch"), width=26),
            Column(_("party B branch"), width=26),
            Column(_("from"), width=12, kind="date"),
            Column(_("to"), width=12, kind="date"),
            Column(_("state"), width=10),
            Column(_("confirmed by party A"), width=14),
            Column(_("confirmed by party B"), width=14),
            Column(_("member pairs"), width=10, kind="integer", total=True),
        ]

    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        pairings = (
            BranchPairing.objects.visible_to(request.scope)
            .with_branches()
            .with_pair_counts()
            .select_related("helping_confirmed_by", "partner_confirmed_by")
        )
        if request.parameter("year"):
            pairings = pairings.filter(academic_year__start_year=int(request.parameter("year")))
        if request.parameter("state"):
            pairings = pairings.filter(state=request.parameter("state"))
        for pairing in pairings.iterator(chunk_size=500):
            yield (
                str(pairing.academic_year),
                pairing.helping_branch.name,
                pairing.partner_branch.name,
                pairing.starts_on,
                pairing.ends_on,
                str(pairing.get_state_display()),
                str(pairing.helping_confirmed_by or ""),
                str(pairing.partner_confirmed_by or ""),
                pairing.pair_count,
            )

    def definitions(self) -> list[tuple[str, str]]:
        return [(_("member pairs"), _("pairs that are open on the day of the report"))]
