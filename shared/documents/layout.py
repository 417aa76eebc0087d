"""How read models lie in Redis and Elasticsearch: names that the projector writes and the query API reads.

Redis, per read model and version (`<model>:<version>` is its *slot*):
- `<slot>:doc:<id>`      a `Stored` document: 16 hex digits of ETag, a newline, the bytes sent out
- `<slot>:state:<id>`    what the projector folds on: a JSON object with the `position` it stands at
- `<slot>:by:<field>:<value>`  the id behind another name (slug, SKU, EAN)
- `<slot>:claims`        a hash: `<field>:<value>` of each such name → position of the event that gave it
- `<slot>:shards`        a hash: field `<shard>` → checkpoint (last position applied), `ready:<shard>` → 1 once the
                         shard was caught up; gone together when Redis loses its data, which is how loss is noticed
- `<slot>:filling:<shard>`  while a rebuild fills the version: who does, and its checkpoint; `shards` isn't there yet
- `<slot>:parked`        a set of partition keys whose events wait: their documents are stale
- `live`                 a hash: read model → version that is served, as the table `read_model_version` has it
For models in Elasticsearch the `shards` hash is published here too, with `seen:<shard>` the checkpoint that a search
already sees (after a refresh).

Elasticsearch: index `<prefix><model>-<version>`, alias `<prefix><model>` served; documents carry `position`; the
external version of a document is the position of the last event in it.
"""

from hashlib import blake2b
from typing import NamedTuple

LIVE = "live"
ETAG_DIGITS = 16


class Stored(NamedTuple):
    """A document as Redis holds it: its ETag and the body that goes out."""

    etag: str
    body: bytes


def slot(model: str, version: str) -> str:
    """The prefix of one version of a read model."""
    return f"{model}:{version}"


def document_key(slot_: str, id_: str) -> str:
    """Where a document lies."""
    return f"{slot_}:doc:{id_}"


def state_key(slot_: str, id_: str) -> str:
    """Where the projector's own state of a document lies."""
    return f"{slot_}:state:{id_}"


def lookup_key(slot_: str, field: str, value: str) -> str:
    """Where the id behind another name lies."""
    return f"{slot_}:by:{field}:{value}"


def claims_key(slot_: str) -> str:
    """Where all names lie."""
    return f"{slot_}:claims"


def shards_key(slot_: str) -> str:
    """Where checkpoints and readiness lie."""
    return f"{slot_}:shards"


def filling_key(slot_: str, shard: int) -> str:
    """Where the checkpoint of a version lies that a rebuild fills."""
    return f"{slot_}:filling:{shard}"


def parked_key(slot_: str) -> str:
    """Where the keys lie whose documents are stale."""
    return f"{slot_}:parked"


def index_name(prefix: str, model: str, version: str) -> str:
    """The index of one version of a read model."""
    return f"{prefix}{model}-{version}"


def alias_name(prefix: str, model: str) -> str:
    """The alias that queries go to."""
    return f"{prefix}{model}"


def pack(body: bytes) -> bytes:
    """A body with its ETag in front, as stored."""
    return blake2b(body, digest_size=ETAG_DIGITS // 2).hexdigest().encode() + b"\n" + body


def unpack(stored: bytes) -> Stored:
    """ETag and body of stored bytes."""
    return Stored(stored[:ETAG_DIGITS].decode(), stored[ETAG_DIGITS + 1 :])
