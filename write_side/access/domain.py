"""Tokens, pure. A token is `db_<id>_<secret>`: 256 random bits, of which only the SHA-256 is kept."""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

from msgspec import Struct, structs

from shared.events.access import AccessEvent, TokenIssued, TokenRevoked
from write_side.errors import Invalid, NotFound

LONGEST_LIFE = timedelta(days=36_500)
SCOPES = ("catalog:write", "stock:read", "stock:write", "orders:read", "orders:write", "access:write")


class UnknownScope(Invalid):
    """No such scope."""

    code = "unknown_scope"


class ExpiryOutOfRange(Invalid):
    """It expires in the past, or later than anybody can mean."""

    code = "expiry_out_of_range"


class UnknownToken(NotFound):
    """No token has this id."""

    code = "unknown_token"


class Token(Struct, frozen=True):
    """A token as it is kept."""

    id: UUID
    name: str
    secret_sha256: str
    scopes: list[str]
    expires_at: datetime | None
    revoked: bool
    version: int


class Caller(Struct, frozen=True):
    """Who gave a command: goes into the metadata of its events."""

    actor: str
    scopes: frozenset[str]


def bearer(token_id: UUID, secret: bytes) -> str:
    """The token as its holder carries it; shown once."""
    return f"db_{token_id.hex}_{urlsafe_b64encode(secret).decode().rstrip('=')}"


def parse(token: str) -> tuple[UUID, str] | None:
    """Token id and the hash of the secret, None if it isn't one of ours."""
    prefix, _, rest = token.partition("_")
    id_, _, secret = rest.partition("_")
    if prefix != "db" or len(id_) != 32 or not secret:
        return None
    try:
        return UUID(hex=id_), hash_of(secret)
    except ValueError:
        return None


def hash_of(secret: str) -> str:
    """What is kept of a secret: plain SHA-256 is enough for 256 random bits."""
    return sha256(secret.encode()).hexdigest()


def issue(token_id: UUID, name: str, secret: bytes, scopes: list[str], expires_at: datetime | None) -> TokenIssued:
    """The event of a new token; raises `UnknownScope`."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownScope(f"there is no scope {scope}", known=list(SCOPES))
    return TokenIssued(token_id, name, hash_of(bearer(token_id, secret).split("_", 2)[2]), sorted(scopes), expires_at)


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """Raises `ExpiryOutOfRange` for a past or absurd end: near the years 1 and 9999 not even Postgres can say it."""
    if not now < expires_at < now + LONGEST_LIFE:
        raise ExpiryOutOfRange("a token expires in the future, within a hundred years", pointer="/expires_at")


def caller_of(token: Token | None, secret_sha256: str, now: datetime) -> Caller | None:
    """Who holds this secret, None if nobody may use it (any more)."""
    if token is None or not compare_digest(token.secret_sha256, secret_sha256) or token.revoked:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    return Caller(f"token:{token.id}", frozenset(token.scopes))


def evolve(token: Token | None, event: AccessEvent, version: int) -> Token:
    """A token after an event."""
    if isinstance(event, TokenIssued):
        return Token(
            event.token_id, event.name, event.secret_sha256, event.scopes, event.expires_at, False, version
        )
    assert isinstance(event, TokenRevoked)
    assert token is not None
    return structs.replace(token, revoked=True, version=version)
