"""Any sequence of commands on a cart, on real Postgres: it is what a dictionary would be, and what its events say."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.codec import decode_events
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Basket, Shop
from tests.properties.shops import a_shop
from tests.properties.values import ON_SERVERS
from write_side import carts
from write_side.carts import domain
from write_side.carts import handlers as commands
from write_side.carts.domain import MOST_OF_ONE, AddLine
from write_side.catalog.refusals import UnknownSku
from write_side.database import Connection
from write_side.errors import Refusal

SOLD = ["lamp", "chair", "desk"]
SKUS = st.sampled_from([*SOLD, "nothing"])
QUANTITIES = st.one_of(st.integers(1, 5), st.sampled_from([MOST_OF_ONE - 3, MOST_OF_ONE]))


class Carts(RuleBasedStateMachine):
    """Two carts of two guests; `lines` is what each must hold."""

    run: Any
    shop: Shop

    @initialize()
    def open(self) -> None:
        self.baskets = [self.run(self.shop.basket()) for _ in range(2)]
        self.lines: list[dict[str, int]] = [{}, {}]
        self.versions = [1, 1]

    @rule(n=st.integers(0, 1), sku=SKUS, quantity=QUANTITIES)
    def add(self, n: int, sku: str, quantity: int) -> None:
        after = self.lines[n].get(sku, 0) + quantity
        self._expect(n, self._add(self.baskets[n], sku, quantity), sku, after)

    @rule(n=st.integers(0, 1), sku=SKUS, quantity=QUANTITIES)
    def set(self, n: int, sku: str, quantity: int) -> None:
        self._expect(n, self._set(self.baskets[n], sku, quantity), sku, quantity)

    @rule(n=st.integers(0, 1), sku=SKUS)
    def take_out(self, n: int, sku: str) -> None:
        self._expect(n, self._set(self.baskets[n], sku, 0), sku, 0)

    @rule(n=st.integers(0, 1), sku=st.sampled_from(SOLD))
    def come_with_the_other_guests_secret(self, n: int, sku: str) -> None:
        stranger = Basket(self.baskets[n].id, self.baskets[1 - n].secret)
        assert self._refusal(self._set(stranger, sku, 3)) == "wrong_cart_secret"

    @rule(n=st.integers(0, 1), sku=st.sampled_from(SOLD), quantity=st.integers(1, 4))
    def add_at_once_from_two_tabs(self, n: int, sku: str, quantity: int) -> None:
        before = self.lines[n].get(sku, 0)
        if before + 2 * quantity > MOST_OF_ONE:
            return
        self.run(_both(*(self._add(self.baskets[n], sku, quantity) for _ in range(2))))
        self.lines[n][sku] = before + 2 * quantity
        self.versions[n] += 2

    @invariant()
    def each_cart_is_what_it_must_be_and_what_its_events_say(self) -> None:
        for basket, lines, version in zip(self.baskets, self.lines, self.versions, strict=True):
            row, fold = self.run(self._row_and_fold(basket))
            assert row == fold
            assert (dict(row.lines), row.version, row.order_id) == (lines, version, None)
            assert all(0 < quantity <= MOST_OF_ONE for quantity in row.lines.values())

    def _add(self, basket: Basket, sku: str, quantity: int) -> Coroutine[Any, Any, Any]:
        return commands.add_line(self.shop.pool, basket.id, basket.secret, AddLine(sku, quantity), CAUSE, None)

    def _set(self, basket: Basket, sku: str, quantity: int) -> Coroutine[Any, Any, Any]:
        return commands.set_line(self.shop.pool, basket.id, basket.secret, sku, quantity, CAUSE)

    def _expect(self, n: int, command: Coroutine[Any, Any, Any], sku: str, after: int) -> None:
        """What a command must do to a line: become `after`, or be refused and change nothing (the invariant looks)."""
        if after and sku not in SOLD:
            assert self._refusal(command) == UnknownSku.code
        elif after > MOST_OF_ONE:
            assert self._refusal(command) == "too_many"
        else:
            answer = msgspec.json.decode(self.run(command).body)
            if after != self.lines[n].pop(sku, 0):
                self.versions[n] += 1
            if after:
                self.lines[n][sku] = after
            assert (answer["sku"], answer["quantity"], answer["version"]) == (sku, after, self.versions[n])

    def _refusal(self, command: Coroutine[Any, Any, Any]) -> str:
        try:
            self.run(command)
        except Refusal as refusal:
            return refusal.code
        raise AssertionError("nothing was refused")

    async def _row_and_fold(self, basket: Basket) -> tuple[domain.Cart, domain.Cart]:
        async with self.shop.pool.acquire() as conn:
            row = await carts.find_cart(conn, basket.id, basket.secret)
            return row, await _folded(conn, basket.id)


async def _folded(conn: Connection, cart_id: UUID) -> domain.Cart:
    query = """SELECT type, payload, aggregate_version FROM event_log
               WHERE aggregate_type = 'cart' AND aggregate_id = $1 ORDER BY aggregate_version"""
    cart: domain.Cart | None = None
    for row in await conn.fetch(query, cart_id):
        event: Any = decode_events(row["type"], row["payload"])[0]
        cart = domain.evolve(cart, event, row["aggregate_version"])
    assert cart is not None
    return cart


async def _both(*work: Coroutine[Any, Any, Any]) -> None:
    await asyncio.gather(*work)


def test_any_sequence_of_commands_keeps_a_cart_what_it_must_be(database_url: str, keyring_url: str) -> None:
    with asyncio.Runner() as runner, a_shop(runner, database_url, keyring_url) as shop:
        for sku in SOLD:
            runner.run(shop.stock(sku, 10))
        Carts.run, Carts.shop = runner.run, shop
        run_state_machine_as_test(Carts, settings=ON_SERVERS)
