"""Telling customers that a SKU is there again: what other contexts may ask of it (docs/inventory.md)."""

from write_side.restock_requests.domain import RestockRequest, evolve
from write_side.restock_requests.handlers import awaited_by, named_among, redact

__all__ = ["RestockRequest", "awaited_by", "evolve", "named_among", "redact"]
