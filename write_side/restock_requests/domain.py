"""Requests to be told, pure: who may wait for what, and what each event makes of a request."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import BundleComponent
from shared.events.restock_requests import RequesterMailRefused, RequesterTold, RestockRequested, RestockRequestEvent
from shared.names import visible
from write_side.errors import Refusal
from write_side.notifications import Voice, addressed

MOST_WAITING = 50  # SKUs that one mailbox waits for

Mail = Annotated[str, Meta(min_length=1, max_length=254, description="where to write to, once")]
Sku = Annotated[str, Meta(min_length=1, max_length=100)]


class InStock(Refusal):
    """There is nothing to wait for: it can be had now."""

    code = "in_stock"


class MadeOfOthers(Refusal):
    """A bundle has no stock of its own that could come in: what is in it can be waited for."""

    code = "made_of_others"


class TooManyRestockRequests(Refusal):
    """So many SKUs nobody waits for."""

    code = "too_many_restock_requests"


class RestockRequest(Struct, frozen=True):
    """Somebody waits for a SKU. `mail` is sealed, and empty as soon as nobody is to be written to any more;
    `counted_as` is who stands for the mailbox, where that is another person."""

    id: UUID
    sku: str
    person_id: UUID
    mail: str
    state: Literal["waiting", "told", "refused", "erased"]
    version: int
    counted_as: UUID | None = None
    locale: str = ""  # that they asked in; empty: the shop's own


def check_waitable(sku: str, bundles: Mapping[str, Sequence[BundleComponent]]) -> None:
    """Raises `MadeOfOthers` for a bundle."""
    if sku in bundles:
        within = [component.sku for component in bundles[sku]]
        raise MadeOfOthers(f"{sku} is made of {', '.join(within)}: wait for those", skus=within)


def check(available: int, waiting_for: int) -> None:
    """Raises `InStock`, `TooManyRestockRequests`. `waiting_for`: how many other SKUs this mailbox waits for."""
    if available > 0:
        raise InStock("this can be had now", available=True)
    if waiting_for >= MOST_WAITING:
        raise TooManyRestockRequests(f"nobody waits for more than {MOST_WAITING} things", most=MOST_WAITING)


def evolve(request: RestockRequest | None, event: RestockRequestEvent, version: int) -> RestockRequest:
    """A request after an event."""
    if isinstance(event, RestockRequested):
        e = event
        return RestockRequest(e.request_id, e.sku, e.person_id, e.mail, "waiting", version, e.counted_as, e.locale)
    assert request is not None, "a request's history begins with RestockRequested"
    match event:
        case RequesterTold():
            return structs.replace(request, mail="", state="told", version=version)
        case RequesterMailRefused():
            return structs.replace(request, mail="", state="refused", version=version)
        case _:
            return structs.replace(request, mail="", state="erased", version=version)


class Letter(Struct, frozen=True):
    """What the mail tells: what it is called, and where it can be had."""

    name: str
    sku: str
    link: str


def written(say: Voice, letter: Letter, to: str, sender: str, message_id: str) -> EmailMessage:
    """The one mail that a request leads to."""
    message = addressed(to, say("back_in_stock.subject", name=visible(letter.name, " ")), sender, message_id)
    text = say("back_in_stock.text", name=letter.name, sku=letter.sku, link=letter.link)
    message.set_content(f"{say('mail.hello')}\n\n{text}\n", cte="quoted-printable")
    message["Content-Language"] = say.locale  # last: setting a content drops such headers
    return message
