"""The links that stand, found by person: the rules are asked about the few near a couple, not about all."""

from __future__ import annotations

from collections import defaultdict

from ..rules import GuideFacts, LinkFacts, Network


class Places:
    """Grows while rows are accepted."""

    def __init__(self, network: Network) -> None:
        self._by_mentor: dict[tuple[int, int], list[LinkFacts]] = defaultdict(list)
        self._by_mentee: dict[tuple[int, int], list[LinkFacts]] = defaultdict(list)
        self._by_league: dict[int, list[GuideFacts]] = defaultdict(list)
        for link in network.links:
            self.add_link(link)
        for guide in network.guides:
            self.add_guide(guide)

    def add_link(self, link: LinkFacts) -> None:
        self._by_mentor[link.tier, link.mentor_id].append(link)
        self._by_mentee[link.tier, link.mentee_id].append(link)

    def add_guide(self, guide: GuideFacts) -> None:
        self._by_league[guide.league_branch_id].append(guide)

    def replace_link(self, pk: int, link: LinkFacts) -> None:
        """Another fact in the place of the link `pk`."""
        for known in (self._by_mentor[link.tier, link.mentor_id], self._by_mentee[link.tier, link.mentee_id]):
            known[:] = [link if row.pk == pk else row for row in known]

    def near(self, tier: int, mentor_id: int, mentee_id: int) -> Network:
        """Every link of the tier that counts for this couple: those of the mentor, those of the mentee, and all whom the mentee
        helps directly or through others."""
        links = [*self._by_mentor.get((tier, mentor_id), ()), *self._by_mentee.get((tier, mentee_id), ())]
        seen, waiting = {mentor_id, mentee_id}, [mentee_id]
        while waiting:
            for link in self._by_mentor.get((tier, waiting.pop()), ()):
                links.append(link)
                if link.ended_on is None and link.mentee_id not in seen:
                    seen.add(link.mentee_id)
                    waiting.append(link.mentee_id)
        return Network(list(dict.fromkeys(links)))

    def guides(self, league_branch_id: int) -> Network:
        return Network(guides=list(self._by_league.get(league_branch_id, ())))
