"""What a guest holds: tokens signed with LINK_SECRET that open one order and nothing else.

`<order id>.<signature>`; the signature is HMAC-SHA-256 over purpose and id. Verifiable without any store, so the query
API needs no Postgres to let a guest in.
"""

from binascii import b2a_base64
from hmac import compare_digest
from hmac import digest as hmac
from uuid import UUID

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
    """Whether a token was signed for this order (its id, or the id's usual spelling), compared in constant time."""
    return compare_digest(token.encode(), _signed(secret, "order", str(order_id)))
