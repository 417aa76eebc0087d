"""Doorbuster sales: what other contexts may ask of them."""

from write_side.sales.domain import Gated, PassRequired, Sale, check_passes
from write_side.sales.handlers import take_along
from write_side.sales.store import check, gates_by_sku, kept_from

__all__ = ["Gated", "PassRequired", "Sale", "check", "check_passes", "gates_by_sku", "kept_from", "take_along"]
