"""Product types: what may be declared, and what that asks of the attributes of products."""

from uuid import UUID

import pytest
from msgspec import structs

from shared.codec import encode_event
from shared.events.catalog import AttributeValue
from shared.events.product_types import AttributeTranslation, ProductTypeTranslation
from write_side.errors import Refusal
from write_side.product_types import domain
from write_side.product_types.domain import (
    AttributeDeclaredOtherwise,
    AttributeInput,
    AttributeMissing,
    AttributeNotListed,
    AttributeOfAnotherKind,
    BrokenProductType,
    ProductType,
    ProductTypeExists,
    ProductTypeInput,
)
from write_side.product_types.translations import AttributeTranslationInput, ProductTypeTranslationInput

ID, OTHER = UUID(int=1), UUID(int=2)
WEIGHT = AttributeInput("weight", "number", "g", required=True)
SIZE = AttributeInput("size", values=["S", "M"])
LAMP = ProductTypeInput("Lamp", [WEIGHT, SIZE, AttributeInput("dimmable", "boolean"), AttributeInput("model")])


def declared(given: ProductTypeInput = LAMP, type_id: UUID = ID) -> ProductType:
    return domain.evolve(None, domain.declare(type_id, given, []), 1)


@pytest.mark.parametrize(
    ("attribute", "pointer"),
    [
        (AttributeInput(" "), "/attributes/0/name"),
        (AttributeInput("weight", "text", "g"), "/attributes/0/unit"),
        (AttributeInput("weight", "number", "stone"), "/attributes/0/unit"),
        (AttributeInput("weight", "number", values=["1"]), "/attributes/0/values"),
        (AttributeInput("size", values=["S", " S"]), "/attributes/0/values"),
        (AttributeInput("size", values=[" "]), "/attributes/0/values"),
    ],
)
def test_an_attribute_that_says_nothing_is_refused(attribute: AttributeInput, pointer: str) -> None:
    with pytest.raises(BrokenProductType) as refused:
        declared(ProductTypeInput("Lamp", [attribute]))
    assert refused.value.facts["pointer"] == pointer


def sizes(**called: AttributeTranslationInput) -> AttributeInput:
    """S and M, by language."""
    return AttributeInput("size", values=["S", "M"], translations=called)


GROESSE = AttributeTranslationInput(" Größe ", {" S": "klein", "M": " "})


def test_an_attribute_and_its_values_are_called_otherwise_where_that_says_something() -> None:
    given = ProductTypeInput("Shirt", [sizes(de=GROESSE, fr=AttributeTranslationInput(" ", {"S": ""}))])
    made = declared(given)
    assert made.attributes[0].translations == {"de": AttributeTranslation("Größe", {"S": "klein"})}
    assert domain.replace(made, given, []) is None
    assert domain.replace(made, ProductTypeInput("Shirt", [sizes()]), []) is not None


def test_a_type_of_one_language_is_written_as_it_always_was() -> None:
    written = encode_event(domain.declare(ID, ProductTypeInput("Shirt", [sizes()]), []))
    assert written == (
        b'{"type":"product_types.product_type_set.v1","type_id":"00000000-0000-0000-0000-000000000001","name":"Shirt",'
        b'"attributes":[{"name":"size","values":["S","M"]}]}'
    )


def test_a_type_is_called_otherwise_where_that_says_something_and_no_other_type_minds() -> None:
    names = {"de": ProductTypeTranslationInput(" Hemd "), "fr": ProductTypeTranslationInput(" ")}
    given = ProductTypeInput("Shirt", [sizes()], names)
    made = declared(given)
    assert made.translations == {"de": ProductTypeTranslation("Hemd")}
    assert domain.replace(made, given, []) is None
    without = domain.replace(made, ProductTypeInput("Shirt", [sizes()]), [])
    assert without is not None
    assert domain.evolve(made, without, 2).translations == {}
    assert domain.declare(UUID(int=2), structs.replace(given, name="Blouse"), [made]).translations == made.translations


@pytest.mark.parametrize(
    ("locales", "pointer"),
    [(["d/e"], "/translations/d~1e"), (["de", "German"], "/translations/German"),
     ([f"de-{n}" for n in range(100, 151)], "/translations")],
)  # fmt: skip
def test_a_type_is_called_something_in_languages_alone(locales: list[str], pointer: str) -> None:
    names = {locale: ProductTypeTranslationInput("Hemd") for locale in locales}
    with pytest.raises(BrokenProductType) as refused:
        declared(ProductTypeInput("Shirt", [], names))
    assert refused.value.facts["pointer"] == pointer


@pytest.mark.parametrize(
    ("attribute", "pointer"),
    [
        (sizes(German=GROESSE), "/attributes/0/translations/German"),
        (sizes(**{"d/e": GROESSE}), "/attributes/0/translations/d~1e"),
        (sizes(de=AttributeTranslationInput("Größe", {"L": "groß"})), "/attributes/0/translations/de"),
        (AttributeInput("model", translations={"de": GROESSE}), "/attributes/0/translations/de"),
        (sizes(**{f"de-{n}": GROESSE for n in range(100, 151)}), "/attributes/0/translations"),
    ],
)
def test_a_language_that_is_none_and_a_value_that_is_not_listed_are_refused(
    attribute: AttributeInput, pointer: str
) -> None:
    with pytest.raises(BrokenProductType) as refused:
        declared(ProductTypeInput("Shirt", [attribute]))
    assert refused.value.facts["pointer"] == pointer


