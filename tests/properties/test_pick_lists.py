"""Whatever is listed, packed, sent, refunded and fails in whatever order: what the lists may ship is what is owed, and
all of it can be sent in the end."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.orders import Allocation, PricedLine, Totals
from shared.events.picking import PickEvent, PickFinished, PickListed
from tests.properties.values import BOUNDED
from write_side import refunds
from write_side.errors import Refusal
from write_side.fulfilment import domain as parcels
from write_side.fulfilment.domain import NewParcel, Parcel
from write_side.fulfilment.picking import domain as picking
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.standing import Standing
from write_side.inventory import Demand, summed
from write_side.orders import Order
from write_side.payments import Payment
from write_side.refunds import NewRefund, Reason, Refund
from write_side.refunds import domain as refunding
from write_side.refunds.domain import Bought
from write_side.refunds.requesting import request

ID = UUID(int=1)
REASONS: list[Reason] = ["requested_by_customer", "returned", "damaged"]


class House:
    """An order of lamps out of several warehouses, paid and taken, as pure decisions see it."""

    def __init__(self, split: list[int]) -> None:
        quantity = sum(split)
        self._places = [Allocation("lamp", f"W{n}", each) for n, each in enumerate(split)]
        self._line = PricedLine("lamp", ID, ID, "Lamp", quantity, 100, 100 * quantity, 0)
        self._totals = Totals("EUR", 100 * quantity, 0, 0, 100 * quantity, 0)
        self._payment = Payment(ID, ID, 100 * quantity, "EUR", "captured", "pi_1", 3)
        self._ids = (UUID(int=n) for n in count(2))
        self.picks, self.parcels, self.refunds = list[Pick](), list[Parcel](), list[Refund]()

    def now(self) -> Standing:
        order = cast(Order, SimpleNamespace(lines=[self._line], dropped={}))
        owed = parcels.owed(order, refunds.withheld(self.refunds), self.parcels)
        picks = picking.as_sent(self.picks, {parcel.pick_id: parcel.lines for parcel in self.parcels})
        places = refunds.still_taken(self._places, self.refunds)
        return Standing(order, True, owed, self.parcels, picks, places, self.refunds)

    def list_up(self) -> None:
        now = self.now()
        for warehouse, lines in picking.list_up(now.due(), now.picks, now.places).items():
            listed = PickListed(next(self._ids), ID, warehouse, lines)
            self.picks.append(picking.evolve(None, listed, 1))

    def start(self, pick: Pick) -> None:
        now = self.now()
        self._becomes(pick, picking.start(pick, now.due(), picking.shelf(pick, now.picks, now.places)))

    def finish(self, pick: Pick) -> None:
        self._becomes(pick, PickFinished(pick.id, ID, pick.lines, [], None, [], None))

    def _becomes(self, pick: Pick, event: PickEvent) -> None:
        self.picks[self.picks.index(pick)] = picking.evolve(pick, event, pick.version + 1)

    def ship(self, pick: Pick) -> None:
        parcel_id = next(self._ids)
        wanted = NewParcel("DHL", str(parcel_id), pick_id=pick.id)
        event = parcels.ship(ID, self.now().leaves_by(pick.id), wanted, parcel_id, pick.lines)
        self.parcels.append(parcels.evolve(None, event, 1))

    def refund(self, wanted: NewRefund) -> None:
        shipped = summed(line for parcel in self.parcels for line in parcel.lines)
        bought = Bought([self._line], self._totals, self._places, self._payment, shipped)
        self.refunds.append(refunding.evolve(None, request(bought, self.refunds, wanted, next(self._ids)), 1))

    def fail(self, refund: Refund) -> None:
        self.refunds[self.refunds.index(refund)] = structs.replace(refund, state="failed")

    def so_far(self, state: str) -> list[Pick]:
        """The lists that are so far, and whose parcels have not left."""
        sent = [parcel.pick_id for parcel in self.parcels]
        return [pick for pick in self.picks if pick.state == state and pick.id not in sent]

    def send_all(self) -> None:
        """What is due is listed, and what can leave leaves."""
        self.list_up()
        for state, step in self.steps().items():
            for pick in self.so_far(state):
                with suppress(Refusal):
                    step(pick)

    def steps(self) -> dict[str, Callable[[Pick], None]]:
        """State of a list → what is done with it then."""
        return {"listed": self.start, "picking": self.finish, "picked": self.ship}


def do_something(house: House, data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(["list", *house.steps(), "refund", "refund", "fail"]))
    if what == "list":
        house.list_up()
    elif what == "refund":
        lines = [Demand("lamp", data.draw(st.integers(1, 3)))]
        house.refund(NewRefund(data.draw(st.sampled_from(REASONS)), lines=lines, restock=data.draw(st.booleans())))
    elif what == "fail" and (open_ := [refund for refund in house.refunds if refund.state != "failed"]):
        house.fail(data.draw(st.sampled_from(open_)))
    elif what in house.steps() and (found := house.so_far(what)):
        house.steps()[what](data.draw(st.sampled_from(found)))


def check_shares(house: House) -> None:
    """What leaves by lists, and what is free to leave otherwise, is what is owed; none sends more than it holds."""
    now = house.now()
    holding = [*house.so_far("picking"), *house.so_far("picked")]
    shares = [now.leaves_by(pick.id).get("lamp", 0) for pick in holding]
    assert all(0 <= share <= pick.lines[0].quantity for share, pick in zip(shares, holding, strict=True))
    assert sum(shares) + max(now.due()["lamp"], 0) == now.owed["lamp"]


@BOUNDED
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.data())
def test_what_the_lists_may_ship_is_what_is_owed_and_all_of_it_is_sent(split: list[int], data: st.DataObject) -> None:
    house = House(split)
    house.list_up()
    for _ in range(data.draw(st.integers(3, 14))):
        with suppress(Refusal):
            do_something(house, data)
        check_shares(house)
    for _ in range(4):
        house.send_all()
    assert house.now().owed["lamp"] == 0
