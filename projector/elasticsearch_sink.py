"""Read models in Elasticsearch: whole documents under external versions, so that any repeat is refused or harmless.

Elasticsearch has no place for our checkpoints: they are in memory here, in Postgres about a second later, and bound to
the index's uuid, so that an index that was emptied or replaced begins at 0 again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from projector.bulk import Bulk, Busy, Item, NotThere
from projector.checkpoints import Checkpoints
from projector.combine import Combined
from projector.fold import decoder
from projector.indices import Indices
from projector.log import LogSettings
from projector.model import Batch, Change, Folded, ReadModel, Written, encode
from projector.owed import Owed
from shared.cancellation import stop_if_cancelled
from shared.documents.products import SEARCH

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 10.0
GATHER_SECONDS = 0.01  # all shards and models are read in the same moments: one bulk for what they bring
# How long a search may lag behind the documents: a quarter of a second where shoppers search, else a second.
REFRESH_SECONDS = {SEARCH: 0.25}
REFRESH_OTHERS_SECONDS = 1.0
WATCH_SECONDS = 1.0


def connect(url: str) -> AsyncElasticsearch:
    """A client that tries once: pipelines repeat in their own way."""
    return AsyncElasticsearch(url, request_timeout=REQUEST_TIMEOUT, max_retries=0, retry_on_timeout=False)


def _nothing(_model: ReadModel, _state: Folded) -> bytes:
    return b""


class Index(NamedTuple):
    """Where a version is written, and the uuid of what is there now."""

    name: str
    life: str
    served: bool


class Board(Protocol):
    """Where it is told how far the documents are."""

    def progress(self, model: ReadModel, shard: int, at: int, *, ready: bool) -> None:
        """A checkpoint, and whether the shard is caught up."""
        ...

    def seen(self, model: ReadModel, checkpoints: dict[int, int]) -> None:
        """Checkpoints that a search sees."""
        ...

    def withdraw(self, model: ReadModel) -> None:
        """The data are lost: nothing is known of them."""
        ...


class ElasticsearchSink:
    """Writes documents, those of all shards and models in one bulk; knows when an index is not the one it was."""

    name = "elasticsearch"

    def __init__(
        self,
        client: AsyncElasticsearch,
        prefix: str,
        settings: LogSettings,
        checkpoints: Checkpoints,
        board: Board,
        is_served: Callable[[ReadModel], bool],
        lanes: int = 1,
        beside: Callable[[ReadModel, Folded], bytes] = _nothing,
    ) -> None:
        self._beside = beside  # what stands in a document behind its state, and is of no event
        self._client, self._is_served, self._shards = client, is_served, settings.shards
        self._indices = Indices(client, prefix, settings.store)
        self._models: dict[str, ReadModel] = {}  # by slot: those that were opened
        self._checkpoints, self._board = checkpoints, board
        # One lane gathers what all shards bring; several have a request under way while others are being made.
        gather = GATHER_SECONDS if lanes == 1 else 0.0
        self._bulk: Combined[Sequence[Item], Mapping[str, str]] = Combined(Bulk(client).send, gather, lanes)
        self._lives: dict[str, str] = {}  # slot → uuid of its index; absent: there is none that we know of
        self._progress: dict[str, dict[int, int]] = defaultdict(dict)  # slot → shard → checkpoint
        self._owed: dict[tuple[str, int], Owed] = defaultdict(Owed)  # by slot and shard
        self._seen: dict[str, dict[int, int]] = {}
        self._led_to: dict[str, str] = {}  # read model → slot that its alias leads to
        self._dirty: set[str] = set()  # slots with documents that no search sees yet
        self._opening = asyncio.Lock()

    async def open(self, model: ReadModel) -> None:
        """Make the index if there is none, serve it if nothing is served, find out how far it is."""
        async with self._opening:
            self._models[model.slot] = model
            if model.slot not in self._lives:
                await self._make(model)
                life = (await self._indices.uuids([model])).get(self._indices.name(model))
                if life is None:
                    raise NotThere(f"index {self._indices.name(model)} vanished")
                for shard in range(self._shards):
                    self._progress[model.slot][shard] = await self._checkpoints.find(model, shard, life)
                if not any(self._progress[model.slot].values()):  # whoever told before us told of another index
                    self._board.withdraw(model)
                self._lives[model.slot] = life
                self._dirty.add(model.slot)  # whoever wrote before us may have died before its refresh

    async def _make(self, model: ReadModel) -> None:
        led_here = await self._indices.make(model)
        if not self._is_served(model):
            return
        if led_here:
            self._leads_to(model)
        else:
            await self._client.indices.refresh(index=self._indices.name(model))
            await self.serve(model)

    async def close(self) -> None:
        """Nothing is sent any more."""
        await self._bulk.close()

    async def checkpoint(self, model: ReadModel, shard: int) -> int:
        """Up to where this shard was applied to the index of today."""
        return self._progress[model.slot][shard]

    def standing(self, model: ReadModel, shard: int, at: int) -> tuple[int, str]:
        """What is written, with the index's uuid: a pipeline may not know yet that its index is a new one."""
        at = min(at, self._progress[model.slot].get(shard, 0))
        return self._owed[model.slot, shard].floor(at), self._lives.get(model.slot, "")

    async def load(self, model: ReadModel, shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        """States by id, as last written (not as last refreshed), or as they are about to be."""
        states = dict(self._owed[model.slot, shard].states(ids))
        missing = [id_ for id_ in ids if id_ not in states]
        if not missing:
            return states
        found = await self._client.mget(index=self._indices.writing(model), ids=missing, source_includes=["fold"])
        decode = decoder(model).decode
        for document in found["docs"]:
            if "error" in document:
                raise NotThere(f"{self._indices.name(model)}: {document['error'].get('type')}")
            if document["found"]:
                # By way of its bytes: parts of a state stay encoded, and the client has decoded all of it.
                states[document["_id"]] = decode(encode(document["_source"]["fold"]))
        return states

    async def write(self, batch: Batch) -> Written:
        """Write the documents, then move the checkpoint. Rejected documents (mapping) leave it where it was."""
        slot = batch.model.slot
        life = self._lives.get(slot)
        if life is None:
            raise NotThere(f"no index for {slot}")
        if self._progress[slot][batch.shard] != batch.expected:
            return Written(self._progress[slot][batch.shard])
        owed = self._owed[slot, batch.shard]
        now, later = owed.split(batch.changes)
        if rejected := await self._write(batch, now):
            return Written(batch.expected, rejected)
        if self._lives.get(slot) != life:  # another index took its place meanwhile: it has none of this
            return Written(self._progress[slot][batch.shard])
        owed.paid(now)
        owed.add(later, batch.expected)
        self._progress[slot][batch.shard] = batch.upto
        self._board.progress(batch.model, batch.shard, batch.upto, ready=batch.ready)
        return Written(batch.upto)

    async def _write(self, batch: Batch, changes: Sequence[Change]) -> Mapping[str, str]:
        """The keys of rejected documents, with the reason."""
        items = [item for change in changes for item in self._items(batch, change)]
        if not items:
            return {}
        rejected = await self._bulk(items)
        if any(change.shown is not None for change in changes):
            self._dirty.add(batch.model.slot)
        if strange := rejected.keys() - {change.key for change in batch.changes}:
            raise Busy(f"{batch.model.name}: what was accepted before is rejected: {sorted(strange)}")
        return rejected

    def _items(self, batch: Batch, change: Change) -> list[Item]:
        kind = "external_gte" if batch.repair else "external"
        index, position = self._indices.writing(batch.model), change.after.position
        fold = b',"fold":' + encode(change.after) + self._beside(batch.model, change.after) + b"}"
        shown = change.shown or batch.model.render(change.id, change.after, {})
        return [
            Item(change.key, index, id_, position, kind, body[:-1] + fold)
            for id_, body in shown.documents.items()
            if body is not None
        ]

    async def watch(self) -> None:
        """Notices within a second that an index is gone or another one; for ever."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            stop_if_cancelled()
            known = dict(self._lives)  # before asking: an index made meanwhile is missing in the answer, and not gone
            models = list(self._models.values())
            try:
                uuids = await self._indices.uuids(models) if models else {}
                for model in models:
                    if model.slot not in self._models:  # dropped since
                        continue
                    life = known.get(model.slot)
                    if life is not None and life != uuids.get(self._indices.name(model)):
                        self._lose(model)
                    await self.open(model)
            except (ApiError, TransportError, OSError, NotThere) as error:
                log.debug("elasticsearch can't be asked", extra={"fields": {"error": type(error).__name__}})

    def _lose(self, model: ReadModel) -> None:
        log.critical("an index is gone and is filled anew", extra={"fields": {"index": self._indices.name(model)}})
        del self._lives[model.slot]
        self._progress[model.slot] = dict.fromkeys(range(self._shards), 0)
        self._seen.pop(model.slot, None)
        for shard in range(self._shards):
            self._owed.pop((model.slot, shard), None)
        self._board.withdraw(model)

    async def keep_refreshing(self, name: str) -> None:
        """Makes documents of the served version visible to searches, and tells up to where they are; for ever."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS.get(name, REFRESH_OTHERS_SECONDS))
            stop_if_cancelled()
            try:
                for model in self._versions(name):
                    if self._led_to.get(name) == model.slot and model.slot in self._lives:
                        await self.show(model)
            except (ApiError, TransportError, OSError) as error:
                log.debug("no refresh", extra={"fields": {"error": type(error).__name__}})

    def written(self, name: str) -> list[Index]:
        """The indices of a read model that are there and written, the one that is served first."""
        found = [index for model in self._versions(name) if (index := self.index(model))]
        return sorted(found, key=lambda index: not index.served)

    def index(self, model: ReadModel) -> Index | None:
        """The index of a version, if it is there."""
        life = self._lives.get(model.slot)
        return None if life is None else Index(self._indices.writing(model), life, self._is_served(model))

    def _versions(self, name: str) -> list[ReadModel]:
        return [model for model in self._models.values() if model.name == name]

    async def show(self, model: ReadModel) -> None:
        """Make all that was written visible to searches."""
        checkpoints = dict(self._progress[model.slot])
        life = self._lives[model.slot]
        if model.slot in self._dirty:
            self._dirty.discard(model.slot)
            try:
                await self._client.indices.refresh(index=self._indices.writing(model))
            except BaseException:
                self._dirty.add(model.slot)
                raise
        if self._seen.get(model.slot) != checkpoints and self._lives.get(model.slot) == life:
            self._seen[model.slot] = checkpoints
            self._tell_seen(model)

    def _tell_seen(self, model: ReadModel) -> None:
        """What a search sees, under each version's name: who has not heard of a swap searches the served one, too."""
        if self._led_to.get(model.name) == model.slot:
            for version in self._versions(model.name):
                self._board.seen(version, self._seen.get(model.slot, {}))

    async def serve(self, model: ReadModel) -> None:
        """Lead searches to this version, at once."""
        self._led_to.pop(model.name, None)  # if no answer comes nobody knows which one, and none is shown further
        await self._indices.lead(model)
        self._leads_to(model)

    def _leads_to(self, model: ReadModel) -> None:
        self._led_to[model.name] = model.slot
        self._tell_seen(model)

    async def drop(self, model: ReadModel) -> None:
        """Delete its index."""
        async with self._opening:
            self._models.pop(model.slot, None)
            self._lives.pop(model.slot, None)
            self._progress.pop(model.slot, None)
            for shard in range(self._shards):
                self._owed.pop((model.slot, shard), None)
            await self._client.indices.delete(index=self._indices.name(model), ignore_unavailable=True)