def test_an_attribute_is_called_alike_in_all_types_that_tell_a_name_and_so_are_its_values() -> None:
    others = [
        declared(ProductTypeInput("Shirt", [sizes(de=AttributeTranslationInput("Größe"))])),
        declared(ProductTypeInput("Shoe", [sizes(de=AttributeTranslationInput(values={"S": "klein"}))]), OTHER),
        declared(ProductTypeInput("Sock", [sizes()]), UUID(int=4)),
    ]
    for owner, wrong in (
        ("Shirt", AttributeTranslationInput("Weite")), ("Shoe", AttributeTranslationInput(values={"S": "winzig"})),
    ):  # fmt: skip
        with pytest.raises(AttributeDeclaredOtherwise) as refused:
            domain.declare(UUID(int=3), ProductTypeInput("Hat", [WEIGHT, sizes(de=wrong)]), others)
        assert refused.value.facts == {"pointer": "/attributes/1/translations/de", "product_type": owner}
    for fine in (
        sizes(), sizes(fr=AttributeTranslationInput("Taille")),
        sizes(de=AttributeTranslationInput("Größe", {"S": "klein", "M": "mittel"})),
    ):  # fmt: skip
        assert domain.declare(UUID(int=3), ProductTypeInput("Hat", [fine]), others)
    renamed = ProductTypeInput("Shirt", [sizes(de=AttributeTranslationInput("Weite"))])
    assert domain.replace(others[0], renamed, others[1:]), "of those that tell its name it is the only one"


def test_an_attribute_stands_once_and_a_name_is_one_types() -> None:
    with pytest.raises(BrokenProductType):
        declared(ProductTypeInput("Lamp", [SIZE, SIZE]))
    with pytest.raises(ProductTypeExists):
        domain.declare(OTHER, ProductTypeInput(" Lamp ", []), [declared()])


def test_an_attribute_is_of_one_kind_and_unit_in_all_of_the_shop() -> None:
    for weight in (AttributeInput("weight", "number", "kg"), AttributeInput("weight")):
        with pytest.raises(AttributeDeclaredOtherwise) as refused:
            domain.declare(OTHER, ProductTypeInput("Shoe", [SIZE, weight]), [declared()])
        assert refused.value.facts == {"pointer": "/attributes/1", "product_type": "Lamp"}
    domain.declare(OTHER, ProductTypeInput("Shoe", [AttributeInput("weight", "number", "g")]), [declared()])


def test_who_says_the_same_again_makes_no_event() -> None:
    assert domain.replace(declared(), LAMP, []) is None
    assert domain.replace(declared(), ProductTypeInput("Lamp", [SIZE]), []) is not None


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({}, AttributeMissing),
        ({"weight": []}, AttributeMissing),
        ({"weight": ""}, AttributeMissing),
        ({"weight": "500 g"}, AttributeOfAnotherKind),
        ({"weight": True}, AttributeOfAnotherKind),
        ({"weight": [1, "2"]}, AttributeOfAnotherKind),
        ({"weight": 1, "dimmable": "yes"}, AttributeOfAnotherKind),
        ({"weight": 1, "dimmable": 1}, AttributeOfAnotherKind),
        ({"weight": 1, "model": 300}, AttributeOfAnotherKind),
        ({"weight": 1, "size": "XL"}, AttributeNotListed),
        ({"weight": 1, "size": ["S", "XL"]}, AttributeNotListed),
    ],
)
def test_what_is_not_as_declared_is_refused_with_its_place(
    attributes: dict[str, AttributeValue], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        domain.check(attributes, declared(), for_sale=True)
    assert refused.value.facts["pointer"] == f"/attributes/{list(attributes)[-1] if attributes else 'weight'}"


def test_what_is_as_declared_passes_and_so_does_what_nobody_declared() -> None:
    fitting: dict[str, AttributeValue] = {"weight": 500, "size": ["S", "M"], "dimmable": False, "model": "300"}
    domain.check(fitting | {"colour of the box": 7}, declared(), for_sale=True)
    domain.check({"weight": "heavy"}, None, for_sale=True)


def test_a_draft_may_lack_what_is_required_and_one_attribute_can_be_looked_at_alone() -> None:
    domain.check({}, declared(), for_sale=False)
    with pytest.raises(AttributeOfAnotherKind):
        domain.check({"weight": "heavy"}, declared(), for_sale=False)
    domain.check({"size": "S"}, declared(), for_sale=True, only="size")
    with pytest.raises(AttributeMissing):
        domain.check({"size": "S"}, declared(), for_sale=True, only="weight")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"weight": "0.5 kg"}, {"weight": 500}),
        ({"weight": "500g"}, {"weight": 500}),
        ({"weight": "1,5"}, {"weight": 1.5}),
        ({"weight": "5 GB"}, {"weight": "5 GB"}),
        ({"weight": "heavy"}, {"weight": "heavy"}),
        ({"weight": "0,125 kg"}, {"weight": 125}),
        ({"weight": "1,500 g"}, {"weight": "1,500 g"}),
        ({"weight": "1,500"}, {"weight": "1,500"}),
        ({"dimmable": "Yes"}, {"dimmable": True}),
        ({"dimmable": 0}, {"dimmable": False}),
        ({"dimmable": "perhaps"}, {"dimmable": "perhaps"}),
        ({"model": 300}, {"model": "300"}),
        ({"model": [True, "x"]}, {"model": ["true", "x"]}),
        ({"of no type": 1}, {"of no type": 1}),
    ],
)
def test_a_file_has_only_texts_and_is_read_as_its_type_declares(
    said: dict[str, AttributeValue], read: dict[str, AttributeValue]
) -> None:
    found = domain.as_declared(said, declared())
    assert found == read
    assert [type(value) for value in found.values()] == [type(value) for value in read.values()]
