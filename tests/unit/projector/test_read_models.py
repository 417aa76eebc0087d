"""What each read model shows, told from events alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import UNSET, structs

from projector.model import Keys, ReadModel, Rendered
from projector.read_models import (
    access_tokens,
    category_tree,
    order_records,
    order_status,
    product_page,
    product_search,
    stock_level,
    stock_records,
)
from projector.read_models.all import READ_MODELS
from projector.read_models.product import Product, alike
from shared.documents.access import KnownToken
from shared.documents.cards import card_of, unpacked
from shared.documents.indices import INDICES
from shared.documents.order_records import OrderRecord
from shared.documents.orders import Address, OrderStatus, StatusShipping, StatusTax
from shared.documents.prices import PriceTimes, ShownPrice
from shared.documents.products import (
    CategoryTree,
    ProductPage,
    Related,
    SearchedProduct,
    page_id,
    related_id,
    times_id,
)
from shared.documents.stock import ShopperStock, StaffStock, StockRecord
from shared.events.access import TokenIssued, TokenRevoked
from shared.events.catalog import (
    CategoryCreated,
    CategoryRevised,
    Image,
    ProductCreated,
    ProductFacts,
    ProductRevised,
    Translation,
)
from shared.events.catalog import Variant as SoldVariant
from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.inventory import StockAdjusted, StockItemOpened, StockReserved
from shared.events.orders import (
    OrderAddedTo,
    OrderConfirmed,
    OrderPlaced,
    OrderReaddressed,
    OrderRedacted,
    OrderTax,
    PricedLine,
    Shipping,
    Totals,
)
from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentIntentCreated,
    PaymentRequested,
)
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.events.refunds import RefundedLine, RefundFailed, RefundPending, RefundRequested, RefundSucceeded
from shared.events.returns import (
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnLabelled,
    ReturnReceived,
    ReturnRequested,
)
from shared.money import Money
from shared.sealed import new_key, seal
from tests.unit.projector.events import START, folded

PRODUCT = UUID("01900000-0000-7000-8000-000000000001")
KEY = f"product:{PRODUCT}"


def shown(model: ReadModel, key: str, *events: msgspec.Struct, keys: Keys | None = None) -> Rendered:
    """The one state's rendering."""
    ((id_, state),) = folded(model, key, *events).items()
    again = msgspec.json.decode(msgspec.json.encode(state), type=model.state)
    assert again == state, "a state survives its storage"
    return model.render(id_, state, keys or {})


def opened(sku: str = "lamp", warehouse: str = "north", on_hand: int = 10, low_at: int = 3) -> StockItemOpened:
    return StockItemOpened(sku, warehouse, PRODUCT, on_hand, 0, low_at, "first delivery")


def facts(**changes: object) -> ProductFacts:
    lamp = ProductFacts(
        slug="desk-lamp",
        name="Desk lamp",
        brand="Lumen",
        description="Shines.",
        product_type="lamps",
        status="active",
        category_id=None,
        attributes={"colour": ["red", "blue"], "dimmable": True, "watts": 4.5},
        images=[Image("https://images.example/lamp.jpg")],
        variants=[SoldVariant(uuid4(), "lamp", ean="4006381333931"), SoldVariant(uuid4(), "lamp-xl")],
    )
    return msgspec.structs.replace(lamp, **changes)


def test_alt_texts_fall_back_by_language_and_related_products_stand_beside_the_page() -> None:
    other, image = uuid4(), Image("lamp.jpg", "front", {"de": "vorne", "de-AT": "", "fr": "devant"})
    lamp = facts(images=[image], related={"accessories": [other]}, translations={"de": Translation("Lampe")})
    documents = shown(product_page.MODEL, KEY, ProductCreated(PRODUCT, lamp)).documents
    alts = {
        id_: msgspec.json.decode(body or b"", type=ProductPage).images[0].alt
        for id_, body in documents.items()
        if id_ != related_id(PRODUCT)
    }
    own, *names = str(PRODUCT), "de", "de-AT", "fr"
    assert alts == {own: "front"} | dict(
        zip((page_id(own, name) for name in names), ("vorne", "vorne", "devant"), strict=True)
    )
    related = msgspec.json.decode(documents[related_id(PRODUCT)] or b"", type=Related)
    assert related.products == {"accessories": [other]}


