"""Who says what sending costs: our own tables, or a service outside, asked at the quote (write_side/outside.py)."""

from collections.abc import Sequence
from typing import Protocol

from shared.events.orders import Shipping
from write_side import outside
from write_side.database import Pool
from write_side.errors import Refusal
from write_side.outside import NoAnswer
from write_side.shipping import domain, store
from write_side.shipping.domain import Parcel


class ShippingUnavailable(Refusal):
    """Who knows what sending costs does not answer, or not in time: try again."""

    status = 503
    code = "shipping_unavailable"


class ShippingRates(Protocol):
    """A provider: our tables (`TableRates`), or whatever answers the same question."""

    async def options(self, parcel: Parcel) -> Sequence[Shipping]:
        """How a parcel can be sent and for what, the cheapest first; none where nothing goes. Raises `NoAnswer`."""


class TableRates:
    """What staff have set: zones, methods and brackets."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def options(self, parcel: Parcel) -> list[Shipping]:
        """By the zone that the address lies in."""
        async with self._pool.acquire() as conn:
            zones = await store.zones_of(conn, parcel.country)
        return domain.options(zones, parcel)


async def ask(rates: ShippingRates, parcel: Parcel, seconds: float) -> Sequence[Shipping]:
    """What a provider answers within so many seconds; refuses `shipping_unavailable`."""
    try:
        return await outside.within(seconds, "shipping", rates.options(parcel))
    except NoAnswer as error:
        detail = "what sending costs can't be told at the moment; try again"
        raise ShippingUnavailable(detail, retry_after=2) from error
