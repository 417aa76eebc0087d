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
    """Waits until the worker has nothing more to do for any payment; answers those for which it still has."""
    deadline = time.monotonic() + patience
    while (waiting := await payments.at_work(conn)) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return [f"payment {id_}: the worker has not finished with it" for id_ in waiting]


async def differences(conn: Connection, provider: Provider) -> list[str]:
    """Orders and captures that don't match, one line each."""
    made_there = await captured(provider)
    states = {payment.order_id: payment.state for payment in await payments.all_payments(conn)}
    found = []
    for order in await orders.all_orders(conn):
        made = made_there.pop(str(order.id), [])
        paid = states.get(order.id) == "captured"
        if order.state == "confirmed" and not paid:
            found.append(f"order {order.number}: confirmed, but its payment is {states.get(order.id)}")
        if len(made) != int(paid):
            told = ", ".join(capture.intent_id for capture in made)
            found.append(f"order {order.number}: {len(made)} captures ({told}), its payment is {states.get(order.id)}")
        charged = (order.totals.total_minor, order.totals.currency)
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
    async for intent in _intents(provider):
        if intent["amount_received"]:
            capture = Capture(intent["id"], intent["amount_received"], intent["currency"].upper())
            found[intent["metadata"].get("order_id", "")].append(capture)
    return found


async def _intents(provider: Provider) -> AsyncIterator[dict[str, Any]]:
    params: dict[str, str | int] = {"limit": PAGE}
    async with httpx.AsyncClient(base_url=provider.url, auth=(provider.key, ""), timeout=30) as client:
        while True:
            page = (await client.get("/v1/payment_intents", params=params)).raise_for_status().json()
            for intent in page["data"]:
                yield intent
            if not page["has_more"]:
                return
            params["starting_after"] = page["data"][-1]["id"]
