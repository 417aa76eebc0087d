"""A page as it is asked for: with whole addresses of images, and of one variant alone; kept for who comes next."""

from collections.abc import Sequence

import msgspec
from msgspec import structs

from read_side.answers import Answer
from read_side.latest import Latest
from read_side.pictures import Pictures
from shared.documents.products import Axis, AxisValue, PageVariant, ProductPage
from shared.documents.stock import Availability
from shared.http.problems import not_found

MOST, MOST_BYTES = 2_000, 32_000_000  # of pages that are kept
_WORTH: dict[Availability, int] = {"in": 2, "low": 1, "out": 0}

_page = msgspec.json.Decoder(ProductPage)

Page = Answer[ProductPage]


class Showcase:
    """Makes of pages what goes out; of a shop without settings for images, and without a choice, as they lie."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._kept = Latest[tuple[str, str | None], Page](MOST, MOST_BYTES)

    def shown(self, page: Page, sku: str | None) -> Page:
        """The page, of one variant if a SKU is given; answers 404 for one that the product doesn't have."""
        if sku is None and not self._pictures.at_work:
            return page
        made = self._kept.get((page.etag, sku)) or self._keep((page.etag, sku), self._made(page, sku))
        return structs.replace(page, body=made.body, etag=made.etag)

    def _made(self, page: Page, sku: str | None) -> Page:
        body = self._pictures.on(page.body) if self._pictures.at_work else page.body
        if sku is None:
            return Answer(body, page.etag + self._pictures.mark, page.keeping)
        return Answer.made(chosen(_page.decode(body), sku), page.keeping)

    def _keep(self, key: tuple[str, str | None], made: Page) -> Page:
        self._kept.keep(key, made, len(made.body))
        return made


def chosen(page: ProductPage, sku: str) -> ProductPage:
    """The page of one variant: its images, and for each value on each axis the SKU that choosing it leads to."""
    variant = next((each for each in page.variants if each.sku == sku), None)
    if variant is None:
        raise not_found("variant")
    places = variant.images or range(len(page.images))
    images = [page.images[place] for place in places]
    alone = structs.replace(variant, images=[])  # all of them do
    return structs.replace(page, images=images, variants=[alone], axes=axes_of(page.variants, variant))


def axes_of(variants: Sequence[PageVariant], now: PageVariant) -> list[Axis]:
    """In what the variants differ, in the order of the merchant. Of several SKUs that have a value the one that differs
    least from the present one, then the one that can be had."""
    names = dict.fromkeys(name for each in variants for name in each.options)
    return [Axis(name, _values(variants, now, name)) for name in names]


def _values(variants: Sequence[PageVariant], now: PageVariant, name: str) -> list[AxisValue]:
    others = {axis: value for axis, value in now.options.items() if axis != name}
    best: dict[str, tuple[tuple[int, int], PageVariant]] = {}
    for each in variants:
        if name not in each.options:
            continue
        alike = sum(each.options.get(axis) == value for axis, value in others.items())
        rank = (alike, _WORTH[each.availability])
        value = each.options[name]
        if each.sku == now.sku or value not in best or (rank > best[value][0] and best[value][1].sku != now.sku):
            best[value] = rank, each
    return [AxisValue(v, each.sku, each.availability, rank[0] == len(others)) for v, (rank, each) in best.items()]
