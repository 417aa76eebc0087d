"""The read model of doorbuster sales, and where the waiting room of each counts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.events.sales import Gate

MODEL = "sale"  # Redis: `doc:<sale id>` is a Sale; running ones also by sku


class Sale(Struct, frozen=True):
    """A doorbuster sale as shoppers may see it. `gate`: how fast turns come."""

    id: UUID
    name: str
    skus: list[str]
    announced_at: datetime
    waiting_from: datetime
    starts_at: datetime
    ends_at: datetime | None
    pass_seconds: int
    gate: Gate
    state: Literal["running", "ended"]


def waiting_room_key(sale_id: UUID | str) -> str:
    """A hash of the query API's own, no read model: `tail` (numbers drawn), `early` (how many before the start) and
    `shut_until` (nobody draws before, microseconds). If Redis loses it, those who wait carry what it said."""
    return f"waiting_room:{sale_id}"
