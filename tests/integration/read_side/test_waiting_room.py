"""The waiting room on a real Redis: places in order, turns at their time, and no place lost with any process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
from msgspec import structs

from read_side.app import create_app
from shared.documents.sales import MODEL, Sale, waiting_room_key
from shared.events.sales import Gate
from shared.ids import uuid7
from shared.tickets import Ticket, read_ticket
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET, settings_of
from tests.integration.read_side.shelves import Shelves


async def put(shelves: Shelves, starts_in: float, rate: int = 6000, **said: object) -> Sale:
    """A sale that was announced a moment ago, when the server was there already: it tells its age in whole seconds."""
    while (await shelves.redis.info("server"))["uptime_in_seconds"] < 2:
        await asyncio.sleep(0.02)
    now = datetime.now(UTC)
    starts_at = now + timedelta(seconds=starts_in)
    gate = Gate(starts_at, 0, rate)
    sale = Sale(uuid7(), "Doors", ["lamp"], now, now, starts_at, None, 600, gate, "running")
    return await again(shelves, structs.replace(sale, **said))


async def again(shelves: Shelves, sale: Sale) -> Sale:
    """The same with other terms."""
    await shelves.put(MODEL, sale.id, sale)
    await shelves.name(MODEL, "sku", "lamp", sale.id)
    return sale


async def draw(api: httpx.AsyncClient, sale: Sale) -> Ticket:
    answer = await api.post(f"/v1/sales/{sale.id}/tickets")
    assert answer.status_code == 201, answer.text
    return read_ticket(LINK_SECRET, answer.json()["ticket"])


async def turn(api: httpx.AsyncClient, ticket: Ticket) -> dict[str, object]:
    answer = await api.get(f"/v1/sales/{ticket.sale_id}/turn", headers={"Ticket": ticket.signed(LINK_SECRET)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@asynccontextmanager
async def another(valkey: PrivateServer) -> AsyncIterator[httpx.AsyncClient]:
    """A query API that was just started."""
    async with client_of(create_app(settings_of(valkey.url))) as api:
        yield api


async def test_places_are_drawn_once_each_by_however_many_at_however_many_processes(
    shelves: Shelves, valkey: PrivateServer, api: httpx.AsyncClient
) -> None:
    sale = await put(shelves, starts_in=-1)
    async with another(valkey) as other:
        drawn = await asyncio.gather(*(draw(each, sale) for each in [api, other] * 100))
    numbers = [ticket.number for ticket in drawn]
    assert len(set(numbers)) == 200
    last = None
    for _ in range(3):  # one after the other they come in order
        now = (await draw(api, sale)).number
        assert now > max(numbers) if last is None else now > last
        last = now


async def test_who_comes_early_is_drawn_by_lot_once_it_begins_and_who_comes_later_stands_behind(
    shelves: Shelves, api: httpx.AsyncClient
) -> None:
    sale = await put(shelves, starts_in=3600, rate=60)
    early = [await draw(api, sale) for _ in range(20)]
    assert [ticket.early for ticket in early] == [None] * 20
    told = await turn(api, early[3])
    assert (told["state"], told["ahead"], told["turn_at"]) == ("early", None, None)
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    await again(shelves, structs.replace(sale, starts_at=began, gate=Gate(began, 0, 60)))
    late = await draw(api, sale)
    assert (late.early, late.number) == (20, 20)
    turns = [await turn(api, ticket) for ticket in early]
    order = [read_ticket(LINK_SECRET, str(each["ticket"])).position(LINK_SECRET) for each in turns]
    assert sorted(order, key=lambda position: position or 0) == list(range(20))
    assert order != list(range(20))
    assert [each["state"] for each in turns] == ["waiting"] * 20
    behind = await turn(api, late)
    assert (behind["state"], behind["ahead"]) == ("waiting", 20)
    assert str(behind["turn_at"]) > max(str(each["turn_at"]) for each in turns)


async def test_turns_are_not_saved_up_while_nobody_waits(shelves: Shelves, api: httpx.AsyncClient) -> None:
    sale = await put(shelves, starts_in=-3600, rate=60)
    drawn = [(await draw(api, sale)).number for _ in range(3)]
    assert 3600 <= drawn[0] <= 3605, "an hour's turns passed, the next one is theirs"
    assert drawn == [drawn[0], drawn[0] + 1, drawn[0] + 2]


async def test_a_turn_comes_is_missed_and_the_sale_ends(shelves: Shelves, api: httpx.AsyncClient) -> None:
    sale = await put(shelves, starts_in=-700, rate=60)
    for number, state in ((1, "missed"), (650, "your_turn"), (5000, "waiting")):
        assert (await turn(api, Ticket(sale.id, number, 0)))["state"] == state
    await again(shelves, structs.replace(sale, gate=Gate(datetime.now(UTC), 700, 0)))
    held = await turn(api, Ticket(sale.id, 5000, 0))
    assert (held["state"], held["ahead"], held["turn_at"]) == ("waiting", 4300, None)
    await again(shelves, structs.replace(sale, state="ended"))
    assert (await turn(api, Ticket(sale.id, 650, 0)))["state"] == "over"
    assert (await api.post(f"/v1/sales/{sale.id}/tickets")).json()["code"] == "sale_over"
    await again(shelves, structs.replace(sale, waiting_from=datetime.now(UTC) + timedelta(seconds=99)))
    closed = await api.post(f"/v1/sales/{sale.id}/tickets")
    assert (closed.json()["code"], 90 < int(closed.headers["retry-after"]) < 101) == ("not_open_yet", True)


async def test_a_ticket_of_another_sale_or_of_nobody_shows_no_turn(shelves: Shelves, api: httpx.AsyncClient) -> None:
    sale, other = await put(shelves, starts_in=-1), await put(shelves, starts_in=-1)
    good = Ticket(sale.id, 0, 0).signed(LINK_SECRET)
    for address, headers, status, code in (
        (sale.id, {}, 401, "ticket_required"),
        (sale.id, {"Ticket": good + "A"}, 403, "bad_ticket"),
        (sale.id, {"Ticket": good.replace(".0.0.", ".0.1.")}, 403, "bad_ticket"),
        (other.id, {"Ticket": good}, 403, "bad_ticket"),
        (uuid7(), {"Ticket": good}, 403, "bad_ticket"),
    ):
        answer = await api.get(f"/v1/sales/{address}/turn", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    unknown = await api.post(f"/v1/sales/{uuid7()}/tickets")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (await api.get("/v1/sales/by-sku/lamp")).json()["id"] == str(other.id)
    assert (await api.get("/v1/sales/by-sku/none")).status_code == 404


async def test_no_place_is_lost_with_our_processes_or_with_redis(
    shelves: Shelves, valkey: PrivateServer, api: httpx.AsyncClient
) -> None:
    sale = await put(shelves, starts_in=3600)
    early = [await draw(api, sale) for _ in range(5)]
    async with another(valkey) as restarted:
        assert (await draw(restarted, sale)).number == 5
        await shelves.redis.bgrewriteaof()
    await shelves.redis.delete(waiting_room_key(sale.id))
    assert (await draw(api, sale)).number >= 5, "whoever gave numbers out remembers the highest"
    # Redis and all our processes at once: those who wait tell the number they hold.
    before = datetime(2020, 1, 1, tzinfo=UTC)  # this Redis began its life
    held = await put(shelves, starts_in=3600, announced_at=before, waiting_from=before)
    async with another(valkey) as fresh:
        refused = await fresh.post(f"/v1/sales/{held.id}/tickets")
        assert (refused.status_code, refused.json()["code"]) == (503, "waiting_room_gathers")
        assert (await turn(fresh, Ticket(held.id, 41, None)))["state"] == "early"
        await shelves.redis.hset(waiting_room_key(held.id), "shut_until", 0)  # half a minute later
        assert (await draw(fresh, held)).number == 42
    assert [ticket.number for ticket in early] == [0, 1, 2, 3, 4]
