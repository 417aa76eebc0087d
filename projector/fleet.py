"""Versions at work: what the table says of each is made true, four times a second. One of each model leads, and is
served; others that are kept up follow it, so that whoever is led from one to the other never sees an older state."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from projector.model import ELASTICSEARCH, ReadModel
from projector.noticeboard import Noticeboard
from projector.parking import Parking
from projector.pipeline import Pipeline
from projector.sink import Sink
from projector.versions import KEPT_UP, Version, Versions, foreign, left_behind, ours
from shared.cancellation import stop_if_cancelled

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
SWAP_SECONDS = 2.0  # how long a version about to be served may take for the last events; else the next look tries again

Start = Callable[[ReadModel], list[Pipeline]]
Fit = Callable[[ReadModel], Awaitable[bool]]  # whether it has what is of no event, too


class AtWork(NamedTuple):
    """A version that is kept up."""

    model: ReadModel
    pipelines: Sequence[Pipeline]  # by shard
    tasks: Sequence[asyncio.Task[None]]


class Fleet:
    """All versions that this projector keeps up."""

    def __init__(
        self,
        models: Sequence[ReadModel],
        versions: Versions,
        sinks: Mapping[str, Sink],
        board: Noticeboard,
        parking: Parking,
        start: Start,
        fit: Fit,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._models, self._versions, self._sinks, self._board = models, versions, sinks, board
        self._parking, self._start, self._fit, self._tasks = parking, start, fit, tasks
        self._at_work: dict[str, AtWork] = {}  # by slot
        self._foreign: set[Version] = set()

    @property
    def pipelines(self) -> list[Pipeline]:
        """Those of all versions."""
        return [pipeline for each in self._at_work.values() for pipeline in each.pipelines]

    async def run(self) -> None:
        """Until cancelled; what fails is tried again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            stop_if_cancelled()
            try:
                await self.act(await self.see())
            except Exception as error:  # a store that is down: the table still says it at the next look
                log.warning("the versions can't be looked after", extra={"fields": {"error": repr(error)}})

    async def see(self) -> list[tuple[Version, ReadModel]]:
        """Take up what the table says is kept up now, lead to what is served; answers what may have to be done.

        Nothing is waited for here but the table: whoever takes over works at once, whatever is pending.
        """
        found = await self._versions.look()
        known = [(each, model) for each in found if (model := ours(self._models, each)) is not None]
        await self._take_up([model for each, model in known if each.state in KEPT_UP])
        for each in found:
            if each.state == "live" and each.served_at is not None:
                self._board.lead_to(each.read_model, each.version)
        self._warn_of(set(left_behind(self._models, found)))
        self._line_up(known)
        gone = [(each, model) for each in found if (model := foreign(self._models, each)) and each.state == "retired"]
        return [*known, *gone]

    async def act(self, known: Sequence[tuple[Version, ReadModel]]) -> None:
        """Swap and delete what is to be swapped and deleted."""
        for each, model in known:
            try:
                await self._act(each, model)
            except Exception as error:  # a store that is down: the others go on, and the next look tries again
                fields = {"read_model": model.name, "version": model.version, "error": repr(error)}
                log.warning("a version can't be swapped or dropped", extra={"fields": fields})

    async def _act(self, each: Version, model: ReadModel) -> None:
        if each.state == "live" and each.served_at is None:
            await self._serve_again(model)
        elif each.state == "next":
            await self._swap(model)
        elif each.state == "retired":
            await self._retire(model)

    def _warn_of(self, foreign: set[Version]) -> None:
        """What another release's code wrote is served, and stands still until a rebuild."""
        for each in foreign - self._foreign:
            fields = {"read_model": each.read_model, "version": each.version}
            log.critical("the served version is not of this release: rebuild it", extra={"fields": fields})
        self._foreign = foreign

    async def _take_up(self, models: Sequence[ReadModel]) -> None:
        new = [model for model in models if model.slot not in self._at_work]
        await self._parking.load(new)  # whoever filled it may have parked keys
        for model in new:
            self._board.add(model)
            pipelines = self._start(model)
            tasks = [self._tasks.create_task(pipeline.run()) for pipeline in pipelines]
            self._at_work[model.slot] = AtWork(model, pipelines, tasks)
            log.info("a version is kept up", extra={"fields": {"read_model": model.name, "version": model.version}})

    def _line_up(self, known: Sequence[tuple[Version, ReadModel]]) -> None:
        """Who was served follows who is; their metrics stand under the model's name and the version's."""
        for each, model in sorted(known, key=lambda pair: pair[0].state == "live"):  # last: it takes over its label
            if model.slot not in self._at_work:
                continue
            label = model.name if each.state == "live" else model.slot
            self._parking.tell_as(model, label)
            leaders = self._served(model.name) if each.state == "kept" else None
            for shard, pipeline in enumerate(self._at_work[model.slot].pipelines):
                pipeline.tell_as(label)
                pipeline.leader = leaders[shard] if leaders else None

    def _served(self, name: str) -> Sequence[Pipeline] | None:
        leading = self._at_work.get(f"{name}:{self._versions.served.get(name)}")
        return None if leading is None else leading.pipelines

    async def _swap(self, model: ReadModel) -> None:
        """Serve this version instead of the one that is served, from a moment on when it is as far on every shard."""
        coming, going = self._at_work[model.slot].pipelines, self._served(model.name) or ()
        if not all(pipeline.settled for pipeline in coming) or not await self._fit(model):
            return
        await self._sinks[model.sink].show(model)  # so that the one below, while the others are held, has little to do
        swapped = False
        try:
            await self._overtake(model, going, coming)
            swapped = await self._versions.swap(model)
            if swapped:
                await self._serve(model)
        except TimeoutError:
            log.warning("a version is not as far as the one that is served", extra={"fields": {"version": model.slot}})
        finally:
            for before in going:
                before.held = False
                if not swapped:
                    before.leader = None

    async def _serve_again(self, model: ReadModel) -> None:
        """The swap is written down, but nobody may know yet. What was served may have moved on and been shown since."""
        others = [each for each in self._at_work.values() if each.model.name == model.name]
        going = [before for each in others if each.model.slot != model.slot for before in each.pipelines]
        coming = [self._at_work[model.slot].pipelines[before.shard] for before in going]
        try:
            await self._overtake(model, going, coming)
            await self._serve(model)
        finally:
            for before in going:
                before.held = False

    async def _overtake(self, model: ReadModel, going: Sequence[Pipeline], coming: Sequence[Pipeline]) -> None:
        """From now on whoever is going follows; done when what is coming is as far, and shows it.

        Raises `TimeoutError` if that takes too long.
        """
        for before, after in zip(going, coming, strict=False):
            before.leader = after
            before.held = model.sink == ELASTICSEARCH  # a refresh of the old index must not show more than the new one
        async with asyncio.timeout(SWAP_SECONDS):
            for before, after in zip(going, coming, strict=False):
                while after.at < before.reaching:
                    await after.moves(LOOK_SECONDS)
            await self._sinks[model.sink].show(model)

    async def _serve(self, model: ReadModel) -> None:
        await self._sinks[model.sink].serve(model)
        await self._board.serve(model)
        await self._versions.note_served(model)
        log.info("a version is served", extra={"fields": {"read_model": model.name, "version": model.version}})

    async def _retire(self, model: ReadModel) -> None:
        """Let go of it, then delete what it holds, then its books: whatever of it is cut short begins anew."""
        at_work = self._at_work.pop(model.slot, None)
        if at_work is not None:
            for task in at_work.tasks:
                task.cancel()
            await asyncio.wait(at_work.tasks)
            for pipeline in at_work.pipelines:
                pipeline.tell_nothing()
        await self._sinks[model.sink].drop(model)
        await self._board.remove(model)
        self._parking.forget(model)
        await self._versions.forget(model)
        log.info("a version is gone", extra={"fields": {"read_model": model.name, "version": model.version}})
