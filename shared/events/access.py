"""What happened to bearer tokens. Aggregate: `access_token`, key `access`. Only the hash of a secret is ever kept."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class TokenIssued(Struct, frozen=True, tag="access.token_issued.v1"):
    token_id: UUID
    name: str
    secret_sha256: str  # hex; the secret has 256 random bits, so a plain hash is enough
    scopes: list[str]
    expires_at: datetime | None
    role: str = ""  # which one it was issued with; the scopes that it stood for then are in `scopes`
    issued_by: UUID | None = None  # the token that issued it; none: the command line, and all older ones


class TokenRevoked(Struct, frozen=True, tag="access.token_revoked.v1"):
    token_id: UUID
    reason: str


AccessEvent = TokenIssued | TokenRevoked
