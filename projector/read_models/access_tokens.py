"""Bearer tokens in Redis, as hashes, so that the query API can check one without Postgres."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.access import MODEL as NAME
from shared.documents.access import KnownToken
from shared.envelope import Recorded
from shared.events.access import AccessEvent, TokenIssued, TokenRevoked


class Token(Folded, frozen=True):
    id: UUID
    secret_sha256: str
    scopes: list[str]
    expires_at: datetime | None
    revoked: bool


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The token."""
    return (str(event.token_id),) if isinstance(event, TokenIssued | TokenRevoked) else ()


def evolve(state: Token | None, recorded: Recorded, event: AccessEvent) -> Token:
    """Issued once, revoked for ever."""
    if isinstance(event, TokenIssued):
        secret, scopes, expires_at, revoked = event.secret_sha256, event.scopes, event.expires_at, False
    elif state is not None:
        secret, scopes, expires_at, revoked = state.secret_sha256, state.scopes, state.expires_at, True
    else:
        raise ValueError(f"token {event.token_id} was revoked before it was issued")
    return Token(recorded.position, event.token_id, secret, scopes, expires_at, revoked)


def render(id_: str, state: Token, _keys: Keys) -> Rendered:
    """A document per token, revoked ones included."""
    token = KnownToken(state.id, state.secret_sha256, state.scopes, state.expires_at, state.revoked)
    return Rendered({id_: encode(token)})


MODEL = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"access"}),
    state=Token,
    touches=touches,
    evolve=evolve,
    render=render,
)
