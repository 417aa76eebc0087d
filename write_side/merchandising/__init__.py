"""What merchants say of searches: what other contexts may ask of it."""

from write_side.merchandising.domain import SearchRule

__all__ = ["SearchRule"]
