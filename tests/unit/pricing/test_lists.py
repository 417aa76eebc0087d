"""Price lists: what is said of their prices."""

import pytest

from write_side.errors import Invalid
from write_side.pricing.domain import TierInput
from write_side.pricing.lists.domain import ListPriceInput, check_once


def test_a_sku_has_one_price_in_a_list() -> None:
    lamp, desk = (ListPriceInput(sku, [TierInput(1899)]) for sku in ("lamp", "desk"))
    check_once([lamp, desk])
    with pytest.raises(Invalid) as refused:
        check_once([lamp, desk, lamp])
    assert refused.value.facts["pointer"] == "/prices/2/sku"
