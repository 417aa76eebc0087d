"""The documents that say what events look like are served where events are told of."""

import httpx

from shared.schemas import published


async def test_the_documents_of_all_events_are_served(api: httpx.AsyncClient) -> None:
    answer = await api.get("/schema/asyncapi.json")
    assert answer.headers["Content-Type"] == "application/vnd.aai.asyncapi+json;version=3.0.0"
    assert answer.json()["asyncapi"] == "3.0.0"
    for tag, schema in published().items():
        served = await api.get(f"/schema/events/{tag}.json")
        assert served.json() == {"$id": f"urn:doorbuster:event:{tag}", **schema}
    for unknown in ("orders.order_teleported.v1.json", "orders.order_placed.v1", "..%2Fopenapi.json"):
        missing = await api.get(f"/schema/events/{unknown}")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
