"""Other shops' product files, line by line, and our own export."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, structs

from shared.events.catalog import Image, ProductFacts, Translation, Variant
from shared.ids import uuid7
from shared.names import is_blank, kept_name
from tests.properties.values import BOUNDED, FLOATS
from write_side.catalog import Category, Product, SlugTaken
from write_side.imports import READY, Format, gathering
from write_side.imports.catalog_export import Spoken, lines_of, own_columns
from write_side.imports.gathering import gathered
from write_side.imports.mapping import ColumnMapping, Others
from write_side.imports.plan import Known, Plan, Terms, plan
from write_side.imports.reading import Line, open_table
from write_side.imports.rejecting import Rejected
from write_side.imports.rows import Row, RowReader

MAGENTO_DATA = Path(__file__).parents[4] / "shared" / "data" / "import_formats" / "magento_configurable_products.csv"
SIMPLE_DATA = MAGENTO_DATA.with_name("magento_simple_products.csv")

SHOPIFY_COLUMNS = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
    "Option2 Name", "Option2 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Variant Barcode",
    "Image Src", "Image Alt Text", "Status",
]  # fmt: skip
SHIRT = [
    {"Handle": "linen-shirt", "Title": "Linen shirt", "Body (HTML)": "<p>Cool.</p>", "Vendor": "Weft", "Type": "Shirts",
     "Tags": "summer, linen", "Published": "true", "Option1 Name": "Size", "Option1 Value": "S",
     "Option2 Name": "Colour", "Option2 Value": "White", "Variant SKU": "LS-S-W", "Variant Inventory Qty": "4",
     "Variant Price": "39.90", "Variant Barcode": "'4006381333931", "Image Src": "https://cdn.example/a,b.jpg?v=1",
     "Image Alt Text": "front", "Status": "active"},
    {"Handle": "linen-shirt", "Option1 Value": "M", "Option2 Value": "White", "Variant Inventory Qty": "-2",
     "Variant Price": "41.00", "Image Src": "https://cdn.example/back.jpg", "Image Alt Text": "back"},
    {"Handle": "linen-shirt", "Image Src": "https://cdn.example/sleeve.jpg"},
    {"Handle": "mug", "Title": "Mug", "Published": "false", "Option1 Name": "Title", "Option1 Value": "Default Title",
     "Variant SKU": "MUG", "Variant Price": "9"},
]  # fmt: skip


def rows(path: Path, name: Format, **changes: str) -> list[Row | str]:
    """What a file says; a code for each product that is rejected."""
    mapping = structs.replace(READY[name], **changes)
    with open_table(path) as table:
        reader = RowReader(table.columns, mapping, "EUR")
        assert reader.missing() == []
        return [_read(reader, line) for line in gathered(table, mapping).lines]


def _read(reader: RowReader, line: Line) -> Row | str:
    try:
        return reader.read(line)
    except Rejected as why:
        return why.code


def written(path: Path, columns: list[str], lines: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as text:
        table = csv.DictWriter(text, columns, restval="")
        table.writeheader()
        table.writerows(lines)
    return path


def test_shopify_s_lines_make_one_product_of_its_variants_and_images(tmp_path: Path) -> None:
    shirt, mug = rows(written(tmp_path / "a.csv", SHOPIFY_COLUMNS, SHIRT), "shopify")
    assert isinstance(shirt, Row) and isinstance(mug, Row)
    assert (shirt.external_ref, shirt.name, shirt.brand) == ("linen-shirt", "Linen shirt", "Weft")
    assert shirt.status == "active"
    assert (shirt.category, shirt.attributes) == (("Shirts",), {"tags": ["summer", "linen"]})
    assert [(v.sku, v.options, v.prices, v.stock, v.ean) for v in shirt.variants] == [
        ("LS-S-W", {"Size": "S", "Colour": "White"}, {"EUR": 3990}, 4, "4006381333931"),
        ("linen-shirt-M-White", {"Size": "M", "Colour": "White"}, {"EUR": 4100}, 0, None),
    ]
    assert [(image.url, image.alt, image.alts) for image in shirt.images or []] == [
        ("https://cdn.example/a,b.jpg?v=1", "front", None), ("https://cdn.example/back.jpg", "back", None),
        ("https://cdn.example/sleeve.jpg", "", None),
    ]  # fmt: skip
    assert (mug.status, [(v.sku, v.options) for v in mug.variants]) == ("draft", [("MUG", {})])


@pytest.mark.parametrize(
    ("status", "published", "found"),
    [
        ("active", "TRUE", "active"),
        ("active", "FALSE", "draft"),
        ("Active", "false", "draft"),
        ("active", "", "active"),
        ("draft", "TRUE", "draft"),
        ("archived", "FALSE", "archived"),
        ("unlisted", "TRUE", "draft"),
        ("Unlisted", "FALSE", "draft"),
        ("", "FALSE", "draft"),
        ("", "TRUE", "active"),
        ("", "", None),
    ],
)
def test_what_shopify_has_not_published_does_not_go_on_sale(
    tmp_path: Path, status: str, published: str, found: str | None
) -> None:
    lines = [SHIRT[0] | {"Status": status, "Published": published}]
    [shirt] = rows(written(tmp_path / "a.csv", SHOPIFY_COLUMNS, lines), "shopify")
    assert isinstance(shirt, Row)
    assert shirt.status == found


def test_a_published_cell_of_an_unknown_word_is_rejected_and_not_put_on_sale(tmp_path: Path) -> None:
    lines = [SHIRT[0] | {"Published": "maybe"}]
    assert rows(written(tmp_path / "a.csv", SHOPIFY_COLUMNS, lines), "shopify") == ["unknown_status"]


def test_a_product_that_shopify_weighs_in_pounds_goes_in_with_all_of_its_variants(tmp_path: Path) -> None:
    lines = [SHIRT[0] | {"Variant Grams": "907.18474"}, SHIRT[1] | {"Variant Grams": "907.0"}]
    [shirt] = rows(written(tmp_path / "a.csv", [*SHOPIFY_COLUMNS, "Variant Grams"], lines), "shopify")
    assert isinstance(shirt, Row)
    assert [variant.weight_grams for variant in shirt.variants] == [907, 907]


@pytest.mark.parametrize("column", ["Gift Card", "Gift card"])
def test_a_gift_card_of_shopify_is_no_product_here(tmp_path: Path, column: str) -> None:
    lines = [SHIRT[0] | {column: "false"}, SHIRT[3] | {column: "TRUE"}]
    shirt, card = rows(written(tmp_path / "a.csv", [*SHOPIFY_COLUMNS, column], lines), "shopify")
    assert isinstance(shirt, Row)
    assert card == "gift_card"


def test_the_newer_names_of_shopify_s_columns_say_the_same(tmp_path: Path) -> None:
    newer = {
        "Handle": "URL handle", "Body (HTML)": "Description", "Published": "Published on online store",
        "Option1 Name": "Option1 name", "Option1 Value": "Option1 value", "Option2 Name": "Option2 name",
        "Option2 Value": "Option2 value", "Variant SKU": "SKU", "Variant Inventory Qty": "Inventory quantity",
        "Variant Price": "Price", "Variant Barcode": "Barcode", "Image Src": "Product image URL",
        "Image Alt Text": "Image alt text",
    }  # fmt: skip
    renamed = [{newer.get(column, column): cell for column, cell in line.items()} for line in SHIRT]
    columns = [newer.get(column, column) for column in SHOPIFY_COLUMNS]
    said = [row for row in rows(written(tmp_path / "b.csv", columns, renamed), "shopify") if isinstance(row, Row)]
    old = [row for row in rows(written(tmp_path / "a.csv", SHOPIFY_COLUMNS, SHIRT), "shopify") if isinstance(row, Row)]
    assert [(row.name, row.variants, row.images, row.status) for row in said] == [
        (row.name, row.variants, row.images, row.status) for row in old
    ]


def test_the_image_of_a_variant_is_among_those_of_its_product(tmp_path: Path) -> None:
    images = {"LS-S-W": "https://cdn.example/back.jpg", "": "https://cdn.example/only-here.jpg"}
    lines = [line | {"Variant Image": images.get(line.get("Variant SKU", ""), "")} for line in SHIRT[:2]]
    [shirt] = rows(written(tmp_path / "a.csv", [*SHOPIFY_COLUMNS, "Variant Image"], [*lines, *SHIRT[2:3]]), "shopify")
    assert isinstance(shirt, Row)
    [change] = planned(structs.replace(shirt, category_slug="our-lamps"), []).changes
    facts = change.product.facts
    shown = {v.sku: [facts.images[place].url for place in v.images or []] for v in facts.variants}
    assert list(shown.values()) == [["https://cdn.example/back.jpg"], ["https://cdn.example/only-here.jpg"]]
    again = planned(structs.replace(shirt, category_slug="our-lamps"), [change.product])
    assert again.changes == []
    fewer = structs.replace(
        shirt, category_slug="our-lamps", images=list(reversed(shirt.images or [])),
        variants=[structs.replace(variant, images=None) for variant in shirt.variants],
    )  # fmt: skip
    [after] = planned(fewer, [change.product]).changes
    for variant in after.product.facts.variants:  # by their addresses, not by their old places
        now = [after.product.facts.images[place].url for place in variant.images or []]
        assert now == [url for url in shown[variant.sku] if url in {i.url for i in after.product.facts.images}]


def test_lines_of_one_product_that_never_end_are_cut_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 3)
    lines = gathering.adjacent([Line(n, ["same"]) for n in range(2, 9)], 0)
    assert [1 + len(line.also) for line in lines] == [3, 3, 1]


MAGENTO_COLUMNS = [
    "sku", "store_view_code", "attribute_set_code", "product_type", "categories", "name", "product_online",
    "visibility", "price", "url_key", "base_image", "base_image_label", "additional_images", "additional_attributes",
    "qty", "configurable_variations",
]  # fmt: skip
HOODIE = [
    {"sku": "H-S", "product_type": "simple", "name": "Hoodie-S", "price": "52.0000", "qty": "3.0000",
     "visibility": "Not Visible Individually", "product_online": "1", "additional_attributes": "size=S"},
    {"sku": "H", "product_type": "configurable", "name": "Hoodie", "attribute_set_code": "Top", "price": "52",
     "categories": "Default Category/Men/Tops & Hoodies,Default Category/Sale", "product_online": "1",
     "visibility": "Catalog, Search", "url_key": "warm-hoodie", "base_image": "/h/1.jpg", "base_image_label": "front",
     "additional_images": "/h/2.jpg,/h/1.jpg",
     "additional_attributes": 'has_options=1,material=Wool,"care=cold, by hand",climate=Cool|Windy',
     "configurable_variations": "sku=H-S,size=S,color=Red|sku=H-M,size=M,color=Red|sku=H-XL,size=XL,color=Red"},
    {"sku": "H", "store_view_code": "de", "name": "Kapuzenpullover"},
    {"sku": "B", "product_type": "bundle", "name": "Set"},
    {"sku": "H-M", "product_type": "simple", "name": "Hoodie-M", "price": "54", "qty": "-1", "product_online": "1",
     "visibility": "Not Visible Individually"},
]  # fmt: skip


def test_magento_s_variants_go_with_their_product_wherever_they_stand(tmp_path: Path) -> None:
    hoodie, translation, bundle = rows(written(tmp_path / "a.csv", MAGENTO_COLUMNS, HOODIE), "magento")
    assert isinstance(hoodie, Row)
    assert (hoodie.external_ref, hoodie.handle, hoodie.status) == ("H", "warm-hoodie", "active")
    assert (hoodie.category, hoodie.product_type) == (("Men", "Tops & Hoodies"), "Top")
    assert hoodie.attributes == {"material": "Wool", "care": "cold, by hand", "climate": ["Cool", "Windy"]}
    assert [(v.sku, v.options, v.prices, v.stock) for v in hoodie.variants] == [
        ("H-S", {"size": "S", "color": "Red"}, {"EUR": 5200}, 3),
        ("H-M", {"size": "M", "color": "Red"}, {"EUR": 5400}, 0),
    ]
    labelled = [("/h/1.jpg", "front"), ("/h/2.jpg", None)]  # below wherever the shop's images lie
    assert [(image.url, image.alt) for image in hoodie.images or []] == labelled
    assert (translation, bundle) == ("store_view", "unsupported_kind")


@pytest.mark.parametrize(
    ("names", "families"),
    [
        ({"A": "A B"}, ["A B", "C", "D"]),  # itself
        ({"A": "B", "B": "C", "C": "D"}, ["A B", "C", "D"]),  # variants of a variant
        ({"A": "B", "B": "A"}, ["C", "D", "A", "B"]),
        ({"A": "C", "B": "C D"}, ["A C", "B D"]),
    ],
)
def test_each_line_of_magento_s_is_told_once_whatever_names_it(
    tmp_path: Path, names: dict[str, str], families: list[str]
) -> None:
    lines = [{"sku": sku, "configurable_variations": _named(names.get(sku, ""))} for sku in "ABCD"]
    assert _families(written(tmp_path / "a.csv", MAGENTO_COLUMNS, lines)) == families


def test_a_translation_takes_no_variants_from_its_product(tmp_path: Path) -> None:
    told = {"sku": "A", "configurable_variations": _named("B")}
    lines = [{**told, "store_view_code": "de"}, told, {"sku": "B"}]
    assert _families(written(tmp_path / "a.csv", MAGENTO_COLUMNS, lines)) == ["A", "A B"]


def _named(skus: str) -> str:
    return "|".join(f"sku={sku},size=S" for sku in skus.split())


def _families(path: Path) -> list[str]:
    with open_table(path) as table:
        at = table.columns.index("sku")
        told = gathered(table, READY["magento"]).lines
        return [" ".join(each.cells[at] for each in (line, *line.also)) for line in told]


def test_magento_s_paths_of_images_get_the_base_that_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", MAGENTO_COLUMNS, HOODIE)
    hoodie, *_ = rows(path, "magento", image_base="https://shop.example/media/catalog/product/")
    assert isinstance(hoodie, Row)
    base = "https://shop.example/media/catalog/product/h"
    assert [image.url for image in hoodie.images or []] == [f"{base}/1.jpg", f"{base}/2.jpg"]


@pytest.mark.skipif(not MAGENTO_DATA.exists(), reason="Magento's sample data is not there")
def test_magento_s_own_sample_is_read_without_a_row_rejected() -> None:
    said = rows(MAGENTO_DATA, "magento")
    products = [row for row in said if isinstance(row, Row)]
    assert (len(said), len(products)) == (147, 147)
    assert sum(len(row.variants) for row in products) == 1847
    assert all(v.options and v.prices and v.stock == 100 for row in products for v in row.variants)


CATEGORY = Category(uuid7(), 1, None, "our-lamps", "Lamps")
UNDER = Category(uuid7(), 1, CATEGORY.id, "desk", "Desk > small\tor\nsmaller")
SPOKEN = Spoken(["CHF", "EUR"], ["de", "zh-Hant-TW"])
TREE = {CATEGORY.id: CATEGORY, UNDER.id: UNDER}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t=+-'\","), max_size=12)
_scalars = st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | FLOATS | TEXT
_seen = TEXT.filter(lambda text: not is_blank(text))
_attributes = st.dictionaries(_seen, _scalars | st.lists(_scalars, max_size=3), max_size=4)
_options = st.dictionaries(TEXT, TEXT, max_size=2)
_told = st.builds(Translation, TEXT.map(kept_name), TEXT).filter(lambda told: told != Translation())
_translations = st.dictionaries(st.sampled_from(SPOKEN.locales), _told)
_places = st.lists(st.integers(0, 1), unique=True, max_size=2)
_minutes = st.none() | st.integers(0, 10**7).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
_skus = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20).filter(lambda s: s not in "..")


@st.composite
def products(draw: st.DrawFn) -> Product:
    skus = draw(st.lists(_skus, min_size=1, max_size=4, unique=True))
    facts = ProductFacts(
        slug="a-lamp", name=draw(_seen).strip(), brand=draw(TEXT).strip(), description=draw(TEXT),
        product_type=draw(TEXT).strip(), status=draw(st.sampled_from(["draft", "active", "archived"])),
        category_id=draw(st.sampled_from([None, CATEGORY.id, UNDER.id])), attributes=draw(_attributes),
        images=[Image("https://a.example/1,2.jpg", draw(TEXT)), Image("2.jpg", "", {"de": draw(TEXT)})],
        variants=[
            Variant(uuid7(), sku, None, draw(TEXT), draw(_options), images=draw(_places) or UNSET) for sku in skus
        ],
        publish_at=draw(_minutes), unpublish_at=None,
        external_ref=draw(st.none() | TEXT.filter(str.strip)), translations=draw(_translations),
    )  # fmt: skip
    return Product(uuid7(), 3, facts)


def exported(product: Product, prices: dict[str, dict[str, int]]) -> Iterator[Row]:
    """What an export says of a product, read again from its text."""
    columns = own_columns(SPOKEN)
    text = io.StringIO()
    made = lines_of(product.facts, TREE, prices, SPOKEN, {})
    assert not any(cell.startswith(("=", "+", "-", "@")) for cells in made for cell in cells)  # no formulas
    csv.writer(text).writerows(made)
    lines = [Line(n, cells) for n, cells in enumerate(csv.reader(io.StringIO(text.getvalue(), newline="")))]
    reader = RowReader(columns, READY["doorbuster"], "EUR")
    return map(reader.read, gathering.adjacent(lines, 0))


def planned(row: Row, there: list[Product]) -> Plan:
    categories = {category.slug: category.id for category in TREE.values()}
    slugs = [product.facts.slug for product in there]
    return plan([row], Known(there, {}, slugs, categories, datetime.now(UTC)), Terms(None, None), uuid7)


@BOUNDED
@given(products())
def test_an_export_imports_back_to_the_same(product: Product) -> None:
    prices = {variant.sku: {"EUR": 100, "CHF": 95} for variant in product.facts.variants}
    [row] = exported(product, prices)
    again = planned(row, [product])
    assert (again.changes, again.refused) == ([], [])
    assert [priced.prices for priced, _ in again.prices] == list(prices.values())
    [change] = planned(row, []).changes  # and into another shop, but for the ids
    assert facts_without_ids(change.product) == facts_without_ids(product)


def test_an_image_that_stands_twice_stays_where_a_variant_names_it() -> None:
    twice, shown = [Image("1.jpg"), Image("1.jpg", "again")], [Variant(uuid7(), "1", images=[1])]
    facts = ProductFacts("a-lamp", "Lamp", "", "", "", "active", None, {}, twice, shown)
    [row] = exported(product := Product(uuid7(), 1, facts), {})
    assert planned(row, [product]).changes == []


def facts_without_ids(product: Product) -> ProductFacts:
    same = [structs.replace(variant, variant_id=UUID(int=0)) for variant in product.facts.variants]
    return structs.replace(product.facts, variants=same)


def test_a_slug_that_another_product_has_is_refused_before_it_is_written() -> None:
    ours, other = (
        Product(uuid7(), 1, ProductFacts("a-lamp", "Lamp", "", "", "", "active", None, {}, [], [Variant(uuid7(), sku)]))
        for sku in ("1", "2")
    )
    [row] = exported(ours, {})
    assert planned(row, [ours]).unchanged == 1
    assert [refused.code for refused in planned(row, [other]).refused] == [SlugTaken.code]


SIMPLE_COLUMNS = ["category", "name", "sku", "price", "qty", "description", "fit", "material", "eco", "sale",
                  "special_price", "attribute_set"]  # fmt: skip


def test_magento_s_list_of_simple_products_has_categories_and_attributes(tmp_path: Path) -> None:
    bag = {"category": "Gear\nBags\nCollections\nNew", "name": "Bag", "sku": "B1", "price": "34", "qty": "100",
           "description": "<p>Big, light</p>", "fit": "Loose, or not", "material": "Nylon\nPolyester", "eco": "1",
           "sale": "1", "special_price": "30", "attribute_set": "Bag"}  # fmt: skip
    other = {"category": "Gear", "name": "Belt", "sku": "B2", "price": "9.90", "attribute_set": "Gear"}
    first, second = rows(written(tmp_path / "a.csv", SIMPLE_COLUMNS, [bag, other]), "magento-simple")
    assert isinstance(first, Row) and isinstance(second, Row)
    assert (first.category, first.product_type) == (("Gear", "Bags"), "Bag")
    assert first.attributes == {"fit": "Loose, or not", "material": ["Nylon", "Polyester"], "eco": 1}
    assert [(v.sku, v.prices, v.stock) for v in first.variants] == [("B1", {"EUR": 3400}, 100)]
    assert (second.category, second.attributes) == (("Gear",), {})
    assert second.variants[0].prices == {"EUR": 990}


@pytest.mark.skipif(not SIMPLE_DATA.exists(), reason="the data is not here")
def test_magento_s_own_list_of_simple_products_goes_in() -> None:
    found = rows(SIMPLE_DATA, "magento-simple")
    assert len(found) == 14
    for bag in found:
        assert isinstance(bag, Row)
        assert (bag.category, bag.product_type) == (("Gear", "Bags"), "Bag")
        assert bag.attributes is not None and {"features_bags", "pattern"} <= bag.attributes.keys()
        assert not {"special_price", "sale", "attribute_set"} & bag.attributes.keys()


@pytest.mark.parametrize(("others", "found"), [("attribute", "Red,Blue"), ("list", ["Red", "Blue"])])
def test_columns_that_a_mapping_does_not_name_become_attributes_if_it_says_so(others: Others, found: object) -> None:
    mapping = ColumnMapping({"a": "sku", "b": "name"}, others=others, ignored=["left out"])
    reader = RowReader(["a", "b", "colour", "left out", ""], mapping, "EUR")
    row = reader.read(Line(2, ["1", "L", "Red,Blue", "x", "y"]))
    assert row.attributes == {"colour": found}
