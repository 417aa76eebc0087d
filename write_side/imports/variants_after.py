"""The variants and images that a product has after a row. Pure.

A file names the images of a variant by their addresses, a product by their places among its own.
"""

from collections.abc import Iterator, Sequence

from shared.events.catalog import Image, ProductFacts, Variant
from write_side.catalog import VariantInput
from write_side.imports.images import SaidImage, image_of
from write_side.imports.rows import Row
from write_side.imports.variant_rows import VariantRow


def images_of(row: Row, before: ProductFacts | None) -> list[Image]:
    """Those of the row, or that the product has; behind them those that only a variant names."""
    had = [] if before is None else before.images
    there = {image.url: image for image in reversed(had)}
    images = had if row.images is None else [image_of(said, there) for said in row.images]
    known = {image.url for image in images}
    named = dict.fromkeys(url for variant in row.variants for url in variant.images or ())
    return [*images, *(image_of(SaidImage(url, None, None), there) for url in named if url not in known)]


def variants_of(row: Row, before: ProductFacts | None, images: Sequence[str]) -> Iterator[VariantInput]:
    """The variants of the row, among those that the product has besides. `images`: addresses after the row."""
    said = {variant.sku: variant for variant in row.variants}
    same = before is not None and [image.url for image in before.images] == list(images)
    place = {url: number for number, url in reversed([*enumerate(images)])}
    there = [] if before is None else before.variants
    for variant in there:
        urls = [before.images[at].url for at in variant.images or ()] if before else []
        told = said.get(variant.sku, VariantRow(variant.sku))
        kept = same and told.images in (None, urls)  # an address that stands twice has two places
        places = [*(variant.images or ())] if kept else _places(urls if told.images is None else told.images, place)
        yield _revised(variant, told, places)
    known = {variant.sku for variant in there}
    for v in row.variants:
        if v.sku not in known:
            shown = _places(v.images or (), place)
            yield VariantInput(v.sku, v.ean, v.name or "", v.options or {}, v.weight_grams or 0, v.tax_class, shown)


def _places(urls: Sequence[str], place: dict[str, int]) -> list[int]:
    """What is no longer among the product's images shows nothing."""
    return [place[url] for url in dict.fromkeys(urls) if url in place]


def _revised(variant: Variant, said: VariantRow, images: list[int]) -> VariantInput:
    return VariantInput(
        variant.sku,
        said.ean if said.has_ean else variant.ean,
        variant.name if said.name is None else said.name,
        variant.options if said.options is None else said.options,
        variant.grams if said.weight_grams is None else said.weight_grams,
        said.tax_class or variant.tax_class or None,
        images,
    )
