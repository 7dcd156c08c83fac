"""Dashboards: figures by role, each of which opens its rows."""
