"""What happened to doorbuster sales: who may buy what is on sale is let in by turns (shared/tickets.py).

Aggregate `sale`, key `sale:<id>`; and `sale_pass`, one for each turn that was taken, key `cart:<id>` of the cart that
has it, or had it until now.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Gate(Struct, frozen=True):
    """How fast turns come: `passed` of them until `since`, and `per_minute` from then on (0: none).

    When those that came before `since` did is not known any more, but that the first `missed` came too long ago.
    """

    since: datetime
    passed: int
    per_minute: int
    missed: int = 0


class SaleTerms(Struct, frozen=True):
    """All that is said of a sale. Its SKUs are sold to nobody without a pass from `waiting_from` until `ends_at`."""

    name: str
    skus: list[str]
    waiting_from: datetime | None  # when the waiting room opens; None: at once
    starts_at: datetime  # when the first turn comes
    ends_at: datetime | None  # None: when staff say so
    per_minute: int
    pass_seconds: int  # so long a turn can be taken, and so long whoever took it may shop


class SaleAnnounced(Struct, frozen=True, tag="sales.sale_announced.v1"):
    sale_id: UUID
    terms: SaleTerms
    gate: Gate


class SaleRevised(Struct, frozen=True, tag="sales.sale_revised.v1"):
    """Other terms; turns that came stay what they were."""

    sale_id: UUID
    terms: SaleTerms
    gate: Gate


class SaleEnded(Struct, frozen=True, tag="sales.sale_ended.v1"):
    """By staff, and for good."""

    sale_id: UUID


class PassGiven(Struct, frozen=True, tag="sales.pass_given.v1"):
    """A turn was taken, for this cart and no other; a turn is taken once."""

    pass_id: UUID
    sale_id: UUID
    position: int  # the turn, from 0
    cart_id: UUID
    until: datetime


class PassMoved(Struct, frozen=True, tag="sales.pass_moved.v1"):
    """The goods of its cart went into another one, an account's, and the pass went along."""

    pass_id: UUID
    sale_id: UUID
    cart_id: UUID  # from now on
    from_cart_id: UUID


SaleEvent = SaleAnnounced | SaleRevised | SaleEnded
PassEvent = PassGiven | PassMoved
SalesEvent = SaleEvent | PassEvent