def test_stock_is_words_for_shoppers_and_numbers_for_staff() -> None:
    item = StockReserved("lamp", "north", uuid4(), 8, 10, 8)
    documents = shown(stock_level.MODEL, KEY, opened(), opened(warehouse="south", on_hand=1), item).documents
    assert set(documents) == {"lamp", " staff:lamp"}
    shopper = msgspec.json.decode(documents["lamp"] or b"", type=ShopperStock)
    assert shopper == ShopperStock("lamp", "low")  # 2 + 1 left, low at 3
    staff = msgspec.json.decode(documents[" staff:lamp"] or b"", type=StaffStock)
    assert (staff.on_hand, staff.reserved, staff.available) == (11, 8, 3)
    assert [w.warehouse for w in staff.warehouses] == ["north", "south"]


def test_a_stock_record_per_item() -> None:
    documents = shown(stock_records.MODEL, KEY, opened(), StockAdjusted("lamp", "north", -1, 9, 2, "broken")).documents
    record = msgspec.json.decode(documents[str(UUID(int=7))] or b"", type=StockRecord)
    assert (record.on_hand, record.reserved, record.available, record.position) == (9, 2, 7, 2)


def test_a_page_joins_facts_prices_and_stock_of_its_key_in_any_order() -> None:
    page = shown(
        product_page.MODEL,
        KEY,
        PriceSet(PRODUCT, "lamp", "EUR", 1999),
        opened(),
        ProductCreated(PRODUCT, facts()),
        PriceSet(PRODUCT, "lamp", "CHF", 2100),
    )
    document = msgspec.json.decode(page.documents[str(PRODUCT)] or b"", type=ProductPage)
    lamp, large = document.variants
    assert lamp.prices == [ShownPrice(2100, "CHF"), ShownPrice(1999, "EUR")]
    assert (lamp.availability, large.availability, large.prices) == ("in", "out", [])
    assert page.lookups == {("slug", "desk-lamp"), ("sku", "lamp"), ("sku", "lamp-xl"), ("ean", "4006381333931")}


def test_a_page_whose_prices_change_by_themselves_has_the_times_beside_it() -> None:
    created, day = ProductCreated(PRODUCT, facts()), timedelta(days=1)
    plain = shown(product_page.MODEL, KEY, created, PriceSet(PRODUCT, "lamp", "EUR", 1999))
    assert set(plain.documents) == {str(PRODUCT)}
    coming = PriceScheduled(PRODUCT, "lamp", "EUR", 1499, START + day)
    by_list = ListPriceSet(PRODUCT, "lamp-xl", UUID(int=4), [Tier(1, 2500), Tier(10, 2000)])
    events = (created, PriceSet(PRODUCT, "lamp", "EUR", 1999), coming, by_list)
    rendered = shown(product_page.MODEL, KEY, *events)
    page = msgspec.json.decode(rendered.documents[str(PRODUCT)] or b"", type=ProductPage)
    assert (page.timed, page.variants[0].prices) == (True, [ShownPrice(1999, "EUR")])
    times = msgspec.json.decode(rendered.documents[times_id(PRODUCT)] or b"", type=PriceTimes)
    lamp, large = times.variants
    assert [step.amount_minor for step in lamp.own["EUR"]] == [1999, 1499]
    assert [step.amount_minor for step in large.lists[str(UUID(int=4))]] == [2500]
    back = PriceUnscheduled(PRODUCT, "lamp", "EUR", START + day)
    again = shown(product_page.MODEL, KEY, *events, back, ListPriceRemoved(PRODUCT, "lamp-xl", UUID(int=4)))
    left = msgspec.json.decode(again.documents[times_id(PRODUCT)] or b"", type=PriceTimes).variants
    assert [[step.amount_minor for step in times.own.get("EUR", ())] for times in left] == [[1999], []]


