"""Faults under commands: connections cut on both sides, COMMITs of which nobody hears, far more buyers than units."""

import asyncio

from doorbuster.demo import stampede
from doorbuster.demo.shop import Refused, Shop
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import connected
from doorbuster.faults.shoppers import Purchase, prepared
from shared.ids import uuid7

BUYERS, UNITS, DOORS = 1000, 100, 32
CUTS, AMBIGUOUS = 10, 12


async def _a_thousand_for_a_hundred(scene: Scene) -> None:
    """All at once, each again and again with its own key until answered, while their connections are cut."""
    stage, buyers = scene.stage, int(BUYERS / scene.haste)
    units = buyers // 10
    async with Shop({**stage.environment, "WRITE_API_URL": f"http://127.0.0.1:{stage.commands.port}"}) as shop:
        sku = await stampede.offer(shop, scene.bearer, units, searchable=False)
        doors = asyncio.Semaphore(DOORS)
        waiting = await asyncio.gather(*(_at_the_door(scene, shop, sku, doors) for _ in range(buyers)))
        scene.did("at the door", buyers=buyers, units=units)
        placing = (_placed(scene, shop, purchase, secret) for purchase, secret in waiting)
        await asyncio.gather(_cut_again_and_again(scene), *placing)
    sold = sum(bool(purchase.order_id) for purchase, _ in waiting)
    refused = sum(purchase.refusal == "out_of_stock" for purchase, _ in waiting)
    scene.did("all answered", sold=sold, refused=refused, repeats=scene.shoppers.repeats)
    scene.promise(sold == units, f"{sold} orders for {units} units")
    scene.promise(sold + refused == buyers, f"{buyers - sold - refused} buyers were told something else")
    left = await stage.fetchval("SELECT on_hand - reserved FROM stock_item WHERE sku = $1", sku)
    scene.promise(left == 0, f"{left} units are left")


async def _at_the_door(scene: Scene, shop: Shop, sku: str, doors: asyncio.Semaphore) -> tuple[Purchase, str]:
    purchase = Purchase(str(uuid7()), sku)
    scene.shoppers.purchases.append(purchase)
    async with doors:
        purchase.quote_id, secret = await prepared(shop, sku, purchase.key, scene.shoppers.again)
    return purchase, secret


async def _placed(scene: Scene, shop: Shop, purchase: Purchase, secret: str) -> None:
    try:
        first = await scene.shoppers.place(shop, purchase, secret)
        if scene.random.random() < 0.3:  # the answer came, and the client did not notice
            again = await scene.shoppers.place(shop, purchase, secret)
            scene.promise(first["id"] == again["id"], f"one key got {first['id']} and {again['id']}")
    except Refused as refused:
        purchase.refusal = refused.code
    except Exception as error:
        purchase.problem = f"{type(error).__name__}: {error}"


async def _cut_again_and_again(scene: Scene) -> None:
    for _ in range(CUTS):
        await asyncio.sleep(scene.random.uniform(0.02, 0.15))
        scene.did("connections cut", clients=scene.stage.commands.cut())


async def _commits_nobody_hears_of(scene: Scene) -> None:
    """The reply to a COMMIT is lost with its connection, backends are ended, clients' connections are cut."""
    log = scene.stage.log
    async with connected(scene, 1) as (admin,):
        for _ in range(scene.rounds(AMBIGUOUS)):
            lost = log.lost
            log.lose(b"COMMIT")
            async with asyncio.timeout(10):
                while log.lost == lost:
                    await asyncio.sleep(0.01)
            scene.did("the reply to a COMMIT is lost")
            await asyncio.sleep(scene.random.uniform(0.05, 0.3))
            ended = await admin.fetchval(
                """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name = 'write api' AND state <> 'idle'"""
            )
            cut = scene.stage.commands.cut()
            scene.did("ended", backends=ended, clients=cut)
            await asyncio.sleep(scene.random.uniform(0.05, 0.3))
    scene.promise(scene.shoppers.repeats > 0, "nobody had to ask again")


SCENARIOS = (
    Scenario(
        18, f"{BUYERS} buyers for {UNITS} units", "exactly so many orders, one per key, nothing below zero",
        _a_thousand_for_a_hundred, quiet=True,
    ),
    Scenario(
        19, "COMMITs nobody hears of", "the key decides: never two orders, never none",
        _commits_nobody_hears_of, lag_ms=1500,
    ),
)  # fmt: skip
