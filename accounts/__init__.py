"""The user, signing in, the audit trail, stored uploads with their owner."""
