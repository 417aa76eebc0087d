"""The states of one read model by their ids. Of many, most lie packed: a fold of millions fits into memory."""

import zlib
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

import msgspec

from projector.model import Folded, encode

AS_THEY_ARE = 50_000  # the states last written of one model: some ten times as large as packed


class States(MutableMapping[str, Folded]):
    """`fresh` are ids whose states were written since it was last emptied: that of any other is what it was."""

    def __init__(self, type_: type[Folded], as_they_are: int = AS_THEY_ARE) -> None:
        self._decode, self._most = msgspec.json.Decoder(type_).decode, as_they_are
        self._last: OrderedDict[str, Folded] = OrderedDict()
        self._packed: dict[str, bytes] = {}
        self.fresh: set[str] = set()

    def __getitem__(self, id_: str) -> Folded:
        state = self._last.get(id_)
        return self._decode(zlib.decompress(self._packed[id_])) if state is None else state

    def __setitem__(self, id_: str, state: Folded) -> None:
        self._packed.pop(id_, None)
        self._last[id_] = state
        self._last.move_to_end(id_)
        self.fresh.add(id_)
        if len(self._last) > self._most:
            oldest, its = self._last.popitem(last=False)
            self._packed[oldest] = zlib.compress(encode(its), 1)

    def __delitem__(self, id_: str) -> None:
        self.fresh.discard(id_)
        if self._last.pop(id_, None) is None:
            del self._packed[id_]

    def __contains__(self, id_: object) -> bool:
        return id_ in self._last or id_ in self._packed

    def __iter__(self) -> Iterator[str]:
        yield from self._last
        yield from self._packed

    def __len__(self) -> int:
        return len(self._last) + len(self._packed)
