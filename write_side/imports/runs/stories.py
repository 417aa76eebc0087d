"""What happened to the products that a run touched, read from the log: what undoing decides on."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, cast
from uuid import UUID

from shared.codec import decode_events
from shared.envelope import Recorded, metadata_of
from shared.events.catalog import ProductEvent, ProductFacts
from shared.events.pricing import PriceEvent, PriceSet
from write_side import catalog, event_log, looking_back, pricing
from write_side.catalog import Product
from write_side.database import Connection
from write_side.imports.runs import places
from write_side.imports.runs.domain import Run
from write_side.imports.runs.places import Places
from write_side.imports.runs.undoing import Happened, PriceStory, Story, Taken
from write_side.pricing import PricedVariant

KINDS = ("product", "price")
PAGE = 1000  # events of one read


class Told(NamedTuple):
    """A story, and where the first event of the run in it stands."""

    begins: int
    story: Story


async def touched(conn: Connection, run: Run, after: int, until: int, limit: int) -> tuple[list[UUID], int]:
    """The products of the next events of a run, each once, and up to which position they were looked for."""
    found = await looking_back.caused(conn, after, until, run.mark, KINDS, limit)
    ids = [UUID(key.partition(":")[2]) for key in dict.fromkeys(event.key for event in found)]
    return ids, found[-1].position if len(found) == limit else until


async def stories(conn: Connection, run: Run, ids: Sequence[UUID]) -> list[Told]:
    """What happened to products since a run came to them, in the order in which it did."""
    products = await catalog.all_products(conn, ids)
    priced = await pricing.find_priced(conn, [sku for product in products for sku in product.variant_ids()])
    events = await _events(conn, "product", ids) | await _events(conn, "price", [one.id for one in priced.values()])
    found = []
    for product in products:
        own = [priced[sku] for sku in product.variant_ids() if sku in priced]
        ids_ = [product.id, *(one.id for one in own)]
        ours = [event.position for id_ in ids_ for event in events.get(id_, []) if _ours(run, event)]
        prices = [_price_story(run, one, events.get(one.id, [])) for one in own]
        found.append(Told(min(ours, default=0), _story(run, product, events.get(product.id, []), prices)))
    return sorted(found, key=lambda one: one.begins)


async def _events(conn: Connection, kind: str, ids: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = defaultdict(list)
    after = 0
    while page := await event_log.read_aggregates_after(conn, kind, after, PAGE, ids):
        for event in page:
            found[event.aggregate_id].append(event)
        after = page[-1].position
    return found


def _story(run: Run, product: Product, events: Sequence[Recorded], prices: Sequence[PriceStory]) -> Story:
    state: Product | None = None
    before: ProductFacts | None = None
    happened: list[Happened] = []
    for event in events:
        for change in decode_events(event.type, event.payload):
            state = catalog.evolve_product(state, event.version, cast(ProductEvent, change))
        assert state is not None
        if happened or _ours(run, event):
            happened.append(_happened(event, places.of_facts(state.facts), ours=_ours(run, event)))
        else:
            before = state.facts
    return Story(product, before, happened, prices)


def _price_story(run: Run, now: PricedVariant, events: Sequence[Recorded]) -> PriceStory:
    """An own price is what the run may have set; one that was scheduled and has begun was somebody else's wish."""
    state: PricedVariant | None = None
    before: Places = {}
    happened: list[Happened] = []
    for event in events:
        changes = [cast(PriceEvent, change) for change in decode_events(event.type, event.payload)]
        for change in changes:
            state = pricing.evolve(state, now.id, event.version, change)
        assert state is not None
        costs = places.of_prices(now.sku, state.prices)
        begun = any(isinstance(change, PriceSet) and change.since is not None for change in changes)
        if happened or _ours(run, event):
            happened.append(_happened(event, costs, ours=_ours(run, event) and not begun))
        else:
            before = costs
    return PriceStory(now, before, happened)


def _ours(run: Run, event: Recorded) -> bool:
    return metadata_of(event).correlation_id == str(run.id)


def _happened(event: Recorded, now: Places, *, ours: bool) -> Happened:
    return Happened(ours, metadata_of(event).actor, event.recorded_at, now)


async def taken_by(conn: Connection, found: Sequence[Story]) -> Taken:
    """Who has the slugs and references by now that these products had."""
    facts = [story.before for story in found if story.before is not None]
    slugs, refs = [each.slug for each in facts], [each.external_ref for each in facts if each.external_ref]
    return {"/slug": await catalog.slugs_in_use(conn, slugs), "/external_ref": await catalog.refs_in_use(conn, refs)}
