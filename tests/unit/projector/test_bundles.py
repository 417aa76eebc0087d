"""What pages, searches, the stock route and an order's status show of bundles, told from events alone."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import structs

from projector.model import ReadModel
from projector.read_models import order_records, order_status, product_page, product_search, stock_level
from projector.read_models.product import alike
from shared.documents.order_records import OrderRecord
from shared.documents.orders import OrderStatus
from shared.documents.products import ProductPage, SearchedProduct
from shared.documents.stock import ShopperStock
from shared.events.catalog import ProductCreated
from shared.events.inventory import BundleAvailabilityChanged, BundleComponent, BundleComposed
from shared.events.orders import PricedLine
from tests.unit.projector.events import KEY, ORDER, PRODUCT, facts, folded, opened, placed, shown

COMPOSED = BundleComposed(uuid4(), "lamp", PRODUCT, [BundleComponent("bulb", 2)], "in")


def told(seen: Any) -> BundleAvailabilityChanged:
    return BundleAvailabilityChanged(COMPOSED.bundle_id, "lamp", PRODUCT, seen)


def document(model: ReadModel, id_: str, kind: type[Any], *events: msgspec.Struct) -> Any:
    return msgspec.json.decode(shown(model, KEY, *events).documents[id_] or b"", type=kind)


@pytest.mark.parametrize("seen", ["in", "low", "out"])
def test_a_bundle_is_shown_by_its_components_whatever_is_kept_under_its_own_sku(seen: str) -> None:
    events = (ProductCreated(PRODUCT, facts()), opened(on_hand=0), COMPOSED, told(seen))
    page = document(product_page.MODEL, str(PRODUCT), ProductPage, *events)
    assert [variant.availability for variant in page.variants] == [seen, "out"]
    assert document(product_search.MODEL, str(PRODUCT), SearchedProduct, *events).availability == seen
    assert document(stock_level.MODEL, "lamp", ShopperStock, *events[1:]).availability == seen
    assert document(stock_level.MODEL, "lamp", ShopperStock, COMPOSED, told(seen)).availability == seen


def test_a_page_tells_what_is_in_a_bundle_until_it_is_none() -> None:
    begun = (ProductCreated(PRODUCT, facts()), opened(on_hand=0))
    anew = structs.replace(COMPOSED, components=[BundleComponent("bulb", 1), BundleComponent("shade", 1)])
    for events, parts in (
        ((COMPOSED,), [("bulb", 2)]),
        ((COMPOSED, told("out")), [("bulb", 2)]),
        ((COMPOSED, anew), [("bulb", 1), ("shade", 1)]),
        ((COMPOSED, structs.replace(COMPOSED, components=[])), []),
    ):
        lamp, other = document(product_page.MODEL, str(PRODUCT), ProductPage, *begun, *events).variants
        assert ([(part.sku, part.quantity) for part in lamp.components], other.components) == (parts, [])


def test_what_is_in_a_bundle_is_shown_anew_though_as_many_can_be_had() -> None:
    created, other = ProductCreated(PRODUCT, facts()), structs.replace(COMPOSED, components=[BundleComponent("rug", 1)])
    before, after = (
        folded(product_page.MODEL, KEY, created, *events)[str(PRODUCT)] for events in ((COMPOSED,), (COMPOSED, other))
    )
    assert not alike(before, after)  # type: ignore[arg-type]


def test_once_it_is_no_bundle_its_own_stock_is_shown() -> None:
    dissolved = structs.replace(COMPOSED, components=[])
    events = (ProductCreated(PRODUCT, facts()), COMPOSED, opened(), told("out"), dissolved)
    page = document(product_page.MODEL, str(PRODUCT), ProductPage, *events)
    assert page.variants[0].availability == "in"
    assert document(stock_level.MODEL, "lamp", ShopperStock, *events[1:]).availability == "in"


def test_another_availability_of_a_bundle_is_shown_anew() -> None:
    created = ProductCreated(PRODUCT, facts())
    before, after = (
        folded(product_page.MODEL, KEY, created, COMPOSED, told(seen))[str(PRODUCT)] for seen in ("in", "low")
    )
    assert not alike(before, after)  # type: ignore[arg-type]
    assert alike(before, before)  # type: ignore[arg-type]


def test_an_order_shows_its_bundles_and_what_is_sent_of_them() -> None:
    order = placed()
    [line] = order.lines
    bundle = PricedLine("set", PRODUCT, uuid4(), "Set", 1, 2000, 2000, 154)
    order = structs.replace(order, lines=[structs.replace(line, bundle="set")], bundles=[bundle])
    documents = shown(order_status.MODEL, f"order:{ORDER}", order, keys={order.person_id: None}).documents
    status = msgspec.json.decode(documents[str(ORDER)] or b"", type=OrderStatus)
    assert [(each.sku, each.bundle) for each in [*status.lines, *status.bundles]] == [("lamp", "set"), ("set", None)]
    documents = shown(order_records.MODEL, f"order:{ORDER}", order).documents
    record = msgspec.json.decode(documents[str(ORDER)] or b"", type=OrderRecord)
    assert [each.bundle for each in record.lines] == ["set"]
