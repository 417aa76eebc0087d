"""What variants are told apart by, as searches find it: axes are facets like attributes, and one variant has to have
all that is chosen of them."""

from collections.abc import Mapping, Sequence

from shared.documents.product_pages import Known
from shared.documents.products import NEITHER, SearchedVariant
from shared.documents.quantities import Indexed, indexed
from shared.events.catalog import Image, ProductFacts, Variant

Facets = Mapping[str, list[str]]


def axes_of(facts: ProductFacts) -> list[str]:
    """The axes on which any variant has a value, as merchants order them."""
    return list(dict.fromkeys(axis for each in facts.variants for axis, value in each.options.items() if value))


def with_options(attributes: Facets, facts: ProductFacts) -> dict[str, list[str]]:
    """The attributes, and what there is to choose on each axis."""
    found = {axis: [*attributes.get(axis, ())] for axis in axes_of(facts)}
    for variant in facts.variants:
        for axis in found:
            found[axis] += [value] if (value := variant.options.get(axis)) else []
    return {**attributes, **{axis: list(dict.fromkeys(values)) for axis, values in found.items()}}


def quantities_of(facets: Facets) -> dict[str, Indexed]:
    """Those that are quantities."""
    return {key: told for key, words in facets.items() if (told := indexed(key, tuple(words)))}


def variants_of(known: Known, attributes: Facets) -> list[SearchedVariant]:
    """The variants one by one, of a product that has several to choose from; of any other it says all itself."""
    axes = axes_of(known.facts)
    if not axes or len(known.facts.variants) == 1:
        return []
    return [_variant(known, variant, attributes, axes) for variant in known.facts.variants]


def _variant(known: Known, variant: Variant, attributes: Facets, axes: Sequence[str]) -> SearchedVariant:
    facets = {axis: _on(axis, variant, attributes) for axis in axes}
    told = quantities_of(facets)
    return SearchedVariant(
        sku=variant.sku,
        facets=facets,
        numbers={key: each.numbers for key, each in told.items()},
        steps={key: each.steps for key, each in told.items()},
        availability=known.availability(variant.sku),
        prices=dict(known.prices.get(variant.sku, {})),
        image=_image(known.facts.images, variant),
    )


def _on(axis: str, variant: Variant, attributes: Facets) -> list[str]:
    """What isn't said of a variant is as it is of its product."""
    own = variant.options.get(axis)
    return [own] if own else attributes.get(axis) or [NEITHER]


def _image(images: Sequence[Image], variant: Variant) -> Image | None:
    return images[variant.images[0]] if variant.images else None


def names_of(facts: ProductFacts, said: str) -> str:
    """The words of the variants' names that aren't said yet: of 500 sizes each says its product's name."""
    known = set(f"{facts.name} {said}".casefold().split())
    words = (word for each in facts.variants for word in each.name.split() if word.casefold() not in known)
    return " ".join(dict.fromkeys(words))