@pytest.mark.parametrize(
    ("of_product", "of_variant", "told"), [("gift-card", UNSET, True), ("standard", "gift-card", True),
                                           ("gift-card", "standard", UNSET)],
)  # fmt: skip
def test_a_gift_card_is_told_to_pages_and_searches(of_product: str, of_variant: Any, told: Any) -> None:
    card = SoldVariant(UUID(int=5), "card", tax_class=of_variant)
    created = ProductCreated(PRODUCT, facts(variants=[card], tax_class=of_product))
    documents = shown(product_page.MODEL, KEY, created).documents
    if told is UNSET:
        assert times_id(PRODUCT) not in documents
    else:
        times = msgspec.json.decode(documents[times_id(PRODUCT)] or b"", type=PriceTimes)
        assert [each.gift_card for each in times.variants] == [True]
    [document] = shown(product_search.MODEL, KEY, created).documents.values()
    searched = msgspec.json.decode(document or b"")
    assert [each.get("gift_card", UNSET) for each in searched["times"]] == ([] if told is UNSET else [True])


def test_a_page_in_each_language_falls_back_part_by_part() -> None:
    told = {"de": Translation("Lampe", "Leuchtet."), "de-AT": Translation("Lamperl"), "fr": Translation("", "Brille.")}
    rendered = shown(product_page.MODEL, KEY, ProductCreated(PRODUCT, facts(translations=told)))
    pages = {id_: msgspec.json.decode(body or b"", type=ProductPage) for id_, body in rendered.documents.items()}
    assert {(page.locale, page.name, page.description) for page in pages.values()} == {
        (None, "Desk lamp", "Shines."), ("de", "Lampe", "Leuchtet."), ("de-AT", "Lamperl", "Leuchtet."),
        ("fr", "Desk lamp", "Brille."),
    }  # fmt: skip
    assert pages[page_id(PRODUCT, "de-AT")].variants == pages[str(PRODUCT)].variants
    left = ProductRevised(PRODUCT, facts(translations={"fr": told["fr"]}))
    again = shown(product_page.MODEL, KEY, ProductCreated(PRODUCT, facts(translations=told)), left)
    assert set(again.documents) == {str(PRODUCT), page_id(PRODUCT, "fr")}
    [document] = shown(product_search.MODEL, KEY, left).documents.values()
    searched = msgspec.json.decode(document or b"", type=SearchedProduct)
    assert (searched.names, searched.translated) == ({}, "\nBrille.")


def test_a_sale_that_changes_no_level_looks_the_same_and_everything_else_does_not() -> None:
    lamp = facts()

    def product(*events: msgspec.Struct) -> Product:
        ((_, state),) = folded(product_page.MODEL, KEY, ProductCreated(PRODUCT, lamp), *events).items()
        assert isinstance(state, Product)
        return state

    shelf, price = opened(low_at=3), PriceSet(PRODUCT, "lamp", "EUR", 1999)
    before = product(shelf, price)
    assert alike(before, product(shelf, price, StockAdjusted("lamp", "north", -6, 4, 0, "sold")))
    assert alike(before, product(shelf, price, StockReserved("lamp", "north", uuid4(), 6, 10, 6)))
    assert not alike(before, product(shelf, price, StockAdjusted("lamp", "north", -7, 3, 0, "sold")))
    assert not alike(before, product(shelf))
    assert not alike(before, product(shelf, price, ProductRevised(PRODUCT, structs.replace(lamp, name="Desk light"))))
    assert not alike(before, product(shelf, price, opened("lamp-xl")))


def test_drafts_and_archived_products_have_no_page_and_no_names_but_keep_their_state() -> None:
    archived = ProductRevised(PRODUCT, facts(status="archived"))
    events = ProductCreated(PRODUCT, facts()), PriceSet(PRODUCT, "lamp", "EUR", 1), archived
    assert shown(product_page.MODEL, KEY, *events) == Rendered({str(PRODUCT): None})
    back = shown(product_page.MODEL, KEY, *events, ProductRevised(PRODUCT, facts()))
    assert b'"amount_minor":1' in (back.documents[str(PRODUCT)] or b"")


