from uuid import UUID

import pytest
from msgspec import structs

from shared.codec import encode_event
from shared.events.catalog import CategoryCreated, CategoryRevised, CategoryTranslation, ProductCreated
from shared.ids import uuid7
from write_side.catalog import domain, refusals
from write_side.catalog.domain import (
    Category,
    CategoryInput,
    CategoryTranslationInput,
    Product,
    ProductInput,
    VariantInput,
)
from write_side.errors import Refusal


def lamp(*skus: str) -> Product:
    given = ProductInput(name="Lamp", variants=[VariantInput(sku) for sku in skus])
    facts = domain.facts_of(given, "lamp", {sku: uuid7() for sku in skus})
    return domain.evolve_product(None, 1, ProductCreated(uuid7(), facts))


def revised(product: Product, *skus: str) -> Product:
    given = ProductInput(name="Lamp", variants=[VariantInput(sku) for sku in skus])
    facts = domain.facts_of(given, "lamp", {sku: uuid7() for sku in skus} | product.variant_ids())
    event = domain.revise(product, facts)
    return product if event is None else domain.evolve_product(product, product.version + 1, event)


def test_unchanged_facts_are_no_event() -> None:
    product = lamp("A", "B")
    assert revised(product, "A", "B") is product


def test_a_sku_that_is_left_out_is_retired_and_comes_back_as_the_same_variant() -> None:
    before = lamp("A", "B")
    without = revised(before, "A")
    assert without.retired == {"B": before.variant_ids()["B"]}
    back = revised(without, "B", "A")
    assert (back.retired, back.version) == ({}, 3)
    assert back.variant_ids() == before.variant_ids()


def test_a_status_is_a_change_like_any_other() -> None:
    product = lamp("A")
    assert domain.revise(product, domain.with_status(product, "active")) is None
    assert domain.revise(product, domain.with_status(product, "archived")) is not None


def tree(*parents: int | None) -> list[Category]:
    """Categories c0, c1 …, each with the index of its parent."""
    ids = [uuid7() for _ in parents]
    return [
        Category(ids[n], 1, None if parent is None else ids[parent], f"c{n}", f"C{n}")
        for n, parent in enumerate(parents)
    ]


def moved(categories: list[Category], which: int, below: int | UUID | None) -> object:
    parent = categories[below].id if isinstance(below, int) else below
    given = CategoryInput(categories[which].name, parent_id=parent)
    return domain.revise_category(categories, categories[which], given)


def test_a_category_cannot_lie_below_itself_however_deep() -> None:
    categories = tree(None, 0, 1)
    for below in range(3):
        with pytest.raises(refusals.CategoryCycle):
            moved(categories, 0, below)


def test_a_category_moves_anywhere_else() -> None:
    categories = tree(None, 0, 1, None)
    assert moved(categories, 1, 3) is not None
    assert moved(categories, 1, None) is not None
    assert moved(categories, 1, 0) is None  # where it is


def test_a_parent_must_exist() -> None:
    with pytest.raises(refusals.NoSuchCategory):
        moved(tree(None), 0, uuid7())


def test_the_tree_has_a_bottom_also_for_what_moves_with_its_children() -> None:
    deep = tree(*[None, *range(domain.DEEPEST - 1)], None, domain.DEEPEST)
    with pytest.raises(refusals.CategoryTooDeep):
        domain.create_category(deep, CategoryInput("More", parent_id=deep[domain.DEEPEST - 1].id), uuid7())
    with pytest.raises(refusals.CategoryTooDeep):  # two levels below the last but one
        moved(deep, domain.DEEPEST, domain.DEEPEST - 2)
    assert moved(deep, domain.DEEPEST, domain.DEEPEST - 3) is not None


def test_a_slug_is_free_for_its_own_category_only() -> None:
    categories = tree(None, None)
    with pytest.raises(refusals.SlugTaken):
        domain.create_category(categories, CategoryInput("C0", slug="c0"), uuid7())
    with pytest.raises(refusals.SlugTaken):
        domain.revise_category(categories, categories[1], CategoryInput("C1", slug="c0"))
    assert domain.revise_category(categories, categories[0], CategoryInput("C0", slug="c0")) is None


def test_paths_make_what_they_lack_once_and_parents_first() -> None:
    audio = Category(uuid7(), 1, None, "audio", "Sound")
    made = domain.create_paths([audio], [["Audio", "In-ear"], ["Audio"], ["Audio", "In-ear", "Sport"]], uuid7)
    assert [event.slug for event in made] == ["audio-in-ear", "audio-in-ear-sport"]
    assert made[0] == CategoryCreated(made[0].category_id, audio.id, "audio-in-ear", "In-ear")
    assert made[1].parent_id == made[0].category_id


GERMAN = {"de": CategoryTranslationInput(" Leuchten "), "fr": CategoryTranslationInput(" ")}


def test_a_category_is_called_otherwise_in_other_languages_where_that_says_something() -> None:
    made = domain.create_category([], CategoryInput("Lamps", translations=GERMAN), uuid7())
    assert made.translations == {"de": CategoryTranslation("Leuchten")}
    lamps = domain.evolve_category(None, 1, made)
    assert domain.revise_category([lamps], lamps, CategoryInput("Lamps", translations=GERMAN)) is None
    event = domain.revise_category([lamps], lamps, CategoryInput("Lamps"))
    assert event == CategoryRevised(lamps.id, None, "lamps", "Lamps")


def test_an_event_of_one_language_is_written_as_it_always_was() -> None:
    category_id = UUID(int=1)
    written = encode_event(domain.create_category([], CategoryInput("Lamps"), category_id))
    assert written == (
        b'{"type":"catalog.category_created.v1","category_id":"00000000-0000-0000-0000-000000000001",'
        b'"parent_id":null,"slug":"lamps","name":"Lamps"}'
    )


@pytest.mark.parametrize(
    ("translations", "refusal", "pointer"),
    [
        ({"German": CategoryTranslationInput("Leuchten")}, refusals.BrokenLocale, "/translations/German"),
        ({"de": CategoryTranslationInput("Leu\x00chten")}, refusals.BrokenText, "/translations/de/name"),
        ({f"de-{n}": CategoryTranslationInput("L") for n in range(100, 151)}, refusals.TooManyLocales, "/translations"),
    ],
)
def test_languages_are_named_as_products_name_them(
    translations: dict[str, CategoryTranslationInput], refusal: type[Refusal], pointer: str
) -> None:
    with pytest.raises(refusal) as refused:
        domain.create_category([], CategoryInput("Lamps", translations=translations), uuid7())
    assert refused.value.facts["pointer"] == pointer


def test_evolve_takes_all_facts_from_the_event() -> None:
    [category] = tree(None)
    event = domain.revise_category([category], category, CategoryInput("Other", slug="other"))
    assert event is not None
    assert domain.evolve_category(category, 2, event) == structs.replace(
        category, version=2, name="Other", slug="other"
    )
