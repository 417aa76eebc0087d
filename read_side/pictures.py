"""Where images are: whole addresses of paths, in the sizes that the shop's CDN makes. Nothing is ever fetched."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct, structs

from shared.documents.images import ImageSize, ShownImage, shown
from shared.events.catalog import Image
from shared.locales import Locales

WIDTH, PATH, URL = "{width}", "{path}", "{url}"
WIDEST = 10_000


class _Page(Struct):
    images: Raw


_page = msgspec.json.Decoder(_Page)
_images = msgspec.json.Decoder(list[ShownImage])


class Pictures:
    """The settings of images, at work. Raises `ValueError` for those that make no addresses."""

    def __init__(self, base: str, template: str, widths: Sequence[int]) -> None:
        self._base, self._template, self._widths = base.rstrip("/"), template, sorted(set(widths))
        self.at_work = bool(base or widths)  # else all is as it lies
        self.mark = sha256(msgspec.json.encode((base, template, self._widths))).hexdigest()[:6]
        if widths and not (WIDTH in template and (PATH in template or URL in template)):
            raise ValueError(f"IMAGE_SIZES {template!r} needs {WIDTH}, and {PATH} or {URL}")
        if any(not 1 <= width <= WIDEST for width in widths):
            raise ValueError(f"IMAGE_WIDTHS are 1 to {WIDEST} pixels")

    def hung(self, image: ShownImage) -> ShownImage:
        """An image with its whole address and those of its sizes."""
        if not self.at_work:
            return image
        path = "" if "://" in image.url else image.url.lstrip("/")
        url = f"{self._base}/{path}" if path and self._base else image.url
        if not path and PATH in self._template:  # it lies elsewhere, where nobody makes it smaller
            return image
        template = self._template.replace(URL, quote(url, safe="")) if URL in self._template else self._template
        sizes = [ImageSize(w, template.replace(WIDTH, str(w)).replace(PATH, path)) for w in self._widths]
        return structs.replace(image, url=url, sizes=sizes)

    def first(self, stored: Mapping[str, Any] | str | None, locales: Locales) -> ShownImage | None:
        """The image that a document of a list has, if it has any. Up to the eighth version of `products` it was an
        address alone, and such an index is served until the next one is built."""
        if stored is None:
            return None
        image = Image(stored) if isinstance(stored, str) else msgspec.convert(stored, Image)
        known = next((locale for locale in locales if locale in (image.alts or {})), None) if locales else None
        return self.hung(shown(image, known))

    def on(self, body: bytes) -> bytes:
        """The JSON of a page with whole addresses; all else stays as it lies, unread."""
        raw = bytes(_page.decode(body).images)
        images = [self.hung(image) for image in _images.decode(raw)]
        # No text holds these bytes, whose quotes it would escape; no attribute holds objects.
        return body.replace(b'"images":' + raw, b'"images":' + msgspec.json.encode(images), 1) if images else body
