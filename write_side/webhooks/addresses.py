"""Where webhooks may go, pure: to the internet, and to private networks that a setting names."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from write_side.errors import Invalid

LONGEST_URL = 2000
_PRINTABLE = re.compile(r"[!-~]+")
# IPv6 addresses that carry an IPv4 one, which is where a packet really ends: 6to4, NAT64, IPv4-compatible.
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))

# IANA's registries of special purpose. Not `is_global`: what that means changes with the version of Python.
_SPECIAL = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "2001::/23", "2001:db8::/32", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # of IPv6 nothing else is the internet

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class BrokenUrl(Invalid):
    """No address that webhooks could be sent to."""

    code = "broken_url"


class ForbiddenAddress(Invalid):
    """It lies in a private network that no setting allows, or would be sent in the clear through the internet."""

    code = "forbidden_address"


class Reach(NamedTuple):
    """What WEBHOOK_PRIVATE_NETWORKS allows beside the internet."""

    networks: tuple[Network, ...]

    @classmethod
    def of(cls, setting: str) -> "Reach":
        """Raises `ValueError` for what is no network."""
        return cls(tuple(ip_network(one.strip()) for one in setting.split(",") if one.strip()))

    def allows(self, text: str, *, secure: bool) -> bool:
        """Whether this very address may be connected to; in the clear only where the setting names it."""
        address = ip_address(text.partition("%")[0])
        end = _carried(address) or address
        if any(end.version == network.version and end in network for network in self.networks):
            return True
        return secure and _is_public(end)


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return not any(address.version == network.version and address in network for network in _SPECIAL)


def _carried(address: Address) -> IPv4Address | None:
    """The IPv4 address within an IPv6 one."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    if any(address in network for network in _TRANSLATED) and int(address) > 1:  # ::1 is itself
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def check_url(url: str, reach: Reach) -> None:
    """Raises `BrokenUrl`, or `ForbiddenAddress` where that can be told without asking anybody."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _broken("it is malformed") from None
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise _broken(f"an address has up to {LONGEST_URL} printable ASCII characters")
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise _broken("an address is https://host[:port]/…")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _broken("neither name and password nor a fragment belong into it")
    secure = parts.scheme == "https"
    if not secure and not reach.networks:
        raise _broken("webhooks go over https, but in private networks that a setting allows")
    if _is_address(host) and not reach.allows(host, secure=secure):
        raise ForbiddenAddress("webhooks are not sent to this address", pointer="/url")


def _broken(said: str) -> BrokenUrl:
    return BrokenUrl(said, pointer="/url")


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
