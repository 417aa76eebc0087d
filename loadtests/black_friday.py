"""Black Friday: `locust -f loadtests/black_friday.py --crowd peak`. The profile decides how many come when.

`--peak` shoppers at the height (`--users` is not asked). They browse and buy by RetailRocket's funnel; in the profile
`doorbuster` all of them want one thing, `--sku`, or else what came in last; in `waiting-room` it is sold by turns.
Several generators: `--processes 4`.
"""

import random
import time
from typing import Any

import gevent
from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner

from loadtests import funnel, lateness, shopping, steps, waiting_room
from loadtests.checkout import TIMELINE, check_out
from loadtests.shapes import Profiled
from loadtests.shopping import COUNTS, Person
from loadtests.timeline import MOST_SLICES, answered_by, percentiles
from loadtests.waiting_room import Queuer

__all__ = ["Browser", "Hurried", "Profiled", "Queuer"]

PROFILES = ("steady", "peak", "doorbuster", "waiting-room", "outage", "projector", "deploy")
_LOOKS = ("home", "category", "filters", "search", "search", "new_products")
_began, _began_at = time.monotonic(), time.time()
_places: list[dict[str, Any]] = []  # of the other generators' shoppers


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
                check_out(self)

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
            check_out(self)


_CROWDS: dict[str, type[Person]] = {"doorbuster": Hurried, "waiting-room": Queuer}


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """How many, for how long, and how they behave."""
    add = parser.add_argument
    add("--peak", type=int, default=100, help="Shoppers at the height")
    add("--rush-seconds", type=float, default=120, help="From the first shopper to the last")
    add("--crowd", choices=PROFILES, default="doorbuster", help="How many come when, and what they want")
    add("--sku", default="", help="What all want in the profiles doorbuster and waiting-room")
    add("--eagerness", type=float, default=1, help="So many times as often as in an ordinary week they fill a cart")


@events.init.add_listener
def choose(environment: Environment, **_: Any) -> None:
    """Who comes, by the profile: each generator has to be told it."""
    options = environment.parsed_options
    if options is None:
        return
    environment.user_classes = [_CROWDS.get(options.crowd, Browser)]
    COUNTS.watch = lambda what: TIMELINE.count(_at(), what)


@events.test_start.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """From here on, in slices as wide as the first generator's: by now its options are everybody's."""
    global _began, _began_at
    _began, _began_at = time.monotonic(), time.time()
    if environment.parsed_options is not None:
        TIMELINE.width = max(1.0, environment.parsed_options.rush_seconds / MOST_SLICES)
    if not isinstance(environment.runner, MasterRunner):  # which has no shoppers
        gevent.spawn(lateness.watch, TIMELINE)


@events.request.add_listener
def note(
    request_type: str, name: str, response_time: float, exception: BaseException | None = None, **_: Any
) -> None:
    """Every request that was answered, or was not."""
    if request_type == "CHECK":
        return
    TIMELINE.request(_at(), answered_by(name, request_type), response_time, failed=exception is not None)
    if name == steps.ASK and exception is None:
        TIMELINE.count(_at(), "asked for their turn")


def _at() -> float:
    return time.monotonic() - _began


@events.report_to_master.add_listener
def tell(data: dict[str, Any], **_: Any) -> None:
    """A generator of several tells the first what it saw."""
    data["timeline"], data["places"] = TIMELINE.told(), waiting_room.told()


@events.worker_report.add_listener
def hear(data: dict[str, Any], **_: Any) -> None:
    """And the first adds it up."""
    TIMELINE.add(data["timeline"])
    _places.extend(data["places"])


@shopping.FURTHER.append
def further(environment: Environment) -> dict[str, Any]:
    """What the result holds besides."""
    return {
        "slices": TIMELINE.slices(),
        "sides": TIMELINE.sides(),
        "ways": {name: {"times": len(each), **percentiles(each)} for name, each in TIMELINE.ways.items()},
        "began_at": _began_at,
        "places": [*_places, *waiting_room.told()],
        "generators": environment.parsed_options.expect_workers if environment.parsed_options else 1,
    }


