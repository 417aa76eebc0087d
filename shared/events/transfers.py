"""What happened to transfers that take their time: goods that are neither here nor there while they are on the road.

What the counts of both warehouses made of it stands in their stock items' histories under the same `transfer_id`
(`inventory.stock_transferred_out.v1` as they leave, `…_in.v1` as they arrive or come back). Aggregate: `transfer`, key
`transfer:<id>`.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from msgspec import Struct

Why = Literal["lost", "damaged", "surplus"]


class TransferLine(Struct, frozen=True):
    """So many of a SKU."""

    sku: str
    quantity: int


class Difference(Struct, frozen=True):
    """So many did not arrive (`lost`), can't be sold (`damaged`), or arrived beyond what was sent (`surplus`)."""

    sku: str
    quantity: int
    why: Why


class TransferPlanned(Struct, frozen=True, tag="inventory.transfer_planned.v1"):
    """These are to go; nothing has moved yet."""

    transfer_id: UUID
    from_warehouse: str
    to_warehouse: str
    lines: list[TransferLine]
    reference: str
    expected_on: date | None  # when they should arrive


class TransferDispatched(Struct, frozen=True, tag="inventory.transfer_dispatched.v1"):
    """All of it has left, and is on the road."""

    transfer_id: UUID
    from_warehouse: str
    to_warehouse: str
    lines: list[TransferLine]


class TransferReceived(Struct, frozen=True, tag="inventory.transfer_received.v1"):
    """These arrived; `in_transit` are still on the road after them."""

    transfer_id: UUID
    to_warehouse: str
    lines: list[TransferLine]
    in_transit: int


class TransferClosed(Struct, frozen=True, tag="inventory.transfer_closed.v1"):
    """Nothing more is waited for: what was on the road is explained, and what arrived beyond it."""

    transfer_id: UUID
    to_warehouse: str
    differences: list[Difference]
    note: str


class TransferCancelled(Struct, frozen=True, tag="inventory.transfer_cancelled.v1"):
    """What was on the road is back where it had left; none of it before it was dispatched."""

    transfer_id: UUID
    from_warehouse: str
    lines: list[TransferLine]
    reason: str


TransferEvent = TransferPlanned | TransferDispatched | TransferReceived | TransferClosed | TransferCancelled
