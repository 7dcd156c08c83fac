"""When a ballot does not come to a count: open it for longer, withdraw it, or cancel an appraisal begun by mistake."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from notifications.services import retire_notices
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from . import notices_appraisal as notices
from .appraisal_services import lock_round, refuse_odd_day, require_committee, require_state
from .models import (
    AppraisalBallot,
    AppraisalResult,
    AppraisalRoll,
    AppraisalRound,
    AppraisalState,
    PeerAppraisal,
    SelfAppraisal,
)


@transaction.atomic
def extend_ballot(
    *, round: AppraisalRound, vote_until_on: date, scope: Scope, today: date, now: datetime
) -> AppraisalRound:
    """Let an open ballot, or one whose last day has passed, go on until a later day. Ballots that are in stay in. Raises `Refused`
    for an earlier day: who means to vote tomorrow relies on the day they were told."""
    round = lock_round(round.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.VOTING)
    refuse_odd_day(vote_until_on, today, "vote_until_on")
    last = round.vote_until_on or today
    if vote_until_on <= last:
        words = _("Choose a day after %(day)s, until which the ballot is open now.")
        raise Refused(words % {"day": date_format(last)}, field="vote_until_on")
    round.vote_until_on = vote_until_on
    round.save()
    notices.retire_ballot_notices(round.pk, now)
    return round


@transaction.atomic
def withdraw_ballot(*, round: AppraisalRound, scope: Scope, now: datetime) -> AppraisalRound:
    """Destroy the ballots of an open ballot uncounted and go back to writing: to begin anew, or to count on paper. Raises `Refused`."""
    round = lock_round(round.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.VOTING)
    for model in (AppraisalBallot, AppraisalRoll, AppraisalResult):
        model._base_manager.filter(round=round).delete()
    round.state, round.vote_until_on, round.eligible_count = AppraisalState.WRITING, None, None
    round.save()
    notices.retire_ballot_notices(round.pk, now)
    return round


def has_words(round: AppraisalRound) -> bool:
    """Whether somebody has written of themselves or of another."""
    return SelfAppraisal.objects.filter(round=round).exists() or PeerAppraisal.objects.filter(round=round).exists()


@transaction.atomic
def cancel_round(*, round: AppraisalRound, scope: Scope, now: datetime) -> None:
    """Take an appraisal back that was begun by mistake. Raises `Refused` once somebody has written: their words stay."""
    round = lock_round(round.pk)
    require_committee(round, scope)
    require_state(round, AppraisalState.WRITING)
    if has_words(round):
        raise Refused(_("Members have written already, and their words stay. Go on with this appraisal."))
    retire_notices(prefix=f"{notices.WRITE}:{round.pk}:", now=now)
    round.delete()
