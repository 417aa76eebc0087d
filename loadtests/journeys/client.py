"""One shopper's requests to both APIs and to the provider's browser side: which answers are fine, which are faults."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from locust.contrib.fasthttp import FastHttpSession

Json = dict[str, Any]

# The shop says no, and that is its right: refusals that a shopper in a rush has to expect.
REFUSALS = frozenset({"out_of_stock", "not_sold", "not_sellable", "quote_stale", "quote_expired", "total_out_of_range",
                      "already_paid", "order_closed", "cart_ordered", "card_declined"})  # fmt: skip

# The shop has too much to do, says so at once, and tells when to come again: no fault, but counted apart.
SHED = frozenset({"overloaded", "busy", "too_many_requests", "waiting_room"})


class Answer(NamedTuple):
    """What came back. `refusal` is the business's no (a code of REFUSALS), `broken` any other failure."""

    body: Json
    refusal: str = ""
    broken: bool = False
    position: str = ""
    stale: bool = False

    @property
    def fine(self) -> bool:
        """Whether it is what was asked for."""
        return not (self.refusal or self.broken)


class Counts:
    """What all shoppers together did (TPC-W's names), and what the business answered (its own words)."""

    def __init__(self) -> None:
        self.interactions: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.watch: Callable[[str], None] = lambda what: None

    def came(self, what: str) -> None:
        """One more of an outcome."""
        self.outcomes[what] += 1
        self.watch(what)

    def clear(self) -> None:
        """Begin anew."""
        self.interactions.clear()
        self.outcomes.clear()


class Client:
    """Names each request by its step, counts what the business answered."""

    def __init__(self, http: FastHttpSession, read_api: str, write_api: str, stripe: str, counts: Counts) -> None:
        self._http = http
        self._read, self._write, self._stripe = (url.rstrip("/") for url in (read_api, write_api, stripe))
        self.interactions, self.came = counts.interactions, counts.came

    def query(self, step: str, path: str, **headers: str) -> Answer:
        """Ask the query API; `path` may be a whole link."""
        url = path if path.startswith("http") else self._read + path
        answer = self._send(step, "GET", url, headers)
        if answer.stale:
            self.came("stale answer")
        return answer

    def command(self, step: str, path: str, body: Json | None = None, *, key: str = "", **headers: str) -> Answer:
        """POST to the command API under an Idempotency-Key, a new one unless told."""
        return self._send(step, "POST", self._write + path, {"Idempotency-Key": key or str(uuid4()), **headers}, body)

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
        form: dict[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = urlencode(form) if form else None
        with self._http.request(
            method, url, name=step, json=body, data=data, headers=sent, catch_response=True
        ) as response:
            answer = _read(response)
            if answer.fine:
                response.success()
            elif answer.refusal:
                self.came("shed" if answer.refusal in SHED else answer.refusal)
                response.success()
            else:
                response.failure(f"{response.status_code} {_code(answer.body)}")
        return answer

    def wrong(self, step: str, what: str) -> None:
        """An answer that came with a good status and says something that can't be."""
        wrong = AssertionError(what)
        self._http.request_event.fire(
            request_type="CHECK", name=step, response_time=0, response_length=0, exception=wrong, context={}
        )


def _read(response: Any) -> Answer:
    try:
        body = response.json()
    except (ValueError, TypeError):
        return Answer({}, broken=True)
    if not isinstance(body, dict):
        return Answer({}, broken=True)
    if response.status_code < 400:
        headers = response.headers or {}
        return Answer(body, position=headers.get("Position", ""), stale="Stale" in headers)
    code = _code(body)
    return Answer(body, refusal=code) if code in REFUSALS | SHED else Answer(body, broken=True)


def _code(body: Json) -> str:
    """The code of a problem of ours, or of an error of Stripe's."""
    error = body.get("error")
    return str(error.get("code") if isinstance(error, dict) else body.get("code", "no answer"))
