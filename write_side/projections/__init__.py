"""The read models as operators see them: what is parked, and what is to be done about it. The projector does it."""
