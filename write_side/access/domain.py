"""Tokens, pure: who may be given one, and what each event makes of it. How one is spelled: `shared.bearer`."""

from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from msgspec import Struct, structs

from shared.bearer import Presented, kept_of, lasts, opens
from shared.events.access import AccessEvent, TokenIssued, TokenRevoked
from write_side.errors import Invalid, NotFound, Refusal

LONGEST_LIFE = timedelta(days=36_500)
SCOPES = (
    "catalog:write", "stock:read", "stock:write", "orders:read", "orders:write", "refunds:write",
    "access:read", "access:write", "accounts:read", "accounts:write",
    "events:read", "events:read_personal", "history:read", "persons:read", "persons:erase",
    "fraud:read", "fraud:write",
    "gift_cards:read", "gift_cards:write", "invoices:read", "invoices:write",
    "promotions:read", "promotions:write",
    "sales:read", "sales:write",
    "webhooks:read", "webhooks:write",
    "projections:read", "projections:write",
)  # fmt: skip
# Roles are names for scopes that belong together. One is looked up when a token is issued, and the token keeps what it
# stood for then: no later release opens more to a token than was given with it.
OWNER = "owner"
ROLES = MappingProxyType({
    OWNER: SCOPES,
    "catalog": ("catalog:write", "stock:read", "promotions:read", "promotions:write", "sales:read", "sales:write",
                "history:read"),
    "stock": ("stock:read", "stock:write", "orders:read", "history:read"),
    "orders": ("orders:read", "orders:write", "refunds:write", "stock:read", "fraud:read", "fraud:write",
               "gift_cards:read", "gift_cards:write", "invoices:read", "invoices:write", "history:read"),
    "support": ("orders:read", "refunds:write", "accounts:read", "persons:read", "fraud:read", "gift_cards:read",
                "invoices:read", "history:read"),
    "analyst": ("orders:read", "stock:read", "events:read", "promotions:read", "sales:read", "fraud:read",
                "history:read", "projections:read"),
})  # fmt: skip


class UnknownScope(Invalid):
    """No such scope."""

    code = "unknown_scope"


class UnknownRole(Invalid):
    """No such role."""

    code = "unknown_role"


class NoScopes(Invalid):
    """A token that could do nothing: it needs a role, or scopes."""

    code = "no_scopes"


class ScopeNotHeld(Refusal):
    """Nobody gives away what they don't have: whoever issues a token holds all of its scopes."""

    status = 403
    code = "scope_not_held"


class OutlivesIssuer(Refusal):
    """Nor time that they don't have: what a token with an end issues ends no later; `latest` says when."""

    status = 403
    code = "outlives_issuer"


class IssuerEnded(Refusal):
    """Whoever issues it was let in, and was revoked or has expired since."""

    status = 401
    code = "unauthorized"


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
    role: str = ""  # which one it was issued with, if one was named
    issued_by: UUID | None = None  # a token, if that is known


class Wanted(Struct, frozen=True):
    """A token to be issued: the scopes of a role, further ones, or both; for ever, unless it expires."""

    name: str
    scopes: list[str]
    role: str | None = None
    expires_at: datetime | None = None


class Caller(Struct, frozen=True):
    """Who gave a command: goes into the metadata of its events."""

    token_id: UUID
    actor: str
    scopes: frozenset[str]
    expires_at: datetime | None = None


def issue(token_id: UUID, secret: bytes, wanted: Wanted, issuer: Caller | None) -> TokenIssued:
    """The event of a new token, issued by whoever calls (None: who can reach the database).

    Raises `UnknownScope`, `UnknownRole`, `NoScopes`, `ScopeNotHeld`, `OutlivesIssuer`.
    """
    scopes = _scopes_of(wanted)
    if issuer is not None:
        _check_held(scopes, wanted.expires_at, issuer)
    return TokenIssued(
        token_id, wanted.name, kept_of(secret), sorted(scopes), wanted.expires_at, wanted.role or "",
        None if issuer is None else issuer.token_id,
    )  # fmt: skip


def _check_held(scopes: set[str], expires_at: datetime | None, issuer: Caller) -> None:
    if missing := sorted(scopes - issuer.scopes):
        raise ScopeNotHeld(f"your own token lacks {', '.join(missing)}", missing=missing)
    latest = issuer.expires_at
    if latest is not None and (expires_at is None or expires_at > latest):
        said = f"your own token ends at {latest.isoformat()}, so this one ends then or before"
        raise OutlivesIssuer(said, pointer="/expires_at", latest=latest)


def _scopes_of(wanted: Wanted) -> set[str]:
    for n, scope in enumerate(wanted.scopes):
        if scope not in SCOPES:
            raise UnknownScope(f"there is no scope {scope}", pointer=f"/scopes/{n}", known=list(SCOPES))
    if wanted.role is not None and wanted.role not in ROLES:
        raise UnknownRole(f"there is no role {wanted.role}", pointer="/role", known=list(ROLES))
    scopes = {*wanted.scopes, *(ROLES[wanted.role] if wanted.role is not None else ())}
    if not scopes:
        raise NoScopes("a token needs a role or scopes", pointer="/scopes")
    return scopes


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """Raises `ExpiryOutOfRange` for a past or absurd end: near the years 1 and 9999 not even Postgres can say it."""
    if not now < expires_at < now + LONGEST_LIFE:
        raise ExpiryOutOfRange("a token expires in the future, within a hundred years", pointer="/expires_at")


def check_lasts(issuer: Token | None, now: datetime) -> None:
    """Raises `IssuerEnded` unless it still opens what its holder was let in by."""
    if issuer is None or not lasts(issuer, now):
        raise IssuerEnded("your own token was revoked, or has expired, in the meantime")


def caller_of(token: Token | None, shown: Presented, now: datetime) -> Caller | None:
    """Who holds this secret, None if nobody may use it (any more)."""
    if token is None or not opens(shown, token, now):
        return None
    return Caller(token.id, f"token:{token.id}", frozenset(token.scopes), token.expires_at)


def evolve(token: Token | None, event: AccessEvent, version: int) -> Token:
    """A token after an event."""
    if isinstance(event, TokenIssued):
        return Token(
            event.token_id, event.name, event.secret_sha256, event.scopes, event.expires_at, False, version, event.role,
            event.issued_by,
        )  # fmt: skip
    assert isinstance(event, TokenRevoked)
    assert token is not None
    return structs.replace(token, revoked=True, version=version)
