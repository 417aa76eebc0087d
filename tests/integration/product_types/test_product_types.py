"""Product types over real Postgres: products are held to them, and two types never say two things of one attribute."""

import asyncio

import msgspec
import pytest
from msgspec import structs

from shared.events.product_types import Attribute, AttributeTranslation, ProductTypeTranslation
from tests.fixtures.write_side import CAUSE
from tests.integration.catalog.test_products import LAMP, created, other
from write_side.catalog import handlers as catalog
from write_side.commands import Answer
from write_side.database import Pool
from write_side.errors import VersionConflict
from write_side.product_types import handlers, store
from write_side.product_types.domain import (
    AttributeDeclaredOtherwise,
    AttributeInput,
    AttributeMissing,
    AttributeOfAnotherKind,
    ProductType,
    ProductTypeInput,
    UnknownProductType,
)
from write_side.product_types.translations import AttributeTranslationInput, ProductTypeTranslationInput

WEIGHT = AttributeInput("weight", "number", "g", required=True)
TYPE = ProductTypeInput("Lamp", [WEIGHT])


async def declared(pool: Pool, given: ProductTypeInput = TYPE) -> ProductType:
    answer: Answer[ProductType] = await handlers.add_type(pool, given, CAUSE, None)
    return msgspec.json.decode(answer.body, type=ProductType)


async def test_a_product_is_held_to_its_type_whenever_it_is_written(pool: Pool) -> None:
    made = await declared(pool)
    lamp = structs.replace(LAMP, product_type="Lamp")
    with pytest.raises(AttributeMissing):
        await created(pool, lamp)
    draft = await created(pool, structs.replace(lamp, status="draft"))
    with pytest.raises(AttributeMissing):
        await catalog.set_status(pool, draft.id, "active", None, CAUSE, None)
    with pytest.raises(AttributeOfAnotherKind):
        await catalog.replace_product(
            pool, draft.id, structs.replace(lamp, attributes={"weight": "heavy"}), 1, CAUSE, None
        )
    weighed = structs.replace(lamp, attributes={"weight": 900})
    await catalog.replace_product(pool, draft.id, weighed, 1, CAUSE, None)
    await catalog.set_status(pool, draft.id, "archived", None, CAUSE, None)
    await created(pool, other(product_type="Lamps"))
    await handlers.remove_type(pool, made.id, CAUSE)
    of_no_type = other(product_type="Lamp", slug="another", variants=[structs.replace(LAMP.variants[1], sku="X")])
    await created(pool, of_no_type)


async def test_what_was_for_sale_before_stays_and_may_leave(pool: Pool) -> None:
    lamp = await created(pool, structs.replace(LAMP, product_type="Lamp"))
    await declared(pool)
    await catalog.set_status(pool, lamp.id, "archived", None, CAUSE, None)
    with pytest.raises(AttributeMissing):
        await catalog.set_status(pool, lamp.id, "active", None, CAUSE, None)


async def test_a_type_is_changed_at_the_version_that_was_read(pool: Pool) -> None:
    made = await declared(pool)
    await handlers.replace_type(pool, made.id, ProductTypeInput("Light", [WEIGHT]), 1, CAUSE)
    with pytest.raises(VersionConflict):
        await handlers.replace_type(pool, made.id, TYPE, 1, CAUSE)
    listed = await handlers.list_types(pool, "", 10)
    assert [(each.name, each.version) for each in listed.types] == [("Light", 2)]
    await handlers.remove_type(pool, made.id, CAUSE)
    with pytest.raises(UnknownProductType):
        await handlers.show_type(pool, made.id)
    assert (await declared(pool, ProductTypeInput("Light", []))).version == 1  # its name is free again


async def test_what_attributes_are_called_is_kept_with_their_type(pool: Pool) -> None:
    german = {"de": AttributeTranslationInput("Größe", {"S": "klein"})}
    size = AttributeInput("size", values=["S", "M"], translations=german)
    made = await declared(pool, ProductTypeInput("Shirt", [size], {"de": ProductTypeTranslationInput("Hemd")}))
    assert made.attributes[0].translations == {"de": AttributeTranslation("Größe", {"S": "klein"})}
    assert made.translations == {"de": ProductTypeTranslation("Hemd")}
    assert await handlers.show_type(pool, made.id) == made
    async with pool.acquire() as conn:
        await conn.execute("UPDATE product_type SET attributes = '[]', translations = '{}'")
        await store.rewrite_type(conn, made)
    assert await handlers.show_type(pool, made.id) == made
    plain = ProductTypeInput("Shirt", [structs.replace(size, translations={})])
    await handlers.replace_type(pool, made.id, plain, 1, CAUSE)
    shown = await handlers.show_type(pool, made.id)
    assert (shown.attributes, shown.translations) == ([Attribute("size", values=["S", "M"])], {})


async def test_of_two_who_name_one_attribute_otherwise_at_the_same_time_one_is_refused(pool: Pool) -> None:
    """Goes red when `lock_all` takes no lock."""
    for n in range(5):
        names = [AttributeTranslationInput(name) for name in ("Größe", "Weite", "Maß")]
        sizes = [AttributeInput(f"size {n}", translations={"de": name}) for name in names]
        asked = [declared(pool, ProductTypeInput(f"Type {n}.{place}", [size])) for place, size in enumerate(sizes)]
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in done].count(ProductType) == 1
        assert [type(each) for each in done].count(AttributeDeclaredOtherwise) == 2


async def test_of_two_who_declare_one_attribute_otherwise_at_the_same_time_one_is_refused(pool: Pool) -> None:
    grams, kilograms = AttributeInput("weight", "number", "g"), AttributeInput("weight", "number", "kg")
    for n in range(5):
        kinds = [structs.replace(kind, name=f"weight {n}") for kind in (grams, kilograms, AttributeInput("weight"))]
        asked = [declared(pool, ProductTypeInput(f"Type {n}.{place}", [kind])) for place, kind in enumerate(kinds)]
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in done].count(ProductType) == 1
        assert [type(each) for each in done].count(AttributeDeclaredOtherwise) == 2
