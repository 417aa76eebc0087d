"""The product read models: the page (Redis) and the search document (Elasticsearch)."""

from datetime import datetime
from typing import Annotated
from unicodedata import category, normalize
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, structs

from shared.documents.cards import card_of, packed
from shared.documents.images import ShownImage
from shared.documents.prices import ShownPrice, VariantTimes
from shared.documents.stock import Availability
from shared.documents.told import MINOR, told
from shared.events.catalog import AttributeValue, Image
from shared.events.inventory import BundleComponent
from shared.locales import Locales, best

PAGE = "product_page"  # Redis: `doc:<product id>` is a ProductPage, `doc:<product id>:<locale>` one; by slug, sku, ean
SEARCH = "products"  # Elasticsearch: a SearchedProduct per product
TREE = "category_tree"  # Redis: `doc:tree` is a CategoryTree
LOCALE = "locale"  # the context of completions in other languages
LONGEST_CHOICE = 1024  # characters of an attribute's value that facets count and filters find
NEITHER = ""  # what a searched variant has on an axis that only its siblings have: no choice finds it


class PageVariant(Struct, frozen=True):
    id: UUID
    sku: str
    ean: str | None
    name: str
    options: dict[str, str]
    prices: list[ShownPrice]  # one per currency
    availability: Availability
    images: list[int] = []  # places of the page's images that show it; none: all of them do
    components: list[BundleComponent] = []  # what is in one of it, if it is a bundle


class AxisValue(Struct, frozen=True):
    """What may be chosen, and which SKU one gets by it. `exact`: on all other axes as the one that is chosen now."""

    value: str
    sku: str
    availability: Availability
    exact: bool


class Axis(Struct, frozen=True):
    """In what variants differ."""

    name: str
    values: list[AxisValue]


class ProductPage(Struct, frozen=True):
    """Everything a product page shows. The category's name is looked up in the tree: it is not this product's fact."""

    id: UUID
    slug: str
    name: str
    brand: str
    description: str
    product_type: str
    category_id: UUID | None
    attributes: dict[str, AttributeValue]
    images: list[ShownImage]
    variants: list[PageVariant]
    locale: str | None = None  # the language of name and description; null: the shop's own
    publish_at: datetime | UnsetType = UNSET  # before, there is no such page
    unpublish_at: datetime | UnsetType = UNSET  # from then on, neither
    axes: list[Axis] | UnsetType = UNSET  # of a page of one variant: what else there is
    timed: bool = False  # it or its prices depend on the time or the channel, or changed lately: see `times_id`


def page_id(product_id: object, locale: str) -> str:
    """The id of a page in another language."""
    return f"{product_id}:{locale}"


def times_id(product_id: object) -> str:
    """The id of a `PriceTimes`, which pages that are `timed` have beside them. No locale is called so."""
    return f"{product_id}:prices"


def related_id(product_id: object) -> str:
    """The id of a `Related`, which products have that a merchant put others beside."""
    return f"{product_id}:related"


class Related(Struct, frozen=True):
    """Kind → products, the best first, whether they are for sale or not."""

    products: dict[str, list[UUID]]


class Completion(Struct, frozen=True, omit_defaults=True):
    """What a shopper may begin to type for a product; a heavier one stands first."""

    input: list[str]
    weight: int
    contexts: dict[str, list[str]] = {}  # of a name in another language: LOCALE → the language alone


class SearchedVariant(Struct, frozen=True):
    """A variant, where a product has several that are told apart by options."""

    sku: Annotated[str, told("what it is ordered by", since="v13")]
    facets: Annotated[dict[str, list[str]], told("axis → its value; empty: it has none on it", since="v13")]
    numbers: Annotated[dict[str, list[str]], told("axes that are quantities → sortable numbers", since="v13")]
    steps: Annotated[dict[str, list[str]], told("the same → the step that each falls into", since="v13")]
    availability: Annotated[Availability, told("its own", since="v13")]
    prices: Annotated[dict[str, int], told("currency → its own price, tax excluded, unsearched", MINOR, since="v13")]
    image: Annotated[Image | None, told("what shows it, unsearched; null: what shows its product", since="v13")] = None


