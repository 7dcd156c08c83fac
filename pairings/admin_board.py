"""The board of a pairing, the split of a branch, wishes."""
