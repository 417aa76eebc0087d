"""Parameters that several routes take."""

from typing import Annotated

from litestar.params import HeaderParameter

from read_side.documents import BROKEN_POSITION
from shared.http.described import Asked
from shared.position import Position

PositionToken = Annotated[
    str | None,
    HeaderParameter(
        name="Position",
        schema_extra={"examples": [Position(1, {0: 1}).token()]},
        description="As a command answered it: wait, at most half a second, until this read model has got there.",
    ),
    Asked((BROKEN_POSITION,)),
]
