"""What should lie in Redis, worked out before it is asked for: the bytes of many states and documents in one digest.

Whoever waits for a version to be filled can render meanwhile; then what lies there only has to be read and hashed.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from doorbuster.invariants.folding import FoldedLog
from doorbuster.invariants.sinks import Name, in_chunks
from projector.keyring import Keyring
from projector.model import REDIS, Folded, ReadModel, Rendered, encode
from shared.documents.layout import document_key, lookup_key, pack, state_key

STATES = 250  # of one page: one that moved on has all of them looked at closely


class Page(NamedTuple):
    """Some states of a read model, by their ids: themselves they lie packed elsewhere."""

    ids: Collection[str]
    keys: Sequence[bytes]  # of the states, their documents and their names
    names: Sequence[Name]
    digest: bytes  # of what lies under the keys

    def is_of(self, fresh: Set[str]) -> bool:
        """Whether the states are still what they were: none of them was written since."""
        return fresh.isdisjoint(self.ids)

    def is_told_by(self, values: Sequence[bytes | None], claims: Sequence[int], last: int) -> bool:
        """Whether this is what lies under the keys, byte for byte, and each name is claimed since a position of the
        log, whichever it is."""
        return all(0 < position <= last for position in claims) and digest_of(values) == self.digest


async def prepared(folded: FoldedLog, models: Sequence[ReadModel], keyring: Keyring) -> dict[str, list[Page]]:
    """The pages of each model in Redis, by slot."""
    pages: dict[str, list[Page]] = {}
    for model in (model for model in models if model.sink == REDIS):
        states = folded.models[model.slot].states
        pages[model.slot] = []
        for ids in in_chunks(sorted(states), STATES):
            some = {id_: states[id_] for id_ in ids}
            keys = await keyring.fetch({person for state in some.values() for person in model.persons(state)})
            pages[model.slot].append(page_of(model, some, {id_: model.render(id_, some[id_], keys) for id_ in ids}))
        states.fresh.clear()
    return pages


def page_of(model: ReadModel, states: Mapping[str, Folded], shown: Mapping[str, Rendered]) -> Page:
    """States, and how they are shown."""
    documents = [each for rendered in shown.values() for each in rendered.documents.items()]
    names = [(name, id_) for id_, rendered in shown.items() for name in rendered.lookups]
    keys = [state_key(model.slot, id_) for id_ in states]
    keys += [document_key(model.slot, name) for name, _ in documents]
    keys += [lookup_key(model.slot, *name) for name, _ in names]
    values = [encode(state) for state in states.values()]
    digest = digest_of([*values, *(body and pack(body) for _, body in documents), *(id_.encode() for _, id_ in names)])
    return Page(list(states), [key.encode() for key in keys], [name for name, _ in names], digest)


def digest_of(values: Sequence[bytes | None]) -> bytes:
    """Of the values and their lengths, so that none can shift."""
    return blake2b(msgspec.msgpack.encode(values), digest_size=16).digest()
