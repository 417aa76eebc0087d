"""A shopper's visit: the next interaction follows from the last one, by TPC-W's Shopping mix."""

import random
from collections.abc import Callable

from loadtests import mix
from loadtests.journeys.browsing import Browsing
from loadtests.journeys.buying import Buying
from loadtests.journeys.client import Client
from loadtests.journeys.staff import Staff

LEAVES = 0.02  # so often a shopper goes home after a page, and a new one comes in: what lies in the cart is abandoned


class Visit:
    """What one shopper knows and does."""

    def __init__(self, client: Client, staff_token: str) -> None:
        self._client, self._staff_token = client, staff_token
        self._come_in()

    def _come_in(self) -> None:
        self.browsing = Browsing(self._client)
        self.buying = Buying(self._client, self.browsing)
        staff = Staff(self._client, self.browsing, self._staff_token)
        self._last = mix.HOME
        self._steps: dict[str, Callable[[], bool]] = {
            mix.HOME: self.browsing.home,
            mix.NEW_PRODUCTS: self.browsing.new_products,
            mix.BEST_SELLERS: self.browsing.category,
            mix.PRODUCT_DETAIL: self.browsing.product,
            mix.SEARCH_REQUEST: self.browsing.filters,
            mix.SEARCH_RESULTS: self.browsing.search,
            mix.SHOPPING_CART: self.buying.add_to_cart,
            mix.REGISTRATION: self.buying.show_cart,
            mix.BUY_REQUEST: self.buying.quote,
            mix.BUY_CONFIRM: self.buying.buy,
            mix.ORDER_INQUIRY: self.buying.follow_link,
            mix.ORDER_DISPLAY: self.buying.order_status,
            mix.ADMIN_REQUEST: staff.look_at_stock,
            mix.ADMIN_CONFIRM: staff.restock,
        }

    def go_on(self) -> None:
        """One interaction. What can't be done yet (no order to ask for, nothing seen to buy) becomes a look around."""
        step = _next(self._last)
        if step == mix.HOME and random.random() < LEAVES:
            self._come_in()
        if not self._steps[step]():
            step = mix.HOME if not self.browsing.seen else mix.SEARCH_REQUEST
            self._steps[step]()
        self._client.interactions[step] += 1
        self._last = step


def _next(last: str) -> str:
    follower, share = mix.NEXT.get(last, ("", 0.0))
    if random.random() < share:
        return follower
    return random.choices(list(mix.ENTRIES), list(mix.ENTRIES.values()))[0]
