"""What may be shipped, and how far an order is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from projector.read_models import order as read_model
from projector.read_models.order import fulfilment_of
from shared.documents.orders import StatusParcel
from shared.events.fulfilment import ParcelLine
from shared.events.orders import OrderPlaced, PricedLine, Totals
from write_side.fulfilment.domain import (
    NewParcel,
    NothingToShip,
    NotShippable,
    Parcel,
    ShipsTooMuch,
    deliver,
    evolve,
    given_up,
    owed,
    ship,
    track,
)
from write_side.fulfilment.standing import Standing
from write_side.orders import domain as orders
from write_side.refunds import Refund

ID, NOW = UUID(int=1), datetime(2026, 11, 27, tzinfo=UTC)
LINES = [PricedLine(sku, ID, ID, sku, n, 100, n * 100, 0) for sku, n in (("lamp", 3), ("cord", 1))]
PLACED = OrderPlaced(ID, "A-1", ID, ID, ID, ID, "", "", "DE", LINES, Totals("EUR", 400, 0, 0, 400), [], NOW)
CONFIRMED = structs.replace(orders.evolve(None, PLACED, 1), state="confirmed")


def shipped(earlier: list[Parcel], refunded: Any = (), **wanted: int) -> Parcel:
    lines = [{"sku": sku, "quantity": n} for sku, n in wanted.items()]
    asked = msgspec.convert({"carrier": "DHL", "tracking_number": "1", "lines": lines}, NewParcel)
    due = owed(CONFIRMED, dict(refunded), earlier)
    return evolve(None, ship(ID, due, asked, UUID(int=9)), 1)


def scanned(parcel: Parcel, *scans: str) -> Parcel:
    for status in scans:
        if event := track(parcel, status, NOW):
            parcel = evolve(parcel, event, parcel.version + 1)
    return parcel


def test_a_parcel_that_went_back_has_not_arrived_however_often_it_is_told() -> None:
    parcel = scanned(shipped([]), "in_transit", "returning", "delivered", "returning", "delivered")
    assert (parcel.state, parcel.tracking, parcel.delivered_at) == ("shipped", "returned", None)
    assert Standing(CONFIRMED, True, {}, [parcel], [], []).arrived_at is None
    event = deliver(parcel, NOW)
    assert event, "staff may know better"
    assert evolve(parcel, event, 9).state == "delivered"


def sent(n: int, state: Any = "shipped", tracking: str | None = None, **goods: int) -> Parcel:
    lines = [ParcelLine(sku, quantity) for sku, quantity in goods.items()]
    return Parcel(UUID(int=n), ID, "DHL", str(n), lines, state, 1, tracking=tracking)


def refunded(reason: str = "not_delivered", state: Any = "succeeded", **goods: int) -> Refund:
    """Of goods that had left."""
    lines = [ParcelLine(sku, quantity) for sku, quantity in goods.items()]
    return Refund(ID, ID, ID, "", 1, "EUR", reason, [], 0, [], state, None, None, 1, lines)


def lost(parcels: list[Parcel], *refunds: Refund, free: str = "mug") -> list[int]:
    return [parcel.id.int for parcel in given_up(parcels, refunds, {free})]


def test_a_parcel_is_given_up_once_all_in_it_was_refunded_though_it_had_left() -> None:
    mixed = sent(1, lamp=2, cord=1)
    assert lost([mixed]) == []
    assert lost([mixed], refunded(lamp=2)) == [], "a cord is still waited for"
    assert lost([mixed], refunded(lamp=2), refunded(cord=1)) == [1]
    assert lost([mixed], refunded(lamp=2, cord=1, state="failed")) == []
    assert lost([sent(1, "delivered", lamp=2)], refunded(lamp=2)) == [], "it is there"


def test_a_gift_is_given_up_with_what_lies_beside_it_and_waited_for_where_it_lies_alone() -> None:
    beside, alone = sent(1, lamp=1, mug=1), sent(2, mug=1)
    assert lost([beside, alone]) == []
    assert lost([beside, alone], refunded(lamp=1)) == [1]
    assert lost([sent(1, lamp=1, cord=1, mug=1)], refunded(lamp=1)) == [], "a cord is still waited for"
    assert lost([alone], refunded(mug=1)) == [2], "of an order as a whole"


def test_what_came_back_is_not_what_is_on_its_way() -> None:
    parcels = [sent(1, "delivered", lamp=1), sent(2, lamp=1)]
    assert lost(parcels, refunded("returned", lamp=1)) == []
    assert lost(parcels, refunded("not_delivered", lamp=1)) == [2]
    assert lost(parcels, refunded("returned", lamp=2)) == [2]


def test_of_several_the_one_that_went_back_is_given_up_first() -> None:
    parcels = [sent(1, lamp=1), sent(2, tracking="returned", lamp=1)]
    assert lost(parcels, refunded(lamp=1)) == [2]
    assert lost(parcels, refunded(lamp=2)) == [2, 1]


def test_what_was_attempted_and_then_brought_has_arrived() -> None:
    assert scanned(shipped([]), "attempt_failed", "delivered", "returning").state == "delivered"


def test_what_is_left_goes_in_the_last_parcel() -> None:
    first = shipped([], lamp=2)
    rest = shipped([first])
    assert {line.sku: line.quantity for line in rest.lines} == {"lamp": 1, "cord": 1}
    with pytest.raises(NothingToShip):
        shipped([first, rest])


def test_what_was_refunded_is_not_shipped_even_after_others_were() -> None:
    assert {line.sku for line in shipped([], [("cord", 1)]).lines} == {"lamp"}
    with pytest.raises(ShipsTooMuch):
        shipped([shipped([], lamp=2)], [("lamp", 1)], lamp=1)
    with pytest.raises(NothingToShip):
        shipped([shipped([])], [("lamp", 1)])


@pytest.mark.parametrize("wanted", [{"lamp": 4}, {"chair": 1}])
def test_nobody_gets_what_they_did_not_order(wanted: dict[str, Any]) -> None:
    with pytest.raises(ShipsTooMuch):
        shipped([], **wanted)


@pytest.mark.parametrize("state", ["pending_payment", "closing", "cancelled", "expired"])
def test_only_a_confirmed_order_is_shipped(state: Any) -> None:
    with pytest.raises(NotShippable):
        Standing(structs.replace(CONFIRMED, state=state), True, {}, [], [], []).check_shippable()


def test_goods_wait_for_the_money() -> None:
    with pytest.raises(NotShippable):
        Standing(CONFIRMED, False, {}, [], [], []).check_shippable()
    Standing(CONFIRMED, True, {}, [], [], []).check_shippable()


def seen(
    parcels: list[tuple[str, dict[str, int]]], refunds: list[tuple[str, dict[str, int]]] | None = None,
    dropped: tuple[ParcelLine, ...] = (), placed: OrderPlaced = PLACED,
) -> str:  # fmt: skip
    state = read_model.Order(
        0, read_model.UNKNOWN, NOW, NOW, "confirmed", "captured", [],
        [read_model.Refund(ID, s, 1, "out_of_stock", q, NOW, q) for s, q in refunds or []],  # type: ignore[arg-type]
        [StatusParcel(ID, s, "DHL", "1", q, NOW) for s, q in parcels],  # type: ignore[arg-type]
        picking=False, dropped=dropped,
    )  # fmt: skip
    return fulfilment_of(state, placed)


def test_an_order_is_delivered_when_all_that_was_not_refunded_has_arrived() -> None:
    three, cord = {"lamp": 3}, {"cord": 1}
    assert seen([]) == "none"
    assert seen([("delivered", three)]) == "partially_shipped"
    assert seen([("delivered", three), ("shipped", cord)]) == "shipped"
    assert seen([("delivered", three), ("delivered", cord)]) == "delivered"
    assert seen([("delivered", three)], [("requested", cord)]) == "delivered"
    assert seen([("delivered", three)], [("failed", cord)]) == "partially_shipped"
    assert seen([("delivered", three)], dropped=(ParcelLine("cord", 1),)) == "delivered"


def test_gift_cards_that_were_bought_beside_goods_lie_in_no_parcel() -> None:
    card = PricedLine("card", ID, ID, "Gift card", 1, 2500, 2500, 0, gift_card=True)
    placed = structs.replace(PLACED, lines=[*LINES, card])
    three, cord = {"lamp": 3}, {"cord": 1}
    assert seen([("delivered", three)], placed=placed) == "partially_shipped"
    assert seen([("shipped", three | cord)], placed=placed) == "shipped"
    assert seen([("delivered", three), ("delivered", cord)], [("requested", {"card": 1})], (), placed) == "delivered"
    assert seen([("delivered", three | cord)], placed=placed) == "delivered"
    assert seen([], placed=structs.replace(PLACED, lines=[card])) == "none"
