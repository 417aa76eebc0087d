"""Carts: what other contexts may ask of them."""

from write_side.carts.domain import (
    Cart,
    CartHead,
    CartOrderedAlready,
    SecretRequired,
    WrongSecret,
    guest_of,
    unopened,
)
from write_side.carts.store import find_cart

__all__ = [
    "Cart", "CartHead", "CartOrderedAlready", "SecretRequired", "WrongSecret", "find_cart", "guest_of", "unopened",
]  # fmt: skip
