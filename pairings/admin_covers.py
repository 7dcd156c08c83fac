"""The forecast of who is on campus, and who stands in."""
