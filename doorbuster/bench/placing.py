"""Orders over HTTP: carts and quotes made beforehand, and the load generator that places them."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from doorbuster.bench import children, ground, http_client
from doorbuster.bench.frame import Invalid, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import Answer, Connection, request
from doorbuster.demo.shop import ADDRESS
from shared.ids import uuid7

LINES = 3
PREPARERS = 16
TRIES = 10
_ids = random.Random(4)


class Prepared(Struct, frozen=True):
    """A quote that waits to be taken up."""

    quote_id: str
    secret: str


class Order(Struct, frozen=True):
    """An order that was placed, the token that opens it, and the Position that its command answered."""

    id: str
    token: str
    position: str = ""


def prepare(ground_: Ground, count: int, lines: int = LINES) -> list[Prepared]:
    """Carts with so many lines each, of many SKUs, and their quotes, all by the command API."""
    skus = [row["sku"] for row in ground_.fetch("SELECT sku FROM variant ORDER BY sku")]
    return asyncio.run(_prepare(ground_.environment["WRITE_API_URL"], skus, count, lines))


async def _prepare(url: str, skus: Sequence[str], count: int, lines: int) -> list[Prepared]:
    made: list[Prepared] = []
    numbers = iter(range(count))

    async def go_on() -> None:
        connection = await http_client.connect(url)
        try:
            for number in numbers:
                made.append(await _quote(connection, url, _ids.sample(skus, lines), number))
        finally:
            connection.close()

    await asyncio.gather(*(go_on() for _ in range(PREPARERS)))
    return made


async def _quote(connection: Connection, url: str, skus: Sequence[str], number: int) -> Prepared:
    cart = await _served(connection, request("POST", f"{url}/v1/carts", body={"currency": "EUR"}), 201)
    cart_url, opened = f"{url}/v1/carts/{cart['id']}", {"Cart-Secret": cart["secret"]}
    for sku in skus:
        line = request("POST", f"{cart_url}/lines", opened, {"sku": sku, "quantity": 1})
        await _served(connection, line, 200)
    contact = {"mail": f"buyer-{number}@shop.example", "address": ADDRESS}
    quote = await _served(connection, request("POST", f"{cart_url}/quotes", opened, contact), 201)
    return Prepared(quote["id"], cart["secret"])


async def _served(connection: Connection, raw: bytes, status: int) -> dict[str, Any]:
    """The right answer of a shop that may say a few times that it is full."""
    for _ in range(TRIES):
        answer = await connection.ask(raw)
        if not (answer.status == 503 and msgspec.json.decode(answer.body)["code"] == "busy"):
            break
        await asyncio.sleep(1)
    return _right(answer, status)


def _right(answer: Answer, status: int) -> dict[str, Any]:
    if answer.status != status:
        raise Invalid(f"{answer.status} instead of {status}: {answer.body[:500]!r}")
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return found


def placement(url: str, prepared: Prepared) -> bytes:
    """The request that takes up a quote."""
    headers = {"Cart-Secret": prepared.secret, "Idempotency-Key": str(uuid7())}
    return request("POST", f"{url}/v1/orders", headers, {"quote_id": prepared.quote_id})


def placed(answer: Answer) -> Order:
    """The order that was placed; raises `Invalid` for any other answer."""
    found = _right(answer, 201)
    if found["state"] != "pending_payment" or found["payment"]["state"] != "pending":
        raise Invalid(f"not an order that waits for its payment: {answer.body[:500]!r}")
    return Order(found["id"], found["order_token"], answer.header(b"position").decode())


def place(ground_: Ground, prepared: Sequence[Prepared]) -> list[Order]:
    """Place them, here and now, without measuring."""
    url = ground_.environment["WRITE_API_URL"]
    timed = asyncio.run(http_client.ask_all(url, [placement(url, one) for one in prepared], PREPARERS))
    return [placed(one.answer) for one in timed]


def work(ground_: Ground, prepared: Sequence[Prepared], connections: int) -> Work:
    """Place them as fast as they are answered, over so many connections, from a process of its own."""
    url = ground_.environment["WRITE_API_URL"]
    file = ground.own_folder(ground_, "placing") / "orders.requests"
    http_client.write_down(file, [placement(url, one) for one in prepared])
    found = children.call("placing:load", {"url": url, "file": str(file), "connections": connections})
    rate = found["orders"] / found["seconds"]
    facts = {name: found[name] for name in ("p50_ms", "p95_ms", "p99_ms")}
    return Work(found["orders"], found["seconds"], rate, found["cpu_ms"], facts)


async def load(given: dict[str, Any]) -> dict[str, Any]:
    """The load generator. Every answer is looked at, once the clock has stopped."""
    requests = http_client.read_back(given["file"])
    before, began = time.process_time(), time.monotonic()
    timed = await http_client.ask_all(given["url"], requests, given["connections"])
    seconds, cpu_ms = time.monotonic() - began, (time.process_time() - before) * 1000
    orders = {placed(one.answer).id for one in timed}
    if len(orders) != len(requests):
        raise Invalid(f"{len(orders)} orders of {len(requests)} quotes")
    return {"orders": len(orders), "seconds": seconds, "cpu_ms": cpu_ms, **quantiles([t.came - t.asked for t in timed])}


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    if len(seconds) < 2:
        return {f"p{per_cent}_ms": seconds[0] * 1000 for per_cent in (50, 95, 99)}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{per_cent}_ms": cuts[per_cent - 1] * 1000 for per_cent in (50, 95, 99)}
