"""The outbox, its channels, its tick. Knows users and no domain."""
