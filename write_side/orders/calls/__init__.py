"""The SQL functions that place and settle orders, each of them one call for many commands."""

from write_side.orders.calls.contract import Known, Outcome, Placing, Settling

__all__ = ["Known", "Outcome", "Placing", "Settling"]
