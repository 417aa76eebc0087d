"""Filters and sorts go by prices of the moment, and of products whose price stays nobody writes any."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from doorbuster import rebuilding
from projector.rebuild import BuildFailed
from shared.documents.price_slots import KEY, Counting, PriceSlots, counting
from shared.envelope import Metadata
from shared.events.catalog import GIFT_CARD, ProductCreated, ProductFacts, Variant
from shared.events.pricing import PriceSet
from shared.events.promotions import Percentage, PromotionAnnounced, PromotionEnded, PromotionTerms
from shared.ids import uuid7
from tests.faults.processes import Lab, Ours
from tests.faults.stock_load import SPACE
from tests.faults.test_rebuild import FIRST, rebuilt, start_rebuild, until, versions, versions_of
from tests.integration.invariants.test_read_models import differences
from write_side import event_log
from write_side.event_log import NewEvent

pytestmark = pytest.mark.slow

SKUS = ("lamp", "sofa", "desk", "card")
TERMS = PromotionTerms("Half", Percentage(5_000), "", [], {}, None, None, False, 1, None, None)
CAUSE = Metadata(actor="test", correlation_id="slots")


def product_of(sku: str) -> UUID:
    return uuid5(SPACE, f"product {sku}")


class Priced:
    """A shop whose products cost 10.00 each, one of them a gift card."""

    def __init__(self, lab: Lab, projector: Ours) -> None:
        self._projector = projector
        self._lab, self._prefix = lab, lab.environment["INDEX_PREFIX"]
        self.http = httpx.AsyncClient(base_url=lab.environment["ELASTICSEARCH_URL"], timeout=60)
        self.redis = Redis.from_url(lab.environment["REDIS_URL"])

    async def say(self, id_: UUID, version: int, kind: str, key: str, *events: Any) -> None:
        told = [NewEvent(kind, id_, version + n, key, event) for n, event in enumerate(events)]
        async with self._lab.conn.transaction():
            await event_log.append(self._lab.conn, told, CAUSE)

    async def open(self) -> None:
        for sku in SKUS:
            id_, tax_class = product_of(sku), GIFT_CARD if sku == "card" else "standard"
            variants = [Variant(uuid7(), sku)]
            facts = ProductFacts(sku, sku, "", "", "", "active", None, {}, [], variants, tax_class=tax_class)
            await self.say(id_, 1, "product", f"product:{id_}", ProductCreated(id_, facts))
            await self.say(uuid7(), 1, "price", f"product:{id_}", PriceSet(id_, sku, "EUR", 1000))
        await until(self.all_priced, 120)

    async def announce(self, terms: PromotionTerms) -> UUID:
        id_ = uuid7()
        await self.say(id_, 1, "promotion", f"promotion:{id_}", PromotionAnnounced(id_, terms))
        return id_

    async def end(self, id_: UUID) -> None:
        await self.say(id_, 2, "promotion", f"promotion:{id_}", PromotionEnded(id_))

    async def all_priced(self) -> bool:
        found = await self.documents()
        return found.keys() == {*SKUS} and all(each["prices"] for each in found.values())

    async def documents(self) -> dict[str, Any]:
        """What a search finds, by SKU."""
        answer = await self.http.post(f"/{self._prefix}products/_search", json={"size": 100})
        hits = answer.json().get("hits", {}).get("hits", [])
        return {hit["_source"]["skus"][0]: hit["_source"] for hit in hits}

    async def counting(self) -> Counting:
        told = await self.redis.get(KEY)
        slots = PriceSlots() if told is None else msgspec.json.decode(told, type=PriceSlots)
        return counting(slots, datetime.now(UTC))

    async def block_writes(self, *, blocked: bool, version: str | None = None) -> None:
        """As a full disk does: every write to the index that is searched, or to this one, is refused."""
        index = self._prefix + ("products" if version is None else f"products-{version}")
        setting = {"index.blocks.write": blocked}
        (await self.http.put(f"/{index}/_settings", json=setting)).raise_for_status()

    def failed_fillings(self) -> int:
        return self._projector.log.read_text().count("slots can't be filled")

    async def by(self, prices: Sequence[int]) -> dict[str, Any]:
        """Waits until these are what searches go by, of each SKU; gives the documents."""

        async def so() -> dict[str, Any] | None:
            now, found = await self.counting(), await self.documents()
            first, _, slot = now.field.partition(".")
            here = [each[first][slot] if slot else each[first] for each in (found[sku] for sku in SKUS)]
            return found if not now.changing_since and [each["EUR"] for each in here] == [*prices] else None

        return dict(await until(so, 120))


@pytest.fixture
async def shop(search_lab: Lab) -> AsyncIterator[Priced]:
    search_lab.relay()
    priced = Priced(search_lab, search_lab.projector())
    await priced.open()
    yield priced
    await priced.http.aclose()
    await priced.redis.aclose()


def marked(found: dict[str, Any]) -> set[str]:
    """Those that were written for a slot."""
    return {sku for sku, document in found.items() if "priced" in document}


async def test_of_products_whose_price_stays_none_is_written(search_lab: Lab, shop: Priced) -> None:
    half = await shop.announce(msgspec.structs.replace(TERMS, skus=["lamp"]))
    assert marked(await shop.by([500, 1000, 1000, 1000])) == {"lamp"}
    tenth = await shop.announce(msgspec.structs.replace(TERMS, off=Percentage(1_000), priority=2))
    assert marked(await shop.by([500, 1000, 1000, 1111])) == {"lamp", "card"}, "10 % off 11.11 is what the card costs"
    await shop.end(half)
    await shop.by([1000, 1000, 1000, 1111])
    await shop.end(tenth)
    await shop.by([1000, 1000, 1000, 1000])
    assert await shop.counting() == Counting("prices")
    assert await differences(search_lab) == []


async def test_a_rebuilt_index_is_not_served_before_it_has_what_is_in_force(search_lab: Lab, shop: Priced) -> None:
    """While the index that is searched can't be filled, nor is the one that is to come."""
    await shop.block_writes(blocked=True)
    await shop.announce(msgspec.structs.replace(TERMS, skus=["lamp"]))
    await until(lambda: shop.failed_fillings() > 0, 120)
    rebuilding = await start_rebuild(search_lab, "products")
    await until(lambda: versions_of(search_lab, "next", "products"), 120)
    failed = shop.failed_fillings()
    await until(lambda: shop.failed_fillings() > failed + 3, 120)  # the projector looked several times meanwhile
    assert (await versions(search_lab, "live"))["products"] == FIRST["products"]

    await shop.block_writes(blocked=False)
    said, _ = await rebuilding.communicate()
    assert rebuilding.returncode == 0, said.decode()
    assert (await versions(search_lab, "live"))["products"] != FIRST["products"]
    assert marked(await shop.by([500, 1000, 1000, 1000])) == {"lamp"}


