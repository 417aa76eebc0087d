"""One shopper's requests to both APIs and to the provider's browser side, named by their steps."""

import random
from collections import Counter
from collections.abc import Callable, Set
from urllib.parse import urlencode
from uuid import uuid4

import gevent
from locust.contrib.fasthttp import FastHttpSession

from loadtests import steps
from loadtests.answers import Answer, Json, code_of, read

_NONE: frozenset[str] = frozenset()


class Counts:
    """What all shoppers together did (TPC-W's names), and what the business answered (its own words)."""

    def __init__(self) -> None:
        self.interactions: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.orders: list[str] = []  # ids of those that were answered: none of them may get lost
        self.paid: dict[str, float] = {}  # id → when the provider said that it has the money, seconds since the epoch
        self.watch: Callable[[str], None] = lambda what: None

    def came(self, what: str) -> None:
        """One more of an outcome."""
        self.outcomes[what] += 1
        self.watch(what)

    def clear(self) -> None:
        """Begin anew."""
        self.interactions.clear()
        self.outcomes.clear()
        self.orders.clear()
        self.paid.clear()

    def told(self) -> Json:
        """Everything, as JSON, for another process; from here on this one has nothing."""
        told = {
            "interactions": {**self.interactions}, "outcomes": {**self.outcomes}, "orders": [*self.orders],
            "paid": {**self.paid},
        }  # fmt: skip
        self.clear()
        return told

    def add(self, told: Json) -> None:
        """What another process told."""
        self.interactions.update(told["interactions"])
        self.outcomes.update(told["outcomes"])
        self.orders.extend(told["orders"])
        self.paid.update(told["paid"])


class Client:
    """Names each request by its step, counts what the business answered."""

    def __init__(self, http: FastHttpSession, read_api: str, write_api: str, stripe: str, counts: Counts) -> None:
        self._http = http
        self._read, self._write, self._stripe = (url.rstrip("/") for url in (read_api, write_api, stripe))
        self.interactions, self.came, self.orders = counts.interactions, counts.came, counts.orders
        self.paid = counts.paid

    def query(self, step: str, path: str, *, may: Set[str] = _NONE, **headers: str) -> Answer:
        """Ask the query API; `path` may be a whole link. `may`: further codes that are no faults here."""
        url = path if path.startswith("http") else self._read + path
        answer = self._send(step, "GET", url, headers, may=may)
        if answer.stale:
            self.came("stale answer")
        return answer

    def draw(self, step: str, path: str) -> Answer:
        """POST to the query API: a place in line changes nothing that has to be remembered."""
        return self._send(step, "POST", self._read + path, {})

    def command(
        self, step: str, path: str, body: Json | None = None, *, key: str = "", tries: int = 1, may: Set[str] = _NONE,
        **headers: str,
    ) -> Answer:  # fmt: skip
        """POST to the command API under an Idempotency-Key, a new one unless told. Who is told to come again does,
        until so many tries are over."""
        sent = {"Idempotency-Key": key or str(uuid4()), **headers}
        while True:
            answer = self._send(step, "POST", self._write + path, sent, body, may=may)
            tries -= 1
            if not (answer.shed and tries):
                return answer
            gevent.sleep(answer.retry_after + random.random())  # not all at one moment

    def look(self, step: str, path: str, **headers: str) -> Answer:
        """GET from the command API: carts are its own."""
        return self._send(step, "GET", self._write + path, headers)

    def pay(self, step: str, path: str, form: dict[str, str]) -> Answer:
        """What Stripe.js sends from the browser."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send(step, "POST", self._stripe + path, headers, form=form)

    def bank(self, step: str, path: str, body: Json) -> Answer:
        """The shopper's answer at the bank."""
        return self._send(step, "POST", self._stripe + path, {}, body)

    def _send(
        self, step: str, method: str, url: str, headers: dict[str, str], body: Json | None = None,
        form: dict[str, str] | None = None, may: Set[str] = _NONE,
    ) -> Answer:  # fmt: skip
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = urlencode(form) if form else None
        with self._http.request(
            method, url, name=step, json=body, data=data, headers=sent, catch_response=True
        ) as response:
            answer = read(response, may)
            if answer.fine:
                response.success()
            elif answer.refusal:
                self.came("shed" if answer.shed else answer.refusal)
                response.request_meta["name"] = f"{steps.SHED}{step}" if answer.shed else step
                response.success()
            else:
                response.failure(f"{response.status_code} {code_of(answer.body)}")
        return answer

    def wrong(self, step: str, what: str) -> None:
        """An answer that came with a good status and says something that can't be."""
        wrong = AssertionError(what)
        self._http.request_event.fire(
            request_type="CHECK", name=step, response_time=0, response_length=0, exception=wrong, context={}
        )
