"""Black Friday: `locust -f loadtests/black_friday.py --crowd peak`. The profile decides how many come when.

`--peak` shoppers at the height (`--users` is not asked). They browse and buy by RetailRocket's funnel; in the profile
`doorbuster` all of them want one thing, `--sku`, or else what came in last. Several generators: `--processes 4`.
"""

import random
import time
from typing import Any

from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests import funnel, shopping
from loadtests.shapes import Profiled
from loadtests.shopping import COUNTS, Person
from loadtests.timeline import MOST_SLICES, Timeline, answered_by, percentiles

__all__ = ["Browser", "Hurried", "Profiled"]

PROFILES = ("steady", "peak", "doorbuster", "outage", "projector", "deploy")
TIMELINE = Timeline()
_LOOKS = ("home", "category", "filters", "search", "search", "new_products")
_began = time.monotonic()


class Browser(Person):
    """Looks at products; some go into the cart, and of the carts some are bought."""

    @task
    def look(self) -> None:
        """A list or a search, then a product of it; perhaps the whole way."""
        browsing = self.visit.browsing
        if not browsing.seen or random.random() < 0.5:
            getattr(browsing, random.choice(_LOOKS))()
            self.wait()
        if not browsing.seen:
            browsing.home()
            return
        browsing.product()
        if funnel.adds(self.dice, self.environment.parsed_options.eagerness):
            self.wait()
            if self.visit.buying.add_to_cart() and funnel.purchases(self.dice):
                _check_out(self)

    def on_start(self) -> None:
        """With dice of one's own."""
        super().on_start()
        self.dice = random.Random()


class Hurried(Person):
    """No looking around: the offer of the day, a cart, an order, and a look at what became of it."""

    @task
    def buy(self) -> None:
        """The whole way, a page at a time."""
        browsing, sku = self.visit.browsing, self.environment.parsed_options.sku
        if sku:
            browsing.offer(sku)
        else:
            browsing.new_products()
            self.wait()
            browsing.product()
        self.wait()
        if self.visit.buying.add_to_cart():
            _check_out(self)


def _check_out(person: Person) -> None:
    """Cart, offer, order, payment, and back by the link. Its own time is told, thinking apart."""
    buying, thought = person.visit.buying, 0.0
    began = time.monotonic()
    for step in (buying.show_cart, buying.quote, buying.buy):
        before = time.monotonic()
        person.wait()
        thought += time.monotonic() - before
        if not step():
            return
    if buying.bought:
        TIMELINE.way("checkout", (time.monotonic() - began - thought) * 1000)
    buying.follow_link()


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """How many, for how long, and how they behave."""
    add = parser.add_argument
    add("--peak", type=int, default=100, help="Shoppers at the height")
    add("--rush-seconds", type=float, default=120, help="From the first shopper to the last")
    add("--crowd", choices=PROFILES, default="doorbuster", help="How many come when, and what they want")
    add("--sku", default="", help="What all want in the profile doorbuster")
    add("--eagerness", type=float, default=1, help="So many times as often as in an ordinary week they fill a cart")


@events.init.add_listener
def choose(environment: Environment, **_: Any) -> None:
    """Who comes, by the profile; how wide a slice of time is."""
    options = environment.parsed_options
    if options is None:
        return
    environment.user_classes = [Hurried] if options.crowd == "doorbuster" else [Browser]
    TIMELINE.width = max(1.0, options.rush_seconds / MOST_SLICES)
    COUNTS.watch = lambda what: TIMELINE.count(_at(), what)


@events.test_start.add_listener
def begin(**_: Any) -> None:
    """From here on."""
    global _began
    _began = time.monotonic()


@events.request.add_listener
def note(
    request_type: str, name: str, response_time: float, exception: BaseException | None = None, **_: Any
) -> None:
    """Every request that was answered, or was not."""
    if request_type == "CHECK":
        return
    TIMELINE.request(_at(), answered_by(name, request_type), response_time, failed=exception is not None)
    if name == "payment: complete" and exception is None:
        TIMELINE.way("payment confirmed", response_time)


def _at() -> float:
    return time.monotonic() - _began


@events.report_to_master.add_listener
def tell(data: dict[str, Any], **_: Any) -> None:
    """A generator of several tells the first what it saw."""
    data["timeline"] = TIMELINE.told()


@events.worker_report.add_listener
def hear(data: dict[str, Any], **_: Any) -> None:
    """And the first adds it up."""
    TIMELINE.add(data["timeline"])


@shopping.FURTHER.append
def further(environment: Environment) -> dict[str, Any]:
    """What the result holds besides."""
    return {
        "slices": TIMELINE.slices(),
        "sides": TIMELINE.sides(),
        "ways": {name: {"times": len(each), **percentiles(each)} for name, each in TIMELINE.ways.items()},
        "generators": getattr(environment.runner, "worker_count", 0) or 1,
    }


