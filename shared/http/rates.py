"""So many requests a second from one client, and a few at once: a bucket that fills again for each address."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from math import ceil

from litestar.types import HTTPScope

BURST = 5.0  # seconds' worth that may come at once
MOST_CLIENTS = 100_000  # remembered; whoever was longest away is forgotten first
# There are proxies that tell the connection's port, too: another one each time, which would make nobody the same twice.
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]+")
_IN_BRACKETS = re.compile(r"\[([^]]+)\](?::[0-9]+)?")


class Rates:
    """Of one process: with several, a client has as much at each. 0 a second: nobody is counted."""

    def __init__(self, per_second: int, address_header: str = "", now: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._now = per_second, now
        self._header = address_header.lower().encode()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client → what was left, and when

    def wait(self, scope: HTTPScope, takes: int = 1) -> int:
        """Seconds until this client may ask again; 0: now, and it is counted, unless it `takes` nothing."""
        return self.of(whose(client_of(scope, self._header)), takes) if self._per_second else 0

    def apart(self) -> "Rates":
        """Another count, by the same rule."""
        return Rates(self._per_second, self._header.decode(), self._now)

    def of(self, client: str, takes: int = 1) -> int:
        """The same, by the client's address, for one request, or none."""
        now, most = self._now(), self._per_second * BURST
        left, since = self._buckets.pop(client, (most, now))
        left = min(most, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[client] = (left - takes * allowed, now)  # at the end: it came last
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, ceil((1 - left) / self._per_second))


def client_of(scope: HTTPScope, address_header: bytes) -> str:
    """The address that our own proxy saw, and puts last into this header; without a proxy that of the connection.

    There are proxies that add a line of their own behind the client's: of several, too, only the last is theirs.
    """
    told = [value for name, value in scope["headers"] if name == address_header] if address_header else []
    if told and told[-1]:
        return told[-1].decode("latin-1").rpartition(",")[2].strip()
    return scope["client"][0] if scope["client"] else ""


def whose(address: str) -> str:
    """Who is counted as one: an address, or of IPv6 the /64 that a client is given and may change addresses within.

    Without its port. An IPv4 address in IPv6's clothes, as sockets for both spell it, is the IPv4 address: all of these
    share a /64.
    """
    if ":" not in address:
        return address
    found = _WITH_PORT.fullmatch(address) or _IN_BRACKETS.fullmatch(address)
    return _counted_as(found[1] if found else address) or address


def _counted_as(address: str) -> str:
    """The same of an address alone; empty for what is none: a header may hold anything."""
    try:
        plain = address.partition("%")[0]
        if ":" not in plain:
            return str(IPv4Address(plain))
        return str(IPv6Address(plain).ipv4_mapped or IPv6Network((plain, 64), strict=False))
    except ValueError:
        return ""
