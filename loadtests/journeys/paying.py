"""Paying as a browser does: the shop's session, then the provider, who may decline or ask the bank."""

import random
import time

from loadtests.answers import Json
from loadtests.journeys.client import Client

GOOD, DECLINED, SECURE, LEAVE = "good card", "declined card", "3-D Secure", "leaves before paying"
WEIGHTS = {GOOD: 78, DECLINED: 8, SECURE: 8, LEAVE: 6}
CARDS = {
    GOOD: ("pm_card_visa", "pm_card_mastercard", "pm_card_amex"),
    DECLINED: ("pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds"),
    SECURE: ("pm_card_threeDSecure2Required",),
}
TRIES_AGAIN = 0.6  # of those whose card was declined
PASSES = 0.8  # of those whom the bank asks
CLOSES_WINDOW = 0.2  # never comes back from the provider's page: the webhook has to tell the shop


class Paying:
    """How one shopper pays."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def pay(self, order: Json) -> bool:
        """Pay an order that was just placed, one way or another, or not at all; whether it was."""
        how = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        self._client.came(how)
        if how == LEAVE:
            return False
        paid = self._with_card(order, how)
        if not paid and how == DECLINED and random.random() < TRIES_AGAIN:
            paid = self._with_card(order, GOOD)
        if paid:
            self._client.came("paid")
            self._client.paid[order["id"]] = time.time()
            if random.random() >= CLOSES_WINDOW:
                path = f"/v1/payments/{order['payment']['id']}/complete"
                self._client.command("payment: complete", path, Order_Token=order["order_token"])
        return paid

    def _with_card(self, order: Json, how: str) -> bool:
        path = f"/v1/payments/{order['payment']['id']}/session"
        session = self._client.command("payment: session", path, Order_Token=order["order_token"])
        if not session.fine:
            return False
        form = {
            "client_secret": session.body["client_secret"],
            "key": session.body["publishable_key"],
            "payment_method": random.choice(CARDS[how]),
            "return_url": "https://shop.example/paid",
        }
        intent = session.body["intent_id"]
        confirmed = self._client.pay("Stripe: confirm", f"/v1/payment_intents/{intent}/confirm", form)
        if confirmed.fine and confirmed.body["status"] == "requires_action":
            return self._at_the_bank(intent)
        return confirmed.fine and confirmed.body["status"] == "requires_capture"

    def _at_the_bank(self, intent: str) -> bool:
        """The bank's page of the simulator: a button, as a browser would send it."""
        outcome = "authorize" if random.random() < PASSES else "fail"
        self._client.came(f"bank: {outcome}")
        answer = self._client.bank("Stripe: 3-D Secure", f"/simulator/3ds/{intent}", {"outcome": outcome})
        return answer.fine and answer.body["status"] == "requires_capture"
