"""What each read model shows, told from events alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import UNSET, structs

from projector.model import Rendered
from projector.read_models import (
    access_tokens,
    category_tree,
    gift_card_records,
    invoice_records,
    order_records,
    product_page,
    product_search,
    stock_level,
    stock_records,
    transfer_records,
)
from projector.read_models.all import READ_MODELS
from projector.read_models.product import Product, alike
from shared.documents.access import KnownToken
from shared.documents.cards import card_of, unpacked
from shared.documents.gift_cards import GiftCardRecord
from shared.documents.indices import INDICES
from shared.documents.invoices import InvoiceRecord
from shared.documents.order_records import OrderRecord
from shared.documents.prices import PriceTimes, ShownPrice
from shared.documents.products import (
    CategoryTree,
    Completion,
    ProductPage,
    Related,
    SearchedProduct,
    page_id,
    related_id,
    times_id,
)
from shared.documents.stock import ShopperStock, StaffStock, StockRecord
from shared.documents.transfers import TransferRecord
from shared.events.access import TokenIssued, TokenRevoked
from shared.events.catalog import (
    CategoryCreated,
    CategoryRevised,
    CategoryTranslation,
    Image,
    ProductCreated,
    ProductRevised,
    Translation,
)
from shared.events.catalog import Variant as SoldVariant
from shared.events.inventory import StockAdjusted, StockReserved
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.ids import time_of
from tests.unit.projector.events import KEY, PRODUCT, START, facts, folded, opened, shown

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


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
    mixed = ProductCreated(PRODUCT, facts(variants=[card, SoldVariant(UUID(int=6), "lamp", tax_class="standard")]))
    found = [*shown(product_search.MODEL, KEY, mixed).documents.values(), document]
    assert [msgspec.json.decode(each or b"")["only_gift_cards"] for each in found] == [False, told is True]


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
    assert (searched.completions, searched.called) == ([], []), "a withdrawn name completes nothing"


def test_names_in_other_languages_complete_what_is_typed_in_them_as_long_as_the_product_is_listed() -> None:
    told = {"de": Translation("Kleine Lampe, weiß"), "de-AT": Translation("Lamperl"), "fr": Translation("", "Brille.")}
    for status, completed in (("active", True), ("draft", False)):
        created = ProductCreated(PRODUCT, facts(status=status, translations=told))
        [document] = shown(product_search.MODEL, KEY, created).documents.values()
        searched = msgspec.json.decode(document or b"", type=SearchedProduct)
        assert searched.completions == completed * [
            Completion(["Kleine Lampe, weiß", "Lampe, weiß", "weiß"], 1, {"locale": ["de"]}),
            Completion(["Lamperl"], 1, {"locale": ["de-AT"]}),
        ]
        assert searched.called == ["de kleine", "de lampe", "de weiss", "de-AT lamperl"]
        assert b'"contexts"' not in msgspec.json.encode(searched.completion), "the shop's own is as it was"


@pytest.mark.parametrize("publish_at", [None, NOON])
def test_a_product_came_when_it_was_released_or_else_when_it_was_made(publish_at: datetime | None) -> None:
    created = ProductCreated(PRODUCT, facts(publish_at=publish_at))
    [document] = shown(product_search.MODEL, KEY, created).documents.values()
    searched = msgspec.json.decode(document or b"", type=SearchedProduct)
    assert searched.released_at == (publish_at or time_of(PRODUCT))


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


def test_marks_of_a_description_are_no_words_and_its_page_keeps_them() -> None:
    markup = '<table style="color: red"><td>Velvet&nbsp;curtain</td></table>'
    told = {"de": Translation("Vorhang", "<strong>Samt</strong>")}
    created = ProductCreated(PRODUCT, facts(description=markup, translations=told, attributes={"pack": "1,500 g"}))
    [document] = shown(product_search.MODEL, KEY, created).documents.values()
    searched = msgspec.json.decode(document or b"", type=SearchedProduct)
    assert (searched.description.split(), searched.translated.split()) == (["Velvet", "curtain"], ["Vorhang", "Samt"])
    assert (searched.facets, searched.numbers) == ({"pack": ["1,500 g"]}, {}), "1.5 or 1500: nobody knows"
    page = shown(product_page.MODEL, KEY, created).documents[str(PRODUCT)]
    assert markup == msgspec.json.decode(page or b"")["description"]


def test_marks_of_an_attribute_are_no_words_either_and_its_facet_keeps_them() -> None:
    care = '<p style="color: red">Wash <b>c</b>old</p>'
    created = ProductCreated(PRODUCT, facts(variants=[], attributes={"care": [care, "<!-- later", "&lt; 30&nbsp;min"]}))
    [document] = shown(product_search.MODEL, KEY, created).documents.values()
    searched = msgspec.json.decode(document or b"", type=SearchedProduct)
    assert searched.attributes_text.split() == ["care", "Wash", "cold", "<", "30", "min"]
    assert searched.facets == {"care": [care, "<!-- later", "&lt; 30&nbsp;min"]}, "what a URL takes is what was said"


def test_what_variants_differ_in_is_told_of_each_and_found_of_their_product() -> None:
    red, blue = Image("red.jpg"), Image("blue.jpg")
    small = SoldVariant(uuid4(), "red-s", None, "Desk lamp small", {"colour": "red", "cable": "2 m"})
    large = SoldVariant(uuid4(), "blue-l", None, "Desk lamp Giant", {"colour": "blue", "size": "L"}, images=[1])
    created = ProductCreated(
        PRODUCT, facts(attributes={"size": "M", "watts": 4}, variants=[small, large], images=[red, blue])
    )
    events = (created, PriceSet(PRODUCT, "blue-l", "EUR", 1500), opened("blue-l"))
    [body] = shown(product_search.MODEL, KEY, *events).documents.values()
    document = msgspec.json.decode(body or b"", type=SearchedProduct)
    assert document.facets == {"size": ["M", "L"], "watts": ["4"], "colour": ["red", "blue"], "cable": ["2 m"]}
    assert document.axes == ["colour", "cable", "size"]
    assert document.numbers.keys() == {"watts", "cable"}
    assert [each.facets for each in document.variants] == [
        {"colour": ["red"], "cable": ["2 m"], "size": ["M"]}, {"colour": ["blue"], "cable": [""], "size": ["L"]},
    ]  # fmt: skip
    first, second = document.variants
    assert (first.sku, first.availability, first.prices, first.image) == ("red-s", "out", {}, None)
    assert (second.sku, second.availability, second.prices, second.image) == ("blue-l", "in", {"EUR": 1500}, blue)
    assert first.numbers.keys() == first.steps.keys() == {"cable"}
    assert "blue" in document.attributes_text
    assert document.attributes_text.splitlines()[-1] == "small Giant"


def test_one_variant_is_told_by_its_product_alone() -> None:
    only = SoldVariant(uuid4(), "lamp", options={"colour": "red"})
    [body] = shown(product_search.MODEL, KEY, ProductCreated(PRODUCT, facts(variants=[only]))).documents.values()
    document = msgspec.json.decode(body or b"", type=SearchedProduct)
    assert (document.facets["colour"], document.axes, document.variants) == (["red", "blue"], [], [])


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


def test_the_tree_says_names_in_other_languages_and_of_one_language_it_is_what_it_was() -> None:
    id_ = UUID(int=1)
    plain = CategoryCreated(id_, None, "lamps", "Lamps")
    german = CategoryRevised(id_, None, "lamps", "Lamps", {"de": CategoryTranslation("Leuchten")})
    body = shown(category_tree.MODEL, "categories", plain, german).documents["tree"]
    assert msgspec.json.decode(body or b"", type=CategoryTree).categories[0].names == {"de": "Leuchten"}
    told = b'{"categories":[{"id":"%b","parent_id":null,"slug":"lamps","name":"Lamps"}]}' % str(id_).encode()
    back = CategoryRevised(id_, None, "lamps", "Lamps")
    for history in ([plain], [plain, german, back]):
        assert shown(category_tree.MODEL, "categories", *history).documents["tree"] == told


def test_a_token_stays_known_after_it_was_revoked() -> None:
    token = uuid4()
    issued = TokenIssued(token, "shop", "ab" * 32, ["stock:read"], None)
    rendered = shown(access_tokens.MODEL, "access", issued, TokenRevoked(token, "leaked"))
    known = msgspec.json.decode(rendered.documents[str(token)] or b"", type=KnownToken)
    assert known == KnownToken(token, "ab" * 32, ["stock:read"], None, revoked=True)


def test_every_model_of_elasticsearch_has_an_index_that_knows_its_fields() -> None:
    documents = {
        product_search.MODEL: SearchedProduct,
        stock_records.MODEL: StockRecord,
        transfer_records.MODEL: TransferRecord,
        order_records.MODEL: OrderRecord,
        invoice_records.MODEL: InvoiceRecord,
        gift_card_records.MODEL: GiftCardRecord,
    }
    for model in READ_MODELS:
        if model.sink == "elasticsearch":
            beside = {"shown", "priced"} if model is product_search.MODEL else set()
            fields = set(documents[model].__struct_fields__) | {"fold"} | beside
            mapped = INDICES[model.name]["mappings"]["properties"]
            copied = {field["copy_to"] for field in mapped.values() if "copy_to" in field}
            assert fields | copied == set(mapped)
