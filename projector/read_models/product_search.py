"""The product as Elasticsearch finds it. Nothing is ever deleted there: drafts and archived products are not listed."""

from collections.abc import Mapping

from projector.kinds import kind_words
from projector.marked_up import plain
from projector.model import ELASTICSEARCH, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.options import names_of, quantities_of, variants_of, with_options
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, asking, known_of, lowest_prices
from shared.documents.products import (
    LOCALE,
    SEARCH,
    Completion,
    SearchedProduct,
    called_in,
    with_card,
    words_of,
)
from shared.documents.shelves import best
from shared.documents.stock import Availability
from shared.events.catalog import AttributeValue, ProductFacts
from shared.ids import time_of

COMPLETED_WORDS = 5
_WEIGHTS: dict[Availability, int] = {"in": 3, "low": 2, "out": 1}


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """A document per product that has facts."""
    known = known_of(state)
    if known is None:
        return Rendered({})
    facts = known.facts
    availability = best(known.availability(variant.sku) for variant in facts.variants)
    attributes = {key: _words(value) for key, value in facts.attributes.items()}
    facets, variants = with_options(attributes, facts), variants_of(known, attributes)
    quantities, listed = quantities_of(facets), facts.status == "active"
    names = {locale: said.name for locale, said in facts.translations.items() if said.name}
    document = SearchedProduct(
        product_id=state.id,
        slug=facts.slug,
        name=facts.name,
        brand=facts.brand,
        description=plain(facts.description),
        product_type=facts.product_type,
        kinds=kind_words(facts),
        category_id=facts.category_id,
        attributes_text=_text(facets, facts),
        facets=facets,
        numbers={key: told.numbers for key, told in quantities.items()},
        steps={key: told.steps for key, told in quantities.items()},
        completion=_completion(facts.name, availability) if listed else None,
        image=facts.images[0] if facts.images else None,
        skus=[variant.sku for variant in facts.variants],
        eans=[variant.ean for variant in facts.variants if variant.ean],
        prices=lowest_prices(known),
        price_lists=sorted(asking(known)),
        gift_card=bool(facts.gift_cards),
        only_gift_cards={variant.sku for variant in facts.variants} == facts.gift_cards != frozenset(),
        availability=availability,
        listed=listed,
        deleted=False,
        position=state.position,
        times=times_of(known).variants if known.priced_by_time else [],
        names=names,
        translated="\n".join(f"{said.name}\n{plain(said.description)}" for said in facts.translations.values()),
        publish_at=facts.publish_at,
        unpublish_at=facts.unpublish_at,
        axes=list(variants[0].facets) if variants else [],
        variants=variants,
        completions=[_completion(name, availability, locale) for locale, name in names.items()] if listed else [],
        called=[called_in(locale, word) for locale, name in names.items() for word in words_of(name)],
        # An id of another kind tells no time, and must not keep its product out of the shop.
        released_at=facts.publish_at or (time_of(state.id) if state.id.version == 7 else None),
    )
    return Rendered({id_: encode(with_card(document))})


def _words(value: AttributeValue) -> list[str]:
    """An attribute's values as facets count them."""
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _text(facets: Mapping[str, list[str]], facts: ProductFacts) -> str:
    said = "\n".join(f"{key} {' '.join(map(plain, words))}" for key, words in facets.items())
    return "\n".join(part for part in (said, names_of(facts, said)) if part)


def _completion(name: str, availability: Availability, locale: str | None = None) -> Completion:
    """From each of the first words of a name on: who types "stereo hea" means the HP Stereo Headset, too."""
    words = name.split()
    begun = [" ".join(words[place:]) for place in range(min(len(words), COMPLETED_WORDS))]
    return Completion(begun, _WEIGHTS[availability], {LOCALE: [locale]} if locale else {})


MODEL = ReadModel(
    name=SEARCH,
    version="v18",
    sink=ELASTICSEARCH,
    contexts=product.CONTEXTS,
    state=Product,
    touches=product.touches,
    begins=product.begins,
    evolve=product.evolve,
    render=render,
    alike=product.alike,
)
