"""Which lectures are looked at more closely. Pure, and the same for everybody who knows the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def sample_size(count: int, percent: int) -> int:
    """At least one of what there is; `percent` 0 switches the checks off."""
    if count <= 0 or percent <= 0:
        return 0
    return min(count, max(1, -(-count * percent // 100)))


def draw(ids: Iterable[int], seed: str, percent: int) -> list[int]:
    """A sample of `ids`, in their order: those whose digest with the seed is lowest. Their order or repetition does not matter."""
    pool = set(ids)
    ranked = sorted(pool, key=lambda pk: (hashlib.sha256(f"{seed}:{pk}".encode()).digest(), pk))
    return sorted(ranked[: sample_size(len(pool), percent)])
