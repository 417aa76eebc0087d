"""One read model against its fold: byte for byte, and what differs there field by field."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from elasticsearch import NotFoundError

from doorbuster.invariants.folding import FoldedLog, Parked, fold_further
from doorbuster.invariants.prepared import Page
from doorbuster.invariants.sinks import ElasticsearchView, Kept, Lying, Name, RedisView, in_chunks, of_hit
from projector.keyring import Keyring
from projector.log import EventLog
from projector.model import REDIS, Folded, ReadModel, Rendered, encode
from projector.price_slots.shown import BEGINNING
from projector.raw_hits import Hit
from shared.documents.layout import document_key, lookup_key, pack, state_key, unpack
from write_side.database import Connection
from write_side.verifying.differences import MISSING, Difference, brief, differing

POSITION, STATE, DOCUMENT = "the position it stands at", "state", "document"  # fields of a difference
NAMES = (LEADS_TO, CLAIM) = "it", "its claim"  # of a name
HITS_AT_ONCE = 100  # that are looked at before the loop goes round


class Damaged(Difference, frozen=True):
    """A document, state or name that is not as the log says: of which model, of which id, of whose key.

    Without a key it is a stranger: nothing of the log makes it.
    """

    model: str = ""
    id: str = ""
    key: str = ""


class Shop(NamedTuple):
    """All that is compared."""

    models: Sequence[ReadModel]
    parked: Parked
    conn: Connection
    log: EventLog
    keyring: Keyring
    redis: RedisView
    elasticsearch: ElasticsearchView


async def last_position(conn: Connection) -> int:
    """The position of the last event, 0 before the first one."""
    return int(await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log"))


class Comparison:
    """One read model against its fold."""

    def __init__(
        self, shop: Shop, folded: FoldedLog, model: ReadModel, *, whole: bool, pages: Sequence[Page] = ()
    ) -> None:
        self._shop, self._model, self._until = shop, model, folded.until
        self._states, self._keys = folded.models[model.slot]
        self._skipped = folded.skipped[model.slot]
        self._pages = pages  # that were prepared of these states, or of what they were
        self._whole = whole  # else what lies there beside these states is none of our business
        self._expected: set[bytes] = set()  # keys of Redis that we looked at, or that are as they should be
        self._settled: set[Name] = set()  # names that lead where they should
        self._owners: dict[Name, set[str]] = defaultdict(set)  # other names → who shows them

    async def run(self) -> list[Difference]:
        """The differences of this model."""
        return await (self._redis() if self._model.sink == REDIS else self._elasticsearch())

    async def _redis(self) -> list[Difference]:
        found: list[Difference] = []
        last = await last_position(self._shop.conn)
        settled = await self._settled_pages(last)
        async for shown, lying in self._side_by_side(self._states.keys() - settled):
            for id_, rendered in shown.items():
                kept = lying[id_]
                self._note(id_, rendered)
                self._note_names(id_, rendered, kept, last)
                if not self._is_in_redis(self._states[id_], rendered, kept):
                    found += await self._compare(id_, kept.lying(), rendered, packed=True)
        if not self._whole:
            return found + await self._names(set())
        beside = await self._shop.redis.beside(self._model, self._expected)
        found += [self._stranger(id_, DOCUMENT) for id_ in sorted(beside.documents)]
        found += [self._stranger(id_, STATE) for id_ in sorted(beside.states)]
        return found + await self._names(beside.names)

    async def _settled_pages(self, last: int) -> set[str]:
        """The states of pages that lie there as they were prepared; the next page is read while one is looked at."""
        settled: set[str] = set()
        asked: tuple[Page, asyncio.Task[tuple[list[bytes | None], list[int]]]] | None = None
        for page in (*(page for page in self._pages if page.is_of(self._states.fresh)), None):
            before, asked = asked, None
            if page:
                asked = page, asyncio.create_task(self._shop.redis.values(self._model, page.keys, page.names))
                await asyncio.sleep(0)  # it goes out before we go on
            if before and before[0].is_told_by(*await before[1], last):
                settled.update(before[0].ids)
                self._expected.update(before[0].keys)
                self._settled.update(before[0].names)
        return settled

    async def _side_by_side(self, ids: Iterable[str]) -> AsyncIterator[tuple[dict[str, Rendered], dict[str, Kept]]]:
        """What should lie in Redis, and what does; while it is asked for the next ones some are looked at."""
        asked: tuple[dict[str, Rendered], asyncio.Task[dict[str, Kept]]] | None = None
        for some in in_chunks(sorted(ids)):
            shown = await self._all_shown(some)
            reading = asyncio.create_task(self._shop.redis.read(self._model, shown))
            await asyncio.sleep(0)  # it goes out before we go on
            if asked:
                yield asked[0], await asked[1]
            asked = shown, reading
        if asked:
            yield asked[0], await asked[1]

    @staticmethod
    def _is_in_redis(state: Folded, shown: Rendered, kept: Kept) -> bool:
        """Byte for byte; what isn't is looked at closely."""
        packed = {id_: pack(body) for id_, body in shown.documents.items() if body is not None}
        return kept.state == encode(state) and kept.documents == packed

    @staticmethod
    def _is_in_elasticsearch(id_: str, state: Folded, shown: Rendered, hit: Hit) -> bool:
        """The same: a document that ends with the state it was made from, or with prices by the clock behind that."""
        body = shown.documents.get(id_)
        whole = body and body[:-1] + b',"fold":' + encode(state) + b"}"
        if hit.version != state.position or not whole:
            return False
        found = bytes(hit.source)
        return found == whole or found.startswith(whole[:-1] + BEGINNING)

    async def _elasticsearch(self) -> list[Difference]:
        found: list[Difference] = []
        missing = set(self._states)
        try:
            async for hits in self._shop.elasticsearch.pages(self._model, None if self._whole else sorted(missing)):
                missing -= {hit.id for hit in hits}
                for some in in_chunks(hits, HITS_AT_ONCE):
                    await asyncio.sleep(0)  # the next page comes in meanwhile
                    found += await self._hits(some)
        except NotFoundError:
            return [self._difference("", "its index", "there", MISSING)] if self._states else []
        for ids in in_chunks(sorted(missing)):
            for id_, shown in (await self._all_shown(ids)).items():
                if shown.documents:  # a state that shows nothing lies nowhere
                    found += await self._compare(id_, Lying(0, None, {}), shown, packed=False)
        return sorted(found, key=lambda difference: difference.where)

    async def _hits(self, hits: Sequence[Hit]) -> list[Difference]:
        found: list[Difference] = []
        known = await self._all_shown([hit.id for hit in hits if hit.id in self._states])
        for hit in hits:
            if hit.id not in known:
                found += [self._stranger(hit.id, DOCUMENT)] if hit.version <= self._until else []
            elif not self._is_in_elasticsearch(hit.id, self._states[hit.id], known[hit.id], hit):
                found += await self._compare(hit.id, of_hit(hit), known[hit.id], packed=False)
        return found

    def _difference(self, id_: str, field: str, expected: str, found: str) -> Damaged:
        where = f"{self._model.slot} {id_}".rstrip()
        return Damaged("document", where, field, expected, found, None, self._model.slot, id_, self._keys.get(id_, ""))

    def _stranger(self, id_: str, what: str) -> Damaged:
        return self._difference(id_, what, "known to the log", "a stranger")

    async def _compare(self, id_: str, lying: Lying, shown: Rendered, *, packed: bool) -> list[Difference]:
        state = self._states[id_]
        if owed := await self._owed(id_, lying):
            state, shown = owed, await self._shown(id_, owed)
        elif lying.position < state.position:
            if lying.state is not None and not lying.position:
                return [self._difference(id_, STATE, brief(encode(state).decode()), brief(lying.state))]
            return [self._difference(id_, POSITION, str(state.position), str(lying.position or MISSING))]
        elif lying.position > state.position:  # events came since the log was read
            state, shown = await self._moved(id_, lying.position)
        self._note(id_, shown)
        found: list[Difference] = []
        if lying.position != state.position and self._model.sink != REDIS:  # there it is part of the state
            found.append(self._difference(id_, POSITION, str(state.position), str(lying.position)))
        pairs = differing(msgspec.json.decode(encode(state)), lying.state, STATE)
        found += [self._difference(id_, *each) for each in pairs]
        for name, body in shown.documents.items():
            found += self._document(id_, name, body, lying.documents.get(name), packed=packed)
        return found

    def _document(self, id_: str, name: str, body: bytes | None, lying: Any, *, packed: bool) -> list[Difference]:
        """One document, field by field; in Redis with its ETag."""
        field = f"document {name!r}"
        if body is None or lying is None:
            expected, found = (MISSING if each is None else brief(each) for each in (body and body.decode(), lying))
            return [] if body is None and lying is None else [self._difference(id_, field, expected, found)]
        want = msgspec.json.decode(body)
        if packed:
            if lying == pack(body):
                return []
            etag, lying = unpack(lying)
            try:
                lying = msgspec.json.decode(lying)
            except msgspec.DecodeError:
                return [self._difference(id_, field, brief(body.decode()), brief(repr(lying)))]
        pairs = list(differing(want, lying, field))
        if packed and not pairs:
            pairs = [(f"{field} ETag", unpack(pack(body)).etag, etag)]
        return [self._difference(id_, *each) for each in pairs]

    def _note(self, id_: str, shown: Rendered) -> None:
        """Remember what may lie there, for the search of strangers."""
        slot = self._model.slot
        documents = [document_key(slot, name) for name, body in shown.documents.items() if body is not None]
        self._expected.update(key.encode() for key in (state_key(slot, id_), *documents))

    def _note_names(self, id_: str, shown: Rendered, kept: Kept, last: int) -> None:
        """Names that lead to it are settled; others may be another one's, or come to be: they are looked at again."""
        for name in shown.lookups:
            if kept.names.get(name) == id_ and 0 < kept.claims.get(name, 0) <= last:
                self._settled.add(name)
                self._expected.add(lookup_key(self._model.slot, *name).encode())
            else:
                self._owners[name].add(id_)

    async def _owed(self, id_: str, lying: Lying) -> Folded | None:
        """The older state that stands in Elasticsearch, if it looks like the newest: it may (`projector.owed`)."""
        newest = self._states[id_]
        if self._model.sink == REDIS or not 0 < lying.position < newest.position:
            return None
        history = self._shop.log.history(self._keys[id_], lying.position, self._model.contexts)
        state = fold_further(self._model, id_, None, [recorded async for recorded in history], self._skipped)
        return state if state is not None and self._model.alike(state, newest) else None

    async def _moved(self, id_: str, position: int) -> tuple[Folded, Rendered]:
        """State and documents at a later position."""
        history = self._shop.log.history(self._keys[id_], position, self._model.contexts)
        later = [recorded async for recorded in history if recorded.position > self._states[id_].position]
        state = fold_further(self._model, id_, self._states[id_], later, self._skipped)
        assert state is not None
        return state, await self._shown(id_, state)

    async def _shown(self, id_: str, state: Folded) -> Rendered:
        keys = await self._shop.keyring.fetch(self._model.persons(state))
        shown = self._model.render(id_, state, keys)
        for name in shown.lookups:
            self._owners[name].add(id_)
        return shown

    async def _all_shown(self, ids: Iterable[str]) -> dict[str, Rendered]:
        """As the log was read."""
        states = {id_: self._states[id_] for id_ in ids}
        keys = await self._shop.keyring.fetch({p for state in states.values() for p in self._model.persons(state)})
        return {id_: self._model.render(id_, state, keys) for id_, state in states.items()}

    async def _names(self, beside: set[Name]) -> list[Difference]:
        """Of the names that are not settled, and of those that lie there `beside` them."""
        doubtful = (self._owners.keys() | beside) - self._settled
        if self._whole and self._model.named:
            doubtful |= await self._shop.redis.claimed_beside(self._model, self._settled)
        there, claims = await self._shop.redis.names(self._model, sorted(doubtful))
        last = await last_position(self._shop.conn)
        found: list[Difference] = []
        for name in sorted(doubtful):
            owners = self._owners.get(name, set())
            if there.get(name) in owners and 0 < claims.get(name, 0) <= last:
                continue
            owner = min(owners, default="")
            told = " or ".join(sorted(owners)) or "nobody's"
            if (name in there or bool(owners)) and there.get(name) not in owners:
                found.append(self._name(owner, name, LEADS_TO, told, there.get(name) or MISSING))
            if (name in claims) != (name in there) or claims.get(name, 0) > last:
                told = f"within the log, up to {last}" if name in there else MISSING
                found.append(self._name(owner, name, CLAIM, told, str(claims.get(name, MISSING))))
        return found

    def _name(self, owner: str, name: Name, what: str, expected: str, found: str) -> Damaged:
        field, value = name
        where = f"{self._model.slot} {field} {value!r}"
        return Damaged(
            "document", where, what, expected, found, None, self._model.slot, f"{field}:{value}",
            self._keys.get(owner, ""),
        )  # fmt: skip
