"""The read model of bearer tokens: lets the query API check a token without Postgres."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

MODEL = "access_tokens"  # Redis: `doc:<token id>` is a KnownToken


class KnownToken(Struct, frozen=True):
    id: UUID
    secret_sha256: str
    scopes: list[str]
    expires_at: datetime | None
    revoked: bool
