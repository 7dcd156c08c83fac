"""The four mentoring tiers. Sibling of pairings; neither imports the other."""
