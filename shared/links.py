"""What a guest holds: tokens signed with LINK_SECRET that open one order and nothing else.

`<order id>.<signature>`; the signature is HMAC-SHA-256 over purpose and id. Verifiable without any store, so the query
API needs no Postgres to let a guest in. It opens the order while that runs, and so many days after it has ended. A
fresh link that is asked for then has `<order id>.<until>.<signature>`, good until then (Unix seconds; signed, too).
"""

from binascii import b2a_base64
from hmac import compare_digest
from hmac import digest as hmac
from math import inf
from typing import NamedTuple
from uuid import UUID

from shared.ids import time_of

ENDED = ("cancelled", "expired", "completed")  # the states of an order after which only its link may still end
FRESH_DAYS = 30  # so long a link is good that was asked for after the first one may have ended
_DAY = 86_400.0
_LONGEST = 12  # digits of a time: more than anybody signs
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _signed(secret: str, purpose: str, id_: str) -> bytes:
    signature = hmac(secret.encode(), f"{purpose}:{id_}".encode(), "sha256")  # in one call, unlike `hmac.new`
    return b"%b.%b" % (id_.encode(), b2a_base64(signature, newline=False).translate(_URL_SAFE, b"="))


def order_token(secret: str, order_id: UUID | str) -> str:
    """The token that opens an order's status and its payment; by its id, or the id's usual spelling."""
    return _signed(secret, "order", str(order_id)).decode()


def cart_secret(secret: str, cart_id: UUID) -> str:
    """What opens the cart of an account, on whatever device its owner signs in."""
    return _signed(secret, "cart", str(cart_id)).decode()


def opens_order(secret: str, token: str, order_id: UUID | str) -> bool:
    """Whether a token was signed for this order (its id, or the id's usual spelling), compared in constant time; it may
    have ended."""
    return signed_until(secret, token, order_id) is not None


def fresh_order_token(secret: str, order_id: UUID, until: float) -> str:
    """A token that opens an order until then (Unix seconds), whenever the order has ended."""
    return _signed(secret, "order", f"{order_id}.{int(until)}").decode()


def signed_until(secret: str, token: str, order_id: UUID | str) -> float | None:
    """Until when a token opens this order, in Unix seconds: infinity if that goes by when the order ended. None: it was
    not signed for this order."""
    if compare_digest(token.encode(), _signed(secret, "order", str(order_id))):
        return inf
    _, _, rest = token.partition(".")
    until, dated, _ = rest.partition(".")
    if not dated or len(until) > _LONGEST or not (until.isascii() and until.isdigit()):
        return None
    signed = _signed(secret, "order", f"{order_id}.{until}")
    return float(until) if compare_digest(token.encode(), signed) else None


class OrderLinks(NamedTuple):
    """How links of orders are signed, and how many days after its order has ended the first one opens nothing."""

    secret: str
    days: float

    def token(self, order_id: UUID, state: str, now: float) -> str:
        """The token for whoever may open an order now; `now` in Unix seconds. A fresh one where the first may have
        ended, or does so before a fresh one would."""
        if state in ENDED and self.may_have_ended(order_id, now + FRESH_DAYS * _DAY):
            return fresh_order_token(self.secret, order_id, now + FRESH_DAYS * _DAY)
        return order_token(self.secret, order_id)

    def may_have_ended(self, order_id: UUID, at: float) -> bool:
        """Whether the first token may open nothing by then: an order ends after it was placed, which its id (UUIDv7)
        tells, so of most orders nobody has to look when they did."""
        return at >= time_of(order_id).timestamp() + self.days * _DAY

    def ends(self, ended_at: float | None) -> float:
        """When the first token ends of an order that has ended then (None: it runs), in Unix seconds."""
        return inf if ended_at is None else ended_at + self.days * _DAY
