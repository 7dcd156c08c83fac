"""What happens to a link: arranged, published, answered, ended, handed on. Each locks, checks the rules, writes, tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from branches.policy import Policy
from members.models import Person
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Problem, Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices
from .facts import load_network, load_people, partners_of
from .models import LeagueGuidance, Mentorship
from .rules import Limits, LinkCase, link_problems
from .tiers import LinkState, Tier

# Held by whoever changes the network of links; any number no other advisory lock of the portal has.
NETWORK_LOCK = 20_261_086


class NeedsAWord(Refused):
    """Nothing forbids it, but something speaks against it: repeat with `accept_warnings` to go on. `problems` says what."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = list(problems)


def may_arrange(party_branch: PartyBranch, scope: Scope) -> bool:
    """Who runs the branch that keeps the link, or oversees its department."""
    return scope.manages(party_branch.pk) or scope.oversees(party_branch.department_id)


def keeper_of(tier: int, mentor: Person, mentee: Person) -> PartyBranch:
    """The Party branch that keeps a link: the mentor's in tier 1, the mentee's else. Raises `Refused` when there is none."""
    person = mentor if tier == Tier.CLASSMATES else mentee
    if person.party_branch is None:
        words = _(
            "%(name)s belongs to no Party branch, so no branch can arrange this. Enter the branch in the roster first."
        )
        raise Refused(words % {"name": person.name}, field="mentor" if tier == Tier.CLASSMATES else "mentee")
    return person.party_branch


@transaction.atomic
def arrange_link(
    *, tier: int, mentor: Person, mentee: Person, starts_on: date, ends_on: date | None = None, is_formal: bool = False,
    goal: str = "", scope: Scope | None, by: User | None, today: date, now: datetime, as_draft: bool = False,
    accept_warnings: bool = False, replaces: Mentorship | None = None, reasons: list[list[object]] | None = None,
    score: int | None = None,
) -> Mentorship:  # fmt: skip
    """Make a link of tiers 1–3. Published at once unless `as_draft`: tier 1 then waits for the mentee, the others run.

    `scope` None is the operator's command line. `replaces` is a link that ends as this one begins (a hand-over, never a draft).
    Raises `Refused` with the first rule that forbids it, `NeedsAWord` when only warnings stand against it.
    """
    if replaces is not None:
        assert not as_draft, "a draft ends nothing"
        replaces = lock_link(replaces, mentor.pk, mentee.pk)
        refuse_outsiders(replaces.party_branch, scope)
        refuse_unless(replaces, LinkState.OFFERED, LinkState.ACTIVE)
    people = lock_people(mentor.pk, mentee.pk)
    mentor, mentee = people[mentor.pk], people[mentee.pk]
    settle_problems(link_problems(read_case(
        tier=tier, mentor=mentor, mentee=mentee, starts_on=starts_on, ends_on=ends_on, is_formal=is_formal, today=today,
        replaces=replaces.pk if replaces else None,
    )), accept_warnings=accept_warnings or as_draft)  # fmt: skip
    keeper = keeper_of(tier, mentor, mentee)
    refuse_outsiders(keeper, scope)
    if replaces is not None:
        _close(replaces, on=max(today, starts_on), reason=_("handed on"), state=LinkState.ENDED, now=now)
    link = Mentorship(
        tier=tier, mentor=mentor, mentee=mentee, party_branch=keeper, is_formal=is_formal and tier == Tier.ACTIVISTS,
        goal=goal.strip()[:200], starts_on=starts_on, ends_on=ends_on, successor_of=replaces, arranged_by=by, created_at=now,
        reasons=reasons or [], score=score,
    )  # fmt: skip
    if not as_draft:
        _publish(link, now=now)
    save_row(link)
    if not as_draft:
        ended = notices.link_ended(replaces, by) if replaces is not None else []
        post_notices(notices=[*ended, *notices.link_published(link, by)], now=now)
    return link


def read_case(
    *, tier: int, mentor: Person, mentee: Person, starts_on: date, ends_on: date | None, is_formal: bool, today: date,
    replaces: int | None = None,
) -> LinkCase:  # fmt: skip
    """The facts of one wanted link, as they stand now; certain only while the two people are locked."""
    facts = load_people([mentor.pk, mentee.pk], today)
    return LinkCase(
        tier=tier, mentor=facts[mentor.pk], mentee=facts[mentee.pk], starts_on=starts_on, ends_on=ends_on, is_formal=is_formal,
        network=load_network([mentor.pk, mentee.pk]), limits=Limits.on(today, Policy()),
        partner_branches=partners_of([mentee.party_branch_id], today).get(mentee.party_branch_id or 0, ()), replaces=replaces,
    )  # fmt: skip


