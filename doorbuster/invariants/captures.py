"""Each paid order was captured at the provider exactly once, over its total; nothing else was captured there."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx

from write_side.database import Connection
from write_side.orders import store as orders
from write_side.payments import store as payments
from write_side.refunds import store as refunds

PATIENCE = 60.0  # seconds that the worker may take for what it has begun
PAGE = 100


class Provider(NamedTuple):
    """The payment provider's API and the key that opens it."""

    url: str
    key: str


class Capture(NamedTuple):
    """Money that moved at the provider."""

    intent_id: str
    amount_minor: int
    currency: str


async def unsettled(conn: Connection, patience: float = PATIENCE) -> list[str]:
    """Waits until the worker has nothing more to do for any payment or refund; answers those for which it still has."""
    deadline = time.monotonic() + patience
    while (waiting := await _at_work(conn)) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return [f"{what}: the worker has not finished with it" for what in waiting]


async def _at_work(conn: Connection) -> list[str]:
    paying, refunding = await payments.at_work(conn), await refunds.unasked(conn)
    return [f"payment {id_}" for id_ in paying] + [f"refund {id_}" for id_ in refunding]


async def differences(conn: Connection, provider: Provider) -> list[str]:
    """Orders and captures that don't match, one line each."""
    made_there = await captured(provider)
    all_payments = await payments.all_payments(conn)
    states = {payment.order_id: payment.state for payment in all_payments}
    released = {payment.order_id: payment.released_minor for payment in all_payments}
    methods = {payment.order_id: payment.method for payment in all_payments}
    found = []
    for order in await orders.all_orders(conn):
        made = made_there.pop(str(order.id), [])
        paid = states.get(order.id) == "captured"
        if order.state == "confirmed" and not paid:
            found.append(f"order {order.number}: confirmed, but its payment is {states.get(order.id)}")
        if len(made) != int(paid and methods.get(order.id) == "card"):
            told = ", ".join(capture.intent_id for capture in made)
            found.append(f"order {order.number}: {len(made)} captures ({told}), its payment is {states.get(order.id)}")
        charged = (order.charged_minor - released.get(order.id, 0), order.totals.currency)
        found += [
            f"order {order.number}: costs {charged}, {capture.intent_id} took {capture[1:]}"
            for capture in made
            if capture[1:] != charged
        ]
    left = [(id_, capture.intent_id) for id_, made in made_there.items() for capture in made]
    return found + [f"{intent_id}: captured for an order that is not there ({id_})" for id_, intent_id in left]


async def captured(provider: Provider) -> dict[str, list[Capture]]:
    """Order id → its captures."""
    found: dict[str, list[Capture]] = defaultdict(list)
    async for intent in listed(provider, "payment_intents"):
        if intent["amount_received"]:
            capture = Capture(intent["id"], intent["amount_received"], intent["currency"].upper())
            found[intent["metadata"].get("order_id", "")].append(capture)
    return found


async def listed(provider: Provider, what: str) -> AsyncIterator[dict[str, Any]]:
    """All that the provider has of a kind: `payment_intents`, `refunds`."""
    params: dict[str, str | int] = {"limit": PAGE}
    async with httpx.AsyncClient(base_url=provider.url, auth=(provider.key, ""), timeout=30) as client:
        while True:
            page = (await client.get(f"/v1/{what}", params=params)).raise_for_status().json()
            for found in page["data"]:
                yield found
            if not page["has_more"]:
                return
            params["starting_after"] = page["data"][-1]["id"]
