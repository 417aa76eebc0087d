"""What the command API's routes work with, opened once and handed to each route as one dependency.

One and not five: Litestar resolves several dependencies of a route in a task group, a task for each, at each request.
"""

from typing import NamedTuple, TypeAlias

from litestar.di import NamedDependency

from shared.settings import Settings
from write_side.accounts import Desk
from write_side.customers import Keyring
from write_side.database import Pool
from write_side.feed import Feed
from write_side.orders import Announcements, Outside, Placements
from write_side.payments import Providers


class Resources(NamedTuple):
    """The pool, the keys of persons, the providers of payments, where placements wait, the feed, the desk of
    accounts, who tells what shipping and taxes come to, and where webhooks wait that say nothing new."""

    settings: Settings
    pool: Pool
    keyring: Keyring
    providers: Providers
    placements: Placements
    feed: Feed
    accounts: Desk
    outside: Outside
    announcements: Announcements


Own: TypeAlias = NamedDependency[Resources]  # a route takes it as `own`
