"""Offers to a cart: what it would cost, for a while."""
