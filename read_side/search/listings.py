"""What a listing is of: a category, a brand, a promotion or a sale. All else is asked and answered as in a search."""

from typing import Literal, NamedTuple


class Listing(NamedTuple):
    """A part of the catalog, by the name that its address has."""

    kind: Literal["category", "brand", "promotion", "sale"]
    name: str

    @property
    def mark(self) -> str:
        """Tells it from all other listings; no slug has a slash."""
        return f"{self.kind}/{self.name}"

    @property
    def category(self) -> str | None:
        """The slug of the category that it is of."""
        return self.name if self.kind == "category" else None


def of_category(slug: str) -> Listing:
    """A category and all below it."""
    return Listing("category", slug)


def of_brand(slug: str) -> Listing:
    """A brand, however it is spelt."""
    return Listing("brand", slug)


def of_promotion(promotion_id: str) -> Listing:
    """What a promotion in force is for."""
    return Listing("promotion", promotion_id)


def of_sale(sale_id: str) -> Listing:
    """The products of a doorbuster sale."""
    return Listing("sale", sale_id)
