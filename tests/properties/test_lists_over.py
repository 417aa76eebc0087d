"""What a product's document lets go of price lists that have been over for long is what no page tells."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from projector.read_models import product
from shared.documents.prices import TOLD
from shared.events.pricing import PriceListTerms
from tests.properties.test_shown_prices import LISTS, Both
from tests.properties.values import BOUNDED

_amounts = st.integers(1, 5).map(lambda n: n * 100)
_soon, _gaps = st.sampled_from([0, 0, 10]), st.sampled_from([1, 5, 12, 25, 200])
_in_sales = st.one_of(
    st.tuples(st.just("set"), st.just("EUR"), _amounts),
    st.tuples(st.just("listed"), st.sampled_from(LISTS), st.none(), st.just(1)),
    st.tuples(st.just("sale"), st.sampled_from(LISTS), _amounts, _soon, st.integers(1, 90), st.integers(1, 2)),
    st.tuples(st.just("ended"), st.sampled_from(LISTS)),
)


def _say_of_a_sale(both: Both, said: tuple[Any, ...]) -> None:
    match said:
        case ("sale", list_id, amount, begins_in, lasts, priority):
            begins = both.now + timedelta(days=begins_in)
            ends = begins + timedelta(days=lasts)
            both.say(("terms", list_id, PriceListTerms("a sale", "EUR", [], [], begins, ends, priority)))
            both.say(("listed", list_id, amount, 1))
        case ("ended", list_id):
            both.say(("terms", list_id, None))
        case _:
            both.say(said)


@BOUNDED
@given(st.lists(st.tuples(_in_sales, _gaps), min_size=4, max_size=14))
def test_what_is_forgotten_of_lists_that_are_over_changes_nothing_that_a_page_tells(
    history: list[tuple[tuple[Any, ...], int]],
) -> None:
    """What the price was lowered from among it."""
    forgets, keeps = Both(), Both()
    for said, days in history:
        for list_id in LISTS:
            forgets.say(("forgotten", list_id, TOLD))
        _say_of_a_sale(forgets, said)
        with patch.object(product, "still_told", lambda lists, _: lists):
            _say_of_a_sale(keeps, said)
        for passed in (0, days / 3, days / 3, days / 3):
            for both in (forgets, keeps):
                both.now += timedelta(days=passed)
                both.decided = both.now
            assert forgets.on_the_page("web") == keeps.on_the_page("web")
