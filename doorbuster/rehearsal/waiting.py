"""The profile `waiting-room`: a sale is announced before the crowd comes; afterwards log and crowd lie side by side."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from doorbuster.demo.shop import Shop
from doorbuster.rehearsal import turns
from doorbuster.rehearsal.costs import CpuWatch
from doorbuster.rehearsal.percentiles import percentiles
from doorbuster.rehearsal.report import Told
from doorbuster.rehearsal.turns import Bought, Pass, Place, Terms
from shared.events.orders import OrderPlaced
from shared.events.sales import PassGiven

PROFILE = "waiting-room"
COMES_UP = 3.0  # seconds that the generators take
STARTS = 0.35  # the share of the time at which the first turn comes
ALL_IN = 0.5  # the share of the time within which as many turns come as there are shoppers
PASS_SECONDS = 120
REFUSED, GOT_THROUGH = "cheat refused: ", "cheat got through: "

_EVENTS = """SELECT position, convert_from(payload, 'UTF8') AS payload FROM event_log
             WHERE position > $1 AND type LIKE $2 ORDER BY position"""
_CLOSED = """SELECT aggregate_id::text AS id FROM event_log
             WHERE position > $1 AND (type LIKE 'orders.order_cancelled.%' OR type LIKE 'orders.order_expired.%')"""
_LEFT = "SELECT sum(on_hand - reserved) FROM stock_item WHERE sku = $1"


def rate(users: int, seconds: float) -> int:
    """Turns a minute, so that everybody's comes while the crowd is there."""
    return max(60, round(users * 60 / (seconds * ALL_IN)))


async def announce(shop: Shop, bearer: str, sku: str, units: int, seconds: float, per_minute: int) -> Terms:
    """The sale, by the staff's command, once it can be seen. Its waiting room is open at once."""
    starts_at = datetime.fromtimestamp(time.time() + COMES_UP + seconds * STARTS, UTC)
    said = {
        "name": "Doorbuster", "skus": [sku], "starts_at": starts_at.isoformat(), "per_minute": per_minute,
        "pass_seconds": PASS_SECONDS,
    }  # fmt: skip
    sale, position = await shop.command("POST", "/v1/sales", said, Authorization=f"Bearer {bearer}")
    await shop.query(f"/v1/sales/by-sku/{sku}", position)
    return Terms(sale["id"], sku, starts_at.timestamp(), per_minute, units)


async def end(environment: Mapping[str, str], bearer: str, terms: Terms) -> None:
    """The sale is over: what is left of it is anybody's."""
    async with Shop(environment) as shop:
        await shop.command("POST", f"/v1/sales/{terms.sale_id}/end", Authorization=f"Bearer {bearer}")


class Logged(Struct, frozen=True):
    """What the log and the rows say of a sale."""

    passes: list[Pass]
    orders: list[Bought]
    left: int


async def logged(conn: "asyncpg.Connection[asyncpg.Record]", since: int, terms: Terms) -> Logged:
    """All of it since a position."""
    given = [
        (row["position"], msgspec.json.decode(row["payload"], type=PassGiven))
        for row in await conn.fetch(_EVENTS, since, "sales.pass_given.%")
    ]
    closed = {row["id"] for row in await conn.fetch(_CLOSED, since)}
    placed = [
        (row["position"], msgspec.json.decode(row["payload"], type=OrderPlaced))
        for row in await conn.fetch(_EVENTS, since, "orders.order_placed.%")
    ]
    return Logged(
        [_pass(at, event) for at, event in given if str(event.sale_id) == terms.sale_id],
        [each for at, event in placed if (each := _bought(at, event, terms.sku, closed)).quantity],
        int(await conn.fetchval(_LEFT, terms.sku)),
    )


def _pass(position: int, event: PassGiven) -> Pass:
    return Pass(position, event.position, str(event.cart_id), event.until.timestamp() - PASS_SECONDS)


