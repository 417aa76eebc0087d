"""Carts: what other contexts may ask of them."""

from write_side.carts.domain import Cart, CartOrderedAlready, check_secret
from write_side.carts.store import find_cart

__all__ = ["Cart", "CartOrderedAlready", "check_secret", "find_cart"]
