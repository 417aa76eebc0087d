"""The SQL of gift cards. With schema/functions/gift_cards.sql, the only place that names their tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.gift_cards import GiftCardBlocked, GiftCardIssued, GiftPart
from shared.shards import gift_card_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace, uses_by_order
from write_side.event_log import NewEvent, Positions
from write_side.gift_cards.domain import GiftCard, GiftCardUses, evolve

_SELECT = """SELECT id, mark, amount_minor, currency, expires_at, state, balance_minor, version, order_id, sku,
                    refund_id FROM gift_card"""
_uses = msgspec.json.Decoder(dict[UUID, int])


async def insert(conn: Connection, events: Sequence[GiftCardIssued], cause: Metadata) -> Positions:
    """New cards' rows and events; two calls to Postgres, however many they are."""
    await conn.execute(
        """INSERT INTO gift_card (id, mark, amount_minor, currency, expires_at, state, balance_minor, version,
                                  order_id, sku)
           SELECT id, mark, amount, currency, expires_at, 'active', amount, 1, order_id, sku
           FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[])
                AS new(id, mark, amount, currency, expires_at, order_id, sku)""",
        [e.gift_card_id for e in events], [e.mark for e in events], [e.amount_minor for e in events],
        [e.currency for e in events], [e.expires_at for e in events], [e.order_id for e in events],
        [e.sku for e in events],
    )  # fmt: skip
    return await _append(conn, [(event, 1) for event in events], cause)


async def find(conn: Connection, gift_card_id: UUID) -> GiftCard | None:
    """One gift card."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", gift_card_id)
    return None if row is None else GiftCard(*row)


async def find_marked(conn: Connection, marks: Sequence[str]) -> list[GiftCard | None]:
    """The cards whose codes have these keyed hashes, in this order; None where nobody's has."""
    rows = await conn.fetch(f"{_SELECT} WHERE mark = ANY ($1)", list(marks))
    found = {row["mark"]: GiftCard(*row) for row in rows}
    return [found.get(mark) for mark in marks]


async def lock(conn: Connection, gift_card_id: UUID) -> GiftCard | None:
    """A gift card, held until the transaction ends: no order takes anything of it meanwhile."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", gift_card_id)
    return None if row is None else GiftCard(*row)


async def hold(conn: Connection, order_ids: Sequence[UUID], paid: Sequence[UUID]) -> None:
    """Lock those that these orders bought and those that paid them, in the order in which everybody does, until the
    transaction ends."""
    query = "SELECT FROM gift_card WHERE id = ANY ($1) OR order_id = ANY ($2) ORDER BY id FOR UPDATE"
    await conn.execute(query, list(paid), list(order_ids))


async def still_good(conn: Connection, parts: Sequence[GiftPart], now: datetime) -> list[GiftPart]:
    """Those of them whose cards may still be spent; locked, in the order in which everybody does, until the transaction
    ends."""
    if not parts:
        return []
    query = f"{_SELECT} WHERE id = ANY ($1) ORDER BY id FOR UPDATE"
    cards = {row["id"]: GiftCard(*row) for row in await conn.fetch(query, [part.gift_card_id for part in parts])}
    found = [(part, cards[part.gift_card_id]) for part in parts]
    return [part for part, card in found if card.state == "active" and not card.is_over(now)]


async def save(
    conn: Connection, blocked: Sequence[tuple[GiftCard, GiftCardBlocked]], cause: Metadata
) -> tuple[list[GiftCard], Positions]:
    """Locked cards' rows after they were blocked, and the events; two calls to Postgres, however many they are."""
    now = [evolve(card, event, card.version + 1) for card, event in blocked]
    await conn.execute(
        """UPDATE gift_card g SET state = new.state, version = new.version, refund_id = new.refund_id
           FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[]) AS new(id, state, version, refund_id)
           WHERE g.id = new.id""",
        [card.id for card in now], [card.state for card in now], [card.version for card in now],
        [card.refund_id for card in now],
    )  # fmt: skip
    events = [(event, card.version) for card, (_, event) in zip(now, blocked, strict=True)]
    return now, await _append(conn, events, cause)


async def of_order(conn: Connection, order_id: UUID) -> list[GiftCard]:
    """Those that an order bought."""
    return [GiftCard(*row) for row in await conn.fetch(f"{_SELECT} WHERE order_id = $1 ORDER BY id", order_id)]


async def keep_keys(conn: Connection, keys: Mapping[UUID, str]) -> None:
    """What each card's code is made of, until `forget_key`."""
    query = "INSERT INTO gift_card_letter (gift_card_id, key) SELECT * FROM unnest($1::uuid[], $2::text[])"
    await conn.execute(query, list(keys), list(keys.values()))


async def key_of(conn: Connection, gift_card_id: UUID) -> str | None:
    """What its code is made of, until it is mailed."""
    key: str | None = await conn.fetchval("SELECT key FROM gift_card_letter WHERE gift_card_id = $1", gift_card_id)
    return key


async def forget_key(conn: Connection, gift_card_id: UUID) -> None:
    """Its mail is done: nobody can make the code again."""
    await conn.execute("DELETE FROM gift_card_letter WHERE gift_card_id = $1", gift_card_id)


async def give_back(
    conn: Connection, order_id: UUID, refund_id: UUID, parts: Sequence[GiftPart], cause: Metadata
) -> Positions:
    """What a refund gives back to the cards that paid an order, whose row is held."""
    if not parts:
        return {}
    rows = await conn.fetch(
        """SELECT shard, at FROM event_append_waiting(
               gift_cards_return(array_fill(1, ARRAY[cardinality($2::uuid[])]),
                                 array_fill($1::uuid, ARRAY[cardinality($2::uuid[])]), $2, $3, $4), $5)""",
        order_id, [part.gift_card_id for part in parts], [part.amount_minor for part in parts], refund_id,
        as_json(cause),
    )  # fmt: skip
    return {row["shard"]: row["at"] for row in rows}


async def page(conn: Connection, after: UUID | None, limit: int) -> list[GiftCard]:
    """Gift cards, the newest first, behind one of them."""
    query = f"{_SELECT} WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
    return [GiftCard(*row) for row in await conn.fetch(query, after, limit)]


async def all_cards(conn: Connection, ids: Sequence[UUID] | None = None) -> list[GiftCard]:
    """Every card's row, or those of some, for the comparison with the log."""
    return [GiftCard(*row) for row in await conn.fetch(*among(_SELECT, ids))]


async def all_uses(conn: Connection, ids: Sequence[UUID] | None = None) -> list[GiftCardUses]:
    """Which orders hold how much of every card, or of some, for the comparison with the log."""
    found = await uses_by_order(conn, "gift_card", "gift_card_id", "u.amount_minor", ids)
    return [GiftCardUses(id_, _uses.decode(uses)) for id_, uses in found]


async def rewrite_card(conn: Connection, card: GiftCard, uses: GiftCardUses) -> None:
    """Make the rows say this; for a repair."""
    await overwrite(conn, "gift_card", structs.asdict(card))
    rows = [{"order_id": order, "amount_minor": amount} for order, amount in uses.orders.items()]
    await replace(conn, "gift_card_use", ("gift_card_id", card.id), rows)


async def _append(
    conn: Connection, events: Sequence[tuple[GiftCardIssued | GiftCardBlocked, int]], cause: Metadata
) -> Positions:
    new = [
        NewEvent("gift_card", event.gift_card_id, version, gift_card_key(event.gift_card_id), event)
        for event, version in events
    ]
    return await event_log.append(conn, new, cause)
