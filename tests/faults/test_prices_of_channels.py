"""In a channel with prices of its own filters, ranges and sorts go by what hits show there and the cart charges."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from doorbuster.demo.shop import ADDRESS
from doorbuster.tokens import issue
from read_side.app import create_app as read_side
from shared.documents.price_slots import KEY, PriceSlots
from shared.ids import uuid7
from shared.settings import Settings
from tests.faults.processes import Lab
from tests.faults.test_rebuild import FIRST, rebuilt, until, versions
from tests.fixtures.asgi import client_of
from tests.integration.invariants.test_read_models import differences
from write_side import shipping, taxes
from write_side.app import create_app as write_side
from write_side.database import open_pool

pytestmark = pytest.mark.slow

OWN = {"LAMP": 1500, "SOFA": 1200, "DESK": 1800}
SCOPES = ["catalog:write", "promotions:write"]

Json = dict[str, Any]


class Looked(NamedTuple):
    """What a shopper sees in a channel."""

    hits: dict[str, int]  # the cheapest first
    under_ten: list[str]
    ranges: dict[int, int]  # their lower ends and how many lie in them
    other: tuple[str | None, str | None]  # since when prices are changing, and whose they are instead


def seen(**prices: int) -> Looked:
    """What has to be seen where these are the prices."""
    cheapest = dict(sorted(prices.items(), key=lambda pair: pair[1]))
    ends = [1000 if price >= 1000 else 500 if price >= 500 else 200 for price in cheapest.values()]
    under_ten = [sku for sku, price in cheapest.items() if price < 1000]
    return Looked(cheapest, under_ten, {end: ends.count(end) for end in sorted(ends)}, (None, None))


class Door:
    """Both APIs, as web clients ask them."""

    def __init__(self, write: httpx.AsyncClient, read: httpx.AsyncClient, bearer: str) -> None:
        self._write, self._read, self._staff = write, read, {"Authorization": f"Bearer {bearer}"}

    async def say(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """A command of staff."""
        sent = self._staff | {"Idempotency-Key": str(uuid7())} | headers
        answer = await _sent(self._write, method, path, json=body, headers=sent)
        assert answer.is_success, answer.text
        return dict(answer.json() if answer.content else {})

    async def ask(self, channel: str, **parameters: Any) -> Json:
        """A search."""
        given = {"channel": channel, "sort": "price_asc", "facets": "price"} | parameters
        return dict((await _sent(self._read, "GET", "/v1/search", params=given)).raise_for_status().json())

    async def look(self, channel: str) -> Looked:
        """What a shopper sees there."""
        all_, cheap = await self.ask(channel), await self.ask(channel, price_max=999)
        told = (all_.get("prices_changing_since"), all_.get("prices_of_channel"))
        ranges = {each["price_min"]: each["count"] for each in all_["price_ranges"]}
        return Looked(_prices(all_), [*_prices(cheap)], ranges, told)

    async def shows(self, channel: str, wanted: Looked) -> None:
        """Waits until that is seen."""
        found = list[Looked]()

        async def so() -> bool:
            found[:] = [await self.look(channel)]
            return repr(found[0]) == repr(wanted)  # in this very order

        try:
            await until(so, 120)
        except TimeoutError:
            pytest.fail(f"{channel}: {found[0]}, not {wanted}")

    async def open(self) -> None:
        """A shop of three products."""
        for sku, price in OWN.items():
            facts = {"slug": sku.lower(), "name": sku.title(), "variants": [{"sku": sku}]}
            await self.say("POST", "/v1/products", facts)
            await self.say("PUT", f"/v1/prices/{sku}/EUR", {"amount_minor": price})
        await self.shows("web", seen(**OWN))

    async def ask_of(self, sku: str, amount_minor: int, **terms: Any) -> str:
        """A price list of one SKU; its id."""
        made = await self.say("POST", "/v1/price-lists", {"name": "List", "currency": "EUR"} | terms)
        prices = {"prices": [{"sku": sku, "tiers": [{"amount_minor": amount_minor}]}]}
        await self.say("PUT", f"/v1/price-lists/{made['id']}/prices", prices)
        return str(made["id"])

    async def charged(self, channel: str, sku: str) -> int:
        """What a quote there asks for one, ahead of shipping and tax."""
        cart = await self.say("POST", "/v1/carts", {"currency": "EUR", "channel": channel})
        path, secret = f"/v1/carts/{cart['id']}", {"Cart-Secret": cart["secret"]}
        await self.say("POST", f"{path}/lines", {"sku": sku, "quantity": 1}, **secret)
        quote = await self.say("POST", f"{path}/quotes", {"mail": "ada@shop.example", "address": ADDRESS}, **secret)
        return int(quote["totals"]["lines"]["amount_minor"] - quote["totals"]["discount"]["amount_minor"])


async def _sent(api: httpx.AsyncClient, *request: str, **given: Any) -> httpx.Response:
    """What is answered, unless the stores are too busy: others keep this machine busy, too."""
    while (answer := await api.request(*request, **given)).status_code == 503:
        await asyncio.sleep(0.2)
    return answer


def _prices(answer: Json) -> dict[str, int]:
    priced = [item for item in answer["items"] if item["price"] is not None]  # a product is there before its prices
    return {item["sku"]: item["price"]["amount_minor"] for item in priced}


@pytest.fixture
async def door(search_lab: Lab) -> AsyncIterator[Door]:
    search_lab.relay()
    search_lab.projector()
    async with open_pool(search_lab.environment["DATABASE_URL"], 1, "test") as pool:  # where it is sent to
        await shipping.seed(pool)
        await taxes.seed(pool)
    settings = Settings.read(search_lab.environment)
    bearer = await issue(settings.database_url, "channels", SCOPES)
    async with client_of(write_side(settings)) as write, client_of(read_side(settings)) as read:
        opened = Door(write, read, bearer)
        await opened.open()
        yield opened


async def test_a_list_for_the_app_decides_there_what_is_cheap_and_what_comes_first_and_nowhere_else(
    search_lab: Lab, door: Door
) -> None:
    listed = await door.ask_of("LAMP", 999, channels=["app"])
    in_app = seen(**OWN | {"LAMP": 999})
    await door.shows("app", in_app)
    assert await door.charged("app", "LAMP") == 999
    assert [await door.look(channel) for channel in ("web", "kiosk")] == [seen(**OWN)] * 2
    half = {"name": "Half", "off": {"kind": "percentage", "basis_points": 5000}, "skus": ["LAMP"]}
    made = await door.say("POST", "/v1/promotions", half)
    await door.shows("app", seen(**OWN | {"LAMP": 499}))
    await door.shows("web", seen(**OWN | {"LAMP": 750}))
    assert (await door.charged("app", "LAMP"), await door.charged("web", "LAMP")) == (499, 750)

    code, said = await rebuilt(search_lab, "products")
    assert code == 0, said
    assert (await versions(search_lab, "live"))["products"] != FIRST["products"]
    await door.shows("app", seen(**OWN | {"LAMP": 499}))
    await door.shows("web", seen(**OWN | {"LAMP": 750}))
    await door.say("POST", f"/v1/promotions/{made['id']}/end")
    await door.shows("app", in_app)
    await door.say("POST", f"/v1/price-lists/{listed}/end")
    await door.shows("app", seen(**OWN))
    assert await differences(search_lab) == []


async def filled_ahead(lab: Lab, at: datetime) -> None:
    """The projector has told what comes then in the app, and that a slot has it."""

    def told() -> bool:
        found = lab.redis.get(KEY)
        prices = None if found is None else msgspec.json.decode(found, type=PriceSlots)
        coming = [] if prices is None else [turn.regime for turn in prices.turns_in("app") or () if turn.at == at]
        return prices is not None and bool(coming) and all(regime in prices.filled for regime in coming)

    await until(told)


async def test_a_list_for_the_app_begins_and_ends_there_by_the_clock(search_lab: Lab, door: Door) -> None:
    """What was filled ahead is turned to at its moment: each single answer agrees with itself."""
    begins = datetime.now(UTC) + timedelta(seconds=20)
    ends = begins + timedelta(seconds=6)
    await door.ask_of("LAMP", 999, channels=["app"], starts_at=begins.isoformat(), ends_at=ends.isoformat())
    await filled_ahead(search_lab, begins)
    orders = set[tuple[str, ...]]()
    while datetime.now(UTC) < ends + timedelta(seconds=1):
        answer = await door.ask("app")
        shown = _prices(answer)
        assert [*shown.values()] == sorted(shown.values()) or answer["prices_changing_since"], shown
        cheap = await door.ask("app", price_max=999)
        assert all(price <= 999 for price in _prices(cheap).values()), cheap
        orders.add((*shown, *_prices(cheap)))
        assert _prices(await door.ask("web")) == OWN
        await asyncio.sleep(0.02)
    assert {("LAMP", "SOFA", "DESK", "LAMP"), ("SOFA", "LAMP", "DESK")} <= orders
    await door.shows("app", seen(**OWN))


async def test_a_channel_that_no_slot_is_for_goes_by_the_web_shop_and_says_so(door: Door) -> None:
    await door.ask_of("LAMP", 999, channels=["web"])
    half = {"name": "Half", "off": {"kind": "percentage", "basis_points": 5000}, "skus": ["SOFA"]}
    await door.say("POST", "/v1/promotions", half)
    of_web = seen(**OWN | {"LAMP": 999, "SOFA": 600})
    await door.shows("web", of_web)
    shown = {"SOFA": 600, "LAMP": 1500, "DESK": 1800}  # hits show those of the channel all the same
    await door.shows("app", Looked(shown, ["SOFA", "LAMP"], of_web.ranges, (None, "web")))