def test_a_searched_product_has_its_lowest_prices_best_stock_and_facets_as_words() -> None:
    rendered = shown(
        product_search.MODEL,
        KEY,
        ProductCreated(PRODUCT, facts()),
        PriceSet(PRODUCT, "lamp", "EUR", 1999),
        PriceSet(PRODUCT, "lamp-xl", "EUR", 1500),
        PriceSet(PRODUCT, "lamp", "CHF", 1),
        PriceRemoved(PRODUCT, "lamp", "CHF"),
        opened("lamp-xl", on_hand=2),
    )
    document = msgspec.json.decode(rendered.documents[str(PRODUCT)] or b"", type=SearchedProduct)
    assert document.prices == {"EUR": 1500}
    assert document.availability == "low"
    stored = msgspec.json.decode(rendered.documents[str(PRODUCT)] or b"")
    assert unpacked(document.card) == card_of(stored), "a list shows what the document says"
    assert document.facets == {"colour": ["red", "blue"], "dimmable": ["true"], "watts": ["4.5"]}
    assert document.listed
    assert document.position == 6


def test_the_tree_has_parents_before_children_also_when_they_came_later() -> None:
    root, child, orphan = uuid4(), uuid4(), uuid4()
    rendered = shown(
        category_tree.MODEL,
        "categories",
        CategoryCreated(child, root, "desk", "Desk"),
        CategoryCreated(root, None, "lamps", "Lamps"),
        CategoryCreated(orphan, uuid4(), "adrift", "Adrift"),
        CategoryRevised(child, root, "desks", "Desks"),
    )
    tree = msgspec.json.decode(rendered.documents["tree"] or b"", type=CategoryTree)
    assert [c.slug for c in tree.categories] == ["adrift", "lamps", "desks"]


def test_a_token_stays_known_after_it_was_revoked() -> None:
    token = uuid4()
    issued = TokenIssued(token, "shop", "ab" * 32, ["stock:read"], None)
    rendered = shown(access_tokens.MODEL, "access", issued, TokenRevoked(token, "leaked"))
    known = msgspec.json.decode(rendered.documents[str(token)] or b"", type=KnownToken)
    assert known == KnownToken(token, "ab" * 32, ["stock:read"], None, revoked=True)


ORDER, PERSON, PAYMENT = uuid4(), uuid4(), uuid4()
PERSONS_KEY = new_key()


def placed() -> OrderPlaced:
    address = Address("Ada", "1 Main Street", "Bern", "3000", "CH")
    line = PricedLine("lamp", PRODUCT, uuid4(), "Desk lamp", 2, 1000, 2000, 154)
    return OrderPlaced(
        order_id=ORDER,
        number="A-1",
        quote_id=uuid4(),
        cart_id=uuid4(),
        payment_id=PAYMENT,
        person_id=PERSON,
        mail=seal(PERSONS_KEY, PERSON, "mail", "ada@example.org"),
        address=seal(PERSONS_KEY, PERSON, "address", msgspec.json.encode(address).decode()),
        country="CH",
        lines=[line],
        totals=Totals("CHF", 2000, 500, 154, 2654),
        allocations=[],
        expires_at=START,
        shipping=Shipping("express", "Express", 500, "switzerland", 1, 2),
        taxes=[OrderTax("VAT", 81_000, 2000, 154, included=False)],
        duties_due=True,
    )


HISTORY = (
    PaymentRequested(PAYMENT, ORDER, 2654, "CHF"),
    PaymentIntentCreated(PAYMENT, ORDER, "pi_1"),
    PaymentDeclined(PAYMENT, ORDER, "card_declined", None),
    PaymentAuthorized(PAYMENT, ORDER, "pi_1", 2654),
    OrderConfirmed(ORDER, PAYMENT),
)


def status(keys: Keys) -> OrderStatus:
    rendered = shown(order_status.MODEL, f"order:{ORDER}", placed(), *HISTORY, keys=keys)
    return msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)


