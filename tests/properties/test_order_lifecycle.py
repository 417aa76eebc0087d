"""Whatever is told of a payment, in whatever order and however often: stock is conserved, money is taken once, what is
over stays over, and rows are the fold of their events. On real Postgres; facts come in by `settling.learn`."""

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.properties.shops import a_shop
from tests.properties.values import ON_SERVERS
from write_side.errors import Refusal
from write_side.orders import closing, ending, settling
from write_side.orders.handlers import OrderState
from write_side.payments import Seen
from write_side.payments import store as payments
from write_side.payments.declines import Decline

STATUSES = ["requires_payment_method", "requires_action", "requires_capture", "succeeded", "canceled", "processing"]
OVER = {"cancelled", "expired"}
QUANTITY = 2


class Lifecycle(RuleBasedStateMachine):
    """One order of `QUANTITY` lamps."""

    run: Any
    shop: Shop

    @initialize()
    def place(self) -> None:
        self.before = self.run(self.shop.figures("lamp"))
        self.order: OrderState = self.run(self.shop.order(lamp=QUANTITY))
        self.states = ["pending_payment"]
        self.events = 0

    @rule(
        status=st.sampled_from(STATUSES),
        intent=st.sampled_from(["pi_ours", "pi_ours", "pi_ours", "pi_other"]),
        off_by=st.sampled_from([0, 0, 0, -1, 1]),
        decline=st.sampled_from([None, "ch_1", "ch_2"]),
        code=st.sampled_from(["insufficient_funds", "stolen_card"]),
        fresh=st.booleans(),
    )
    def hear(
        self, status: str, intent: str, off_by: int, decline: str | None, *, fresh: bool, code: str = "stolen_card"
    ) -> None:
        """A webhook, an answer to `complete`, or what the worker reads."""
        total = self.order.totals.total
        paid = total.amount_minor + off_by if status in ("requires_capture", "succeeded") else 0
        declined = None if decline is None else Decline(decline, "card_declined", code, None, "pm_1", "card")
        seen = Seen(
            f"{intent}_{self.order.payment.id}", status, total.amount_minor, total.currency, paid,
            self.order.payment.id, self.order.id, declined,
        )  # fmt: skip
        for _ in range(3):  # found `succeeded` at once, a payment is first confirmed and then captured
            self.run(settling.learn(self.shop.pool, seen, CAUSE, fresh=fresh))
        length = self.run(self._length())
        self.run(settling.learn(self.shop.pool, seen, CAUSE, fresh=fresh))
        assert self.run(self._length()) == length, "what is known changes nothing, however often it is told"

    @rule()
    def be_paid(self) -> None:
        self.hear("requires_capture", "pi_ours", 0, None, fresh=False)

    @rule(off_by=st.sampled_from([-1, 1]))
    def be_paid_another_amount(self, off_by: int) -> None:
        self.hear("requires_capture", "pi_ours", off_by, None, fresh=False)

    @rule()
    def be_cancelled_there(self) -> None:
        self.hear("canceled", "pi_ours", 0, None, fresh=False)

    @rule(reason=st.sampled_from(["cancelled", "expired"]))
    def give_up(self, reason: ending.Reason) -> None:
        length = self.run(self._length())
        try:
            self.run(closing.close_order(self.shop.pool, self.order.id, reason, CAUSE, self.order.expires_at))
        except Refusal as refusal:
            assert refusal.code == "already_paid"
            assert self.run(self._length()) == length, "a refused command changes nothing"

    @rule()
    def the_worker_begins_to_capture(self) -> None:
        self.run(self._claim())

    @invariant()
    def stock_is_held_taken_or_back_and_never_anything_else(self) -> None:
        order = self.run(self.shop.now(self.order))
        on_hand, reserved = self.before
        where = {
            "pending_payment": (on_hand, reserved + QUANTITY),
            "confirmed": (on_hand - QUANTITY, reserved),
            "closing": (on_hand - QUANTITY, reserved) if order.deducted else (on_hand, reserved + QUANTITY),
            "cancelled": (on_hand, reserved),
            "expired": (on_hand, reserved),
        }
        assert self.run(self.shop.figures("lamp")) == where[order.state]

    @invariant()
    def what_is_over_stays_over_and_money_is_taken_once(self) -> None:
        order, payment = self.run(self.shop.now(self.order)), self.run(self.shop.payment(self.order))
        if self.states[-1] in OVER:
            assert order.state == self.states[-1]
        self.states.append(order.state)
        history = self.run(self.shop.history(self.order))
        for once in ("order_placed", "order_confirmed", "order_closing", "payment_captured", "payment_voided"):
            assert history.count(once) <= 1
        assert not {"payment_captured", "payment_voided"} <= set(history)
        assert (payment.state == "voided") == (order.state in OVER)
        if payment.state in ("authorized", "captured"):
            assert order.deducted

    @invariant()
    def what_was_taken_is_what_the_order_costs(self) -> None:
        amounts = self.run(self._authorized())
        assert set(amounts) <= {self.order.totals.total.amount_minor}

    @invariant()
    def the_log_only_grows(self) -> None:
        length = self.run(self._length())
        assert length >= self.events
        self.events = length

    async def _authorized(self) -> list[int]:
        query = """SELECT (convert_from(payload, 'UTF8')::jsonb ->> 'amount_minor')::bigint AS amount FROM event_log
                   WHERE partition_key = $1 AND type ~ '^payments.payment_(authorized|captured)'"""
        return [row["amount"] for row in await self.shop.pool.fetch(query, f"order:{self.order.id}")]

    async def _length(self) -> int:
        return int(await self.shop.pool.fetchval("SELECT count(*) FROM event_log"))

    async def _claim(self) -> None:
        payment_id: UUID = self.order.payment.id
        async with self.shop.pool.acquire() as conn:
            await conn.execute("UPDATE payment SET next_attempt_at = clock_timestamp() WHERE id = $1", payment_id)
            await payments.claim_due(conn, self.shop.providers.rooms(1))


def test_whatever_is_told_of_a_payment_its_order_stays_whole(database_url: str, keyring_url: str) -> None:
    with asyncio.Runner() as runner, a_shop(runner, database_url, keyring_url) as shop:
        runner.run(shop.stock("lamp", 10_000))
        Lifecycle.run, Lifecycle.shop = runner.run, shop
        run_state_machine_as_test(Lifecycle, settings=ON_SERVERS)
