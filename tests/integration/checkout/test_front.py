"""An order placed ahead of Litestar (`write_side.orders.front`) and one behind it are answered alike."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from tests.integration.checkout.test_over_http import Guest, api, guest
from write_side.orders import front, routes

__all__ = ["api", "guest"]

AHEAD, BEHIND = "application/json", "application/json; charset=utf-8"  # what is unusual is left to the route
WAYS = [(AHEAD, BEHIND), (BEHIND, AHEAD)]
Asked = tuple[dict[str, Any] | bytes, dict[str, str]]


def _told(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body without what is of one request alone."""
    own = ("x-correlation-id", "correlation-id", "date", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    body = {name: value for name, value in answer.json().items() if name not in ("correlation_id", "instance")}
    return answer.status_code, headers, body


async def _ask(guest: Guest, kind: str, asked: Asked) -> httpx.Response:
    body, headers = asked
    content = body if isinstance(body, bytes) else httpx.Request("POST", "http://shop", json=body).read()
    return await guest.api.post("/v1/orders", content=content, headers={"Content-Type": kind} | headers)


@pytest.mark.parametrize("first", [AHEAD, BEHIND])
async def test_a_repeat_by_the_other_way_gets_the_first_answer(guest: Guest, first: str) -> None:
    second = BEHIND if first == AHEAD else AHEAD
    asked: Asked = ({"quote_id": await guest.quoted()}, guest.secret | {"Idempotency-Key": "once"})
    placed, repeated = await _ask(guest, first, asked), await _ask(guest, second, asked)
    assert placed.status_code == repeated.status_code == 201
    assert placed.json() == repeated.json()
    assert placed.headers["position"] == repeated.headers["position"]
    assert repeated.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in placed.headers
    assert set(repeated.headers) - set(placed.headers) == {"idempotent-replayed"}


_KEY = {"Idempotency-Key": "of this test"}
REFUSED: dict[str, Callable[[str, dict[str, str]], Asked]] = {
    "no key": lambda quote, secret: ({"quote_id": quote}, secret),
    "an empty key": lambda quote, secret: ({"quote_id": quote}, secret | {"Idempotency-Key": ""}),
    "no secret": lambda quote, _: ({"quote_id": quote}, _KEY),
    "another secret": lambda quote, _: ({"quote_id": quote}, _KEY | {"Cart-Secret": "of another cart"}),
    "no such quote": lambda _, secret: ({"quote_id": str(uuid7())}, secret | _KEY),
    "no id": lambda _, secret: ({"quote_id": "seven"}, secret | _KEY),
    "a further field": lambda quote, secret: ({"quote_id": quote, "price": 1}, secret | _KEY),
    "no JSON": lambda _, secret: (b"{", secret | _KEY),
    "nothing": lambda _, secret: (b"", secret | _KEY),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_is_refused_alike(guest: Guest, case: str) -> None:
    asked = REFUSED[case](await guest.quoted(), guest.secret)
    ahead, behind = await _ask(guest, AHEAD, asked), await _ask(guest, BEHIND, asked)
    assert 400 <= ahead.status_code < 500
    assert _told(ahead) == _told(behind)


async def test_an_order_ahead_of_litestar_is_counted_under_its_route(guest: Guest) -> None:
    await guest.ordered()
    figures = (await guest.api.get("/metrics")).text
    counted = [line for line in figures.splitlines() if 'route="/v1/orders"' in line and 'status="201"' in line]
    assert counted, figures


@pytest.mark.parametrize(("kind", "path", "is_ahead"), [(AHEAD, "", True), (BEHIND, "", False), (AHEAD, "?", True)])
async def test_only_what_is_unusual_is_left_to_litestar(
    guest: Guest, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, is_ahead: bool
) -> None:
    placed = []

    async def noted(*asked: object) -> Any:
        placed.append(asked)
        return await routes.placed(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(front, "placed", noted)
    body, headers = {"quote_id": await guest.quoted()}, guest.secret | _KEY | {"Content-Type": kind}
    content = httpx.Request("POST", "http://shop", json=body).read()
    answer = await guest.api.post(f"/v1/orders{path}", content=content, headers=headers)
    assert answer.status_code == 201
    assert bool(placed) is is_ahead
