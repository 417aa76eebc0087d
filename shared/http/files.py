"""Answers that are files, sent piece by piece: no more of one is in memory than a piece."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar, TypeVar

from litestar.response import Stream
from litestar.response.base import ASGIResponse

from shared.http.described import Encoded, Header

T = TypeVar("T")

_NAMED = Header("Content-Disposition", "Under which name to keep it.", {"type": "string"}, always=True)
_UNKEPT = Header("Cache-Control", "Nobody is to keep it.", {"const": "no-store"}, always=True)


class Csv(Encoded[T]):
    """A table as text. One that breaks off has no proper end: its connection is cut."""

    media: ClassVar[str] = "text/csv"
    told: ClassVar[Sequence[Header]] = (_NAMED, _UNKEPT)

    def __init__(self, pieces: AsyncIterator[bytes], name: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        super().__init__(b"", headers=headers, media_type=self.media)
        self._stream = Stream(pieces, headers=headers, media_type=self.media)

    def to_asgi_response(self, *arguments: Any, **options: Any) -> ASGIResponse:
        """What sends it."""
        return self._stream.to_asgi_response(*arguments, **options)
