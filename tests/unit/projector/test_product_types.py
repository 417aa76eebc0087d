"""Product types as one document: what is in force stands in it, by name."""

from uuid import UUID

import msgspec

from projector.read_models import product_types
from shared.documents.product_types import THE_ONE, ProductType, ProductTypes
from shared.events.product_types import (
    Attribute,
    ProductTypeEvent,
    ProductTypeRemoved,
    ProductTypeSet,
    ProductTypeTranslation,
)
from shared.shards import PRODUCT_TYPES
from tests.unit.projector.events import recorded

LAMP, SHOE = UUID(int=1), UUID(int=2)
SIZE = Attribute("size", values=["S"])


def test_types_in_force_stand_by_name_with_their_last_attributes() -> None:
    history: list[ProductTypeEvent] = [
        ProductTypeSet(SHOE, "Shoe", [SIZE], {"de": ProductTypeTranslation("Schuh")}),
        ProductTypeSet(LAMP, "Lamp", []), ProductTypeSet(LAMP, "Light", [SIZE]),
        ProductTypeSet(UUID(int=3), "Gone", []), ProductTypeRemoved(UUID(int=3)),
    ]  # fmt: skip
    state = None
    for position, event in enumerate(history, 1):
        state = product_types.evolve(state, recorded(event, PRODUCT_TYPES, position), event)
    assert state is not None
    body = product_types.render(THE_ONE, state, {}).documents[THE_ONE]
    assert body is not None
    assert msgspec.json.decode(body, type=ProductTypes) == ProductTypes(
        [ProductType("Light", [SIZE]), ProductType("Shoe", [SIZE], {"de": "Schuh"})]
    )
    assert body.count(b'"names"') == 1, "what is called so in one language is written as it was"
