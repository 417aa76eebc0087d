"""The catalog, pure: what may become of a product or a category, and what each event makes of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, structs

from shared.events.catalog import (
    AttributeValue,
    CategoryCreated,
    CategoryEvent,
    CategoryRevised,
    CategoryTranslation,
    Image,
    ProductCreated,
    ProductEvent,
    ProductFacts,
    ProductRevised,
    Status,
    Translation,
    Variant,
)
from shared.names import is_blank, kept_name
from shared.pointers import escaped
from shared.slugs import LONGEST, PATTERN, slug_of, with_suffix
from write_side.catalog import refusals
from write_side.catalog.facts import HEAVIEST, NAME, TAX_CLASS, check_locales, check_text, checked
from write_side.moments import check_moments

DEEPEST = 12

Slug = Annotated[str, Meta(pattern=PATTERN, max_length=LONGEST)]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-27T18:00:00Z"])]
TaxClass = Annotated[str, Meta(pattern=TAX_CLASS, examples=["reduced"])]


class VariantInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "LAMP-RED", "ean": "4006381333931", "options": {"colour": "red"}, "weight_grams": 850}`.

    With a `tax_class` it is taxed otherwise than its product. `images`: which of the product's images show it, by their
    places, the first being 0.
    """

    sku: str
    ean: str | None = None
    name: str = ""
    options: dict[str, str] = {}
    weight_grams: Annotated[int, Meta(ge=0, le=HEAVIEST)] = 0
    tax_class: TaxClass | None = None
    images: list[Annotated[int, Meta(ge=0)]] = []


class ImageInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"url": "lamps/red.jpg", "alt": "front", "alts": {"de": "vorne"}}`: an address, or a path below the images."""

    url: str
    alt: str = ""
    alts: dict[str, str] = {}


class TranslationInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Schreibtischlampe"}`; what is left out is as in the next best language."""

    name: str = ""
    description: str = ""


class ProductInput(Struct, frozen=True, forbid_unknown_fields=True):
    """All that is said of a product. Without a slug it is made from the name (or stays what it was).

    `translations`: by locale (`de`, `de-AT`). Active, it is for sale from `publish_at` until `unpublish_at`, both whole
    minutes. `related`: products that go with it, the best first, by kinds such as `accessories`.
    """

    name: str
    variants: list[VariantInput]
    slug: Slug | None = None
    brand: str = ""
    description: str = ""
    product_type: str = ""
    status: Status = "active"
    category_id: UUID | None = None
    attributes: dict[str, AttributeValue] = {}
    images: list[ImageInput] = []
    external_ref: str | None = None
    tax_class: TaxClass = "standard"
    translations: dict[str, TranslationInput] = {}
    publish_at: Moment | None = None
    unpublish_at: Moment | None = None
    related: dict[str, list[UUID]] = {}


class CategoryTranslationInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Kopfhörer"}`; empty: it is called as in the next best language."""

    name: Annotated[str, Meta(max_length=200)]


class CategoryInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Headphones", "parent_id": null, "translations": {"de": {"name": "Kopfhörer"}}}`; without a slug it is
    made from the name (or stays what it was). `translations`: by locale (`de`, `de-AT`)."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    slug: Slug | None = None
    parent_id: UUID | None = None
    translations: dict[str, CategoryTranslationInput] = {}


class Product(Struct, frozen=True):
    """A product as it stands. `retired` are SKUs it no longer sells: they come back to it or to nobody."""

    id: UUID
    version: int
    facts: ProductFacts
    retired: dict[str, UUID] = {}

    def variant_ids(self) -> dict[str, UUID]:
        """SKU → variant id, of all the SKUs it ever sold."""
        return self.retired | {variant.sku: variant.variant_id for variant in self.facts.variants}


class Category(Struct, frozen=True):
    """A node of the tree."""

    id: UUID
    version: int
    parent_id: UUID | None
    slug: str
    name: str
    translations: dict[str, CategoryTranslation] = {}


def facts_of(given: ProductInput, slug: str, ids: Mapping[str, UUID]) -> ProductFacts:
    """Checked facts; `ids` has an id for each SKU. Raises the refusals of `facts`."""
    return checked(
        ProductFacts(
            slug=slug,
            name=given.name.strip(),
            brand=given.brand.strip(),
            description=given.description,
            product_type=given.product_type.strip(),
            status=given.status,
            category_id=given.category_id,
            attributes=given.attributes,
            images=[Image(image.url, image.alt, image.alts or UNSET) for image in given.images],
            variants=[_variant(ids[v.sku], v) for v in given.variants],
            external_ref=given.external_ref,
            tax_class=UNSET if given.tax_class == "standard" else given.tax_class,
            translations={locale: told for locale, told in _told(given.translations) if told != Translation()},
            publish_at=_in_utc(publish_at=given.publish_at),
            unpublish_at=_in_utc(unpublish_at=given.unpublish_at),
            related=given.related,
        )
    )


def _variant(id_: UUID, given: VariantInput) -> Variant:
    return Variant(
        id_, given.sku, given.ean, given.name, given.options, given.weight_grams or UNSET, given.tax_class or UNSET,
        given.images or UNSET,
    )  # fmt: skip


def _in_utc(**said: datetime | None) -> datetime | None:
    """A moment by the name of its field."""
    check_moments(**said)
    [moment] = said.values()
    return None if moment is None else moment.astimezone(UTC)


def _told(given: Mapping[str, TranslationInput]) -> Iterator[tuple[str, Translation]]:
    return ((locale, Translation(kept_name(said.name), said.description)) for locale, said in given.items())


