"""What each good in a bundle costs, with data."""

from uuid import UUID

from shared.events.orders import PricedLine
from write_side.orders import bundling
from write_side.orders.bundling import Offer, Part
from write_side.pricing import UnitPrice
from write_side.promotions import BasketLine

ID = UUID(int=1)


def part(sku: str, quantity: int, price: int | None) -> Part:
    return Part(sku, quantity, ID, ID, sku, price, weight_grams=100)


def shares(parts: list[Part], price: int, quantity: int = 1, discount: int = 0) -> list[tuple[str, int, int, int]]:
    offers = {"set": Offer(ID, ID, "Set", UnitPrice(price), parts=parts)}
    found = bundling.opened([BasketLine("set", quantity, price)], [discount], offers)
    assert {good.bundle for good in found} == {"set"}
    return [(good.line.sku, good.line.quantity, good.line.unit_price_minor, good.discount_minor) for good in found]


def test_the_price_is_shared_by_what_its_components_cost_alone() -> None:
    assert shares([part("lamp", 1, 3000), part("bulb", 2, 500)], 2000) == [("lamp", 1, 1500, 0), ("bulb", 2, 250, 0)]


def test_what_can_not_be_divided_makes_some_units_dearer_by_the_least() -> None:
    assert shares([part("bulb", 3, 500)], 1000, discount=100) == [("bulb", 2, 333, 67), ("bulb", 1, 334, 33)]


def test_it_is_shared_by_units_where_a_price_is_not_known_or_all_are_nothing() -> None:
    assert shares([part("lamp", 1, 3000), part("bulb", 3, None)], 2000) == [("lamp", 1, 500, 0), ("bulb", 3, 500, 0)]
    assert shares([part("lamp", 1, 0), part("bulb", 1, 0)], 2000) == [("lamp", 1, 1000, 0), ("bulb", 1, 1000, 0)]


def test_a_bundle_weighs_what_is_in_it_and_counts_as_itself_and_what_is_in_it() -> None:
    offers = {
        "set": Offer(ID, ID, "Set", UnitPrice(1), 5, parts=[part("lamp", 1, 1), part("bulb", 2, 1)]),
        "bulb": Offer(ID, ID, "Bulb", UnitPrice(1), 100),
    }
    assert (offers["set"].grams, offers["bulb"].grams) == (300, 100)
    assert bundling.counted({"set": 2, "bulb": 1}, offers) == {"set": 2, "bulb": 5, "lamp": 2}


def test_a_bundle_comes_back_with_the_last_of_what_is_in_it() -> None:
    def line(sku: str, quantity: int, of: str = "") -> PricedLine:
        return PricedLine(sku, ID, ID, sku, quantity, 1, quantity, 0, bundle=of)

    lines = [line("lamp", 2, "set"), line("bulb", 3, "set"), line("bulb", 1, "set"), line("lamp", 5)]
    bundles = [line("set", 2)]
    given = [{"lamp": 1, "bulb": 1}, {"lamp": 1, "bulb": 3}, {"lamp": 7, "bulb": 4}, {"cord": 1}, {}]
    whole = [bundling.with_whole_bundles(each, lines, bundles).get("set", 0) for each in given]
    assert whole == [0, 1, 2, 0, 0]