class SearchedProduct(Struct, frozen=True):
    """A product as searches find it. `facets` is flattened: attribute key → keyword values.

    `numbers` and `steps` are the same attributes where they are quantities: `shared.documents.quantities`.
    """

    product_id: Annotated[UUID, told("the product; ids sort by age")]
    slug: Annotated[str, told("its name in addresses")]
    name: Annotated[str, told("its name")]
    brand: Annotated[str, told("who makes it")]
    description: Annotated[str, told("what is said of it, without markup")]
    product_type: Annotated[str, told("what kind of thing it is, in the merchant's words")]
    kinds: Annotated[list[str], told("words that say what kind of thing it is")]
    category_id: Annotated[UUID | None, told("where it stands in the shop")]
    attributes_text: Annotated[str, told("its attributes as words that a search finds")]
    facets: Annotated[dict[str, list[str]], told("attribute → its values")]
    numbers: Annotated[dict[str, list[str]], told("attributes that are quantities → sortable numbers", since="v3")]
    steps: Annotated[dict[str, list[str]], told("the same → the step of a filter that each falls into", since="v3")]
    completion: Annotated[
        Completion | None, told("what may be typed to find it; null: nobody finds it", since="v3")
    ]
    image: Annotated[Image | None, told("its first image, unsearched", since="v9")]
    skus: Annotated[list[str], told("its variants")]
    eans: Annotated[list[str], told("their EANs")]
    prices: Annotated[dict[str, int], told("currency → lowest price of its variants, tax excluded", MINOR)]
    availability: Annotated[Availability, told("the best of its variants")]
    listed: Annotated[bool, told("active: drafts and archived products are not found")]
    deleted: Annotated[bool, told("always false: products are archived")]
    position: Annotated[int, told("of the last event in it, in the log")]
    names: Annotated[dict[str, str], told("locale → its name there", since="v5")] = {}
    translated: Annotated[str, told("what it is called and said to be in other languages", since="v5")] = ""
    times: Annotated[list[VariantTimes], told("when prices of its variants change, unsearched", since="v6")] = []
    price_lists: Annotated[list[str], told("price lists that ask something for a variant", since="v12")] = []
    gift_card: Annotated[bool, told("one of its variants is: promotions take nothing off it", since="v12")] = False
    only_gift_cards: Annotated[bool, told("all of its variants are: no promotion is of it", since="v16")] = False
    publish_at: Annotated[datetime | None, told("when a listed one comes, if not at once", since="v7")] = None
    unpublish_at: Annotated[datetime | None, told("when it goes, if ever", since="v7")] = None
    axes: Annotated[list[str], told("what its variants are told apart by, if it has several", since="v13")] = []
    variants: Annotated[list[SearchedVariant], told("they one by one, where it has axes", since="v13")] = []
    released_at: Annotated[datetime | None, told("publish_at, else when it was made", "UTC", since="v14")] = None
    completions: Annotated[
        list[Completion], told("what may be typed to find it by its names in other languages", since="v15")
    ] = []
    called: Annotated[list[str], told("the words of these names, each behind its language", since="v15")] = []
    card: Annotated[bytes, told("what lists show of it, packed and unsearched", since="v11")] = b""


def words_of(name: str) -> list[str]:
    """The words of a name, or of what is typed of it, as `SearchedProduct.called` has them.

    Marks belong to their letters: of a word in Hindi or Thai only letters would be left without them.
    """
    folded = normalize("NFKC", name.casefold()).replace(_DOTTED, "i")
    return list(dict.fromkeys("".join(one if _is_said(one) else " " for one in folded).split()))


_DOTTED = "i\u0307"  # what an İ is, folded


def _is_said(character: str) -> bool:
    return character.isalnum() or character == "_" or category(character).startswith("M")


def called_in(locale: str, word: str) -> str:
    """A word of a name in a language, as `SearchedProduct.called` has it."""
    return f"{locale} {word}"


def with_card(product: SearchedProduct) -> SearchedProduct:
    """The same, its card filled in."""
    return structs.replace(product, card=packed(card_of(structs.asdict(product))))


class Category(Struct, frozen=True, omit_defaults=True):
    id: UUID
    parent_id: UUID | None
    slug: str
    name: str
    names: dict[str, str] = {}  # locale → what it is called there, if it is called otherwise

    def called(self, locales: Locales) -> str:
        """Its name in the best of these languages, else in the shop's own."""
        return best(self.names, locales, self.name) if locales else self.name


class CategoryTree(Struct, frozen=True):
    """All categories in one document, parents before children."""

    categories: list[Category]
