"""Read models against the log: each kind of damage in Redis and Elasticsearch is named, and nothing else is."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx

from doorbuster.document_repair import repair_documents
from doorbuster.invariants import read_models
from doorbuster.invariants.comparison import Damaged
from doorbuster.invariants.sinks import Stores
from projector.read_models.all import READ_MODELS
from shared.documents.layout import pack
from shared.events.catalog import CategoryCreated, ProductCreated
from shared.events.inventory import StockAdjusted, StockItemOpened, StockReceived
from shared.events.pricing import PriceSet
from shared.ids import uuid7
from shared.sealed import wrap
from shared.shards import CATEGORIES, order_key, product_key
from tests.faults.processes import Lab
from tests.fixtures.slots import SLOTS
from tests.integration.projector.test_documents import append, until
from tests.unit.projector.events import HISTORY, ORDER, PERSON, PERSONS_KEY, facts, placed

VERSIONS = {model.name: model.version for model in READ_MODELS}
STATUS, ORDERS, PAGE = SLOTS["order_status"], SLOTS["orders"], SLOTS["product_page"]
PRODUCT, ITEM, STRANGER = uuid7(), uuid7(), uuid7()


async def differences(lab: Lab, patience: float = 120) -> list[str]:
    """What the check finds; patient, since tests share two cores."""
    return [str(found) for found in await read_models.differences(Stores.of(lab.environment), patience)]


async def filled(lab: Lab) -> None:
    """A product with price and stock, a category, an order with its person; all of it projected, and then at rest."""
    lab.relay()
    keyring = await asyncpg.connect(lab.environment["KEYRING_URL"])
    wrapped = wrap(bytes.fromhex(lab.environment["MASTER_KEY"]), PERSON, PERSONS_KEY)
    insert = "INSERT INTO person_key (person_id, mail_fingerprint, wrapped_key) VALUES ($1, 'x', $2)"
    await keyring.execute(insert, PERSON, wrapped)
    await keyring.close()
    await append(lab, "category", uuid7(), CATEGORIES, [CategoryCreated(uuid7(), None, "lamps", "Lamps")])
    await append(lab, "product", PRODUCT, product_key(PRODUCT), [ProductCreated(PRODUCT, facts())])
    await append(lab, "price", uuid7(), product_key(PRODUCT), [PriceSet(PRODUCT, "lamp", "EUR", 1999)])
    opened = StockItemOpened("lamp", "north", PRODUCT, 10, 0, 3, "test")
    await append(lab, "stock_item", ITEM, product_key(PRODUCT), [opened])
    await append(lab, "order", ORDER, order_key(ORDER), [placed(), *HISTORY])


class Documents:
    """Damage done to documents, past the projector."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._prefix = lab, lab.environment["INDEX_PREFIX"]
        self._http = httpx.AsyncClient(base_url=lab.environment["ELASTICSEARCH_URL"])

    async def close(self) -> None:
        await self._http.aclose()

    async def redis_set(self, key: str, value: bytes, at: int | None = None) -> Callable[[], Awaitable[None]]:
        before = self._lab.redis.get(key)
        if at is None:
            self._lab.redis.set(key, value)
        else:
            self._lab.redis.setrange(key, at, value)
        return self._back_in_redis(key, before)

    async def redis_change(self, key: str, old: bytes, new: bytes) -> Callable[[], Awaitable[None]]:
        before = self._lab.redis.get(key)
        assert old in before
        return await self.redis_set(key, before.replace(old, new))

    async def redis_claim(self, key: str, name: str) -> Callable[[], Awaitable[None]]:
        before = self._lab.redis.hget(key, name)
        self._lab.redis.hset(key, name, 999_999_999)

        async def undo() -> None:
            self._lab.redis.hset(key, name, before)

        return undo

    async def redis_delete(self, key: str) -> Callable[[], Awaitable[None]]:
        before = self._lab.redis.get(key)
        assert before is not None
        self._lab.redis.delete(key)
        return self._back_in_redis(key, before)

    def _back_in_redis(self, key: str, before: bytes | None) -> Callable[[], Awaitable[None]]:
        async def undo() -> None:
            if before is None:
                self._lab.redis.delete(key)
            else:
                self._lab.redis.set(key, before)

        return undo

    async def index(self, model: str, id_: object, **changed: Any) -> Callable[[], Awaitable[None]]:
        """Other values in a document, or a new document, at the version that stands."""
        path = f"/{self._prefix}{model}-{VERSIONS[model]}/_doc/{id_}"
        found = (await self._http.get(path)).json()
        before, version = found.get("_source"), found.get("_version", 1)
        await self._put(path, {**(before or {}), **changed}, version)

        async def undo() -> None:
            if before is None:
                (await self._http.delete(path)).raise_for_status()
            else:
                await self._put(path, before, version)

        return undo

    async def unindex(self, model: str, id_: object) -> Callable[[], Awaitable[None]]:
        """Gone for good: a deleted document remembers its version for a while and refuses its old one."""
        (await self._http.delete(f"/{self._prefix}{model}-{VERSIONS[model]}/_doc/{id_}")).raise_for_status()

        async def undo() -> None:
            raise AssertionError("this must be the last damage")

        return undo

    async def _put(self, path: str, body: dict[str, Any], version: int) -> None:
        params = {"version": str(version), "version_type": "external_gte"}
        (await self._http.put(path, json=body, params=params)).raise_for_status()


