"""How the same buyer is known again without being known: marks are keyed hashes of what was seen."""

import re
from hmac import digest
from ipaddress import ip_network
from typing import NamedTuple

from disposable_email_domains import blocklist
from msgspec import structs

from shared.documents.orders import Address
from shared.settings import Settings
from write_side.fraud.domain import Visit
from write_side.fraud.elsewhere import Wish

_WORD = re.compile(r"[^\W_]+")
LENGTH = 16  # hex digits: chance makes two of a thousand million the same once in a while, which hurts nobody


class Asker(NamedTuple):
    """By what a customer who asks is known again, as with a quote; nothing of staff, who ask for many customers."""

    device: str = ""
    client: str = ""


NOBODY = Asker()


def visit(secret: str, mail: str, address: Address, device: str, client: str) -> Visit:
    """By what whoever asks for a quote is known again. `device` is what their client calls itself, `client` whom
    `rates.whose` counts as one."""
    return Visit(
        marker(secret, "address", address_text(address)),
        marker(secret, "device", device),
        marker(secret, "network", network_text(client)),
        is_disposable(mail),
        marker(secret, "door", address_text(structs.replace(address, line2=""))),
    )


def visit_if_looked_at(
    settings: Settings, mail: str, address: Address, device: str, client: str
) -> Visit | None:
    """The same; None in a shop where nobody looks."""
    return None if settings.fraud_checks == "off" else visit(settings.master_key, mail, address, device, client)


def wish(secret: str, mail: str, before: Address, after: Address) -> Wish:
    """By what the place is known where a paid order is to go, and the one where it goes until then."""
    there, here = (visit(secret, mail, each, "", "") for each in (after, before))
    return Wish(there.address, there.door, here.door, there.disposable_mail, after.country)


def marker(secret: str, kind: str, text: str) -> str:
    """The mark of a text, empty for an empty one. Without the secret it tells nothing, not even by trying."""
    if not text:
        return ""
    key = digest(secret.encode(), b"fraud-marks", "sha256")
    return digest(key, f"{kind}\0{text}".encode(), "sha256").hex()[:LENGTH]


def address_text(address: Address) -> str:
    """Where it goes, without who lives there: "12, Hill Rd." and "hill rd 12" are one place."""
    words = sorted(_WORD.findall(f"{address.line1} {address.line2}".casefold()))
    return " ".join([*words, "".join(_WORD.findall(address.postal_code.casefold())), address.country])


def network_text(client: str) -> str:
    """Whom `rates.whose` counts as one client; empty for an address of our own, which says nothing of who is behind."""
    try:
        return client if ip_network(client.partition("%")[0]).network_address.is_global else ""  # `::/64` ends globally
    except ValueError:
        return ""


def is_disposable(mail: str) -> bool:
    """Whether it is of a provider of addresses for one time, as the list of `disposable-email-domains` has them."""
    return mail.rpartition("@")[2].casefold() in blocklist
