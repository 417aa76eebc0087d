"""The read model of sessions: lets the query API know who is signed in without Postgres."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

MODEL = "account_sessions"  # Redis: `doc:<session id>` is a KnownSession


class KnownSession(Struct, frozen=True):
    id: UUID
    account_id: UUID
    secret_sha256: str
    expires_at: datetime
    revoked: bool
