"""Real servers without Docker: Postgres, Valkey, Elasticsearch, a mail sink, simulators of Stripe and of a carrier, for
any account."""

from collections.abc import Callable

from msgspec import Struct

from doorbuster.home import Home
from doorbuster.native.elasticsearch import elasticsearch
from doorbuster.native.postgres import postgres
from doorbuster.native.simulators import carrier_simulator, mail_page, mail_sink, stripe_simulator
from doorbuster.native.valkey import valkey
from doorbuster.processes import Program

__all__ = ["SERVERS", "Home", "Server", "mail_page", "probe_of"]


class Server(Struct, frozen=True):
    """A kind of server: the variable that names it to its users, and the program that is one."""

    variable: str
    program: Callable[[Home, bool], Program]  # (home, durable: not just for a run of tests)


def probe_of(server: Server, address: str) -> str:
    """The URL that tells whether a server at this address is healthy."""
    over_http = server.variable in ("STRIPE_API_BASE", "CARRIER_URL")
    return f"{address.rstrip('/')}/health/live" if over_http else address


SERVERS = {
    "postgres": Server("DATABASE_URL", lambda home, durable: postgres(home, "postgres", durable=durable)),
    "keyring": Server("KEYRING_URL", lambda home, durable: postgres(home, "keyring", durable=durable)),
    "valkey": Server("REDIS_URL", lambda home, _: valkey(home)),
    "mail": Server("SMTP_URL", lambda home, _: mail_sink(home)),
    "stripe": Server("STRIPE_API_BASE", lambda home, _: stripe_simulator(home)),
    "carrier": Server("CARRIER_URL", lambda home, _: carrier_simulator(home)),
    "elasticsearch": Server("ELASTICSEARCH_URL", lambda home, durable: elasticsearch(home, durable=durable)),
}