def test_a_customer_sees_the_order_and_what_happened_to_it() -> None:
    seen = status({PERSON: PERSONS_KEY})
    assert (seen.state, seen.payment_state, seen.mail) == ("confirmed", "authorized", "ada@example.org")
    assert seen.address is not None
    assert seen.address.city == "Bern"
    assert seen.total == Money(2654, "CHF")
    assert seen.taxes == [StatusTax("VAT", 81_000, Money(2000, "CHF"), Money(154, "CHF"), included=False)]
    assert (seen.sent_by, seen.duties_due) == (StatusShipping("express", "Express", 1, 2), True)
    happened = [step.what for step in seen.history]
    assert happened == ["order_placed", "payment_declined", "payment_authorized", "order_confirmed"]


def test_a_redacted_order_names_nobody_though_the_key_is_still_remembered() -> None:
    events = (placed(), *HISTORY, OrderRedacted(ORDER, PERSON), PaymentCaptured(PAYMENT, ORDER, "pi_1", 2654))
    rendered = shown(order_status.MODEL, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY})
    seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)
    assert (seen.mail, seen.address) == (None, None)
    assert (seen.total, seen.payment_state) == (Money(2654, "CHF"), "captured")


def test_an_erased_person_leaves_the_order_without_mail_and_address() -> None:
    seen = status({PERSON: None})
    assert (seen.mail, seen.address, seen.number) == (None, None, "A-1")


def test_an_order_shows_what_went_back_and_what_is_on_its_way() -> None:
    def refund(n: int, amount: int, quantity: int) -> RefundRequested:
        lines = [RefundedLine("lamp", quantity, amount)]
        return RefundRequested(UUID(int=n), ORDER, PAYMENT, "pi_1", amount, "CHF", "returned", lines, 0, [])

    def seen(*more: Any) -> tuple[OrderStatus, OrderRecord]:
        events = (placed(), *HISTORY, PaymentCaptured(PAYMENT, ORDER, "pi_1", 2654), *more)
        shown_to_all = [
            shown(model, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY}).documents[str(ORDER)] or b""
            for model in (order_status.MODEL, order_records.MODEL)
        ]
        return msgspec.json.decode(shown_to_all[0], type=OrderStatus), msgspec.json.decode(
            shown_to_all[1], type=OrderRecord
        )

    asked = (refund(1, 1077, 1), RefundPending(UUID(int=1), ORDER, "re_1"))
    status_now, record = seen(*asked)
    assert (status_now.payment_state, status_now.refunded.amount_minor, record.refunded_minor) == ("captured", 0, 0)
    assert [(r.state, r.quantities) for r in status_now.refunds] == [("pending", {"lamp": 1})]
    gone = (*asked, RefundSucceeded(UUID(int=1), ORDER, "re_1"))
    status_now, record = seen(*gone)
    assert status_now.payment_state == record.payment_state == "partially_refunded"
    assert record.refunded_minor == 1077
    rest = (*gone, refund(2, 1577, 1), RefundSucceeded(UUID(int=2), ORDER, "re_2"))
    status_now, record = seen(*rest)
    assert (status_now.payment_state, status_now.refunded, record.payment_state) == (
        "refunded", Money(2654, "CHF"), "refunded"
    )  # fmt: skip
    status_now, _ = seen(*rest, RefundFailed(UUID(int=2), ORDER, "re_2", "lost_or_stolen_card"))
    assert (status_now.payment_state, status_now.refunded.amount_minor) == ("partially_refunded", 1077)
    assert status_now.history[-1].what == "refund_failed"
    to_card = msgspec.structs.replace(refund(3, 1577, 1), gift_cards=[GiftPart(UUID(int=9), 500)])
    status_now, record = seen(*gone, to_card)
    assert (status_now.refunded.amount_minor, record.refunded_minor) == (1577, 1577), "a gift card has it at once"
    _, record = seen(*gone, to_card, RefundFailed(UUID(int=3), ORDER, None, "refused"))
    assert record.refunded_minor == 1577, "and keeps it"
    _, record = seen(*gone, to_card, RefundSucceeded(UUID(int=3), ORDER, "re_3"))
    assert record.refunded_minor == 2654, "which is all of it, once"


