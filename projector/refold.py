"""A key folded anew from its first event: a parked one goes on from there, a damaged document is replaced."""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence

from projector.chain import hear
from projector.fold import FetchKeys, Poison, Touch, evolved, shown, understand
from projector.log import EventLog
from projector.model import Change, Folded, ReadModel
from projector.parking import correlation_of
from shared.http import correlation

Standing = Callable[[Sequence[str]], Awaitable[Mapping[str, Folded]]]


async def refolded(
    model: ReadModel,
    source: EventLog,
    fetch_keys: FetchKeys,
    key: str,
    until: int,
    without: Container[int],
    was: Standing,
) -> Sequence[Change] | Poison:
    """What its events up to `until` make of its states, whatever stands there now (`was` tells); or the event that
    can't be folded."""
    after: dict[str, Folded] = {}
    poison: dict[str, Poison] = {}
    keys: dict[str, str] = {}
    touches: list[Touch] = []
    async for recorded in source.history(key, until, model.contexts):
        if recorded.position in without:
            continue
        correlation.set_current(correlation_of(recorded))  # log lines name the last one, where it ends well or not
        understood = [understand(model, heard) for heard in hear(recorded)]
        if unreadable := next((found for found in understood if isinstance(found, Poison)), None):
            return unreadable
        if touched := [found for found in understood if isinstance(found, Touch)]:
            touches = touched
            changed, owned = evolved(model, touches, after, poison)
            after |= changed
            keys |= owned
        if poison:
            return poison[key]
    persons = await fetch_keys({person for state in after.values() for person in model.persons(state)})
    stale = await was(list(after)) if after else {}
    changes = shown(model, touches, stale, after, keys, persons, poison, alike=lambda *_: False)
    return poison.get(key, changes)
