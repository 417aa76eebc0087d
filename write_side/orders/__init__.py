"""Orders: what other contexts may ask of them.

How one is placed, in reading order: routes.py (what comes in), quoting.py (`issue_quote`), placing.py (`place_order`,
many at once), costing.py and domain.py (the decisions), calls/ and schema/functions/orders.sql (what only the rows can
say). How it ends: settling.py (facts about its payment), closing.py (cancelled, expired), ending.py (what both do) and
verdicts.py (who wins which race).
What is quoted beside an order: beside.py, for what adds to it (adding.py) and what replaces it (replacing.py).
Rows are read in store.py, those of quotes in quotes/; persons/ is whom both name, changes/ what comes after placing.

An order goes pending_payment → confirmed, or → closing → cancelled | expired. Who moves it:

    place_order, by the client        reserves its stock (the reservation's id is the order's), asks for its payment
    payments.steps, in the worker     do what a payment's `todo` says: create the intent, capture it, void it
    webhook, `complete`, the worker   bring what the provider says to `learn`, which asks verdicts.`judge`
    cancel (client), expiry (worker)  make it closing, todo = void; payments.steps → `finish_closing` → `learn` ends it
"""

from write_side.orders.adding import (
    RUNNING,
    Load,
    There,
    check_there,
    close_unpaid,
    lock_additions,
    place_addition,
    quote_addition,
)
from write_side.orders.announced import Announcements, open_announcements, take_in_announced
from write_side.orders.bundling import gifts_among, gifts_apart, in_bundles, whole_of, with_whole_bundles
from write_side.orders.changes.store import added_to, additions_among, complete, drop, readdress, reallocate
from write_side.orders.closing import close_expired, finish_closing
from write_side.orders.domain import Order, Quote
from write_side.orders.ending import begin_closing
from write_side.orders.handlers import Amounts, OrderState, amounts, find_state, show_order
from write_side.orders.limiting import check_limits
from write_side.orders.naming import as_read
from write_side.orders.opened import PlacedOrder, check_token, opened, with_token
from write_side.orders.persons.store import named_among
from write_side.orders.placing import Placements, open_placements
from write_side.orders.quotes.store import find_quote, nearest_to, quotes_of_person, save_quote
from write_side.orders.quoting import Outside
from write_side.orders.recording import Recordings, learn_made, open_recordings
from write_side.orders.redacting import Redacted, UnfinishedOrders, check_finished, redact
from write_side.orders.refusals import (
    AlreadyPaid,
    NotAddable,
    NotSellable,
    OrderTokenEnded,
    OrderTokenRequired,
    TotalOutOfRange,
    UnknownOrder,
    WrongOrderToken,
)
from write_side.orders.replacing import Wish, is_on_credit, place_replacement, quote_replacement
from write_side.orders.settling import learn
from write_side.orders.store import (
    allocated,
    deducted_of,
    fallen_through,
    find_by_number,
    find_head,
    find_order,
    is_being_refunded,
    is_being_returned,
    items_of,
    lock_order,
    lock_whole,
    numbers_of,
    of_person,
    with_gift_cards,
)

__all__ = [
    "RUNNING", "AlreadyPaid", "Amounts", "Announcements", "Load", "NotAddable", "NotSellable", "Order", "OrderState",
    "OrderTokenEnded", "OrderTokenRequired", "Outside", "PlacedOrder", "Placements", "Quote", "Recordings", "Redacted",
    "There", "TotalOutOfRange", "UnfinishedOrders", "UnknownOrder", "Wish", "WrongOrderToken", "added_to",
    "additions_among", "allocated", "amounts", "as_read", "begin_closing", "check_finished", "check_limits",
    "check_there", "check_token", "close_expired", "close_unpaid", "complete", "deducted_of", "drop", "fallen_through",
    "find_by_number", "find_head", "find_order", "find_quote", "find_state", "finish_closing", "gifts_among",
    "gifts_apart", "in_bundles", "is_being_refunded", "is_being_returned", "is_on_credit", "items_of", "learn",
    "learn_made", "lock_additions", "lock_order", "lock_whole", "named_among", "nearest_to", "numbers_of", "of_person",
    "open_announcements", "open_placements", "open_recordings", "opened", "place_addition", "place_replacement",
    "quote_addition", "quote_replacement", "quotes_of_person", "readdress", "reallocate", "redact", "save_quote",
    "show_order", "take_in_announced", "whole_of", "with_gift_cards", "with_token", "with_whole_bundles",
]  # fmt: skip