Damage = Callable[[Documents], Awaitable[Callable[[], Awaitable[None]]]]
DAMAGES: list[tuple[str, Damage]] = [
    (f"{PAGE} {PRODUCT}: document '{PRODUCT}' is missing",
     lambda d: d.redis_delete(f"{PAGE}:doc:{PRODUCT}")),
    (f"{PAGE} {PRODUCT}: document '{PRODUCT}'.name is missing",
     lambda d: d.redis_change(f"{PAGE}:doc:{PRODUCT}", b'"name":', b'"nane":')),
    (f"{PAGE} {PRODUCT}: document '{PRODUCT}' ETag is ",
     lambda d: d.redis_set(f"{PAGE}:doc:{PRODUCT}", b"0" * 16, at=0)),
    (f"{PAGE} {PRODUCT}: state is ", lambda d: d.redis_set(f"{PAGE}:state:{PRODUCT}", b"x", at=0)),
    (f"{PAGE} sku 'lamp': it is missing", lambda d: d.redis_delete(f"{PAGE}:by:sku:lamp")),
    (f"{PAGE} sku 'lamp': it is {STRANGER}, not {PRODUCT}",
     lambda d: d.redis_set(f"{PAGE}:by:sku:lamp", str(STRANGER).encode())),
    (f"{PAGE} slug 'unheard-of': it is {PRODUCT}, not nobody's",
     lambda d: d.redis_set(f"{PAGE}:by:slug:unheard-of", str(PRODUCT).encode())),
    (f"{PAGE} sku 'lamp': its claim is 999999999",
     lambda d: d.redis_claim(f"{PAGE}:claims", "sku:lamp")),
    ("stock_level:v1 lamp: document ' staff:lamp'.on_hand is 11, not 10",
     lambda d: d.redis_change("stock_level:v1:doc: staff:lamp", b'"on_hand":10', b'"on_hand":11')),
    ("stock_level:v1 lamp: the position it stands at is missing",
     lambda d: d.redis_delete("stock_level:v1:state:lamp")),
    ("stock_level:v1 unicorn: document is a stranger",
     lambda d: d.redis_set("stock_level:v1:doc:unicorn", pack(b"{}"))),
    ("stock_level:v1 unicorn: state is a stranger", lambda d: d.redis_set("stock_level:v1:state:unicorn", b"{}")),
    (f"{STATUS} {ORDER}: state.position is 999999",
     lambda d: d.redis_set(f"{STATUS}:state:{ORDER}", b'{"position":999999,"state":"expired"}')),
    ("category_tree:v1 tree: document 'tree' is missing", lambda d: d.redis_delete("category_tree:v1:doc:tree")),
    (f"products:{VERSIONS['products']} {PRODUCT}: document '{PRODUCT}'.listed is false, not true",
     lambda d: d.index("products", PRODUCT, listed=False)),
    (f"stock:v1 {ITEM}: document '{ITEM}'.reserved is 7, not 0", lambda d: d.index("stock", ITEM, reserved=7)),
    (f"stock:v1 {ITEM}: state.", lambda d: d.index("stock", ITEM, fold={})),
    (f"{ORDERS} {STRANGER}: document is a stranger", lambda d: d.index("orders", STRANGER, number="A-2")),
    (f"{ORDERS} {ORDER}: the position it stands at is missing", lambda d: d.unindex("orders", ORDER)),
]  # fmt: skip


