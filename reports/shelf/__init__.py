"""The reports themselves, one module a topic. Importing this package registers them all."""

from . import pairings

__all__ = ["pairings"]