async def test_who_goes_back_waits_for_the_prices_that_are_missing_there_and_is_told(
    search_lab: Lab, shop: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they take, as long as some more are filled in."""
    monkeypatch.setattr(rebuilding, "PATIENCE", 3.0)
    code, told = await rebuilt(search_lab, "products")
    assert code == 0, told
    kept = FIRST["products"]
    await shop.block_writes(blocked=True, version=kept)
    await shop.announce(msgspec.structs.replace(TERMS, skus=["lamp"]))
    await shop.by([500, 1000, 1000, 1000])
    said = list[str]()
    async with rebuilding.workshop(search_lab.environment, said.append) as workshop:
        models = rebuilding.models_named(["products"])
        monkeypatch.setattr(rebuilding, "FILLING_PATIENCE", 0.0)
        with pytest.raises(BuildFailed, match="prices were missing, and none was filled in"):
            await rebuilding.roll_back(workshop, models)
        assert (await versions(search_lab, "kept"))["products"] == kept
        monkeypatch.setattr(rebuilding, "FILLING_PATIENCE", 120.0)
        going_back = asyncio.ensure_future(rebuilding.roll_back(workshop, models))
        await asyncio.sleep(3.5)
        assert not going_back.done(), "longer than a swap may take"
        await shop.block_writes(blocked=False, version=kept)
        await going_back
    assert (await versions(search_lab, "live"))["products"] == kept
    assert any("prices are still to be filled in" in line for line in said)
