"""Shoppers for Locust: `locust -f loadtests/shopping.py`, with or without its web page. HTTP and JSON, nothing else.

Addresses come from options or from the environment (`--read-api`, READ_API_URL and so on); `make load` gives them.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.journeys.client import Client, Counts
from loadtests.journeys.visit import Visit

COUNTS = Counts()
FURTHER: list[Callable[[Environment], dict[str, Any]]] = []  # what others put into the result
THINK = (1.0, 10.0)  # seconds
_NEVER = "api.stripe.com"  # its test mode is no place for load


class Person(FastHttpUser):
    """Somebody who thinks for 1 to 10 seconds between two pages, unless --haste divides that."""

    abstract = True
    connection_timeout = 10.0
    network_timeout = 30.0
    _pause: float | None = None

    def on_start(self) -> None:
        """Comes in with nothing in hand."""
        options = self.environment.parsed_options
        self.shop = Client(self.client, str(self.host), options.write_api, options.stripe, COUNTS)
        self.visit = Visit(self.shop, options.staff_token)

    def pause(self, seconds: float) -> None:
        """Wait so long, whatever the haste; ends the shopper when the time is up."""
        self._pause = seconds
        self.wait()

    def wait_time(self) -> float:
        """Seconds until the next page."""
        pause, self._pause = self._pause, None
        return pause if pause is not None else random.uniform(*THINK) / float(self.environment.parsed_options.haste)


class Shopper(Person):
    """Browses and buys by TPC-W's Shopping mix."""

    @task
    def next_page(self) -> None:
        """One interaction."""
        self.visit.go_on()


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """Where the shop is, how long to warm up, where the figures go."""
    add = parser.add_argument
    add(
        "--read-api", env_var="READ_API_URL", default="http://127.0.0.1:8001", include_in_web_ui=False,
        help="The query API, unless --host says otherwise",
    )  # fmt: skip
    add("--write-api", env_var="WRITE_API_URL", default="http://127.0.0.1:8000", help="The command API")
    add("--stripe", env_var="STRIPE_API_BASE", default="http://127.0.0.1:12111", help="Where browsers confirm payments")
    add("--staff-token", env_var="STAFF_TOKEN", default="", is_secret=True, help="Of stock:read and stock:write")
    add("--haste", type=float, default=1, help="Divides think times: 1 is a person")
    add("--warm-up", type=float, default=0, help="Seconds after which all figures begin anew")
    add("--result", default="", help="A file for the figures, as JSON")


@events.init.add_listener
def know_the_shop(environment: Environment, **_: Any) -> None:
    """Locust wants one host: the query API, unless its own --host says otherwise."""
    options = environment.parsed_options
    if options is None:
        return
    environment.host = environment.host or options.read_api
    if urlsplit(options.stripe).hostname == _NEVER:
        raise SystemExit("load goes to the simulator of Stripe, never to Stripe")


@events.test_start.add_listener
def warm_up(environment: Environment, **_: Any) -> None:
    """Forget the figures of the warm-up."""
    options = environment.parsed_options
    if options is not None and options.warm_up:
        gevent.spawn_later(options.warm_up, _begin_anew, environment)


def _begin_anew(environment: Environment) -> None:
    environment.stats.reset_all()
    COUNTS.clear()


@events.quitting.add_listener
def write_result(environment: Environment, **_: Any) -> None:
    """Steps with their percentiles in milliseconds, what went wrong, what the business answered."""
    options = environment.parsed_options
    if options is None or not options.result or isinstance(environment.runner, WorkerRunner):
        return
    stats = environment.stats
    steps = [{"step": entry.name, **_figures(entry)} for entry in stats.entries.values()]
    result = {
        "seconds": round((stats.total.last_request_timestamp or 0.0) - stats.total.start_time, 1) if steps else 0.0,
        "total": _figures(stats.total),
        "steps": sorted(steps, key=lambda step: step["step"]),
        "errors": [
            {"step": error.name, "error": str(error.error), "times": error.occurrences}
            for error in stats.errors.values()
        ],
        "interactions": dict(COUNTS.interactions),
        "outcomes": dict(COUNTS.outcomes),
        "orders": COUNTS.orders,
        "paid": COUNTS.paid,
    }
    for more in FURTHER:
        result |= more(environment)
    Path(options.result).write_text(json.dumps(result))


@events.report_to_master.add_listener
def tell_counts(data: dict[str, Any], **_: Any) -> None:
    """One generator of several tells the first what it counted."""
    data["counts"] = COUNTS.told()


@events.worker_report.add_listener
def hear_counts(data: dict[str, Any], **_: Any) -> None:
    """And the first adds it up."""
    COUNTS.add(data["counts"])


def _figures(entry: Any) -> dict[str, Any]:
    percentiles = {f"p{n}": entry.get_response_time_percentile(n / 100) for n in (50, 95, 99)}
    return {"requests": entry.num_requests, "failures": entry.num_failures, **percentiles}
