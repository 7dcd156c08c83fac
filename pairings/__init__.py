"""The three-level pairing: branch to branch, committee to committee, member to member."""
