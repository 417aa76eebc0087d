"""Folding a batch: states in, changes out, poison apart. No event is awaited for."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from projector.chain import Heard
from projector.model import Change, Folded, Keys, ReadModel
from shared.envelope import Recorded

CACHED_STATES = 4_000  # per read model and shard

Load = Callable[[ReadModel, int, Sequence[str]], Awaitable[Mapping[str, Folded]]]
Alike = Callable[[Any, Any], bool]
FetchKeys = Callable[[Iterable[UUID]], Awaitable[Keys]]


class Touch(NamedTuple):
    """An event that is a model's, decoded, and the states it changes."""

    recorded: Recorded
    event: Any
    ids: Sequence[str]


class Poison(NamedTuple):
    """An event that can't be folded or shown; its key is to be parked from there on."""

    recorded: Recorded
    error: str


class Folding(NamedTuple):
    """What came of a batch."""

    changes: list[Change]
    poison: list[Poison]


class States:
    """The states last used of one read model and shard; the sink has all of them."""

    def __init__(self, model: ReadModel, shard: int, load: Load) -> None:
        self._model, self._shard = model, shard
        self._load = load
        self._kept: OrderedDict[str, Folded] = OrderedDict()

    async def before(self, touches: Iterable[Touch]) -> dict[str, Folded]:
        """The states that these events change, those that exist."""
        firsts: dict[str, Touch] = {}
        for touch in touches:
            for id_ in touch.ids:
                firsts.setdefault(id_, touch)
        found = {id_: self._kept[id_] for id_ in firsts if id_ in self._kept}
        missing = [id_ for id_, touch in firsts.items() if id_ not in found and not self._begins(touch)]
        if missing:
            found |= await self._load(self._model, self._shard, missing)
        return found

    def _begins(self, touch: Touch) -> bool:
        return self._model.begins(touch.recorded, touch.event)

    def keep(self, states: Mapping[str, Folded]) -> None:
        """Remember what the sink has acknowledged."""
        for id_, state in states.items():
            self._kept[id_] = state
            self._kept.move_to_end(id_)
        while len(self._kept) > CACHED_STATES:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Trust nothing: somebody else wrote, or the sink lost data."""
        self._kept.clear()


def understand(model: ReadModel, heard: Heard) -> Touch | Poison | None:
    """The states an event changes, if it is one of this model's; what can't be decoded is poison."""
    recorded, event, error = heard
    if error is not None:
        return Poison(recorded, error)
    try:
        ids = model.touches(recorded, event)
    except Exception as failure:  # whatever an event makes a model do, it must not stop the others
        return Poison(recorded, f"{type(failure).__name__}: {failure}")
    return Touch(recorded, event, ids) if ids else None


async def fold(
    model: ReadModel, events: Iterable[Heard], parked: Mapping[str, int], states: States, fetch_keys: FetchKeys
) -> Folding:
    """Changes that these events make of the states the sink has. Poisoned keys change up to their poison only."""
    poison: dict[str, Poison] = {}
    touches: list[Touch] = []
    for heard in events:
        recorded = heard.recorded
        if recorded.key in poison or recorded.position >= parked.get(recorded.key, recorded.position + 1):
            continue
        match understand(model, heard):
            case Touch() as touch:
                touches.append(touch)
            case Poison() as found:
                poison[recorded.key] = found
    before = await states.before(touches)
    after, keys = evolved(model, touches, before, poison)
    persons = await fetch_keys({person for state in after.values() for person in model.persons(state)})
    changes = shown(model, touches, before, after, keys, persons, poison, model.alike)
    return Folding(changes, list(poison.values()))


def evolved(
    model: ReadModel, touches: Iterable[Touch], before: Mapping[str, Folded], poison: dict[str, Poison]
) -> tuple[dict[str, Folded], dict[str, str]]:
    """The states that changed, and the key that each belongs to. Adds to `poison`."""
    after: dict[str, Folded] = {}
    keys: dict[str, str] = {}
    last: dict[str, Recorded] = {}  # an event heard as several changes a state several times
    for recorded, event, ids in touches:
        if recorded.key in poison and recorded.position >= poison[recorded.key].recorded.position:
            continue
        try:
            for id_ in ids:
                state = after.get(id_) or before.get(id_)
                if state is None or state.position < recorded.position or last.get(id_) is recorded:
                    after[id_] = model.evolve(state, recorded, event)
                    keys[id_], last[id_] = recorded.key, recorded
        except Exception as error:
            poison[recorded.key] = Poison(recorded, f"{type(error).__name__}: {error}")
    return after, keys


def shown(
    model: ReadModel,
    touches: Sequence[Touch],
    before: Mapping[str, Folded],
    after: Mapping[str, Folded],
    keys: Mapping[str, str],
    persons: Keys,
    poison: dict[str, Poison],
    alike: Alike,
) -> list[Change]:
    """The changes with their documents, unless they are shown as before. A key whose state can't be shown is poisoned
    from its first event here on."""
    changes: list[Change] = []
    for id_, state in after.items():
        old = before.get(id_)
        try:
            if old is not None and alike(old, state):
                changes.append(Change(id_, keys[id_], None, state, None))
                continue
            rendered = model.render(id_, state, persons)
            previous = model.render(id_, old, persons) if old and model.named else None
        except Exception as error:
            first = next(touch.recorded for touch in touches if touch.recorded.key == keys[id_])
            poison[keys[id_]] = Poison(first, f"{type(error).__name__}: {error}")
            continue
        changes.append(Change(id_, keys[id_], previous, state, rendered))
    return [change for change in changes if not _spoilt(change, poison)]


def _spoilt(change: Change, poison: Mapping[str, Poison]) -> bool:
    found = poison.get(change.key)
    return found is not None and change.after.position >= found.recorded.position




def decoder(model: ReadModel) -> msgspec.json.Decoder[Folded]:
    """Reads states back from a sink."""
    return msgspec.json.Decoder(model.state)
