"""Kinds of attributes are kept for a minute; names that strangers make up must not cost anybody an answer."""

from typing import Any, cast

from read_side.product_types.queries import Declared, Types
from read_side.search.index import Index
from read_side.search.kinds import MOST_KEPT, TEXT, Kinds
from shared.documents.product_types import ProductTypes

NOTHING = {"doc_count": 0, "buckets": [], "sum_other_doc_count": 0}


class EmptyShop:
    """Answers as the index of a shop that has no product: what is kept beside it is what is tested here."""

    async def search(self, *, aggs: dict[str, Any], **_body: Any) -> dict[str, Any]:
        """Nothing, for each that is asked."""
        return {"aggregations": dict.fromkeys(aggs, NOTHING)}


class NothingDeclared:
    """No merchant has said what an attribute is."""

    async def declared(self) -> Declared:
        """None."""
        return Declared(ProductTypes([]))


async def test_what_is_known_is_still_told_when_too_many_made_up_names_are_dropped() -> None:
    kinds = Kinds(cast(Index, EmptyShop()), cast(Types, NothingDeclared()))
    await kinds.of([f"made up {n}" for n in range(MOST_KEPT)])
    await kinds.of(["Size"])
    assert await kinds.of(["Size", "Material"]) == {"Size": TEXT, "Material": TEXT}
