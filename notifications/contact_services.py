"""How somebody wants to be reached outside the portal."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import NoticeKind, notice_kinds

from .claim_services import free_at
from .hours import SendingHours
from .models import Channel, ContactChoice, Delivery, DeliveryState, MutedKind

# One account; "|" would be several, "@all" everybody.
WECOM_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


def kinds_to_choose() -> list[NoticeKind]:
    """Kinds that go outside and may be turned off there."""
    return [kind for kind in notice_kinds if kind.outside and kind.may_mute]


def contact_choice_of(user: User) -> ContactChoice:
    """What they chose, or what holds for who chose nothing; not written."""
    return ContactChoice.objects.filter(user=user).first() or ContactChoice(user=user)


@transaction.atomic
def save_contact_choice(
    *,
    user: User,
    by_email: bool,
    by_wecom: bool,
    wecom_id: str,
    digest_hour: int | None,
    muted: Collection[str],
    now: datetime,
) -> ContactChoice:
    """Keep the choice; what waits on a way that was turned off is let go. In the portal everything still stands.

    Raises `Refused` for a WeCom account that names nobody or several, and for an hour in which nothing is sent.
    """
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    _check(wecom_id, digest_hour, now)
    choice, _created = ContactChoice.objects.update_or_create(
        user=user,
        defaults={"by_email": by_email, "by_wecom": by_wecom, "wecom_id": wecom_id, "digest_hour": digest_hour},
    )
    wanted_silent = {kind.kind for kind in kinds_to_choose()} & set(muted)
    MutedKind.objects.filter(user=user).exclude(kind__in=wanted_silent).delete()
    silent = set(MutedKind.objects.filter(user=user).values_list("kind", flat=True))
    MutedKind.objects.bulk_create([MutedKind(user=user, kind=kind) for kind in sorted(wanted_silent - silent)])
    _let_go(user, choice, wanted_silent, now)
    return choice


def _check(wecom_id: str, digest_hour: int | None, now: datetime) -> None:
    if wecom_id and not WECOM_ID.fullmatch(wecom_id):
        raise Refused(_("A WeCom account is one name of letters, digits, dot, dash or underscore."), field="wecom_id")
    hours = SendingHours.in_force(Policy(), timezone.localdate(now))
    if digest_hour is not None and digest_hour not in hours.loud_hours():
        raise Refused(_("At that hour nothing is sent. Choose one of the hours offered."), field="digest_hour")


def _let_go(user: User, choice: ContactChoice, silent: Collection[str], now: datetime) -> None:
    unwanted = Q(notice__kind__in=silent, channel__in=(Channel.EMAIL, Channel.WECOM))
    if not choice.by_email:
        unwanted |= Q(channel=Channel.EMAIL)
    if not choice.by_wecom or not choice.wecom_id:
        unwanted |= Q(channel=Channel.WECOM)
    waiting = Delivery.objects.filter(unwanted, free_at(now), notice__user=user, state=DeliveryState.PENDING)
    Delivery.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(state=DeliveryState.DROPPED)
