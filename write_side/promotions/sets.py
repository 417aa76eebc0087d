"""Sets of products that promotions are for, pure: what staff say of them, checked. What of it there is comes in as an
argument."""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.promotions import BuyGet, Gift, PromotionTerms
from write_side.catalog import NoSuchCategory, SoldVariant
from write_side.errors import Invalid
from write_side.taxes import GIFT_CARD

Skus = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=1000)]


class EmptySet(Invalid):
    """A set of products names SKUs, or categories."""

    code = "empty_set"


class NeverMatches(Invalid):
    """Gift cards take no part in promotions: none is given away, and what is for them alone is for nothing."""

    code = "never_matches"


class ProductSetInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"skus": ["LAMP"], "categories": ["0198f0c0-0000-7000-8000-0000000000c1"]}`: these SKUs, and all that is in
    these categories or below them."""

    skus: Skus = []
    categories: Annotated[list[UUID], Meta(max_length=100)] = []


class Named(Protocol):
    """A set, as it was said or as it stands in terms."""

    @property
    def skus(self) -> list[str]: ...

    @property
    def categories(self) -> list[UUID]: ...


def check_said(products: ProductSetInput | None, pointer: str) -> None:
    """Raises `EmptySet`."""
    if products is not None and not products.skus and not products.categories:
        raise EmptySet("a set of products names SKUs, or categories", pointer=pointer)


def sets_of(terms: PromotionTerms) -> list[tuple[str, Named]]:
    """The sets that a promotion names, each with its place in the input."""
    if not isinstance(terms.off, BuyGet):
        return []
    named = (("/off/buy_of", terms.off.buy_of), ("/off/get_of", terms.off.get_of))
    return [(pointer, products) for pointer, products in named if products is not None]


def skus_of(terms: PromotionTerms) -> dict[str, str]:
    """All SKUs that a promotion names, by their places in the input."""
    lists = [("", terms.skus), *((pointer, products.skus) for pointer, products in sets_of(terms))]
    named = {f"{pointer}/skus/{n}": sku for pointer, skus in lists for n, sku in enumerate(skus)}
    return named | {"/off/sku": terms.off.sku} if isinstance(terms.off, Gift) else named


def by_category(all_terms: Iterable[PromotionTerms]) -> bool:
    """Whether one of them asks which categories SKUs are in."""
    return any(products.categories for terms in all_terms for _, products in sets_of(terms))


def check_there(
    products: Named, pointer: str, categories: Collection[UUID], sold: Mapping[str, SoldVariant]
) -> None:
    """Raises `NoSuchCategory` and `NeverMatches`; `categories` and `sold`: what there is of the named."""
    for n, category_id in enumerate(products.categories):
        if category_id not in categories:
            raise NoSuchCategory(f"there is no category {category_id}", pointer=f"{pointer}/categories/{n}")
    if not products.categories:
        check_goods(products.skus, pointer, sold)


def check_goods(skus: Iterable[str], pointer: str, sold: Mapping[str, SoldVariant]) -> None:
    """Raises `NeverMatches` where all of these SKUs, of which there are some, are gift cards."""
    if all(sku in sold and sold[sku].tax_class == GIFT_CARD for sku in skus):
        raise NeverMatches("promotions take nothing off gift cards, and give none away", pointer=pointer)
