"""What a name says a product is."""

from typing import Any

import pytest

from projector.kinds import kind_words
from shared.events.catalog import ProductFacts


def named(name: str, brand: str = "Nox", product_type: str = "", **attributes: Any) -> list[str]:
    facts = ProductFacts(
        slug="", name=name, brand=brand, description="", product_type=product_type, status="active", category_id=None,
        attributes=attributes, images=[], variants=[],
    )  # fmt: skip
    return kind_words(facts)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("Nox 6720s Notebook PC", ["notebook"]),
        ("Nox pencil black 6 pc(s)", ["black"]),
        ("Nox Slim Sleeve notebook case 15.4 in", ["case"]),
        ("Nox X1 laptop, 14 in", ["laptop"]),
        ("Nox bag for 15 in laptops", ["bag"]),
        ("Nox Lampe mit Schalter", ["lampe"]),
        ("Nox Hängelampe 40 cm", ["hängelampe"]),
        ("Nox headphones/headset", ["headphones", "headset"]),
        ("Nox All-in-One 27", ["all-in-one"]),
        ("X100", []),
        ("", []),
    ],
)
def test_the_last_word_of_a_phrase_says_what_it_is(name: str, kinds: list[str]) -> None:
    assert named(name) == kinds


def test_what_the_attributes_say_is_a_fact_and_no_kind() -> None:
    assert named("Nox desk lamp Silver") == ["silver"]
    assert named("Nox desk lamp Silver", colour="Silver") == ["lamp"]
    assert named("Nox desk lamp Silver", colour="Black, Silver") == ["lamp"]
    assert named("Nox desk lamp Silver", colour=["Black", "Silver"]) == ["lamp"]
    assert named("Nox 17 Notebook Silver", colour="Silver", **{"Product Type": "Notebook"}) == ["notebook"]
    assert named("Nox camera case Pouch", design="Pouch", style="Pouch case") == ["case"]


def test_the_product_type_says_it_too() -> None:
    assert named("Nox Ember C640", product_type="Desk lamp") == ["ember", "lamp"]
    assert named("Nox lamp 3", product_type="Lamp") == ["lamp"]