def settle_problems(problems: Sequence[Problem], *, accept_warnings: bool) -> None:
    """Raise what blocks; raise the warnings too unless they were accepted."""
    refuse_blocked(problems)
    warnings = [problem for problem in problems if problem.severity == "warn"]
    if warnings and not accept_warnings:
        raise NeedsAWord(warnings)


def lock_people(*ids: int) -> dict[int, Person]:
    """Rows of people, locked in one order: whoever takes the same place waits here, then reads that it is taken.

    Call it before anything else of mentoring is locked, once with everybody needed.
    """
    wait_for_other_links()
    rows = (
        Person.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("party_branch", "school_class")
    )
    return {person.pk: person for person in rows.order_by("pk")}


def wait_for_other_links() -> None:
    """From here to the end of the transaction nobody else makes, answers or ends links.

    Without it two links at once close a circle of four, each of them locking the other two people; and bulk work, which takes
    people one after another, and whoever ends a link would wait for each other. SQLite lets one write at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NETWORK_LOCK])


def _publish(link: Mentorship, *, now: datetime) -> None:
    link.state = LinkState.OFFERED if link.tier == Tier.CLASSMATES else LinkState.ACTIVE
    link.published_at = now


def save_row(row: Mentorship | LeagueGuidance) -> None:
    """Save; what the database refuses is said in words."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused(_("This link was made meanwhile, or does not fit what is there now. Reload the page.")) from error


def lock_link(link: Mentorship, *more_people: int) -> Mentorship:
    """The link as it stands now, locked after its two people and `more_people`. Raises `Refused` when it is gone."""
    rows = lock_links([link], *more_people)
    if not rows:
        raise Refused(_("This draft was taken off the plan meanwhile. Reload the page."))
    return rows[0]


def lock_links(links: Sequence[Mentorship], *more_people: int) -> list[Mentorship]:
    """Those of the links that are still there, by id; all their people are locked first (the one order of locks)."""
    lock_people(*{pk for link in links for pk in (link.mentor_id, link.mentee_id)}, *more_people)
    rows = Mentorship.objects.select_for_update(of=("self",)).select_related("mentor", "mentee", "party_branch")
    return list(rows.filter(pk__in=[link.pk for link in links]).order_by("pk"))


def refuse_unless(row: Mentorship | LeagueGuidance, *states: LinkState) -> None:
    """Raises `Refused` with the state the row is in by now, unless it is one of these."""
    if row.state not in states:
        raise Refused(_("This link is “%(state)s” now. Reload the page.") % {"state": row.get_state_display()})


@transaction.atomic
def publish_links(
    *, links: Iterable[Mentorship], scope: Scope | None, by: User | None, today: date, now: datetime
) -> list[Mentorship]:
    """Make drafts known, each checked again; all or nothing. Raises `Refused` naming the first that no longer fits."""
    published = []
    for link in lock_links(list(links)):
        if link.state != LinkState.DRAFT:
            continue
        refuse_outsiders(link.party_branch, scope)
        link.starts_on = max(link.starts_on, today)
        problems = link_problems(read_case(
            tier=link.tier, mentor=link.mentor, mentee=link.mentee, starts_on=link.starts_on, ends_on=link.ends_on,
            is_formal=link.is_formal, today=today, replaces=link.pk,
        ))  # fmt: skip
        refuse_blocked(problems)
        _publish(link, now=now)
        save_row(link)
        published.append(link)
    post_notices(notices=[notice for link in published for notice in notices.link_published(link, by)], now=now)
    return published


@transaction.atomic
def discard_draft(*, link: Mentorship, scope: Scope) -> None:
    """Take a draft off the plan."""
    link = lock_link(link)
    refuse_outsiders(link.party_branch, scope)
    if link.state != LinkState.DRAFT:
        raise Refused(_("This link is published already. End it instead."))
    link.delete()


@transaction.atomic
def answer_offer(*, link: Mentorship, accept: bool, scope: Scope, now: datetime, today: date) -> Mentorship:
    """The mentee of tier 1 says yes or no; only a yes makes the link run. No reason is asked for."""
    link = lock_link(link)
    if scope.person_id != link.mentee_id:
        raise Refused(_("Only the one who is to be helped answers this."))
    if link.state != LinkState.OFFERED:
        raise Refused(_("This offer is “%(state)s” now. Reload the page.") % {"state": link.get_state_display()})
    link.answered_at = now
    if accept:
        link.state = LinkState.ACTIVE
    else:
        link.state, link.ended_on = LinkState.DECLINED, max(today, link.starts_on)
    link.save()
    retire_notices(prefix=notices.offer_prefix(link), now=now)
    post_notices(notices=notices.offer_answered(link), now=now)
    return link


