"""Which products are meant by what they have in common."""
