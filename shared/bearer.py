"""Bearer tokens, `db_<token id as 32 hex digits>_<secret>`: how they are spelled, and when one opens anything.

Those of staff and services begin with `db`, the sessions of accounts with `ds`: neither is ever taken for the other.

Both APIs check them, each against its own copy of what is known; the rule is one. A secret has 256 random bits, of
which only the SHA-256 is kept anywhere.
"""

from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple, Protocol
from uuid import UUID

STAFF, SESSION = "db", "ds"


class Presented(NamedTuple):
    """What a request shows: which token, and the hash of the secret that came with it."""

    token_id: UUID
    secret_sha256: str


class Known(Protocol):
    """What is kept of a token."""

    @property
    def secret_sha256(self) -> str: ...
    @property
    def revoked(self) -> bool: ...
    @property
    def expires_at(self) -> datetime | None: ...


def spelled(token_id: UUID, secret: bytes, kind: str = STAFF) -> str:
    """The token as its holder carries it; shown once."""
    return f"{kind}_{token_id.hex}_{_text(secret)}"


def kept_of(secret: bytes) -> str:
    """What is kept of a new token's secret."""
    return _hash(_text(secret))


def presented(authorization: str | None, kind: str = STAFF) -> Presented | None:
    """The token of an Authorization header, None if there is none of this kind in it."""
    scheme, _, token = (authorization or "").partition(" ")
    prefix, _, rest = token.partition("_")
    id_, _, secret = rest.partition("_")
    if scheme.lower() != "bearer" or prefix != kind or len(id_) != 32 or not secret.isascii() or not secret:
        return None
    try:
        return Presented(UUID(hex=id_), _hash(secret))
    except ValueError:
        return None


def opens(shown: Presented, known: Known, now: datetime) -> bool:
    """Whether the secret is the token's, and the token neither revoked nor expired."""
    return compare_digest(shown.secret_sha256, known.secret_sha256) and lasts(known, now)


def lasts(known: Known, now: datetime) -> bool:
    """Whether a token is neither revoked nor expired."""
    return not known.revoked and (known.expires_at is None or known.expires_at > now)


def _text(secret: bytes) -> str:
    return urlsafe_b64encode(secret).decode().rstrip("=")


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
