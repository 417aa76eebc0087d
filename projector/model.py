"""What a read model is: a fold over the events of its contexts, and how the state it reaches is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.codec import Event
from shared.documents.layout import slot
from shared.envelope import Recorded

REDIS: Literal["redis"] = "redis"
ELASTICSEARCH: Literal["elasticsearch"] = "elasticsearch"

GATHERING = 0.2  # seconds: records are found by searches, which see what was written up to a second later

Keys = Mapping[UUID, bytes | None]  # the keys of persons; None: erased


class Folded(Struct, frozen=True):
    """A state, and the position of the last event in it: events at or below it are not folded again."""

    position: int


class Rendered(NamedTuple):
    """How a state is shown: documents by id (None: none, any longer), and the names (field, value) that lead to it."""

    documents: dict[str, bytes | None]
    lookups: frozenset[tuple[str, str]] = frozenset()


def _nobody(_state: Any) -> Iterable[UUID]:
    return ()


def _never(*_: Any) -> bool:
    return False


class ReadModel(Struct, frozen=True, eq=False):
    """One version of one read model. `touches` and `evolve` and `render` are pure.

    `touches` names the states that an event changes (none: not this model's event), `evolve` gives such a state after
    the event, `persons` whose keys `render` needs. `alike` tells of two states of one id whether they are shown in the
    same way, positions apart; only for models that need no keys. `begins` tells of an event that nothing of its states
    can have come before it, so that no sink is asked for them. `contexts` are the first words of the event types it
    listens to: a type of theirs that nobody knows is poison, since it may have changed the state. `gather`: so many
    seconds its events may wait for one another, where nobody waits for each: most documents then are written once.
    """

    name: str
    version: str
    sink: Literal["redis", "elasticsearch"]
    contexts: frozenset[str]
    state: type[Folded]
    touches: Callable[[Recorded, Event], Sequence[str]]
    evolve: Callable[[Any, Recorded, Any], Folded]
    render: Callable[[str, Any, Keys], Rendered]
    persons: Callable[[Any], Iterable[UUID]] = _nobody
    alike: Callable[[Any, Any], bool] = _never
    begins: Callable[[Recorded, Event], bool] = _never
    gather: float = 0.0
    named: bool = False  # found by other names too: then what it showed before is told to the sink, which frees names

    @property
    def slot(self) -> str:
        """The prefix of its keys in Redis."""
        return slot(self.name, self.version)


class Change(NamedTuple):
    """A state of a batch, before and after it."""

    id: str
    key: str  # the partition key of the events that made it
    before: Rendered | None  # of named models only
    after: Folded
    shown: Rendered | None  # None: as before


class Batch(NamedTuple):
    """What one read model makes of a stretch of one shard: from `expected` (exclusive) up to `upto`."""

    model: ReadModel
    shard: int
    expected: int
    upto: int
    changes: Sequence[Change]
    ready: bool  # with this the shard is caught up
    repair: bool = False  # an un-parked key: overwrite what stands at the same position


class Written(NamedTuple):
    """What the sink says: its checkpoint now (`upto`, else the batch was not taken), and which keys it won't have."""

    at: int
    rejected: Mapping[str, str] = {}


def encode(value: Any) -> bytes:
    """A document or a state as JSON."""
    return msgspec.json.encode(value)
