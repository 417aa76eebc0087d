"""Recommendations in Redis: what the recommender writes and the query API reads.

`recommendations:v1:near:<product id>`     `Near`: what is bought with it, the closest first
`recommendations:v1:popular:<category id>` and `…:popular:all`  a list of product ids, the most bought first
`recommendations:v1:made`                  `Made`: written last; without it nothing is known yet
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

SLOT = "recommendations:v1"
MADE = f"{SLOT}:made"
EVERYWHERE = "all"


class Neighbour(Struct, frozen=True, array_like=True):
    """A product that is bought together with another one; 0 < closeness ≤ 1."""

    product_id: UUID
    closeness: float


class Near(Struct, frozen=True):
    """What is bought with a product, and its category: where to look further."""

    category_id: UUID | None
    neighbours: list[Neighbour]


class Made(Struct, frozen=True):
    """From how many paid orders it was made, and of which store."""

    at: datetime
    orders: int
    store: str


def near_key(product_id: UUID | str) -> str:
    """Where the neighbours of a product lie."""
    return f"{SLOT}:near:{product_id}"


def popular_key(category_id: UUID | str) -> str:
    """Where the most bought of a category lie; `EVERYWHERE` for the whole shop."""
    return f"{SLOT}:popular:{category_id}"
