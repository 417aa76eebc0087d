"""Category commands through their handlers on real Postgres."""

import asyncio
from collections import Counter

import msgspec
import pytest

from shared.events.catalog import CategoryTranslation
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from write_side import catalog
from write_side.catalog import handlers, refusals
from write_side.catalog.domain import Category, CategoryInput, CategoryTranslationInput
from write_side.catalog.handlers import CategoryState
from write_side.commands import Answer
from write_side.database import Pool
from write_side.errors import VersionConflict


def state_of(answer: Answer[CategoryState]) -> CategoryState:
    return msgspec.json.decode(answer.body, type=CategoryState)


async def created(pool: Pool, given: CategoryInput) -> CategoryState:
    return state_of(await handlers.create_category(pool, given, CAUSE, None))


async def test_a_tree_grows_is_renamed_and_moved(pool: Pool) -> None:
    audio = await created(pool, CategoryInput("Audio"))
    phones = await created(pool, CategoryInput("Headphones", parent_id=audio.id))
    assert (phones.slug, phones.parent_id, phones.version) == ("headphones", audio.id, 1)
    top = state_of(await handlers.replace_category(pool, phones.id, CategoryInput("Head phones"), 1, CAUSE, None))
    assert (top.name, top.slug, top.parent_id, top.version) == ("Head phones", "headphones", None, 2)
    assert await handlers.get_category(pool, phones.id) == top
    same = await handlers.replace_category(pool, phones.id, CategoryInput("Head phones"), 2, CAUSE, None)
    assert same.positions == {}


async def test_names_in_other_languages_come_and_go_as_facts_do(pool: Pool) -> None:
    german, french = CategoryTranslationInput("Ton"), CategoryTranslationInput("Son")
    audio = await created(pool, CategoryInput("Audio", translations={"de": german, "fr": french}))
    assert audio.translations == {"de": CategoryTranslation("Ton"), "fr": CategoryTranslation("Son")}
    assert await handlers.get_category(pool, audio.id) == audio
    said = CategoryInput("Audio", translations={"fr": french})
    left = state_of(await handlers.replace_category(pool, audio.id, said, 1, CAUSE, None))
    assert (left.translations, left.version) == ({"fr": CategoryTranslation("Son")}, 2)
    assert await handlers.get_category(pool, audio.id) == left
    async with pool.acquire() as conn:
        await conn.execute("UPDATE category SET translations = '{}'")
        await catalog.rewrite_category(conn, Category(left.id, 2, None, "audio", "Audio", left.translations))
    assert await handlers.get_category(pool, audio.id) == left


async def test_refusals_change_nothing(pool: Pool) -> None:
    audio = await created(pool, CategoryInput("Audio"))
    with pytest.raises(refusals.SlugTaken):
        await created(pool, CategoryInput("audio"))
    with pytest.raises(refusals.NoSuchCategory):
        await created(pool, CategoryInput("Lost", parent_id=uuid7()))
    with pytest.raises(refusals.CategoryCycle):
        await handlers.replace_category(pool, audio.id, CategoryInput("Audio", parent_id=audio.id), 1, CAUSE, None)
    with pytest.raises(VersionConflict):
        await handlers.replace_category(pool, audio.id, CategoryInput("Sound"), 7, CAUSE, None)
    with pytest.raises(refusals.UnknownCategory):
        await handlers.replace_category(pool, uuid7(), CategoryInput("Sound"), 1, CAUSE, None)
    async with pool.acquire() as conn:
        assert len(await catalog.all_categories(conn)) == 1


async def test_two_moves_at_once_cannot_make_a_cycle_together(pool: Pool) -> None:
    """Goes red when `lock_tree` takes no lock: each move sees a tree in which it is harmless."""
    for round_ in range(5):
        a, b = [await created(pool, CategoryInput(f"{name} {round_}")) for name in ("A", "B")]
        below_b = handlers.replace_category(pool, a.id, CategoryInput(a.name, parent_id=b.id), 1, CAUSE, None)
        below_a = handlers.replace_category(pool, b.id, CategoryInput(b.name, parent_id=a.id), 1, CAUSE, None)
        outcomes = await asyncio.gather(below_b, below_a, return_exceptions=True)
        assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Answer": 1, "CategoryCycle": 1}


async def test_paths_are_made_once_by_whoever_comes_first(pool: Pool) -> None:
    async def make() -> dict[str, object]:
        async with pool.acquire() as conn, conn.transaction():
            return dict(await catalog.category_ids(conn, [("Audio", "In-ear"), ("Video",)], CAUSE))

    found = await asyncio.gather(*(make() for _ in range(5)))
    assert all(ids == found[0] for ids in found)
    assert found[0].keys() == {"audio", "audio-in-ear", "video"}
