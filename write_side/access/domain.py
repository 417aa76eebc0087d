"""Tokens, pure: who may be given one, and what each event makes of it. How one is spelled: `shared.bearer`."""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct, structs

from shared.bearer import Presented, kept_of, opens
from shared.events.access import AccessEvent, TokenIssued, TokenRevoked
from write_side.errors import Invalid, NotFound

LONGEST_LIFE = timedelta(days=36_500)
SCOPES = (
    "catalog:write", "stock:read", "stock:write", "orders:read", "orders:write", "refunds:write", "access:write",
    "accounts:read", "accounts:write",
    "events:read", "events:read_personal", "history:read", "persons:read", "persons:erase",
    "fraud:read", "fraud:write",
    "gift_cards:read", "gift_cards:write",
    "promotions:read", "promotions:write",
    "sales:read", "sales:write",
    "webhooks:read", "webhooks:write",
    "projections:read", "projections:write",
)  # fmt: skip


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


def issue(token_id: UUID, name: str, secret: bytes, scopes: list[str], expires_at: datetime | None) -> TokenIssued:
    """The event of a new token; raises `UnknownScope`."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownScope(f"there is no scope {scope}", known=list(SCOPES))
    return TokenIssued(token_id, name, kept_of(secret), sorted(scopes), expires_at)


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """Raises `ExpiryOutOfRange` for a past or absurd end: near the years 1 and 9999 not even Postgres can say it."""
    if not now < expires_at < now + LONGEST_LIFE:
        raise ExpiryOutOfRange("a token expires in the future, within a hundred years", pointer="/expires_at")


def caller_of(token: Token | None, shown: Presented, now: datetime) -> Caller | None:
    """Who holds this secret, None if nobody may use it (any more)."""
    if token is None or not opens(shown, token, now):
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
