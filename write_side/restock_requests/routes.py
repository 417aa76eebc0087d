"""Asking to be told when a SKU is there again, over HTTP: for anybody."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from shared.http.described import refuses
from shared.locales import PATTERN, Languages
from write_side import accounts
from write_side.accounts import TooManyAttempts
from write_side.catalog import UnknownSku
from write_side.customers import BrokenMail, KeyringUnavailable
from write_side.http import Answered, answered, cause, client
from write_side.resources import Own
from write_side.restock_requests.domain import InStock, MadeOfOthers, Mail, Sku, TooManyRestockRequests
from write_side.restock_requests.handlers import Waiting, request_restock


class NewRestockRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "LAMP", "mail": "ada@example.org", "locale": "de-AT"}`."""

    sku: Sku
    mail: Mail
    # The language that they are told in; one that the shop doesn't offer is its own.
    locale: Annotated[str, Meta(pattern=PATTERN)] | None = None


@post("/v1/restock-requests", status_code=202)
@refuses(UnknownSku, MadeOfOthers, BrokenMail, InStock, TooManyRestockRequests, TooManyAttempts, KeyringUnavailable)
async def post_restock_request(
    request: Request[Any, Any, Any], data: JSONBody[NewRestockRequest], own: Own
) -> Answered[Waiting]:
    """Have one mail sent when a SKU that is sold out can be had again. Nothing is held back for whoever asks.

    Each asking counts as a try of the client's, like a sign-in. A repeat changes nothing.
    """
    await accounts.count_try(own.accounts, client(request, own))
    locale = Languages(own.settings.languages).kept(data.locale)
    answer = await request_restock(own.pool, own.keyring, data.sku, data.mail, cause(request), locale)
    return answered(request, answer, 202)


routes = [post_restock_request]
