"""Faults at the payment provider: no answer, wrong answers, declines, and a worker that dies before it writes down."""

import asyncio

import httpx

from doorbuster.demo.shop import CARD, DECLINED_CARD, Json, Shop
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.shoppers import Purchase, prepared
from shared.ids import uuid7

DECLINES, PAYERS, KILLS = 3, 4, 3
BAD_DAY = (("lose_answer", 2.0), ("error500", 1.0), ("error500_kept", 1.0), ("refuse", 1.0), ("rate_limit", 1.0))
SLOW_MS = 400
SKEW_SECONDS = 330  # more than the tolerance of signatures: an API that is ahead refuses what the provider tells it

# Whether an order was placed whose id (UUIDv7) tells another time than Postgres did: so many seconds apart.
FAR_OFF = """
    SELECT EXISTS (SELECT FROM event_log WHERE type = 'orders.order_placed.v1' AND $1 < abs(
        extract(epoch FROM recorded_at)
        - ('x' || left(replace(aggregate_id::text, '-', ''), 12))::bit(48)::bigint / 1000))
"""


async def _the_provider_has_a_bad_day(scene: Scene) -> None:
    for mode, seconds in BAD_DAY:
        await _outage(scene, mode=mode)
        await asyncio.sleep(seconds)
    await _outage(scene, latency_ms=SLOW_MS)  # so that a kill finds calls under way, executed and not written down
    for _ in range(KILLS):
        await asyncio.sleep(scene.random.uniform(0.5, 1.0))
        for worker in ("worker", "worker-standby"):
            scene.stage.kill(worker)
        scene.did("both workers are killed")
        await asyncio.to_thread(scene.stage.well)
    await _outage(scene)


async def _declined_thrice_then_paid(scene: Scene) -> None:
    async with Shop(scene.stage.environment) as shop:
        await asyncio.gather(*(_stubborn(scene, shop, sku) for sku in scene.skus[:PAYERS]))


async def _stubborn(scene: Scene, shop: Shop, sku: str) -> None:
    purchase = Purchase(str(uuid7()), sku)
    scene.shoppers.purchases.append(purchase)
    purchase.quote_id, secret = await prepared(shop, sku, purchase.key, scene.shoppers.again)
    order: Json = await scene.shoppers.place(shop, purchase, secret)
    for _ in range(DECLINES):
        said = await scene.shoppers.again(lambda: shop.pay(order, DECLINED_CARD))
        scene.promise(said == "card_declined", f"a bad card was answered {said}")
    said = await scene.shoppers.again(lambda: shop.pay(order, CARD))
    scene.promise(said == "requires_capture", f"a good card was answered {said}")
    purchase.paid = True
    await shop.until_order(order, "payment_state", "captured")


async def _clocks_are_wrong(scene: Scene) -> None:
    for ahead, behind in (("worker", "worker-standby"), ("worker-standby", "worker")):
        skews = {ahead: SKEW_SECONDS, behind: -SKEW_SECONDS, "write-api": scene.random.choice((1, -1)) * SKEW_SECONDS}
        await _set_clocks(scene, skews)
        await asyncio.sleep(3.0)
    await _set_clocks(scene, dict.fromkeys(skews, 0))
    scene.promise(await scene.stage.fetchval(FAR_OFF, SKEW_SECONDS * 0.9), "no order was placed by a wrong clock")


async def _set_clocks(scene: Scene, skews: dict[str, int]) -> None:
    for name, seconds in skews.items():
        scene.stage.set_clock(name, seconds)
    scene.did("clocks are set", **skews)
    await asyncio.to_thread(scene.stage.well)


async def _outage(scene: Scene, **trouble: object) -> None:
    async with httpx.AsyncClient(base_url=scene.stage.environment["STRIPE_API_BASE"]) as client:
        (await client.post("/simulator/outage", json=trouble)).raise_for_status()
    scene.did("the provider", **trouble)


SCENARIOS = (
    Scenario(
        20, "the provider fails, the workers die", "one charge per order, over its total",
        _the_provider_has_a_bad_day,
    ),
    Scenario(
        20, "declined three times, then paid", "one order, one charge",
        _declined_thrice_then_paid,
    ),
    Scenario(
        20, "clocks five minutes wrong", "one charge per order, in time",
        _clocks_are_wrong,
    ),
)  # fmt: skip
