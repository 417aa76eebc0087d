"""The doors open: `locust -f loadtests/black_friday.py`. A calm before, a crowd at once, an ebb; everybody buys.

`--peak` shoppers at the height (the shape decides, `--users` is not asked). All want what came in last.
"""

from locust import events, task
from locust.argument_parser import LocustArgumentParser

from loadtests.shapes import DoorsOpen
from loadtests.shopping import Person

__all__ = ["DoorsOpen", "Hurried"]


class Hurried(Person):
    """No looking around: the newest products, a cart, an offer, an order, and a look at what became of it."""

    @task
    def buy(self) -> None:
        """The whole way, a page at a time."""
        browsing, buying = self.visit.browsing, self.visit.buying
        browsing.new_products()
        for step in (browsing.product, buying.add_to_cart, buying.show_cart, buying.quote, buying.buy):
            self.wait()
            if not step():
                return
        buying.follow_link()


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """How many, and for how long."""
    parser.add_argument("--peak", type=int, default=100, help="Shoppers at the height")
    parser.add_argument("--rush-seconds", type=float, default=120, help="From the first shopper to the last")
