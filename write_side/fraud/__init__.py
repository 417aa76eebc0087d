"""Fraud checks: what other contexts may ask of them.

In reading order: domain.py (what is looked at), rules.py (the rules), counting.py (what a try is compared with),
assessing.py (`hold` and `assessed`, called where an order learns of a try), disputing.py (`disputed`, what
the buyer's bank says afterwards), handlers.py (what staff decide about those held), lapsing.py (`order_over`, where
nobody has to any more),
elsewhere.py and readdressing.py (`assessed_elsewhere`, where a paid order is to go to another door).
Orders and payments know this face; only handlers and routes know orders.
"""

from write_side.fraud.assessing import Card, Tried, assessed, hold
from write_side.fraud.disputing import disputed
from write_side.fraud.domain import Check, Dispute, Verdict, Visit
from write_side.fraud.elsewhere import AddressNotAccepted, Wish
from write_side.fraud.lapsing import order_over
from write_side.fraud.marks import NOBODY, Asker, marker, visit_if_looked_at, wish
from write_side.fraud.readdressing import assessed_elsewhere, keep, keep_refused
from write_side.fraud.store import is_held, keep_noted, move_unpaid, note

__all__ = [
    "NOBODY", "AddressNotAccepted", "Asker", "Card", "Check", "Dispute", "Tried", "Verdict", "Visit", "Wish",
    "assessed", "assessed_elsewhere", "disputed", "hold", "is_held", "keep", "keep_noted", "keep_refused", "marker",
    "move_unpaid", "note", "order_over", "visit_if_looked_at", "wish",
]  # fmt: skip