def test_what_was_added_to_an_order_shows_with_both() -> None:
    first = shown(order_status.MODEL, f"order:{ORDER}", placed(), OrderAddedTo(ORDER, UUID(int=77), "7F3K-29QM"))
    seen = msgspec.json.decode(first.documents[str(ORDER)] or b"", type=OrderStatus)
    assert (seen.additions, seen.history[-1].what, seen.adds_to) == ([UUID(int=77)], "order_added_to", None)
    added = structs.replace(placed(), adds_to=UUID(int=78))
    other = shown(order_status.MODEL, f"order:{ORDER}", added).documents[str(ORDER)]
    assert msgspec.json.decode(other or b"", type=OrderStatus).adds_to == UUID(int=78)


def test_an_order_that_goes_elsewhere_shows_where_and_its_record_holds_nothing_of_it() -> None:
    there = b'{"name":"Bob","line1":"2","city":"Bern","postal_code":"3","country":"CH"}'
    moved = seal(PERSONS_KEY, PERSON, "address", there.decode())
    events = (placed(), *HISTORY, OrderReaddressed(ORDER, PERSON, moved))
    rendered = shown(order_status.MODEL, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY})
    seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)
    assert seen.address is not None
    assert (seen.address.city, seen.history[-1].what) == ("Bern", "order_readdressed")
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", *events).items()
    assert b"s1." not in msgspec.json.encode(state)


def test_an_order_shows_what_comes_back() -> None:
    asked = [ReturnRequested(UUID(int=n), ORDER, [ParcelLine("lamp", 2)], "used", "customer") for n in (1, 2)]
    units = [ReturnedUnits("lamp", 1, "sellable", True)]
    events = (
        placed(), *HISTORY, *asked, ReturnApproved(UUID(int=1), ORDER, "BER"),
        ReturnLabelled(UUID(int=1), ORDER, "SimEx", "1", "label:1"), ReturnCancelled(UUID(int=2), ORDER),
        ReturnReceived(UUID(int=1), ORDER, "HAM", units, None),
    )  # fmt: skip
    seen, noted = [
        shown(model, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY}).documents[str(ORDER)] or b""
        for model in (order_status.MODEL, order_records.MODEL)
    ]
    back, other = msgspec.json.decode(seen, type=OrderStatus).returns
    assert (back.state, back.warehouse, back.quantities, back.label) == ("received", "HAM", {"lamp": 1}, "label:1")
    assert other.state == "cancelled"
    record = msgspec.json.decode(noted, type=OrderRecord)
    assert (record.returned_items, record.return_reasons) == (1, ["used"])


def test_an_order_record_holds_nothing_of_the_person_but_the_country() -> None:
    rendered = shown(order_records.MODEL, f"order:{ORDER}", placed(), *HISTORY)
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", placed()).items()
    body = rendered.documents[str(ORDER)] or b""
    record = msgspec.json.decode(body, type=OrderRecord)
    assert (record.state, record.items, record.total_minor, record.country) == ("confirmed", 2, 2654, "CH")
    assert b"Ada" not in body
    assert b"example.org" not in body
    assert b"s1." not in msgspec.json.encode(state), "not even sealed"


def test_every_model_of_elasticsearch_has_an_index_that_knows_its_fields() -> None:
    documents = {
        product_search.MODEL: SearchedProduct,
        stock_records.MODEL: StockRecord,
        order_records.MODEL: OrderRecord,
    }
    for model in READ_MODELS:
        if model.sink == "elasticsearch":
            beside = {"shown", "priced"} if model is product_search.MODEL else set()
            fields = set(documents[model].__struct_fields__) | {"fold"} | beside
            mapped = INDICES[model.name]["mappings"]["properties"]
            copied = {field["copy_to"] for field in mapped.values() if "copy_to" in field}
            assert fields | copied == set(mapped)
