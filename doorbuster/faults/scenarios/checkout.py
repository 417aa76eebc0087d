"""Faults under commands: connections cut on both sides, COMMITs of which nobody hears, a crowd for a few units."""

import asyncio
from collections.abc import Sequence

from doorbuster.demo import stampede
from doorbuster.demo.shop import Refused, Shop
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import connected
from doorbuster.faults.shoppers import Purchase, prepared
from shared.ids import uuid7

SEATS = 128
FOR_ONE_UNIT = 100  # buyers
NOBODY_GIVES_UP = 900.0  # seconds: whoever has pressed the button wants to know
DOORS = 32  # carts are filled through them, before anybody buys
FEWEST_UNITS = 10
CUTS, AMBIGUOUS = 10, 12
KILLED_AT = (0.001, 0.01, 0.2, 0.6)  # shares of the buyers who have their answer


async def _a_crowd_for_a_few(scene: Scene) -> None:
    """All want one, each again and again with its own key until answered; meanwhile connections are cut, the command
    API and both workers are killed. So many as there are seats ask at the same time, the others stand behind them."""
    stage, buyers = scene.stage, scene.crowd
    scene.shoppers.patience = NOBODY_GIVES_UP
    units = max(FEWEST_UNITS, buyers // FOR_ONE_UNIT)
    through_the_proxy = {**stage.environment, "WRITE_API_URL": f"http://127.0.0.1:{stage.commands.port}"}
    async with Shop(through_the_proxy, connections=SEATS) as shop:
        sku = await stampede.offer(shop, scene.bearer, units, searchable=False)
        doors, seats = asyncio.Semaphore(DOORS), asyncio.Semaphore(SEATS)
        waiting = await asyncio.gather(*(_at_the_door(scene, shop, sku, doors) for _ in range(buyers)))
        scene.did("at the door", buyers=buyers, units=units)
        purchases = [purchase for purchase, _ in waiting]
        placing = (_placed(scene, shop, purchase, secret, seats) for purchase, secret in waiting)
        await asyncio.gather(_cut_again_and_again(scene), _killed_again_and_again(scene, purchases), *placing)
    sold = sum(bool(purchase.order_id) for purchase in purchases)
    refused = sum(purchase.refusal == "out_of_stock" for purchase in purchases)
    scene.did("all answered", sold=sold, refused=refused, repeats=scene.shoppers.repeats)
    scene.promise(sold == units, f"{sold} orders for {units} units")
    scene.promise(len({p.order_id for p in purchases if p.order_id}) == sold, "one order is told to two buyers")
    scene.promise(sold + refused == buyers, f"{buyers - sold - refused} buyers were told something else")
    placed = await stage.fetchval("SELECT count(*) FROM order_line WHERE sku = $1", sku)
    scene.promise(placed == units, f"{placed} orders of {units} units stand in the rows")
    left = await stage.fetchval("SELECT on_hand - reserved FROM stock_item WHERE sku = $1", sku)
    scene.promise(left == 0, f"{left} units are left")


async def _at_the_door(scene: Scene, shop: Shop, sku: str, doors: asyncio.Semaphore) -> tuple[Purchase, str]:
    purchase = Purchase(str(uuid7()), sku)
    scene.shoppers.purchases.append(purchase)
    async with doors:
        purchase.quote_id, secret = await prepared(shop, sku, purchase.key, scene.shoppers.again)
    return purchase, secret


async def _placed(scene: Scene, shop: Shop, purchase: Purchase, secret: str, seats: asyncio.Semaphore) -> None:
    taps = scene.random.choices((1, 2, 3), (60, 30, 10))[0]  # the button, before anything is answered
    try:
        async with seats:
            answers = await asyncio.gather(*(scene.shoppers.place(shop, purchase, secret) for _ in range(taps)))
            if scene.random.random() < 0.3:  # the answer came, and the client did not notice
                answers.append(await scene.shoppers.place(shop, purchase, secret))
        orders = {order["id"] for order in answers}
        scene.promise(len(orders) == 1, f"one key got {orders}")
    except Refused as refused:
        purchase.refusal = refused.code
    except Exception as error:
        purchase.problem = f"{type(error).__name__}: {error}"


async def _cut_again_and_again(scene: Scene) -> None:
    for _ in range(CUTS):
        await asyncio.sleep(scene.random.uniform(0.02, 0.15))
        scene.did("connections cut", clients=scene.stage.commands.cut())


async def _killed_again_and_again(scene: Scene, purchases: Sequence[Purchase]) -> None:
    """The command API with all whom it has not answered, and both workers, as the crowd gets through."""
    for share in KILLED_AT:
        while _answered(purchases) < share * len(purchases):
            await asyncio.sleep(0.005)
        for name in ("write-api", "worker", "worker-standby"):
            scene.stage.kill(name)
        scene.did("killed: command API and both workers", answered=_answered(purchases))
        await asyncio.to_thread(scene.stage.well)


def _answered(purchases: Sequence[Purchase]) -> int:
    return sum(bool(each.order_id or each.refusal or each.problem) for each in purchases)


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
        18, "a hundred buyers for each unit", "exactly so many orders, one per key, nothing below zero",
        _a_crowd_for_a_few, quiet=True,
    ),
    Scenario(
        19, "COMMITs nobody hears of", "the key decides: never two orders, never none",
        _commits_nobody_hears_of, lag_ms=1500,
    ),
)  # fmt: skip
