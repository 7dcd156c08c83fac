"""Exports under way: asked for, written in the background, fetched for ten minutes, forgotten."""
