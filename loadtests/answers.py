"""Which answers of the shop are fine, which are its right to say no, and which are faults. Pure."""

from collections.abc import Set
from typing import Any, NamedTuple

Json = dict[str, Any]

# The shop says no, and that is its right: refusals that a shopper in a rush has to expect.
REFUSALS = frozenset({"out_of_stock", "not_sold", "not_sellable", "quote_stale", "quote_expired", "total_out_of_range",
                      "already_paid", "order_closed", "cart_ordered", "card_declined"})  # fmt: skip

# The shop has too much to do, says so at once, and tells when to come again: no fault, but counted apart, and under a
# name of its own, so that the times of what was done are not made better by what was not.
SHED = frozenset({"overloaded", "busy", "too_many_requests", "waiting_room_gathers"})
_LATER = (429, 503)

# Nobody may hear this who was told that their turn has come.
_TURN_REFUSED = frozenset({"not_your_turn", "turn_taken", "turn_missed"})


class Answer(NamedTuple):
    """What came back. `refusal` is the business's no (a code of REFUSALS), `broken` any other failure."""

    body: Json
    refusal: str = ""
    broken: bool = False
    position: str = ""
    stale: bool = False
    retry_after: float = 0.0  # seconds

    @property
    def shed(self) -> bool:
        """Whether the shop had too much to do."""
        return self.refusal in SHED

    @property
    def fine(self) -> bool:
        """Whether it is what was asked for."""
        return not (self.refusal or self.broken)


def read(response: Any, may: Set[str]) -> Answer:
    """What a response is; `may`: further codes that are no faults here."""
    try:
        body = response.json()
    except (ValueError, TypeError):
        return Answer({}, broken=True)
    if not isinstance(body, dict):
        return Answer({}, broken=True)
    headers, code = response.headers or {}, code_of(body)
    if response.status_code < 400:
        return Answer(body, position=headers.get("Position", ""), stale="Stale" in headers)
    again = headers.get("Retry-After", "")
    if code in SHED:
        told = response.status_code in _LATER and again.isdigit()
        return Answer(body, refusal=code, retry_after=float(again)) if told else Answer(body, broken=True)
    return Answer(body, refusal=code) if code in REFUSALS or code in may else Answer(body, broken=True)


def code_of(body: Json) -> str:
    """The code of a problem of ours, or of an error of Stripe's."""
    error = body.get("error")
    return str(error.get("code") if isinstance(error, dict) else body.get("code", "no answer"))


def turn_refused(answer: Answer) -> str:
    """The code with which a turn was refused, empty if it was not: a shop that can't answer refuses nobody."""
    code = code_of(answer.body)
    return code if code in _TURN_REFUSED else ""


def otherwise_refused(answer: Answer, has_to: Set[str]) -> str:
    """The business's no that somebody who cheats heard in place of one of these; empty if there was none. An answer
    that is broken is told as such, and one that was shed says nothing."""
    return "" if answer.shed or answer.refusal in has_to else answer.refusal
