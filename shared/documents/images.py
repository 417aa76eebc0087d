"""An image as shoppers are shown it, and what it is called in their language. Pure.

Documents hold what the merchant said, an address or a path; the query API makes whole addresses of it
(`read_side/pictures.py`), so that another CDN is another setting and not another document.
"""

from msgspec import Struct

from shared.events.catalog import Image
from shared.locales import wider


class ImageSize(Struct, frozen=True):
    """The same image, so many pixels wide."""

    width: int
    url: str


class ShownImage(Struct, frozen=True):
    """An image: where it is, what it shows, and where it is smaller, as the shop's CDN makes it."""

    url: str
    alt: str
    sizes: list[ImageSize] = []


def shown(image: Image, locale: str | None = None) -> ShownImage:
    """An image in a language; its alt text is that of the language at large, then the shop's own, if there is none."""
    alts = image.alts or {}
    told = next((alts[name] for name in wider(locale) if alts.get(name)), image.alt) if locale else image.alt
    return ShownImage(image.url, told)