@transaction.atomic
def end_link(
    *, link: Mentorship, reason: str, scope: Scope | None, by: User | None, today: date, now: datetime
) -> Mentorship:
    """End a link early; what was logged stays. Who keeps it ends it; the mentee may, at any time and without a reason."""
    link = lock_link(link)
    is_mentee = scope is not None and scope.person_id == link.mentee_id
    if not is_mentee:
        refuse_outsiders(link.party_branch, scope)
        if not reason.strip():
            raise Refused(_("Please say why: both will read it."), field="reason")
    refuse_unless(link, LinkState.OFFERED, LinkState.ACTIVE)
    _close(link, on=today, reason=reason.strip() or _("ended by the mentee"), state=LinkState.ENDED, now=now)
    post_notices(notices=notices.link_ended(link, by), now=now)
    return link


def _close(link: Mentorship, *, on: date, reason: str, state: LinkState, now: datetime) -> None:
    link.state, link.ended_on, link.end_reason = state, max(on, link.starts_on), reason[:200]
    link.published_at = link.published_at or now
    link.save()
    retire_notices(prefix=notices.offer_prefix(link), now=now)


@transaction.atomic
def hand_on(
    *,
    link: Mentorship,
    mentor: Person,
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
    accept_warnings: bool = False,
) -> Mentorship:
    """Another mentor takes over: the old link ends, the new one begins the same day. Raises as `arrange_link`."""
    link = lock_link(link, mentor.pk)
    refuse_outsiders(link.party_branch, scope)
    refuse_unless(link, LinkState.ACTIVE)
    if mentor.pk == link.mentor_id:
        raise Refused(
            _("%(name)s has this link already. Choose somebody else.") % {"name": mentor.name}, field="mentor"
        )
    return arrange_link(
        tier=link.tier, mentor=mentor, mentee=link.mentee, starts_on=max(today, link.starts_on),
        ends_on=link.ends_on if link.ends_on and link.ends_on > today else None, is_formal=link.is_formal, goal=link.goal,
        scope=scope, by=by, today=today, now=now, accept_warnings=accept_warnings, replaces=link,
    )  # fmt: skip


def refuse_outsiders(party_branch: PartyBranch, scope: Scope | None) -> None:
    """Raises `Refused` for everybody but who keeps the link; None is the operator's command line."""
    if scope is not None and not may_arrange(party_branch, scope):
        words = _("Links kept by %(branch)s are arranged by its secretary. Ask there, or the department.")
        raise Refused(words % {"branch": party_branch.short_name})


# --- When people leave ---------------------------------------------------------------------------


def end_links_of(person_ids: Sequence[int], left_on: date, by_user_id: int | None) -> list[str]:
    """What leaving ends: every open link and guidance; drafts go. Who stays is told. Returns a line each.

    Runs in the caller's transaction, which has locked the leavers.
    """
    rows = _open_rows_of(person_ids)
    lines = [str(row) for row in rows]
    now = timezone.now()
    told = []
    for row in rows:
        if row.state == LinkState.DRAFT:
            row.delete()
            continue
        if isinstance(row, Mentorship) and row.state == LinkState.OFFERED:
            retire_notices(prefix=notices.offer_prefix(row), now=now)
        row.state, row.ended_on, row.end_reason = LinkState.ENDED, max(left_on, row.starts_on), _("left the college")
        row.save()
        told += notices.ended_by_leaving(row)
    gone = {*Person.objects.filter(pk__in=person_ids).values_list("user_id", flat=True), by_user_id}
    post_notices(notices=[notice for notice in told if notice.user_id not in gone], now=now)
    return lines


def preview_links_of(person_ids: Sequence[int]) -> list[str]:
    """The open links and guidances that would end."""
    return [str(row) for row in _open_rows_of(person_ids)]


def _open_rows_of(person_ids: Sequence[int]) -> list[Mentorship | LeagueGuidance]:
    theirs = Q(mentor_id__in=person_ids) | Q(mentee_id__in=person_ids)
    guidances = LeagueGuidance.objects.open().filter(person_id__in=person_ids)
    return [*Mentorship.objects.open().filter(theirs).with_people(), *guidances.with_names()]
