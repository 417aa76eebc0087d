"""Parameters that several routes take."""

from typing import Annotated

from litestar.params import HeaderParameter

from read_side.documents import BROKEN_POSITION
from shared.http.described import Asked

PositionToken = Annotated[
    str | None,
    HeaderParameter(
        name="Position",
        description="As a command answered it: wait, at most half a second, until this read model has got there.",
    ),
    Asked((BROKEN_POSITION,)),
]
