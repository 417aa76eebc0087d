"""docs/events.md, run: old events stand in a real log, and are read through decoding, fold, read model and reaction."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from doorbuster import verify
from doorbuster.event_schemas import broken_promises
from projector.chain import hear
from projector.fold import States, fold
from projector.model import Keys
from projector.read_models import product_page
from shared import schemas
from shared.codec import EVENT_TYPES, decode_events
from shared.envelope import Metadata, Recorded
from shared.events.pricing import PriceRemoved, PriceSet
from shared.ids import uuid7
from shared.upcasting import UPCASTERS, written_as
from tests.fixtures.reacting import react_to_all
from write_side import event_log
from write_side.database import Pool
from write_side.history.domain import Point
from write_side.history.kinds import KINDS
from write_side.history.past import as_of
from write_side.reactions import Reaction

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/events.md").read_text()
GOLDEN = ROOT / "tests/contract/golden"
PRODUCT = UUID("01900000-0000-7000-8000-000000000001")
RENAMED, SPLIT = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
OLD = [(msgspec.json.decode(payload)["type"], payload.encode()) for payload in (RENAMED, SPLIT)]
FIRST = ("pricing.price_set.v1", msgspec.json.encode(PriceSet(PRODUCT, "lamp", "EUR", 1000)))


@pytest.fixture(autouse=True)
def page() -> Iterator[dict[str, Any]]:
    """The names that the page's code makes; its upcasters are known as long as the test lasts. Made before all others:
    rows are still compared with the fold when the pool is closed."""
    names: dict[str, Any] = {}
    before = dict(UPCASTERS)
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert UPCASTERS.keys() - before.keys() == {type_ for type_, _ in OLD}
    yield names
    UPCASTERS.clear()
    UPCASTERS.update(before)


async def written(pool: Pool) -> UUID:
    """A price's history of three events, two of them of old types, with the row that they make."""
    variant = uuid7()
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("INSERT INTO priced_variant VALUES ($1, $2, 'lamp', 3)", variant, PRODUCT)
        await conn.execute("INSERT INTO price VALUES ($1, 'USD', 2100)", variant)
        events = [FIRST, *OLD]
        await conn.execute(
            "SELECT event_append_all($1, $2, $3, $4, $5, $6, $7, $8)",
            ["price"] * 3, [variant] * 3, [1, 2, 3], [f"product:{PRODUCT}"] * 3, [uuid7() for _ in events],
            [type_ for type_, _ in events], [payload for _, payload in events],
            [b'{"actor":"test","correlation_id":"test"}'] * 3,
        )  # fmt: skip
        await conn.execute("UPDATE relay_state SET safe_position = (SELECT max(position) FROM event_log)")
    return variant


SAID = [
    PriceSet(PRODUCT, "lamp", "EUR", 1999),
    PriceRemoved(PRODUCT, "lamp", "EUR"),
    PriceSet(PRODUCT, "lamp", "USD", 2100),
]


def test_old_payloads_are_decoded_as_events_of_today() -> None:
    assert [said for type_, payload in OLD for said in decode_events(type_, payload)] == SAID


def test_the_added_field_breaks_no_promise_and_old_events_have_its_default(page: dict[str, Any]) -> None:
    kind = page["StockReceived"]
    tag = "inventory.stock_received.v1"
    assert broken_promises(schemas.published(), {**EVENT_TYPES, tag: kind}, UPCASTERS) == []
    assert kind is not EVENT_TYPES[tag]
    assert msgspec.json.decode((GOLDEN / f"{tag}.json").read_bytes(), type=kind).supplier == ""


def test_the_old_versions_may_go_from_the_code_since_something_reads_them() -> None:
    promised = {**schemas.published(), **{type_: {} for type_, _ in OLD}}
    assert broken_promises(promised, EVENT_TYPES, UPCASTERS) == []
    assert len(broken_promises(promised, EVENT_TYPES, {})) == len(UPCASTERS)


async def test_the_fold_of_old_events_is_the_row_and_the_history(pool: Pool) -> None:
    variant = await written(pool)
    async with pool.acquire() as conn:
        assert await verify.differences(conn) == []
        past = [await as_of(conn, KINDS["price"], variant, Point(version=version)) for version in (1, 2, 3)]
    assert [one.state.prices for one in past if one] == [{"EUR": 1000}, {"EUR": 1999}, {"USD": 2100}]
    assert [one.state.version for one in past if one] == [1, 2, 3]


@pytest.mark.parametrize("batch", [1, 3])
async def test_a_read_model_shows_all_parts_of_an_event_that_was_split(pool: Pool, batch: int) -> None:
    variant = await written(pool)
    async with pool.acquire() as conn:
        events = await event_log.read_aggregate(conn, "price", variant, 0, 3)
    sink: dict[str, Any] = {}

    async def load(*_: Any) -> dict[str, Any]:
        return dict(sink)

    async def no_keys(*_: Any) -> Keys:
        return {}

    for first in range(0, 3, batch):
        heard = [part for event in events[first : first + batch] for part in hear(event)]
        changes, poison = await fold(product_page.MODEL, heard, {}, States(product_page.MODEL, 0, load), no_keys)
        assert poison == []
        sink |= {change.id: change.after for change in changes}
    assert sink[str(PRODUCT)].prices == {"lamp": {"USD": 2100}}
    assert sink[str(PRODUCT)].position == events[-1].position


async def test_a_reaction_to_a_type_of_today_hears_its_old_versions(pool: Pool) -> None:
    await written(pool)
    heard = []

    async def handle(_conn: Any, _recorded: Recorded, event: Any, _cause: Metadata) -> None:
        heard.append((event.currency, event.amount_minor))

    reaction = Reaction("prices of a test", ("pricing.price_set.v1",), handle)
    await react_to_all(pool, reaction)
    assert heard == [("EUR", 1000), ("EUR", 1999), ("USD", 2100)]
    assert set(written_as(["pricing.price_removed.v1"])) == {"pricing.price_removed.v1", "pricing.price_moved.v0"}
