"""One order's whole way, from the log and the books beside it: its cart, quote, order, payment, stock and mails."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from projector.read_models.all import READ_MODELS
from shared.codec import decode_events
from shared.envelope import Recorded, metadata_of
from shared.events.orders import OrderPlaced
from shared.shards import cart_key, order_key, product_key
from write_side import books, event_log, orders
from write_side.books import Books
from write_side.database import Connection

# What is told of an event's content: no field of these holds personal data.
_FACTS = ("sku", "quantity", "reason", "code", "decline_code", "kind", "intent_id", "amount_minor", "currency")


class UnknownOrder(LookupError):
    """Neither an id nor a number of an order in this log."""


class Step(Struct, frozen=True):
    """One event. `ms` are milliseconds since the one before it, by the clock of Postgres."""

    position: int
    shard: int
    at: datetime
    ms: float
    type: str
    aggregate: str
    aggregate_id: UUID
    version: int
    actor: str
    correlation_id: str
    request_id: str | None
    event_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    facts: dict[str, str | int]


class Applied(Struct, frozen=True):
    """A read model that listens to some of these events. `behind`: how many of them its checkpoint has not reached.

    `by`: when the checkpoint that has all of them was written down, the latest moment at which it had them.
    """

    read_model: str
    version: str
    state: str  # "applied" | "behind" | "parked"
    behind: int
    by: datetime | None
    why: str | None = None


class OrderTrace(Struct, frozen=True):
    """All there is to know."""

    order_id: UUID
    number: str
    correlation_id: str
    steps: list[Step]
    published: bool  # all of it is below the safe position
    reactions: dict[str, bool]  # reaction → whether it has passed all of it
    read_models: list[Applied]


async def trace(database_url: str, wanted: str) -> OrderTrace:
    """The way of an order, by its id or its number; raises `UnknownOrder`, or one of `POSTGRES_FAILS`."""
    # Without the application's limits, and unable to write.
    settings = {"default_transaction_read_only": "on", "application_name": "doorbuster trace"}
    conn = await asyncpg.connect(database_url, timeout=5, command_timeout=60, server_settings=settings)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            return await _trace(conn, await _order_id(conn, wanted.strip()))
    finally:
        await conn.close()


async def _order_id(conn: Connection, wanted: str) -> UUID:
    try:
        return UUID(wanted)
    except ValueError:
        found = await orders.find_by_number(conn, wanted.upper())
    if found is None:
        raise UnknownOrder(f"there is no order {wanted}")
    return found


async def _trace(conn: Connection, order_id: UUID) -> OrderTrace:
    own = await event_log.read_keys(conn, [order_key(order_id)])
    first = decode_events(own[0].type, own[0].payload)[0] if own else None
    if not isinstance(first, OrderPlaced):
        raise UnknownOrder(f"there is no order {order_id} in the log")
    cart = await event_log.read_keys(conn, [cart_key(first.cart_id)])
    products = sorted({product_key(line.product_id) for line in first.lines})
    # Between its quote and its own last event: a product's history may be long.
    since = next((event.position for event in cart if _is_quote(event, first.quote_id)), 0)
    stock = await event_log.read_mentions(conn, products, since, own[-1].position, str(order_id))
    events = sorted([*own, *cart, *stock], key=lambda event: event.position)
    found = await books.read(conn, [order_key(order_id), cart_key(first.cart_id), *products])
    last = events[-1].position
    return OrderTrace(
        order_id,
        first.number,
        metadata_of(own[0]).correlation_id,
        [_step(event, before) for event, before in zip(events, [events[0], *events], strict=False)],
        last <= found.safe_position,
        {name: at >= last for name, at in found.reactions.items()},
        _applied(events, found),
    )


def _is_quote(event: Recorded, quote_id: UUID) -> bool:
    return event.aggregate_type == "quote" and event.aggregate_id == quote_id


def _step(event: Recorded, before: Recorded) -> Step:
    told = metadata_of(event)
    payload = msgspec.json.decode(event.payload)
    return Step(
        event.position, event.shard, event.recorded_at,
        round((event.recorded_at - before.recorded_at).total_seconds() * 1000, 1),
        event.type, event.aggregate_type, event.aggregate_id, event.version,
        told.actor, told.correlation_id, told.request_id, event.event_id, told.causation_id, told.traceparent,
        {name: payload[name] for name in _FACTS if payload.get(name) is not None},
    )  # fmt: skip


def _applied(events: Sequence[Recorded], found: Books) -> list[Applied]:
    contexts = {model.name: model.contexts for model in READ_MODELS}  # a rebuilt version listens to the same
    told = []
    for model in dict.fromkeys((c.read_model, c.version) for c in found.checkpoints):
        heard = [event for event in events if event.type.partition(".")[0] in contexts.get(model[0], ())]
        if heard:
            told.append(_standing(*model, heard, found))
    return told


def _standing(name: str, version: str, heard: Sequence[Recorded], found: Books) -> Applied:
    at = {c.shard: c for c in found.checkpoints if (c.read_model, c.version) == (name, version)}
    missing = [event for event in heard if event.shard not in at or at[event.shard].position < event.position]
    waiting = [
        parked
        for parked in found.parked
        if (parked.read_model, parked.version) == (name, version)
        and any(event.key == parked.partition_key and event.position >= parked.position for event in heard)
    ]
    if waiting:
        return Applied(name, version, "parked", len(missing), None, f"{waiting[0].partition_key}: {waiting[0].error}")
    if missing:
        return Applied(name, version, "behind", len(missing), None)
    return Applied(name, version, "applied", 0, max(at[event.shard].updated_at for event in heard))
