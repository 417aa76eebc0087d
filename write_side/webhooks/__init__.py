"""Outgoing webhooks: who is told of which events, and how telling them goes."""
