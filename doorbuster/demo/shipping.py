"""The goods of an order are picked by somebody, and from then on go by themselves until they have arrived."""

import asyncio
import time

from doorbuster.demo.shop import Json, Shop
from doorbuster.demo.steps import Broken, Steps

WAREHOUSE = "MAIN"  # where an import puts the goods of who names no other


async def ship(shop: Shop, steps: Steps, order: Json, bearer: str) -> None:
    """Pick list → picked → booked at the carrier → seen on its way → delivered. Does not wait for the quarter of an
    hour that the worker leaves for changes of mind."""
    by = f"Bearer {bearer}"
    with steps.step("picked") as told:
        pick = await _listed(shop, order, by)
        await shop.command("POST", f"/v1/picks/{pick['id']}/start", Authorization=by)
        await shop.command("POST", f"/v1/picks/{pick['id']}/finish", {}, Authorization=by)
        told.found = f"in warehouse {pick['warehouse']}"
    with steps.step("booked, shipped") as told:
        status = await shop.until_order(order, "fulfilment", "shipped")
        [parcel] = status["parcels"]
        told.found = f"{parcel['carrier']} {parcel['tracking_number']}"
    with steps.step("delivered") as told:
        status = await shop.until_order(order, "fulfilment", "delivered", 60)
        told.found = "by the carrier's webhooks"


async def _listed(shop: Shop, order: Json, by: str, seconds: float = 30) -> Json:
    """The pick list of an order, which the worker makes; raises `Broken` if none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # Lists made before the order was placed have lower ids.
        path = f"/v1/picks?warehouse={WAREHOUSE}&after={order['id']}"
        listed, _ = await shop.command("GET", path, Authorization=by)
        if found := [pick for pick in listed["picks"] if pick["order_id"] == order["id"]]:
            return dict(found[0])
        await asyncio.sleep(0.05)
    raise Broken(f"order {order['number']}: no pick list after {seconds:.0f} s")
