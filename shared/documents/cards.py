"""What lists show of a product, apart from the document: Elasticsearch hands out a few hundred bytes as they lie there
instead of unpacking and picking from all that a product says."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from shared.documents.stock import Availability

CARD = "card"
FIELDS = ["slug", "skus", "name", "brand", "product_type", "image", "availability", "category_id", "names", "times"]


class Card(Struct, frozen=True, array_like=True):
    """The fields of a `SearchedProduct` that it is called by, as JSON has them; of its SKUs the first.

    Images and times stay what they are: most searches look at few of them.
    """

    slug: str
    sku: str | None
    name: str
    brand: str
    product_type: str
    image: Any
    availability: Availability
    category_id: str | None
    prices: dict[str, int]
    names: dict[str, str] = {}
    times: list[Any] = []


_decoder = msgspec.json.Decoder(Card)


def packed(card: Card) -> bytes:
    """As it lies in the index."""
    return msgspec.json.encode(card)


def unpacked(stored: bytes) -> Card:
    """What `packed` made."""
    return _decoder.decode(stored)


def card_of(document: Mapping[str, Any]) -> Card:
    """Out of the document itself, or as much of it as has these fields."""
    return Card(
        slug=document["slug"],
        sku=next(iter(document["skus"]), None),
        name=document["name"],
        brand=document["brand"],
        product_type=document["product_type"],
        image=document.get("image"),
        availability=document["availability"],
        category_id=document.get("category_id"),
        prices=document.get("prices", {}),
        names=document.get("names", {}),
        times=document.get("times", []),
    )
