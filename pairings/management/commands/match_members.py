from __future__ import annotations

import json
import re
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from branches.models import PartyBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope
from pairings import board_services, group_services
from pairings.board import Board, read_board
from pairings.models import BranchPairing
from pairings.proposal import Proposal, left_over_text, propose
from pairings.wording import reason_words


class Command(BaseCommand):
    help = (
        "Proposes member pairs of an active pairing, with reasons, and says who is left over and why. A branch that helps "
        "several partners and is not divided yet is divided evenly first. --apply puts the proposal on the board as a draft; "
        "a secretary publishes it there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pairing", help="its number, or both branches: 第二党支部:第三党支部")
        parser.add_argument("--apply", action="store_true", help="write the proposal to the board as a draft")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        pairing = _pairing(options["pairing"])
        today = timezone.localdate()
        if pairing.state != "active":
            raise CommandError(f"{pairing}: members are paired once both branches have confirmed", returncode=1)
        started = time.perf_counter()
        board = read_board(pairing, today=today)
        groups = group_services.preview_split(pairing, today) if board.needs_split else {}
        if groups:
            board.helpers = [card for card in board.helpers if card.number in groups[pairing.pk]]
        proposal = propose(board, today=today)
        seconds = time.perf_counter() - started
        if options["apply"]:
            try:
                self._apply(pairing, board, groups)
            except Refused as refusal:
                raise CommandError(refusal.text, returncode=1) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(board, proposal, groups, seconds), ensure_ascii=False))
        else:
            self._tell(pairing, board, proposal, groups)

    @transaction.atomic
    def _apply(self, pairing: BranchPairing, board: Board, groups: dict[int, set[str]]) -> None:
        scope = Scope(managed_branch_ids=frozenset({pairing.helping_branch_id, pairing.partner_branch_id}))
        today = timezone.localdate()
        if groups:
            group_services.propose_split(
                branch=pairing.helping_branch, year=pairing.academic_year, version=None, scope=scope, today=today
            )
        board_services.propose_pairs(
            pairing_id=pairing.pk, version=None, scope=scope, today=today,
            helpers={card.pk for card in board.helpers} if groups else None,
        )  # fmt: skip

    def _tell(self, pairing: BranchPairing, board: Board, proposal: Proposal, groups: dict[int, set[str]]) -> None:
        self.stdout.write(str(pairing))
        if groups:
            self.stdout.write(f"  {len(board.helpers)} / {sum(map(len, groups.values()))}")
        for pair in proposal.pairs:
            words = " · ".join(reason_words(pair.reasons))
            self.stdout.write(f"  {pair.helper.name} ↔ {pair.partner.name}  {pair.score}  {words}")
        for row in proposal.left_over:
            self.stdout.write(f"  {row.card.name}: {left_over_text(board, row)}")


def _as_json(board: Board, proposal: Proposal, groups: dict[int, set[str]], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "pairs": [
            {"a": pair.helper.number, "b": pair.partner.number, "score": pair.score, "reasons": reason_words(pair.reasons)}
            for pair in proposal.pairs
        ],
        "left_over": [
            {"number": row.card.number, "why": left_over_text(board, row)} for row in proposal.left_over
        ],
        "seconds": round(seconds, 3),
    }  # fmt: skip
    if groups:
        found["groups"] = {str(pairing_id): sorted(numbers) for pairing_id, numbers in groups.items()}
    return found


def _pairing(text: str) -> BranchPairing:
    """By number, or by the names (or ends of names) of both branches; `CommandError` when it is none."""
    pairings = BranchPairing.objects.with_branches()
    if text.isascii() and text.isdigit() and len(text) < 18:
        found = pairings.filter(pk=int(text)).first()
        if found is None:
            raise CommandError(f"there is no pairing {text}", returncode=2)
        return found
    names = [part for part in re.split(r"\s*(?:↔|:|:|—)\s*", text.strip()) if part]
    if len(names) != 2:
        raise CommandError("name a pairing by its number or by its two branches: 第二党支部:第三党支部", returncode=2)
    sides = [list(PartyBranch.objects.filter(name__endswith=name)) for name in names]
    found = (
        pairings.filter(helping_branch__in=sides[0] + sides[1], partner_branch__in=sides[0] + sides[1])
        .order_by("-academic_year__start_year", "-pk")
        .filter(state="active")
    )
    matching = [
        pairing
        for pairing in found
        if {pairing.helping_branch in sides[0], pairing.partner_branch in sides[0]} == {True, False}
    ]
    if len(matching) != 1:
        raise CommandError(f"{text}: {len(matching)} active pairings are called so", returncode=2)
    return matching[0]
