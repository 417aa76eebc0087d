"""What attributes are called: part by part in the best language that tells it, whichever of the types it is told by."""

import msgspec
import pytest
from msgspec import structs

from read_side.product_types.queries import Declared
from shared.documents.product_types import ProductType, ProductTypes
from shared.events.product_types import Attribute, AttributeTranslation
from shared.locales import Locales

GERMAN = AttributeTranslation("Farbe", {"red": "rot", "blue": "blau"})
AUSTRIAN = AttributeTranslation(values={"red": "rout"})
SHIRT = ProductType("Shirt", [Attribute("colour", "colour", translations={"de": GERMAN}), Attribute("model")])
FURTHER = {"de-AT": AUSTRIAN, "fr": AttributeTranslation("Couleur")}
SHOE = ProductType("Shoe", [Attribute("colour", "colour", translations=FURTHER)])
SOCK = ProductType("Sock", [Attribute("colour", "colour", values=["red"])])


@pytest.mark.parametrize("types", [[SHIRT, SHOE, SOCK], [SOCK, SHOE, SHIRT], [SHOE, SOCK, SHIRT]])
@pytest.mark.parametrize(
    ("locales", "called"),
    [
        (("de",), GERMAN),
        (("de-AT", "de"), AttributeTranslation("Farbe", {"red": "rout", "blue": "blau"})),
        (("de-AT",), AUSTRIAN),
        (("fr",), AttributeTranslation("Couleur")),
    ],
)
def test_each_part_is_told_in_the_best_language_by_whatever_type(
    types: list[ProductType], locales: Locales, called: AttributeTranslation
) -> None:
    declared = Declared(ProductTypes(types))
    assert declared.called(locales) == {"colour": called}
    assert set(declared.by_name) == {"colour", "model"}


def test_a_type_is_called_as_in_the_best_language_that_tells_it() -> None:
    shirt = structs.replace(SHIRT, names={"de": "Hemd", "de-AT": "Hemad"})
    declared = Declared(ProductTypes([shirt, SHOE]))
    for locales, label in ((("de",), "Hemd"), (("de-AT", "de"), "Hemad"), (("de-CH", "de"), "Hemd")):
        assert declared.labels(locales) == {"Shirt": label}
        types = msgspec.json.decode(declared.answer(locales).body)["types"]
        assert [each.get("label") for each in types] == [label, None]
    assert declared.labels(("fr",)) == {}
    assert b"Hemd" not in declared.answer(None).body


def test_in_the_shops_own_language_everything_is_called_as_it_is() -> None:
    declared = Declared(ProductTypes([SHIRT, SHOE]))
    for locales in (None, (), ("it",)):
        assert declared.called(locales) == {}
        assert b"label" not in declared.answer(locales).body
    assert declared.answer(None).body == (
        b'{"types":[{"name":"Shirt","attributes":[{"name":"colour","kind":"colour"},{"name":"model"}]},'
        b'{"name":"Shoe","attributes":[{"name":"colour","kind":"colour"}]}]}'
    )
    assert (declared.answer(None).keeping.vary, declared.answer(()).keeping.vary) == (
        "Position, Accept-Encoding", "Accept-Language, Position, Accept-Encoding",
    )  # fmt: skip
