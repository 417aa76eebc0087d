"""How a customer is reached, pure: what a usable mail address looks like, and what is said of a postal one."""

import re
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.documents.orders import Address
from write_side.errors import Invalid

LONGEST_MAIL = 254
LONGEST_FIELD = 200

# What HTML's mail input takes, with a dot in the domain: no spaces, quotes, brackets or line breaks get into a header.
MAIL_PATTERN = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_MAIL = re.compile(MAIL_PATTERN)


class BrokenMail(Invalid):
    """Not a mail address."""

    code = "broken_mail"


class BrokenAddress(Invalid):
    """No parcel could be brought there; `errors` names each field that is wrong with a code of its own."""

    code = "broken_address"


class AddressInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Ada Example", "line1": "Hill Road 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}`.

    What a country's addresses have no use for may be empty; which need a region, their post says (docs/shipping.md).
    """

    name: str
    line1: str
    city: str
    postal_code: str
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2")]
    line2: str = ""
    region: str = ""
    gift_card_mail: Annotated[str, Meta(description="Whom gift cards are mailed to, if not to the buyer.")] = ""
    vat_id: Annotated[str, Meta(description="Of a business in the European Union: DE136695976.")] = ""


class Contact(Struct, frozen=True):
    """Mail and address as the customer gave them. Never in a log line, an event or a row."""

    mail: str
    address: Address

    def __repr__(self) -> str:
        return "Contact(…)"  # not even by accident


class SealedContact(Struct, frozen=True):
    """The same as it stands in events and rows; each seal is another ciphertext, so it is made once."""

    person_id: UUID
    mail: str
    address: str


def is_usable_mail(mail: str) -> bool:
    """Whether it could be written to."""
    return len(mail) <= LONGEST_MAIL and _MAIL.fullmatch(mail) is not None


def usable_mail(mail: str) -> str:
    """A mail address without the spaces around it; raises `BrokenMail`."""
    trimmed = mail.strip()
    if not is_usable_mail(trimmed):
        raise BrokenMail("this is no mail address that could be written to", pointer="/mail")
    return trimmed
