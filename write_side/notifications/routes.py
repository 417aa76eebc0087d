"""Mails that are asked for, over HTTP: by anybody."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from shared.http.described import refuses
from write_side.accounts import TooManyAttempts
from write_side.customers import BrokenMail, KeyringUnavailable
from write_side.http import Answered, answered, client
from write_side.notifications import fresh_links
from write_side.notifications.fresh_links import LinkAsked
from write_side.resources import Own

Number = Annotated[str, Meta(min_length=1, max_length=20)]
Mail = Annotated[str, Meta(min_length=1, max_length=254)]


class LinkWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"number": "7F3K-29QM", "mail": "ada@example.org"}`."""

    number: Number
    mail: Mail


@post("/v1/orders/links", status_code=202)
@refuses(BrokenMail, TooManyAttempts, KeyringUnavailable)
async def post_order_link(
    request: Request[Any, Any, Any], data: JSONBody[LinkWanted], own: Own
) -> Answered[LinkAsked]:
    """Ask for a fresh link to an order, whose own ends some time after the order has. It goes to the mail address that
    the order was placed with. The answer is the same whether number and address belong together or not.
    """
    return answered(request, await fresh_links.ask(own.accounts, data.number, data.mail, client(request, own)), 202)


routes = [post_order_link]
