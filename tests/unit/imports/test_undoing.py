"""What undoing a run makes of a product, whatever happened to it since."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.catalog import Image, ProductFacts, Variant
from shared.ids import uuid7
from write_side.catalog import Product
from write_side.imports.runs import places
from write_side.imports.runs.undoing import Happened, PriceStory, Story, undone
from write_side.pricing import PricedVariant
from write_side.pricing.domain import Scheduled

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LAMP = ProductFacts(
    slug="lamp", name="Lamp", brand="", description="", product_type="", status="active", category_id=None,
    attributes={"a": 1, "b": 2}, images=[], variants=[Variant(uuid7(), "LAMP")],
)  # fmt: skip

values = st.sampled_from(["x", "y"])
changes = st.one_of(
    st.fixed_dictionaries({"name": values}),
    st.fixed_dictionaries({"brand": values}),
    st.fixed_dictionaries({"attributes": st.dictionaries(st.sampled_from("abc"), values, max_size=3)}),
)
histories = st.lists(st.tuples(st.booleans(), changes), min_size=1, max_size=6)


def story_of(history: Sequence[tuple[bool, dict[str, Any]]], before: ProductFacts | None = LAMP) -> Story:
    """The run's changes are those with True."""
    facts, happened = before or LAMP, []
    for ours, change in history:
        facts = structs.replace(facts, **change)
        happened.append(Happened(ours, "run" if ours else "ada", NOW, places.of_facts(facts)))
    return Story(Product(uuid7(), len(happened) + 1, facts), before, happened, [])


def after(story: Story) -> ProductFacts:
    decided = undone(story, {}, NOW)
    return story.product.facts if decided.change is None else decided.change.product.facts


@given(histories)
def test_what_nobody_else_touched_is_as_before_to_the_order_of_its_attributes(
    history: list[tuple[bool, dict[str, Any]]],
) -> None:
    facts = after(story_of([(True, change) for _, change in history]))
    assert (facts, list(facts.attributes)) == (LAMP, list(LAMP.attributes))


@given(histories)
def test_what_others_changed_last_stays(history: list[tuple[bool, dict[str, Any]]]) -> None:
    story = story_of(history)
    now, restored = places.of_facts(story.product.facts), places.of_facts(after(story))
    seen: places.Places = places.of_facts(LAMP)
    last: dict[str, bool] = {}
    landed: dict[str, Any] = {}
    for event in story.happened:
        for place in places.differing(seen, event.places):
            value = event.places.get(place, places.GONE)
            if event.ours:
                landed[place] = value
            last[place] = event.ours or landed.get(place) == value  # taken back is as if nobody had been there
        seen = event.places
    for place in places.differing(now, restored):
        assert last[place], f"others changed {place} last"


@given(histories)
def test_undoing_twice_changes_nothing_more(history: list[tuple[bool, dict[str, Any]]]) -> None:
    story = story_of(history)
    facts = after(story)
    again = Happened(False, "undo", NOW, places.of_facts(facts))
    product = structs.replace(story.product, facts=facts, version=story.product.version + 1)
    assert undone(story._replace(product=product, happened=[*story.happened, again]), {}, NOW).change is None


def test_what_the_run_made_is_archived_with_its_prices_gone_unless_others_took_it_over() -> None:
    made = story_of([(True, {})], before=None)
    priced = PricedVariant(uuid7(), 1, made.product.id, "LAMP", {"EUR": 5})
    price = PriceStory(priced, {}, [Happened(True, "run", NOW, {"/prices/LAMP/EUR": 5})])
    decided = undone(made._replace(prices=[price]), {}, NOW)
    assert decided.change is not None
    assert (decided.outcome.became, decided.change.product.facts.status) == ("archived", "archived")
    assert [each.after.prices for each in decided.prices] == [{}]
    taken = story_of([(True, {}), (False, {"name": "Ours"})], before=None)._replace(prices=[price])
    decided = undone(taken, {}, NOW)
    assert (decided.outcome.became, decided.events, decided.outcome.left[0].by) == ("left", 0, "ada")


def test_what_the_run_made_stays_when_others_gave_it_list_prices_or_prices_to_come() -> None:
    made = story_of([(True, {})], before=None)
    priced = PricedVariant(uuid7(), 2, made.product.id, "LAMP", {"EUR": 5})
    happened = [Happened(by == "run", by, NOW, {"/prices/LAMP/EUR": 5}) for by in ("run", "ada")]
    listed = structs.replace(priced, lists={uuid7(): []})
    to_come = structs.replace(priced, scheduled=[Scheduled("EUR", NOW + timedelta(days=1), 4)])
    for each in (listed, to_come):
        price = PriceStory(each, {}, happened)
        decided = undone(made._replace(prices=[price]), {}, NOW)
        assert (decided.outcome.became, decided.events) == ("left", 0)
        assert [(left.place, left.by) for left in decided.outcome.left] == [("/prices/LAMP", "ada")]


def test_a_later_run_that_was_undone_is_no_change_of_others() -> None:
    story = story_of([(True, {"name": "x"}), (False, {"name": "y"}), (False, {"name": "x"})])
    assert after(story) == LAMP
    assert after(story_of([(True, {"name": "x"}), (False, {"name": "y"})])).name == "y"


def test_images_and_the_variants_that_name_them_come_back_together_or_not_at_all() -> None:
    a, b, c = (Image(f"/{name}.jpg", "") for name in "abc")
    [variant] = LAMP.variants
    first = structs.replace(variant, images=[0])
    lamp = structs.replace(LAMP, images=[a, b], variants=[first])
    moved = structs.replace(variant, images=[1])
    run = (True, {"images": [c, a, b], "variants": [moved], "name": "x"})
    assert after(story_of([run], lamp)) == lamp
    heavier = structs.replace(moved, name="XL")
    facts = after(story_of([run, (False, {"variants": [heavier]})], lamp))
    assert (facts.name, facts.images, facts.variants) == ("Lamp", [c, a, b], [heavier])
    own = [a, b, c, a]
    shown = [structs.replace(variant, images=[3])]  # an image that the run brought
    assert after(story_of([(True, {"images": own}), (False, {"variants": shown})], lamp)).images == own


def test_a_slug_that_another_product_has_by_now_stays_away_and_the_rest_comes_back() -> None:
    story = story_of([(True, {"slug": "lamp-2", "name": "x"})])
    decided = undone(story, {"/slug": {"lamp": uuid7()}}, NOW)
    assert decided.change is not None
    assert (decided.change.product.facts.slug, decided.change.product.facts.name) == ("lamp-2", "Lamp")
    assert [(left.place, left.reason) for left in decided.outcome.left] == [("/slug", "slug_taken")]
    own = undone(story, {"/slug": {"lamp": story.product.id}}, NOW)
    assert (own.outcome.left, after(story)) == ([], LAMP)


def test_a_scheduled_price_that_has_begun_since_is_left_alone() -> None:
    story = story_of([(False, {})])
    priced = PricedVariant(uuid7(), 3, story.product.id, "LAMP", {"EUR": 7, "USD": 5})
    key = "/prices/LAMP/"
    happened = [
        Happened(True, "run", NOW, {f"{key}EUR": 6, f"{key}USD": 5}),
        Happened(False, "worker", NOW, {f"{key}EUR": 7, f"{key}USD": 5}),
    ]
    decided = undone(story._replace(prices=[PriceStory(priced, {f"{key}EUR": 1}, happened)]), {}, NOW)
    assert [each.after.prices for each in decided.prices] == [{"EUR": 7}]
    assert [(left.place, left.by) for left in decided.outcome.left] == [(f"{key}EUR", "worker")]
