"""The four tiers, the states of a link and the words for both. Pure: imports no model."""

from __future__ import annotations

from typing import Final

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Tier(IntegerChoices):
    """Who helps whom (background: the tiered mentoring scheme)."""

    CLASSMATES = 1, _("members and activists help classmates")
    ACTIVISTS = 2, _("members guide activists")
    NEW_MEMBERS = 3, _("senior members guide new members")
    LEAGUE_BRANCHES = 4, _("senior members guide a junior League branch")


# Between two people; the fourth joins a person and a League branch.
PERSON_TIERS: Final = (Tier.CLASSMATES, Tier.ACTIVISTS, Tier.NEW_MEMBERS)


class LinkState(TextChoices):
    DRAFT = "draft", _("draft")
    OFFERED = "offered", _("waiting for the mentee")
    ACTIVE = "active", _("running")
    DECLINED = "declined", _("declined")
    ENDED = "ended", _("ended")


# A link in one of these takes a place.
OPEN_STATES: Final = (LinkState.DRAFT, LinkState.OFFERED, LinkState.ACTIVE)
# Known to the two; a draft is the branch's own business until it is published.
PUBLISHED_STATES: Final = (LinkState.OFFERED, LinkState.ACTIVE, LinkState.ENDED)


class FocusArea(TextChoices):
    """What the guidance of a League branch is about."""

    POLITICS = "politics", _("political building")
    THOUGHT = "thought", _("ideological building")
    PARTY_LEADS_LEAGUE = "party_leads_league", _("Party building leading League building")
    STUDY_CLIMATE = "study_climate", _("climate of study")
    IDEOLOGY = "ideology", _("ideological security")
    SAFETY = "safety", _("safety education")
