"""An image as a file names it, and what becomes of it beside the one that the product has. Pure."""

from collections.abc import Mapping

from msgspec import UNSET, Struct

from shared.events.catalog import Image


class SaidImage(Struct, frozen=True):
    """An image by its address. None: no column says it, and what the product has at that address stays."""

    url: str
    alt: str | None = ""
    alts: dict[str, str] | None = {}  # locale → what it shows


def image_of(said: SaidImage, there: Mapping[str, Image]) -> Image:
    """What a file makes of an image; `there`: address → what the product has."""
    before = there.get(said.url, Image(said.url))
    return Image(
        said.url,
        before.alt if said.alt is None else said.alt,
        before.alts if said.alts is None else said.alts or UNSET,
    )
