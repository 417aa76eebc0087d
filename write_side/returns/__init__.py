"""Returns: what other contexts may ask of them.

In reading order: routes.py (what comes in), handlers.py, domain.py (the decisions), steps.py and labels.py (the
carrier). They know orders, parcels and refunds; orders ask of returns by SQL alone.
"""

from write_side.returns.domain import Return
from write_side.returns.labels import learn
from write_side.returns.store import find, of_order

__all__ = ["Return", "find", "learn", "of_order"]
