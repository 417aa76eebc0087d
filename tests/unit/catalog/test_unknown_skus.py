"""Whoever names SKUs that nobody sells is told which, and where the first of them stands."""

import pytest

from write_side.catalog import UnknownSku, check_sold


def test_all_that_nobody_sells_is_named_and_the_place_of_the_first() -> None:
    named = {"/skus/0": "lamp", "/skus/1": "lmap", "/skus/2": "blub"}
    with pytest.raises(UnknownSku) as told:
        check_sold(named, ["lamp", "bulb"])
    assert told.value.detail == "nobody sells lmap, blub"
    assert told.value.facts == {"sku": "lmap", "skus": ["lmap", "blub"], "pointer": "/skus/1"}
    check_sold(named, named.values())


def test_what_stands_in_the_address_has_no_place_in_the_input() -> None:
    with pytest.raises(UnknownSku) as told:
        check_sold({"": "lmap"}, {})
    assert told.value.facts == {"sku": "lmap"}


def test_of_very_many_the_sentence_names_the_first() -> None:
    skus = [f"sku-{n}" for n in range(1000)]
    with pytest.raises(UnknownSku) as told:
        check_sold({f"/skus/{n}": sku for n, sku in enumerate(skus)}, [])
    assert told.value.detail == "nobody sells sku-0, sku-1, sku-2, sku-3, sku-4 and 995 more"
    assert told.value.facts["skus"] == skus
