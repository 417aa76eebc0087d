"""A shop that has most of what it sells in promotions: slots of more SKUs than Elasticsearch takes in one clause."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from elasticsearch import AsyncElasticsearch
from msgspec import structs

from projector.price_slots.filling import Filling, Lacking, connect
from projector.price_slots.regimes import NOTHING, Regime, apart
from projector.price_slots.shown import Pricing
from projector.price_slots.turns import Content
from shared.events.promotions import Percentage, PromotionTerms

pytestmark = pytest.mark.slow

TERMS = PromotionTerms("Half", Percentage(5_000), "", [], {}, None, None, False, 1, None, None)
KEYWORDS = {name: {"type": "keyword"} for name in ("skus", "priced", "price_lists")}


def regime_of(promotions: int) -> Regime:
    """Each of as many SKUs as one may name."""
    named = (structs.replace(TERMS, skus=[f"sku-{n}-{m}" for m in range(1_000)]) for n in range(promotions))
    return Regime([(UUID(int=n), terms) for n, terms in enumerate(named)])


@pytest.fixture
async def client(elasticsearch_url: str) -> AsyncIterator[AsyncElasticsearch]:
    async with connect(elasticsearch_url) as found:
        yield found


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # two megabytes of SKUs
@pytest.mark.parametrize("written", [True, False])
async def test_products_that_lack_the_prices_of_70_000_skus_are_found(
    client: AsyncElasticsearch, index_prefix: str, written: bool
) -> None:
    """Elasticsearch refused it: a clause has room for 65,536."""
    index, regime = f"{index_prefix}products", regime_of(70)
    await client.indices.create(index=index, mappings={"properties": KEYWORDS})
    for sku in ("sku-0-0", "sku-69-999", "another"):
        before = {"priced": ["a:0"]} if written else {}
        await client.index(index=index, document={"skus": [sku], **before})
    filling = Filling(client, Pricing)
    await filling.show(index)
    assert await filling.count(Lacking(index, "a", Content(regime, 1), apart(NOTHING, regime))) == 2
