"""The reports themselves, one module a topic. Importing this package registers them all."""

from . import continuity, pairings

__all__ = ["continuity", "pairings"]