def slug_candidates(name: str, first_sku: str) -> list[str]:
    """The slugs a product may get from its name, best first; the same whenever they are asked for again."""
    slug, hashed = slug_of(name), sha256(first_sku.encode()).hexdigest()[:10]
    return [slug, with_suffix(slug, first_sku), with_suffix(slug, hashed)]


def free_slug(candidates: Sequence[str], taken: Collection[str]) -> str:
    """The first candidate that no other product has; raises `SlugTaken` when all are."""
    free = next((slug for slug in candidates if slug not in taken), None)
    if free is None:
        raise refusals.SlugTaken(f"other products have {', '.join(candidates)}: give a slug", pointer="/slug")
    return free


def revise(product: Product, facts: ProductFacts) -> ProductRevised | None:
    """The event of changed facts, None if nothing changed."""
    return None if product.facts == facts else ProductRevised(product.id, facts)


def evolve_product(product: Product | None, version: int, event: ProductEvent) -> Product:
    """A product after an event; variants that the new facts leave out are retired."""
    if isinstance(event, ProductCreated):
        return Product(event.product_id, version, event.facts)
    assert product is not None, "a product's history begins with ProductCreated"
    sold = {variant.sku for variant in event.facts.variants}
    retired = {sku: id_ for sku, id_ in product.variant_ids().items() if sku not in sold}
    return Product(product.id, version, event.facts, retired)


def create_category(tree: Sequence[Category], given: CategoryInput, category_id: UUID) -> CategoryCreated:
    """The event of a new category; raises `SlugTaken`, `NoSuchCategory`, `CategoryTooDeep`."""
    slug = given.slug or slug_of(given.name)
    _check_category(tree, category_id, given, slug)
    return CategoryCreated(category_id, given.parent_id, slug, given.name.strip(), _called(given))


def revise_category(tree: Sequence[Category], category: Category, given: CategoryInput) -> CategoryRevised | None:
    """The event of a renamed, translated or moved category, None if nothing changed; raises `CategoryCycle` besides."""
    slug = given.slug or category.slug
    _check_category(tree, category.id, given, slug)
    event = CategoryRevised(category.id, given.parent_id, slug, given.name.strip(), _called(given))
    return None if evolve_category(category, category.version, event) == category else event


def _called(given: CategoryInput) -> dict[str, CategoryTranslation]:
    names = ((locale, kept_name(said.name)) for locale, said in given.translations.items())
    return {locale: CategoryTranslation(name) for locale, name in names if name}


def _check_names(given: CategoryInput) -> None:
    check_text(given.name, "/name", NAME)
    if is_blank(given.name):
        raise refusals.Blank("a category needs a name", pointer="/name")
    check_locales(given.translations, "/translations")
    for locale, said in given.translations.items():
        check_text(said.name, f"/translations/{escaped(locale)}/name", NAME)


def _check_category(tree: Sequence[Category], category_id: UUID, given: CategoryInput, slug: str) -> None:
    _check_names(given)
    if any(other.slug == slug and other.id != category_id for other in tree):
        raise refusals.SlugTaken(f"another category has the slug {slug}", pointer="/slug", slug=slug)
    by_id = {category.id: category for category in tree}
    height = _height(tree, category_id)
    above, depth = given.parent_id, height
    while above is not None:
        if above == category_id:
            raise refusals.CategoryCycle("a category can't lie below itself", pointer="/parent_id")
        if above not in by_id:
            raise refusals.NoSuchCategory(f"there is no category {above}", pointer="/parent_id")
        above, depth = by_id[above].parent_id, depth + 1
    if depth > DEEPEST:
        raise refusals.CategoryTooDeep(f"{depth} levels, {DEEPEST} at most", pointer="/parent_id", limit=DEEPEST)


def _height(tree: Sequence[Category], category_id: UUID) -> int:
    """How many levels a category with all that lies below it takes."""
    level, height = {category_id}, 1
    while level := {category.id for category in tree if category.parent_id in level}:
        height += 1
    return height


def evolve_category(category: Category | None, version: int, event: CategoryEvent) -> Category:
    """A category after an event: each says all of its facts."""
    return Category(event.category_id, version, event.parent_id, event.slug, event.name, event.translations)


def with_status(product: Product, status: Status) -> ProductFacts:
    """The same facts under another status."""
    return structs.replace(product.facts, status=status)


def path_slug(path: Sequence[str]) -> str:
    """The slug of the category at the end of a path of names: `Audio`, `Accessories` → `audio-accessories`."""
    joined = " ".join(path)
    slug = slug_of(joined)
    return slug if len(joined) < LONGEST // 2 else with_suffix(slug, sha256(joined.encode()).hexdigest()[:10])


def create_paths(
    tree: Sequence[Category], paths: Iterable[Sequence[str]], new_id: Callable[[], UUID]
) -> list[CategoryCreated]:
    """The events of the categories that paths of names lack, parents first; raises `CategoryTooDeep`, `Blank`."""
    ids = {category.slug: category.id for category in tree}
    made: list[CategoryCreated] = []
    for path in paths:
        parent: UUID | None = None
        if len(path) > DEEPEST:
            raise refusals.CategoryTooDeep(f"{len(path)} levels, {DEEPEST} at most", limit=DEEPEST)
        for depth in range(1, len(path) + 1):
            slug = path_slug(path[:depth])
            if slug not in ids:
                ids[slug] = new_id()
                made.append(CategoryCreated(ids[slug], parent, slug, path[depth - 1]))
            parent = ids[slug]
    return made
