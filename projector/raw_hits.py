"""Pages of documents in Elasticsearch as the bytes that were sent: whoever compares them or sends them back needs no
more."""

from typing import Any

import msgspec
from elasticsearch.serializer import CompatibilityModeJsonSerializer
from msgspec import Raw, Struct, field


class Hit(Struct, frozen=True):
    """A document and its version."""

    id: str = field(name="_id")
    version: int = field(name="_version")
    source: Raw = field(name="_source")


class _Hits(Struct, frozen=True):
    hits: list[Hit]


class Page(Struct, frozen=True):
    """An answer to a search with a scroll, or to the scroll."""

    hits: _Hits
    scroll_id: str = field(name="_scroll_id")


class Pages(CompatibilityModeJsonSerializer):
    """A client's way of reading them; all other answers are read as ever."""

    def loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data, type=Page) if data.startswith(b'{"_scroll_id"') else super().loads(data)
