"""What a bundle may be made of, and what shoppers see of it, with data."""

from uuid import UUID

import pytest

from shared.events.inventory import BundleAvailabilityChanged, BundleComponent, BundleComposed
from write_side.errors import Invalid
from write_side.inventory.bundles import domain
from write_side.inventory.bundles.domain import Bundle, Component, ComposeBundle, NestedBundle, Stocked

ID = UUID(int=1)
SET = [BundleComponent("lamp", 1), BundleComponent("bulb", 2)]


def asked(*skus: str) -> ComposeBundle:
    return ComposeBundle([Component(sku) for sku in skus])


@pytest.mark.parametrize(
    ("lamps", "bulbs", "seen"),
    [(9, 9, "in"), (9, 5, "low"), (1, 9, "low"), (9, 1, "out"), (0, 9, "out"), (9, 2, "low"), (9, None, "out")],
)
def test_a_bundle_is_there_as_long_as_each_of_its_components_is(lamps: int, bulbs: int | None, seen: str) -> None:
    stock = {"lamp": Stocked(lamps, 5)} | ({} if bulbs is None else {"bulb": Stocked(bulbs, 5)})
    assert domain.level(SET, stock) == seen


def test_only_news_is_told_of_a_bundle() -> None:
    bundle = Bundle(ID, "set", ID, SET, "in", 1)
    full, empty = {"lamp": Stocked(9, 5), "bulb": Stocked(9, 5)}, {"lamp": Stocked(9, 5)}
    assert domain.move(bundle, full) is None
    assert domain.move(bundle, empty) == BundleAvailabilityChanged(ID, "set", ID, "out")
    dissolved = domain.evolve(bundle, BundleComposed(ID, "set", ID, [], "in"), 2)
    assert domain.move(dissolved, empty) is None


def test_the_same_again_is_no_news_and_another_composition_is_the_same_bundle() -> None:
    bundle = Bundle(ID, "set", ID, SET, "in", 1)
    assert domain.compose(bundle, UUID(int=2), "set", ID, SET, "in") is None
    fewer = SET[:1]
    assert domain.compose(bundle, UUID(int=2), "set", ID, fewer, "low") == BundleComposed(ID, "set", ID, fewer, "low")


def test_no_bundle_is_in_another_and_none_holds_something_twice() -> None:
    domain.check_composable("set", asked("lamp", "bulb"), [], [])
    with pytest.raises(NestedBundle):
        domain.check_composable("set", asked("lamp", "kit"), ["kit"], [])
    with pytest.raises(NestedBundle):
        domain.check_composable("set", asked("lamp"), [], ["kit"])
    for skus in (("lamp", "lamp"), ("lamp", "set")):
        with pytest.raises(Invalid) as refused:
            domain.check_composable("set", asked(*skus), [], [])
        assert refused.value.facts["pointer"] == "/components/1/sku"
