"""Every read model's states folded anew from the log: in one go, without batches, caches, checkpoints or parking."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from doorbuster.invariants.states import States
from projector.chain import context_of, hear
from projector.fold import Poison, Touch, understand
from projector.model import Folded, ReadModel
from shared.envelope import Recorded
from write_side import event_log
from write_side import parked as books
from write_side.database import Connection
from write_side.verifying.differences import Difference

PAGE = 2000

Parked = Mapping[str, Mapping[str, int]]  # slot → partition key → position from which on its events wait


class Model(NamedTuple):
    """The states of one read model as the log has them, and the partition key of each."""

    states: States
    keys: dict[str, str]


class FoldedLog(NamedTuple):
    """All read models up to a safe position, the last event of each shard, and events that can't be folded."""

    until: int
    heads: dict[int, int]
    models: dict[str, Model]  # by slot
    poison: list[Difference]
    skipped: dict[str, set[int]]  # by slot: what a model goes without, by a person's word


async def fold_log(
    conn: Connection, models: Sequence[ReadModel], keys: Sequence[str] | None = None, parked: Parked | None = None
) -> FoldedLog:
    """The whole log up to the safe position, or all that was of some partition keys; without what is `parked`, or
    skipped by a person's word."""
    parked = parked or {}
    states = {model.slot: Model(States(model.state), {}) for model in models}
    folded = FoldedLog(0, {}, states, [], await _skipped(conn, models))
    if keys is None:
        return await fold_on(conn, folded, models, parked)
    folded = folded._replace(until=await event_log.safe_position(conn))
    for recorded in await event_log.read_keys(conn, keys):
        if recorded.position <= folded.until:
            _fold(folded, models, recorded, parked)
    return folded


async def fold_on(conn: Connection, folded: FoldedLog, models: Sequence[ReadModel], parked: Parked) -> FoldedLog:
    """The same fold up to the safe position of now. Anew, if events are parked or skipped that were folded before."""
    after = folded.until
    if after and (any(parked.get(model.slot) for model in models) or await _skipped(conn, models) != folded.skipped):
        return await fold_log(conn, models, None, parked)
    folded = folded._replace(until=await event_log.safe_position(conn))
    while after < folded.until and (page := await event_log.read_after(conn, after, PAGE)):
        for recorded in page:
            if recorded.position <= folded.until:
                _fold(folded, models, recorded, parked)
        after = page[-1].position
    return folded


async def _skipped(conn: Connection, models: Sequence[ReadModel]) -> dict[str, set[int]]:
    gone = [(skip.read_model.partition(":")[0], skip.position) for skip in await books.in_force(conn)]
    return {model.slot: {position for name, position in gone if name == model.name} for model in models}


def _fold(folded: FoldedLog, models: Sequence[ReadModel], recorded: Recorded, parked: Parked) -> None:
    folded.heads[recorded.shard] = recorded.position
    for model in models:
        waits_from = parked.get(model.slot, {}).get(recorded.key)
        waits = waits_from is not None and recorded.position >= waits_from
        if waits or context_of(recorded) not in model.contexts or recorded.position in folded.skipped[model.slot]:
            continue
        for heard in hear(recorded):
            match understand(model, heard):
                case Touch() as touch:
                    _evolve(folded, model, touch)
                case Poison(error=error):
                    folded.poison.append(_told(model, recorded, error))


def _evolve(folded: FoldedLog, model: ReadModel, touch: Touch) -> None:
    into, recorded = folded.models[model.slot], touch.recorded
    try:
        for id_ in touch.ids:
            into.states[id_] = model.evolve(into.states.get(id_), recorded, touch.event)
            into.keys[id_] = recorded.key
    except Exception as error:  # as the projector takes it: whatever a payload makes a model do, it must not stop us
        folded.poison.append(_told(model, recorded, f"{type(error).__name__}: {error}"))


def _told(model: ReadModel, recorded: Recorded, error: str) -> Difference:
    where = f"{model.slot} event {recorded.position} of {recorded.key}"
    return Difference("document", where, "what its fold makes of it", "a state", error)


def fold_further(
    model: ReadModel, id_: str, state: Folded | None, events: Sequence[Recorded], skipped: Collection[int]
) -> Folded | None:
    """One state after some more events of its key, without those that the model goes without."""
    for heard in (heard for recorded in events if recorded.position not in skipped for heard in hear(recorded)):
        match understand(model, heard):
            case Touch(event=event, ids=ids) if id_ in ids:
                state = model.evolve(state, heard.recorded, event)
    return state