async def test_a_document_that_is_owed_is_no_difference(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    assert await differences(search_lab) == []
    documents = Documents(search_lab)
    await documents.index("products", PRODUCT, shown={"a": {"EUR": 1}}, priced=["a:sale"])
    assert await differences(search_lab) == [], "prices by the clock are of no event"
    sold = StockAdjusted("lamp", "north", -2, 8, 0, "sold")
    await append(search_lab, "stock_item", ITEM, product_key(PRODUCT), [sold], version=2)
    assert await differences(search_lab) == []
    undo = await documents.index("products", PRODUCT, availability="out")
    assert len(await differences(search_lab)) == 1, "what it shows has to be right all the same"
    await undo()
    await documents.close()


async def test_each_damage_to_a_document_is_named(search_lab: Lab) -> None:
    await filled(search_lab)
    projector = search_lab.projector()
    assert await differences(search_lab) == []
    projector.kill()  # nobody repairs what is done now
    documents = Documents(search_lab)
    for told, damage in DAMAGES:
        undo = await damage(documents)
        found = await differences(search_lab)
        assert found, told
        assert all(line.startswith(told.partition(": ")[0]) for line in found), (told, found)
        assert any(line.startswith(told) for line in found), (told, found)
        if told != DAMAGES[-1][0]:
            await undo()
    await documents.close()


async def test_what_another_release_wrote_is_told_as_that_alone(search_lab: Lab) -> None:
    await filled(search_lab)
    projector = search_lab.projector()
    assert await differences(search_lab) == []
    projector.kill()
    older = "UPDATE read_model_version SET version = 'v0.3' WHERE read_model = 'product_page' AND state = 'live'"
    await search_lab.conn.execute(older)
    wanted = f"{VERSIONS['product_page']}: `doorbuster rebuild product_page`"
    assert await differences(search_lab, patience=5) == [f"product_page: its version is v0.3, not {wanted}"]


async def test_what_the_projector_has_not_done_yet_is_named(search_lab: Lab) -> None:
    await filled(search_lab)
    projector = search_lab.projector()
    assert await differences(search_lab) == []
    projector.kill()
    received = StockReceived("lamp", "north", 15, 0, 5, "test")
    await append(search_lab, "stock_item", ITEM, product_key(PRODUCT), [received], version=2)

    async def safe() -> bool:
        query = "SELECT safe_position = (SELECT max(position) FROM event_log) FROM relay_state"
        return bool(await search_lab.conn.fetchval(query))

    await until(safe)
    found = await differences(search_lab, patience=0)
    shard = await search_lab.conn.fetchval("SELECT shard FROM event_log ORDER BY position DESC LIMIT 1")
    models = ("stock_level", "stock", "product_page", "products")
    late = {f"{model}:{VERSIONS[model]}: the checkpoint of shard {shard}" for model in models}
    assert late <= {line.partition(" is ")[0] for line in found}
    assert any(line.startswith("stock_level:v1 lamp: the position it stands at is ") for line in found)


async def test_an_event_that_nobody_can_fold_is_named(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    assert await differences(search_lab) == []
    await append(search_lab, "stock_item", uuid7(), product_key(uuid7()), [
        StockReceived("nobody", "north", 15, 0, 5, "moved before it was opened")
    ])  # fmt: skip
    found = await differences(search_lab)
    assert found
    assert all("ValueError: nobody: stock moved before its item was opened, not a state" in line for line in found)


async def test_a_shop_at_work_shows_no_false_differences(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    received = [StockReceived("lamp", "north", 10 + n, 0, 1, "test") for n in range(1, 400)]
    for n, event in enumerate(received):
        await append(search_lab, "stock_item", ITEM, product_key(PRODUCT), [event], version=2 + n)
        if n % 100 == 50:
            assert await differences(search_lab) == []


async def test_damaged_documents_are_repaired_and_the_next_look_is_clean(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    assert await differences(search_lab) == []
    documents = Documents(search_lab)
    for n, (_, damage) in enumerate(DAMAGES[:-1]):  # what was just deleted in Elasticsearch can't be written at once
        if n != 1:  # there the document is, which the one before took away
            await damage(documents)
    stores = Stores.of(search_lab.environment)
    found = [each for each in await read_models.differences(stores) if isinstance(each, Damaged)]
    assert len(found) >= len(DAMAGES) - 2
    assert await repair_documents(stores, found) == 0
    assert await differences(search_lab) == []
    await documents.close()


def verified(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    """`doorbuster verify`, as an operator types it."""
    command = [sys.executable, "-m", "doorbuster.cli", "verify", *words]
    return subprocess.run(command, env=os.environ | lab.environment, capture_output=True, text=True, check=False)


async def test_verify_compares_the_read_models_and_fails_when_one_differs(search_lab: Lab) -> None:
    search_lab.relay()
    projector = search_lab.projector()
    assert await differences(search_lab) == []
    done = verified(search_lab)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        "invoices and credit notes add up", "snapshots and log agree", "read models and log agree",
    ]  # fmt: skip
    projector.kill()
    search_lab.redis.set("stock_level:v1:doc:unicorn", b"x")
    done = verified(search_lab)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 differences (document 1)")
    assert "stock_level:v1 unicorn: document is a stranger, not known to the log" in done.stdout
    assert verified(search_lab, "--log-only").returncode == 0
    done = verified(search_lab, "--repair")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the documents are repaired: they agree now")


def test_verify_says_what_it_needs_to_compare_read_models(database_url: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "ELASTICSEARCH_URL")}
    command = [sys.executable, "-m", "doorbuster.cli", "verify"]
    environment |= {"DATABASE_URL": database_url, "DOORBUSTER_HOME": "/nowhere/at/all"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the read models were not compared" in done.stderr
    assert "REDIS_URL" in done.stderr or "KEYRING_URL" in done.stderr

