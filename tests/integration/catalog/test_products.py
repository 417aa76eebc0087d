"""Product commands through their handlers on real Postgres; the pool fixture compares rows and fold afterwards."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from shared.events.catalog import Translation
from shared.ids import uuid7
from shared.publishing import is_open
from tests.fixtures.write_side import CAUSE, new_call
from write_side import catalog
from write_side.catalog import ProductInput, TranslationInput, VariantInput, handlers, refusals
from write_side.catalog.domain import ImageInput
from write_side.catalog.handlers import ProductState
from write_side.commands import Answer
from write_side.database import Pool
from write_side.errors import Refusal, VersionConflict

LAMP = ProductInput(
    name="Desk lamp",
    variants=[
        VariantInput("LAMP-RED", "036000291452", "red", {"colour": "red"}, images=[1, 0]),
        VariantInput("LAMP-BLUE"),
    ],
    attributes={"z last": 1, "a first": 2.50, "power": 9.0, "dimmable": True, "colours": ["red", 2, 0.5, False]},
    images=[ImageInput("https://a.example/lamp.jpg", "front", {"de": "vorne"}), ImageInput("lamps/red.jpg")],
    external_ref="ERP-1",
)


def other(**changes: Any) -> ProductInput:
    return structs.replace(LAMP, **{"variants": [VariantInput("OTHER")], "external_ref": None, **changes})


async def created(pool: Pool, given: ProductInput = LAMP) -> ProductState:
    return state_of(await handlers.create_product(pool, given, CAUSE, None))


def state_of(answer: Answer[ProductState]) -> ProductState:
    return msgspec.json.decode(answer.body, type=ProductState)


async def log_length(pool: Pool) -> int:
    async with pool.acquire() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM event_log"))


async def test_a_product_comes_back_as_it_was_given(pool: Pool) -> None:
    made = await created(pool)
    assert (made.version, made.product.slug) == (1, "desk-lamp")
    found = await handlers.get_product(pool, made.id)
    assert found == made
    assert list(found.product.attributes) == list(LAMP.attributes)  # in the order of the merchant
    assert found.product.attributes == LAMP.attributes
    assert found.product.variants[0].ean == "0036000291452"
    async with pool.acquire() as conn:
        assert await catalog.product_of(conn, "LAMP-BLUE") == made.id
        sold = await catalog.find_variants(conn, ["LAMP-RED", "LAMP-BLUE", "nothing"])
    assert {sku: variant.name for sku, variant in sold.items()} == {
        "LAMP-RED": "Desk lamp red", "LAMP-BLUE": "Desk lamp"
    }  # fmt: skip


async def test_related_products_are_products_and_never_the_product_itself(pool: Pool) -> None:
    bulb, lamp = await created(pool, other()), await created(pool)
    given = structs.replace(LAMP, related={"accessories": [bulb.id], "alternatives": []})
    made = state_of(await handlers.replace_product(pool, lamp.id, given, 1, CAUSE, None))
    assert made.product.related == {"accessories": [bulb.id]}
    for nobody in (lamp.id, uuid7()):
        wrong = structs.replace(LAMP, related={"accessories": [bulb.id, nobody]})
        with pytest.raises(refusals.NoSuchProduct) as refused:
            await handlers.replace_product(pool, lamp.id, wrong, 2, CAUSE, None)
        assert refused.value.facts["pointer"] == "/related/accessories/1"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (other(slug="desk-lamp"), "slug_taken"),
        (other(variants=[VariantInput("OTHER"), VariantInput("LAMP-RED")]), "sku_taken"),
        (other(external_ref="ERP-1"), "external_ref_taken"),
        (other(category_id=UUID(int=7)), "no_such_category"),
        (other(variants=[]), "no_variants"),
    ],
)
async def test_what_another_product_has_is_refused(pool: Pool, given: ProductInput, code: str) -> None:
    await created(pool)
    before = await log_length(pool)
    with pytest.raises(Refusal) as refused:
        await created(pool, given)
    assert refused.value.code == code
    assert await log_length(pool) == before


async def test_a_second_product_of_the_same_name_gets_a_slug_of_its_own(pool: Pool) -> None:
    await created(pool)
    assert (await created(pool, other())).product.slug == "desk-lamp-other"


async def test_replacing_needs_the_version_that_was_read(pool: Pool) -> None:
    made = await created(pool)
    brighter = structs.replace(LAMP, description="Brighter.")
    after = state_of(await handlers.replace_product(pool, made.id, brighter, 1, CAUSE, None))
    assert (after.version, after.product.description) == (2, "Brighter.")
    with pytest.raises(VersionConflict) as conflict:
        await handlers.replace_product(pool, made.id, LAMP, 1, CAUSE, None)
    assert conflict.value.facts == {"version": 2}
    with pytest.raises(refusals.UnknownProduct):
        await handlers.replace_product(pool, uuid7(), LAMP, 1, CAUSE, None)


async def test_unchanged_facts_are_no_event(pool: Pool) -> None:
    made = await created(pool)
    before = await log_length(pool)
    answer = await handlers.replace_product(pool, made.id, LAMP, 1, CAUSE, None)
    assert (state_of(answer), answer.positions) == (made, {})
    await handlers.set_status(pool, made.id, "active", None, CAUSE, None)
    assert await log_length(pool) == before


async def test_a_sku_stays_with_its_product_for_ever(pool: Pool) -> None:
    made = await created(pool)
    ids = {variant.sku: variant.variant_id for variant in made.product.variants}
    without = structs.replace(LAMP, variants=LAMP.variants[:1])
    await handlers.replace_product(pool, made.id, without, 1, CAUSE, None)
    async with pool.acquire() as conn:
        with pytest.raises(refusals.UnknownSku):
            await catalog.product_of(conn, "LAMP-BLUE")
    with pytest.raises(refusals.SkuTaken):
        await created(pool, other(variants=[VariantInput("LAMP-BLUE")]))
    back = state_of(await handlers.replace_product(pool, made.id, LAMP, 2, CAUSE, None))
    assert {variant.sku: variant.variant_id for variant in back.product.variants} == ids


async def test_a_status_changes_and_is_kept_by_the_version_if_one_is_named(pool: Pool) -> None:
    made = await created(pool)
    for number, status in enumerate(("archived", "draft", "active"), start=2):
        after = state_of(await handlers.set_status(pool, made.id, status, None, CAUSE, None))  # type: ignore[arg-type]
        assert (after.version, after.product.status) == (number, status)
    with pytest.raises(VersionConflict):
        await handlers.set_status(pool, made.id, "draft", 1, CAUSE, None)


async def test_of_two_editors_of_one_version_one_wins(pool: Pool) -> None:
    """Two guards stand one behind the other: the version in the row, and the log, which has each version once."""
    made = await created(pool)
    edits = [
        handlers.replace_product(pool, made.id, structs.replace(LAMP, description=f"{n}"), 1, CAUSE, None)
        for n in range(10)
    ]
    outcomes = await asyncio.gather(*edits, return_exceptions=True)
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Answer": 1, "VersionConflict": 9}


async def test_ten_creators_of_one_slug_make_one_product_or_slugs_of_their_own(pool: Pool) -> None:
    named = [created(pool, other(slug="lamp", variants=[VariantInput(f"S{n}")])) for n in range(8)]
    outcomes = await asyncio.gather(*named, return_exceptions=True)
    assert Counter(type(outcome).__name__ for outcome in outcomes)["ProductState"] == 1
    assert {getattr(outcome, "code", "") for outcome in outcomes} <= {"", "slug_taken", "try_again"}
    unnamed = [created(pool, other(name="Shade", variants=[VariantInput(f"T{n}")])) for n in range(2)]
    assert {made.product.slug for made in await asyncio.gather(*unnamed)} >= {"shade"}


async def test_a_repeat_with_the_same_key_is_the_same_product(pool: Pool) -> None:
    call = new_call("once")
    first = await handlers.create_product(pool, LAMP, CAUSE, call)
    again = await handlers.create_product(pool, LAMP, CAUSE, call)
    assert (again.body, again.replayed) == (first.body, True)


async def test_a_product_is_told_in_other_languages_and_what_says_nothing_is_not_kept(pool: Pool) -> None:
    told = {"de": TranslationInput(" Schreibtischlampe ", "Hell."), "fr": TranslationInput()}
    made = await created(pool, structs.replace(LAMP, translations=told))
    assert made.product.translations == {"de": Translation("Schreibtischlampe", "Hell.")}
    assert await handlers.get_product(pool, made.id) == made
    given = structs.replace(LAMP, translations={"de-AT": TranslationInput("Lampe")})
    again = state_of(await handlers.replace_product(pool, made.id, given, 1, CAUSE, None))
    assert again.product.translations == {"de-AT": Translation("Lampe")}
    async with pool.acquire() as conn:
        assert await catalog.locales_in_use(conn) == ["de-AT"]


async def test_the_checkout_says_the_same_as_pages(pool: Pool) -> None:
    now = datetime.now(UTC)
    sides = [None, now - timedelta(days=1), now + timedelta(days=1)]
    async with pool.acquire() as conn:
        for publish_at in sides:
            for unpublish_at in sides:
                said = await conn.fetchval("SELECT catalog_status('active', $1, $2)", publish_at, unpublish_at)
                assert (said == "active") == is_open(publish_at, unpublish_at, now), (publish_at, unpublish_at)


async def test_a_scheduled_product_is_as_a_draft_before_and_as_archived_after(pool: Pool) -> None:
    day = timedelta(days=1)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for n, (publish_at, unpublish_at, status) in enumerate(
        ((now + day, None, "draft"), (now - day, now + day, "active"), (now - 2 * day, now - day, "archived"))
    ):
        zone = timezone(timedelta(hours=2))
        given = other(
            name=f"Lamp {n}", variants=[VariantInput(f"S{n}")], unpublish_at=unpublish_at,
            publish_at=publish_at and publish_at.astimezone(zone),
        )  # fmt: skip
        made = await created(pool, given)
        assert (await handlers.get_product(pool, made.id)).product.publish_at == publish_at  # staff sees what was said
        async with pool.acquire() as conn:
            assert (await catalog.find_variants(conn, [f"S{n}"]))[f"S{n}"].status == status