def _bought(position: int, event: OrderPlaced, sku: str, closed: set[str]) -> Bought:
    quantity = sum(line.quantity for line in event.lines if line.sku == sku)
    return Bought(position, str(event.order_id), str(event.cart_id), quantity, str(event.order_id) in closed)


def judged(
    terms: Terms, log: Logged, crowd: Sequence[Place], secret: str, outcomes: Mapping[str, int]
) -> dict[str, list[str]]:
    """What must hold of a sale by turns → what contradicts it."""
    tickets, unsigned = turns.held(crowd, secret)
    got_through = [f"{many} × {what}" for what, many in outcomes.items() if what.startswith(GOT_THROUGH)]
    return {
        "bought without a turn": turns.without_a_turn(log.passes, log.orders, tickets),
        "turns taken too soon": turns.too_soon(terms, log.passes),
        "jumped the queue": unsigned + turns.jumped(terms, tickets, log.passes),
        "turns that were lost": turns.lost(tickets, log.passes),
        "cheats that got through": got_through,
        "units of the sale not explained": turns.unexplained(terms, log.orders, log.left),
    }


def told(
    terms: Terms, log: Logged, crowd: Sequence[Place], secret: str, outcomes: Mapping[str, int]
) -> dict[str, Told]:
    """Figures that are told and not judged. Times in milliseconds unless named otherwise."""
    tickets, _ = turns.held(crowd, secret)
    given = {each.turn: each.given_at for each in log.passes}
    took = [(each.place, given[each.turn]) for each in tickets if each.turn in given]
    after = [(each.place.way, (given[each.turn] - terms.turn_at(each.turn)) * 1000) for each in tickets
             if each.turn in given and each.turn is not None]  # fmt: skip
    late = [(at - place.promised_at) * 1000 for place, at in took if place.promised_at is not None]
    waited = [at - max(place.answered_at, terms.starts_at) for place, at in took]
    return {
        "turns a minute, announced": terms.per_minute,
        "most turns taken in any minute": turns.most_in_a_minute(given.values()),
        "tickets drawn": len(tickets),
        "of them before the start": sum(each.by_lot for each in tickets),
        "turns taken": len(given),
        "orders": len(log.orders),
        "units ordered": sum(order.quantity for order in log.orders if not order.closed),
        "units left": log.left,
        "rank correlation of number and turn, of those drawn by lot": turns.correlation(tickets),
        **_spread("seconds waited since the start", waited),
        **_spread("ms from the first estimate to the pass", late),
        **_spread("ms from the turn to the pass, honest", [late for way, late in after if way == "honest"]),
        **_spread("ms from the turn to the pass, impatient", [late for way, late in after if way == "impatient"]),
        **_cheats(outcomes),
    }


def _spread(name: str, values: Sequence[float]) -> dict[str, Told]:
    return {f"{name}, {share}": value for share, value in percentiles(values).items() if share in ("p50", "p95", "p99")}


def _cheats(outcomes: Mapping[str, int]) -> dict[str, Told]:
    return {what: many for what, many in sorted(outcomes.items()) if what.startswith((REFUSED, GOT_THROUGH))}


def asking(
    terms: Terms, slices: Sequence[dict[str, Any]], began_at: float, quiet: float, cpu: CpuWatch
) -> dict[str, Told]:
    """What waiting costs the query API: until the sale starts, all who come look at the offer once, and wait. Only the
    first `quiet` seconds are looked at: a process that has to start anew costs more."""
    width = slices[1]["at"] if len(slices) > 1 else 1.0
    waiting = [piece for piece in slices if piece["at"] + width <= min(quiet, terms.starts_at - began_at)]
    asked = sum(piece["query_rate"] * width for piece in waiting)
    used = cpu.between("read-api", began_at, began_at + len(waiting) * width)
    polls = [piece.get("asked for their turn", 0) / width for piece in slices]
    return {
        "questions for a turn, in all": round(sum(polls) * width),
        "questions a second, at most": round(max(polls, default=0.0), 1),
        "requests to the query API while all wait": round(asked),
        "CPU ms of the query API for one of them": round(used / asked, 3) if asked and used is not None else None,
    }
