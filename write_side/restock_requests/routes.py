"""Asking to be told when a SKU is there again, over HTTP: for anybody."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Struct

from shared.http.described import refuses
from write_side import accounts
from write_side.accounts import TooManyAttempts
from write_side.catalog import UnknownSku
from write_side.customers import BrokenMail, KeyringUnavailable
from write_side.http import Answered, answered, cause, client
from write_side.resources import Own
from write_side.restock_requests.domain import InStock, MadeOfOthers, Mail, Sku, TooManyRestockRequests
from write_side.restock_requests.handlers import Waiting, request_restock


class NewRestockRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "LAMP", "mail": "ada@example.org"}`."""

    sku: Sku
    mail: Mail


@post("/v1/restock-requests", status_code=202)
@refuses(UnknownSku, MadeOfOthers, BrokenMail, InStock, TooManyRestockRequests, TooManyAttempts, KeyringUnavailable)
async def post_restock_request(
    request: Request[Any, Any, Any], data: JSONBody[NewRestockRequest], own: Own
) -> Answered[Waiting]:
    """Have one mail sent when a SKU that is sold out can be had again. Nothing is held back for whoever asks.

    Each asking counts as a try of the client's, like a sign-in. A repeat changes nothing.
    """
    await accounts.count_try(own.accounts, client(request, own))
    answer = await request_restock(own.pool, own.keyring, data.sku, data.mail, cause(request))
    return answered(request, answer, 202)


routes = [post_restock_request]
