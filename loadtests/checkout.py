"""From a full cart to a paid order, on the clock."""

import time

from loadtests.shopping import Person
from loadtests.timeline import Timeline

TIMELINE = Timeline()


def check_out(person: Person) -> None:
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
