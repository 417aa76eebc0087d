"""Events of all contexts through the real engine: what lies in Redis and Elasticsearch in the end."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
from msgspec import Struct

from shared.documents.layout import unpack
from shared.documents.orders import OrderStatus
from shared.documents.products import ProductPage
from shared.envelope import Metadata
from shared.events.catalog import CategoryCreated, ProductCreated, ProductRevised
from shared.events.inventory import StockItemOpened
from shared.events.pricing import PriceSet
from shared.ids import uuid7
from shared.sealed import wrap
from shared.shards import CATEGORIES, order_key, product_key
from tests.faults.processes import Lab
from tests.fixtures.slots import SLOTS
from tests.unit.projector.events import HISTORY, ORDER, PERSON, PERSONS_KEY, facts, placed
from write_side import event_log
from write_side.event_log import NewEvent

CAUSE = Metadata(actor="test", correlation_id="documents")


async def append(lab: Lab, kind: str, id_: UUID, key: str, events: Sequence[Struct], version: int = 1) -> None:
    new = [NewEvent(kind, id_, version + n, key, event) for n, event in enumerate(events)]
    async with lab.conn.transaction():
        await event_log.append(lab.conn, new, CAUSE)


async def until(what: Any, seconds: float = 30) -> Any:
    """Waits for something true, and gives it."""
    async with asyncio.timeout(seconds):
        while not (found := await what() if asyncio.iscoroutinefunction(what) else what()):
            await asyncio.sleep(0.02)
    return found


def page(lab: Lab, id_: UUID) -> ProductPage | None:
    stored = lab.redis.get(f"{SLOTS['product_page']}:doc:{id_}")
    return msgspec.json.decode(unpack(stored).body, type=ProductPage) if stored else None


async def test_a_product_is_found_by_its_names_and_not_by_those_it_gave_up(redis_lab: Lab) -> None:
    redis_lab.relay()
    redis_lab.projector()
    one, other, price, item = uuid7(), uuid7(), uuid7(), uuid7()
    await append(redis_lab, "product", one, product_key(one), [ProductCreated(one, facts())])
    await append(redis_lab, "price", price, product_key(one), [PriceSet(one, "lamp", "EUR", 1999)])
    opened = StockItemOpened("lamp", "north", one, 10, 0, 3, "test")
    await append(redis_lab, "stock_item", item, product_key(one), [opened])
    shown = await until(lambda: (p := page(redis_lab, one)) and p.variants[0].availability == "in" and p)
    assert shown.variants[0].prices[0].amount_minor == 1999

    def leads_to(field: str, value: str) -> str | None:
        found = redis_lab.redis.get(f"{SLOTS['product_page']}:by:{field}:{value}")
        return found.decode() if found else None

    for name in (("slug", "desk-lamp"), ("sku", "lamp-xl"), ("ean", "4006381333931")):
        assert leads_to(*name) == str(one)
    renamed = ProductRevised(one, facts(slug="table-lamp"))
    await append(redis_lab, "product", one, product_key(one), [renamed], version=2)
    await append(redis_lab, "product", other, product_key(other), [ProductCreated(other, facts(variants=[]))])
    await until(lambda: leads_to("slug", "table-lamp") == str(one) and leads_to("slug", "desk-lamp") == str(other))

    redis_lab.redis.flushall()  # replayed shard by shard, in whatever order: the newest claim must win
    await until(lambda: leads_to("slug", "table-lamp") == str(one) and leads_to("slug", "desk-lamp") == str(other))
    archived = ProductRevised(one, facts(slug="table-lamp", status="archived"))
    await append(redis_lab, "product", one, product_key(one), [archived], version=3)
    await until(lambda: page(redis_lab, one) is None)
    assert leads_to("slug", "table-lamp") is None
    assert leads_to("slug", "desk-lamp") == str(other)


async def test_an_order_is_shown_in_the_clear_until_its_person_is_erased(redis_lab: Lab) -> None:
    keyring = await asyncpg.connect(redis_lab.environment["KEYRING_URL"])
    master_key = bytes.fromhex(redis_lab.environment["MASTER_KEY"])
    insert = "INSERT INTO person_key (person_id, mail_fingerprint, wrapped_key) VALUES ($1, 'x', $2)"
    await keyring.execute(insert, PERSON, wrap(master_key, PERSON, PERSONS_KEY))
    redis_lab.relay()
    projector = redis_lab.projector()
    await append(redis_lab, "order", ORDER, order_key(ORDER), [placed(), *HISTORY])

    def status() -> OrderStatus | None:
        stored = redis_lab.redis.get(f"{SLOTS['order_status']}:doc:{ORDER}")
        return msgspec.json.decode(unpack(stored).body, type=OrderStatus) if stored else None

    shown = await until(status)
    assert (shown.mail, shown.state) == ("ada@example.org", "confirmed")
    await keyring.execute("DELETE FROM person_key")
    await keyring.close()
    projector.kill()  # forgets the key it had
    redis_lab.redis.flushall()
    redis_lab.projector()
    shown = await until(status)
    assert (shown.mail, shown.address, shown.number) == (None, None, "A-1")


async def test_products_are_found_by_a_search_through_the_served_alias(search_lab: Lab) -> None:
    search_lab.relay()
    search_lab.projector()
    root, one, draft = uuid4(), uuid7(), uuid7()
    await append(search_lab, "category", root, CATEGORIES, [CategoryCreated(root, None, "lamps", "Lamps")])
    await append(search_lab, "product", one, product_key(one), [ProductCreated(one, facts(category_id=root))])
    await append(search_lab, "product", draft, product_key(draft), [ProductCreated(draft, facts(status="draft"))])
    await append(search_lab, "price", uuid7(), product_key(one), [PriceSet(one, "lamp", "EUR", 1999)])
    alias = search_lab.environment["INDEX_PREFIX"] + "products"
    async with httpx.AsyncClient(base_url=search_lab.environment["ELASTICSEARCH_URL"]) as client:

        async def priced() -> Any:
            body = {"query": {"bool": {"must": {"match": {"name": "lamps"}}, "filter": {"term": {"listed": True}}}}}
            answer = (await client.post(f"/{alias}/_search", json=body)).json()
            hits = answer.get("hits", {}).get("hits", [])
            return [hit["_source"] for hit in hits] if hits and hits[0]["_source"]["prices"] else None

        (found,) = await until(priced)
    assert (found["product_id"], found["prices"], found["category_id"]) == (str(one), {"EUR": 1999}, str(root))
    await until(lambda: b'"Lamps"' in (search_lab.redis.get("category_tree:v1:doc:tree") or b""))
