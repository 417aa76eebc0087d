"""What operators, and whoever follows the log, ask over HTTP, each way of success once."""

from typing import Any

from tests.integration.checkout.routes_of_orders import ordered
from tests.integration.checkout.shop import Shop
from tests.integration.projections.test_parked_keys import park


async def webhooks(ask: Any) -> None:
    wanted = {"url": "https://erp.example/hooks", "types": ["orders.*"]}
    made = await ask("POST", "/v1/webhook-endpoints", wanted)
    address = f"/v1/webhook-endpoints/{made['endpoint']['id']}"
    await ask("GET", "/v1/webhook-endpoints")
    await ask("GET", address)
    await ask("PUT", address, wanted | {"types": []}, If_Match='"1"')
    await ask("POST", f"{address}/secret", {"overlap_seconds": 60})
    await ask("POST", f"{address}/disable")
    await ask("POST", f"{address}/enable", {"skip": True})
    start = (await ask("GET", address))["queued_up_to"]
    await ask("POST", f"{address}/redeliveries", {"after": start, "until": start})
    await ask("GET", f"{address}/deliveries?state=due")
    await ask("DELETE", address)


async def projections(ask: Any, shop: Shop) -> None:
    await park(shop.settings.database_url)
    await ask("GET", "/v1/projections/parked")
    address = "/v1/projections/parked/stock_level:v1/product:1"
    await ask("GET", address)
    await ask("POST", f"{address}/retry")
    await ask("POST", f"{address}/skip", {"position": 1, "reason": "odd"})
    await ask("GET", "/v1/projections/skipped")
    unskip = "/v1/projections/skipped/stock_level:v1/product:1/unskip"
    await ask("POST", unskip, {"position": 1, "reason": "even"})


async def history(ask: Any, shop: Shop) -> None:
    item = "/v1/history/stock_item/LAMP@BER"
    await ask("GET", f"{item}?version=1")
    await ask("GET", f"{item}/events")
    await ask("GET", f"{item}/changes?from_version=0&to_version=2")
    await ask("GET", f"{item}/explanation?figure=/on_hand")
    await ask("GET", f"/v1/charged-prices/{(await ordered(ask))['number']}/LAMP")
    await shop.pool.execute("INSERT INTO position_timeline VALUES (clock_timestamp(), 0)")
    now = await shop.pool.fetchval("SELECT clock_timestamp()")
    await ask("GET", f"/v1/positions?at={now.isoformat().replace('+00:00', 'Z')}")
