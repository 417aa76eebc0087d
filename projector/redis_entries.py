"""What a batch writes into Redis: pure, and the same for whoever writes it."""

from collections.abc import Iterable
from typing import NamedTuple

from projector.model import Batch, Change, Rendered, encode
from shared.documents.layout import document_key, lookup_key, pack, state_key

# A claim is taken only if it is newer than the one that stands: names may wander between products, and the products'
# shards are read independently.
NAMES = """
local function claim(claims, key, name, id, position)
  if tonumber(redis.call('HGET', claims, name) or '0') <= tonumber(position) then
    redis.call('SET', key, id)
    redis.call('HSET', claims, name, position)
  end
end
local function release(claims, key, name, id)
  if redis.call('GET', key) == id then
    redis.call('DEL', key)
    redis.call('HDEL', claims, name)
  end
end
"""


class Claim(NamedTuple):
    """A name that leads to an id since a position, or did."""

    key: str
    name: str  # in the hash of claims
    id: str
    position: int


class Entries(NamedTuple):
    """Values by key, keys that go, names that are claimed, names that are given up."""

    sets: dict[str, bytes]
    deleted: list[str]
    claims: list[Claim]
    releases: list[Claim]


def entries_of(batch: Batch) -> Entries:
    """Documents and states of its changes, and the names that lead to them. A repair claims again what it had."""
    slot = batch.model.slot
    entries = Entries({}, [], [], [])
    for change in batch.changes:
        entries.sets[state_key(slot, change.id)] = encode(change.after)
        if change.shown is None:
            continue
        _documents(change.before, change.shown, slot, entries)
        had = change.before.lookups if change.before else frozenset()
        held = frozenset() if batch.repair else had
        entries.claims.extend(_claims(slot, change, change.shown.lookups - held))
        entries.releases.extend(_claims(slot, change, had - change.shown.lookups))
    return entries


def _claims(slot: str, change: Change, names: Iterable[tuple[str, str]]) -> list[Claim]:
    position = change.after.position
    return [Claim(lookup_key(slot, *name), ":".join(name), change.id, position) for name in names]


def _documents(before: Rendered | None, shown: Rendered, slot: str, entries: Entries) -> None:
    stood = before.documents if before else {}
    for id_, body in shown.documents.items():
        if body is None:
            entries.deleted.append(document_key(slot, id_))
        elif stood.get(id_) != body:
            entries.sets[document_key(slot, id_)] = pack(body)
    entries.deleted.extend(document_key(slot, id_) for id_ in stood.keys() - shown.documents.keys())
