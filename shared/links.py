"""What a guest holds: tokens signed with LINK_SECRET that open one order and nothing else.

`<order id>.<signature>`; the signature is HMAC-SHA-256 over purpose and id. Verifiable without any store, so the query
API needs no Postgres to let a guest in.
"""

from base64 import urlsafe_b64encode
from hmac import compare_digest
from hmac import digest as hmac
from uuid import UUID


def _signature(secret: str, purpose: str, id_: str) -> str:
    signature = hmac(secret.encode(), f"{purpose}:{id_}".encode(), "sha256")  # in one call, unlike `hmac.new`
    return urlsafe_b64encode(signature).decode().rstrip("=")


def order_token(secret: str, order_id: UUID) -> str:
    """The token that opens an order's status and its payment."""
    spelled = str(order_id)
    return f"{spelled}.{_signature(secret, 'order', spelled)}"


def opens_order(secret: str, token: str, order_id: UUID) -> bool:
    """Whether a token was signed for this order, compared in constant time."""
    return compare_digest(token.encode(), order_token(secret, order_id).encode())
