"""The simulator's own API, /simulator: bad days, late banks, chargebacks, and what it has seen. Loopback only."""

from collections import Counter, defaultdict
from ipaddress import ip_address
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from . import confirmation, intents, refunds
from .api import Api
from .bank import Bank, Moods
from .errors import StripeError, missing
from .ledger import Ledger
from .objects import Change, Intent, PaymentMethod
from .operations import Call, disputed
from .outage import Outage, Trouble
from .settings import Settings
from .three_d_secure import outcome_of, page_of, sent_back
from .webhooks import Behaviour, Courier

Body = TypeVar("Body")


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """A chargeback to open."""

    payment_intent: str
    reason: str = "fraudulent"


class Control:
    """The routes under /simulator."""

    def __init__(
        self, settings: Settings, ledger: Ledger, courier: Courier, outage: Outage, api: Api, bank: Bank
    ) -> None:
        self._open, self._ledger, self._courier, self._outage = settings.control_open, ledger, courier, outage
        self._api, self._bank = api, bank

    def routes(self) -> list[web.RouteDef]:
        """What may be asked."""
        return [
            web.get("/simulator/state", self.get_state),
            web.get("/simulator/webhooks", self.get_webhooks),
            web.post("/simulator/webhooks", self.post_webhooks),
            web.get("/simulator/outage", self.get_outage),
            web.post("/simulator/outage", self.post_outage),
            web.get("/simulator/bank", self.get_bank),
            web.post("/simulator/bank", self.post_bank),
            web.post("/simulator/events/{id}/redeliver", self.post_redeliver),
            web.get("/simulator/3ds/{id}", self.get_3ds),
            web.post("/simulator/3ds/{id}", self.post_3ds),
            web.post("/simulator/processing/{id}", self.post_processing),
            web.post("/simulator/payment_intents/{id}/expire", self.post_expire),
            web.post("/simulator/refunds/{id}", self.post_refund),
            web.post("/simulator/disputes", self.post_dispute),
            web.post("/simulator/disputes/{id}/close", self.post_close),
        ]

    def admit(self, request: web.Request) -> None:
        """Loopback only, unless settings say otherwise."""
        if not (self._open or (request.remote and ip_address(request.remote).is_loopback)):
            raise StripeError("The simulator's controls answer to loopback only.", status=403)

    async def get_state(self, request: web.Request) -> web.Response:
        """Payments by status, what was captured and refunded, captures by our ids, deliveries.

        Invariant to check: each of our payments and orders is captured at most once. `?captures=0` leaves out the
        capture counts per id, which grow with the payments.
        """
        captures: dict[str, Counter[str]] = defaultdict(Counter)
        captured: Counter[str] = Counter()
        for intent in self._ledger.intents.values():
            if intent.amount_received:
                captured[intent.currency] += intent.amount_received
                for name in ("payment_id", "order_id"):
                    if name in intent.metadata:
                        captures[name][intent.metadata[name]] += 1
        twice = {name: {each: n for each, n in counter.items() if n > 1} for name, counter in captures.items()}
        refunded: Counter[str] = Counter()
        for refund in self._ledger.refunds.values():
            # Without a balance transaction it released an authorization: no money moved.
            if refund.balance_transaction and refund.status != "failed":
                refunded[refund.currency] += refund.amount
        return _answer(
            {
                "payments": Counter(intent.status for intent in self._ledger.intents.values()),
                "captured_minor": captured,
                "refunded_minor": refunded,
                "captures": captures if request.query.get("captures") != "0" else {},
                "captured_more_than_once": twice,
                "events": len(self._ledger.events),
                "webhooks": {
                    **dict.fromkeys(("delivered", "failed", "lost", "given_up", "redelivered"), 0),
                    **self._courier.counts,
                    "under_way": self._courier.under_way,
                    "undelivered": len(self._ledger.undelivered),
                    "failed_events": len(self._ledger.failed),
                },
            }
        )

    async def get_webhooks(self, request: web.Request) -> web.Response:
        """How webhooks are treated now."""
        return _answer(self._courier.behaviour)

    async def post_webhooks(self, request: web.Request) -> web.Response:
        """Treat webhooks otherwise; what is not named goes back to normal, except the URL."""
        asked = await _body(request, Behaviour)
        if asked.url is None:
            asked.url = self._courier.behaviour.url
        self._courier.change(asked)
        return _answer(asked)

    async def get_outage(self, request: web.Request) -> web.Response:
        """The trouble of the API now."""
        return _answer(self._outage.trouble)

    async def post_outage(self, request: web.Request) -> web.Response:
        """Another trouble."""
        self._outage.change(await _body(request, Trouble))
        return _answer(self._outage.trouble)

    async def post_bank(self, request: web.Request) -> web.Response:
        """Declines that pass, from now on; counts anew."""
        self._bank.change(await _body(request, Moods))
        return _answer(self._bank.moods)

    async def get_bank(self, request: web.Request) -> web.Response:
        """Intents of which a try was declined so, by what has become of them."""
        return _answer(Counter(self._ledger.intents[id_].status for id_ in self._bank.troubled))

    async def post_redeliver(self, request: web.Request) -> web.Response:
        """Send an event again, as it was."""
        event = self._ledger.events.get(request.match_info["id"])
        if event is None:
            raise missing("event", request.match_info["id"], "id")
        self._courier.redeliver(event)
        return _answer({"id": event.id, "type": event.type})

    async def get_3ds(self, request: web.Request) -> web.Response:
        """The bank's page, for people."""
        return web.Response(text=page_of(self._intent(request)), content_type="text/html")

    async def post_3ds(self, request: web.Request) -> web.Response:
        """The shopper's answer at the bank: `{"outcome": "authorize" | "fail"}`, as JSON or form."""
        authorized, by_form = await outcome_of(request)
        before = self._intent(request)
        change = confirmation.authenticate(before, self._method(before), authorized, self._api.moment())
        after = self._record(change)
        assert isinstance(after, Intent)
        return sent_back(before, after) if by_form else _answer(after)

    async def post_processing(self, request: web.Request) -> web.Response:
        """The bank's late answer to a payment in `processing`: `{"outcome": "authorize" | "fail"}`."""
        succeeded, _ = await outcome_of(request)
        intent = self._intent(request)
        charge = self._ledger.charge_of(intent)
        if charge is None:
            raise intents.unexpected(intent, f"There is nothing to settle: the status is {intent.status}.")
        method = self._ledger.methods[charge.payment_method]
        return _answer(self._record(confirmation.settle(intent, charge, method, succeeded, self._api.moment())))

    async def post_expire(self, request: web.Request) -> web.Response:
        """Seven days are over: an authorization that nobody captured ends by itself."""
        intent = self._intent(request)
        if intent.status != "requires_capture":
            raise intents.unexpected(intent, f"There is no authorization to expire: the status is {intent.status}.")
        change = intents.cancel(intent, self._ledger.charge_of(intent), "automatic", self._api.moment())
        return _answer(self._record(change))

    async def post_refund(self, request: web.Request) -> web.Response:
        """The bank's late answer to a refund: `{"outcome": "succeed" | "fail"}`."""
        succeeded, _ = await outcome_of(request)
        given = self._ledger.refunds.get(request.match_info["id"])
        if given is None:
            raise missing("refund", request.match_info["id"], "id")
        charge = self._ledger.charges[given.charge]
        return _answer(self._record(refunds.settle(given, charge, succeeded)))

    async def post_dispute(self, request: web.Request) -> web.Response:
        """Open a chargeback."""
        asked = await _body(request, Opening)
        intent = self._ledger.intents.get(asked.payment_intent)
        charge = self._ledger.charge_of(intent) if intent else None
        if charge is None:
            raise missing("payment_intent", asked.payment_intent, "payment_intent")
        return _answer(self._record(refunds.dispute(charge, asked.reason, self._api.moment())))

    async def post_close(self, request: web.Request) -> web.Response:
        """Decide a chargeback: `{"outcome": "won" | "lost"}`."""
        won, _ = await outcome_of(request)
        opened = self._ledger.disputes.get(request.match_info["id"])
        if opened is None:
            raise missing("dispute", request.match_info["id"], "id")
        return _answer(self._record(refunds.close(opened, won)))

    def _intent(self, request: web.Request) -> Intent:
        intent = self._ledger.intents.get(request.match_info["id"])
        if intent is None:
            raise missing("payment_intent", request.match_info["id"], "id")
        return intent

    def _method(self, intent: Intent) -> PaymentMethod:
        if intent.payment_method is None:
            raise intents.unexpected(intent, f"There is nothing to authenticate: the status is {intent.status}.")
        return self._ledger.methods[intent.payment_method]

    def _record(self, change: Change) -> Any:
        self._api.record(disputed(change, Call(self._ledger, self._api.moment(), {})))
        return change.answer


async def _body(request: web.Request, type: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=type)
    except msgspec.MsgspecError as error:
        raise StripeError(str(error)) from error


def _answer(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
