"""Two read models more, one in each store, whose state is the exact list of a key's events, and their chained hash.

The shop's own documents only overwrite, so an event that was applied twice, or before its predecessor, need not show in
them. Here it does. They run through the projector's own pipelines like every other model.
"""

from collections.abc import Sequence
from hashlib import sha256

from msgspec import structs

from projector.model import ELASTICSEARCH, REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import EVENT_TYPES, Event
from shared.documents.indices import FOLD
from shared.documents.mappings import LONG, Json
from shared.envelope import Recorded

NAME, SEARCH_NAME = "witness", "witness_search"
_CONTEXTS = frozenset(tag.partition(".")[0] for tag in EVENT_TYPES)
INDEX: Json = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "5s"},
    "mappings": {"dynamic": "strict", "properties": {"position": LONG, "fold": FOLD}},
}


class Witnessed(Folded, frozen=True):
    """All events of one key, as they came."""

    positions: tuple[int, ...] = ()
    chain: str = ""


def chained(chain: str, position: int, event_id: object, payload: bytes) -> str:
    """The hash after one more event."""
    return sha256(b"\n".join((chain.encode(), str(position).encode(), str(event_id).encode(), payload))).hexdigest()


def touches(recorded: Recorded, _event: Event) -> Sequence[str]:
    """The partition key."""
    return (recorded.key,)


def evolve(state: Witnessed | None, recorded: Recorded, _event: Event) -> Witnessed:
    """One event more."""
    before = state or Witnessed(0)
    chain = chained(before.chain, recorded.position, recorded.event_id, bytes(recorded.payload))
    return Witnessed(recorded.position, (*before.positions, recorded.position), chain)


def render(id_: str, state: Witnessed, _keys: Keys) -> Rendered:
    """The position, so that there is a document to version."""
    return Rendered({id_: encode({"position": state.position})})


IN_REDIS = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=_CONTEXTS,
    state=Witnessed,
    touches=touches,
    evolve=evolve,
    render=render,
)
IN_ELASTICSEARCH = structs.replace(IN_REDIS, name=SEARCH_NAME, sink=ELASTICSEARCH)
WITNESSES = (IN_REDIS, IN_ELASTICSEARCH)
