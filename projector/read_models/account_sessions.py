"""Sessions of accounts in Redis, their tokens as hashes, so that the query API can check one without Postgres."""

from collections.abc import Sequence

from msgspec import structs

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.accounts import MODEL as NAME
from shared.documents.accounts import KnownSession
from shared.envelope import Recorded
from shared.events.accounts import SessionEnded, SessionOpened


class Session(Folded, frozen=True):
    session: KnownSession


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The session; one that was never opened is nothing to know."""
    return (str(event.session_id),) if isinstance(event, SessionOpened | SessionEnded) else ()


def evolve(state: Session | None, recorded: Recorded, event: SessionOpened | SessionEnded) -> Session:
    """Opened once, ended for ever."""
    if isinstance(event, SessionOpened):
        known = KnownSession(event.session_id, event.account_id, event.secret_sha256, event.expires_at, False)
    elif state is not None:
        known = structs.replace(state.session, revoked=True)
    else:
        raise ValueError(f"session {event.session_id} ended before it was opened")
    return Session(recorded.position, known)


def render(id_: str, state: Session, _keys: Keys) -> Rendered:
    """A document per session, ended ones included."""
    return Rendered({id_: encode(state.session)})


MODEL = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"accounts"}),
    state=Session,
    touches=touches,
    evolve=evolve,
    render=render,
)
