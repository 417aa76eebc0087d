"""A shopper's visit: the next interaction follows from the last one, by TPC-W's Shopping mix."""

from collections.abc import Callable
from random import Random

from loadtests import mix
from loadtests.answers import Json
from loadtests.journeys.browsing import Browsing
from loadtests.journeys.buying import Buying
from loadtests.journeys.client import Client
from loadtests.journeys.staff import Staff

LEAVES = 0.02  # so often a shopper goes home and comes back another day: the cart is abandoned, orders are remembered


class Visit:
    """What one shopper knows and does."""

    def __init__(self, client: Client, staff_token: str) -> None:
        self._client, self._staff_token, self._dice = client, staff_token, Random()
        self._orders: list[Json] = []
        self._last = mix.HOME
        self._come_in()

    def _come_in(self) -> None:
        self.browsing = Browsing(self._client)
        self.buying = Buying(self._client, self.browsing, self._orders)
        staff = Staff(self._client, self.browsing, self._staff_token)
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
        step = mix.next_after(self._last, self._dice)
        if step in mix.ENTRIES and self._dice.random() < LEAVES:
            self._come_in()
        if not self._steps[step]():
            step = mix.HOME if not self.browsing.seen else mix.SEARCH_REQUEST
            self._steps[step]()
        self._client.interactions[step] += 1
        self._last = step
