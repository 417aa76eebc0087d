"""What can be sold can be put into a bundle, taken out of an order, sent, and taken back: whatever names a SKU takes
the longest that the catalog takes."""

from typing import Any

import msgspec
import pytest

from write_side.carts.domain import AddLine
from write_side.catalog.facts import SKU
from write_side.fulfilment.editing.domain import AddLines, EditOrder
from write_side.inventory import Demand
from write_side.inventory.bundles.domain import ComposeBundle
from write_side.returns.domain import NewReturn, ReceiveReturn

ONE = {"quantity": 1}
NAMING = [
    (AddLine, lambda sku: {"sku": sku} | ONE),
    (Demand, lambda sku: {"sku": sku} | ONE),
    (ComposeBundle, lambda sku: {"components": [{"sku": sku}]}),
    (EditOrder, lambda sku: {"lines": [{"sku": sku, "quantity": 0}]}),
    (AddLines, lambda sku: {"lines": [{"sku": sku} | ONE]}),
    (NewReturn, lambda sku: {"lines": [{"sku": sku} | ONE], "reason": "other"}),
    (ReceiveReturn, lambda sku: {"warehouse": "BER", "units": [{"sku": sku} | ONE]}),
]


@pytest.mark.parametrize(("command", "naming"), NAMING, ids=[command.__name__ for command, _ in NAMING])
def test_whatever_names_a_sku_takes_the_longest_there_is(command: type[Any], naming: Any) -> None:
    msgspec.convert(naming("s" * SKU), command)
    with pytest.raises(msgspec.ValidationError, match=f"length <= {SKU}"):
        msgspec.convert(naming("s" * (SKU + 1)), command)


@pytest.mark.parametrize("command", [EditOrder, ReceiveReturn])
def test_as_many_as_bundles_hold_can_be_edited_and_unpacked(command: type[Any]) -> None:
    many = [{"sku": "bulb", "quantity": 100 * 9_999}]
    said = {"lines": many} if command is EditOrder else {"warehouse": "BER", "units": many}
    msgspec.convert(said, command)
