"""Who says what sending costs: our own tables, or a service outside. Asked while no transaction is open, and never
longer than the shop can wait; what was said is frozen into the quote, so that placing an order asks nobody."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from shared.events.orders import Shipping
from write_side.database import Pool
from write_side.errors import Refusal
from write_side.shipping import domain, store
from write_side.shipping.domain import Parcel

log = logging.getLogger(__name__)


class ShippingUnavailable(Refusal):
    """Who knows what sending costs does not answer, or not in time: try again."""

    status = 503
    code = "shipping_unavailable"


class RatesFailed(Exception):
    """A provider has no answer, or none that can be read."""


class ShippingRates(Protocol):
    """A provider: our tables (`TableRates`), or whatever answers the same question."""

    async def options(self, parcel: Parcel) -> Sequence[Shipping]:
        """How a parcel can be sent and for what, the cheapest first; none where nothing goes. Raises `RatesFailed`."""


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
        async with asyncio.timeout(seconds) as limit:
            return await rates.options(parcel)
    except RatesFailed as error:
        log.error("shipping rates can't be had", extra={"fields": {"why": str(error)}})
    except TimeoutError:
        if not limit.expired():
            raise  # Postgres's own
        log.error("shipping rates can't be had", extra={"fields": {"why": f"no answer within {seconds} s"}})
    raise ShippingUnavailable("what sending costs can't be told at the moment; try again", retry_after=2)
