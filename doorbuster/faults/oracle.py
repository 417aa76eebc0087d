"""The oracle: what the log says, event by event and shard by shard, against the streams, both sinks and the shoppers.

Nothing of the relay or the projector is asked. Lists are compared exactly; where one differs it is told what is lost,
doubled or out of order in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import msgspec
from msgspec import Struct
from redis import Redis

from doorbuster.faults.shoppers import Purchase
from doorbuster.faults.watching import Entry
from doorbuster.faults.witness import IN_ELASTICSEARCH, IN_REDIS, Witnessed, chained
from shared.documents.layout import index_name, state_key

CHUNK = 500
_states = msgspec.json.Decoder(Witnessed)


class Event(NamedTuple):
    """A row of the log."""

    position: int
    shard: int
    key: str
    aggregate: tuple[str, UUID]
    version: int
    event_id: UUID
    type: str
    payload: bytes
    recorded_at: float


class Count(Struct):
    """How one list differs from the one it should be."""

    lost: int = 0
    duplicated: int = 0
    reordered: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.lost + other.lost, self.duplicated + other.duplicated, self.reordered + other.reordered)

    @property
    def nothing(self) -> bool:
        """Whether the lists are the same."""
        return not (self.lost or self.duplicated or self.reordered)


def compared(should: Sequence[int], found: Sequence[int]) -> Count:
    """Positions that should be there in this order, and those that are. What should not be there counts as doubled."""
    return Count(
        lost=len(set(should) - set(found)),
        duplicated=len(found) - len(set(found)) + len(set(found) - set(should)),
        reordered=sum(after < before for before, after in pairwise(found)),
    )


async def log_after(conn: "asyncpg.Connection[asyncpg.Record]", position: int) -> list[Event]:
    """All events above a position, in order."""
    rows = await conn.fetch(
        """SELECT position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id, type,
                  payload, extract(epoch FROM recorded_at)::float8 AS at
           FROM event_log WHERE position > $1 ORDER BY position""",
        position,
    )
    return [Event(r[0], r[1], r[2], (r[3], r[4]), r[5], r[6], r[7], r[8], r[9]) for r in rows]


def versions(events: Iterable[Event]) -> Count:
    """In the log: the versions of each aggregate follow each other, each once."""
    seen: dict[tuple[str, UUID], list[int]] = defaultdict(list)
    for event in events:
        seen[event.aggregate].append(event.version)
    counts = [compared(range(min(found), max(found) + 1), found) for found in seen.values()]
    return sum(counts, Count())


def streams(events: Sequence[Event], entries: Mapping[int, Sequence[Entry]]) -> tuple[Count, list[str]]:
    """In the streams: the log's events of each shard, each naming the one before it in the log."""
    total, wrong = Count(), []
    for shard, found in entries.items():
        should = [event for event in events if event.shard == shard]
        total += compared([event.position for event in should], [entry.position for entry in found])
        ids = {event.position: event.event_id for event in should}
        before = {a.position: b.position for b, a in pairwise(should)}
        for entry in found:
            if ids.get(entry.position) not in (None, entry.event_id):
                wrong.append(f"stream {shard}: another event at {entry.position}")
            if before.get(entry.position, entry.previous) != entry.previous:
                wrong.append(f"stream {shard}: {entry.position} names {entry.previous} as the one before")
    return total, wrong


def sink(name: str, log: Mapping[str, Sequence[Event]], states: Mapping[str, Witnessed]) -> tuple[Count, list[str]]:
    """In a sink: each key's exact list, and the hash chained over the events themselves."""
    total, wrong = Count(), []
    for key, events in log.items():
        state = states.get(key, Witnessed(0))
        count = compared([event.position for event in events], state.positions)
        total += count
        chain = ""
        for event in events:
            chain = chained(chain, event.position, event.event_id, event.payload)
        if count.nothing and chain != state.chain:
            wrong.append(f"{name}: the events of {key} are not those of the log")
    return total, wrong


def by_key(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Events by partition key."""
    keys: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        keys[event.key].append(event)
    return keys


def heads(events: Iterable[Event]) -> dict[int, str]:
    """Of each shard the hash chained over its events: one line that tells two runs apart."""
    chains: dict[int, bytes] = defaultdict(bytes)
    for event in events:
        chains[event.shard] = sha256(chains[event.shard] + event.event_id.bytes + event.payload).digest()
    return {shard: chain.hex() for shard, chain in sorted(chains.items())}


def in_redis(redis: "Redis", keys: Sequence[str]) -> dict[str, Witnessed]:
    """The witness's states in Redis."""
    found: Any = redis.mget([state_key(IN_REDIS.slot, key) for key in keys]) if keys else []
    return {key: _states.decode(state) for key, state in zip(keys, found, strict=True) if state is not None}


async def in_elasticsearch(client: httpx.AsyncClient, keys: Sequence[str]) -> dict[str, Witnessed]:
    """The witness's states in Elasticsearch, as last written."""
    index, states = index_name("", IN_ELASTICSEARCH.name, IN_ELASTICSEARCH.version), {}
    for at in range(0, len(keys), CHUNK):
        ids = {"ids": list(keys[at : at + CHUNK])}
        answer = (await client.post(f"/{index}/_mget", json=ids)).raise_for_status().json()
        for document in answer["docs"]:
            if document.get("found"):
                states[document["_id"]] = msgspec.convert(document["_source"]["fold"], Witnessed)
    return states


def orders(purchases: Sequence[Purchase], events: Iterable[Event]) -> list[str]:
    """Each key that was answered got the one order that the log has for it, and the log has no other."""
    placed = [str(event.aggregate[1]) for event in events if event.type == "orders.order_placed.v1"]
    answered = [purchase.order_id for purchase in purchases if purchase.order_id]
    wrong = [f"order {id_}: answered, and not in the log" for id_ in sorted(set(answered) - set(placed))]
    wrong += [f"order {id_}: in the log, and no key was answered with it" for id_ in set(placed) - set(answered)]
    if len(placed) != len(set(placed)) or len(answered) != len(set(answered)):
        wrong.append(f"{len(answered)} keys got {len(set(answered))} orders, placed {len(placed)} times")
    return wrong + [f"a shopper met this: {p.problem}" for p in purchases if p.problem]
