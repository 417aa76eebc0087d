"""Asking to be told when a SKU is there again, over HTTP: for anybody."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from shared.http.described import refuses
from shared.http.operations import SESSION
from shared.locales import PATTERN, Languages
from write_side import accounts
from write_side.accounts import SignedIn, TooManyAttempts
from write_side.catalog import UnknownSku
from write_side.customers import BrokenMail, KeyringUnavailable
from write_side.http import Answered, answered, cause, client, session_of
from write_side.resources import Own, Resources
from write_side.restock_requests.domain import InStock, MadeOfOthers, Mail, Sku, TooManyRestockRequests
from write_side.restock_requests.handlers import Waiting, request_restock


class NewRestockRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "LAMP", "mail": "ada@example.org", "locale": "de-AT"}`."""

    sku: Sku
    mail: Mail
    # The language that they are told in; one that the shop doesn't offer is its own, and without any it is that of the
    # account that is signed in.
    locale: Annotated[str, Meta(pattern=PATTERN)] | None = None


@post("/v1/restock-requests", status_code=202, security=[{}, {SESSION: []}])
@refuses(UnknownSku, MadeOfOthers, BrokenMail, InStock, TooManyRestockRequests, TooManyAttempts, KeyringUnavailable)
async def post_restock_request(
    request: Request[Any, Any, Any], data: JSONBody[NewRestockRequest], own: Own
) -> Answered[Waiting]:
    """Have one mail sent when a SKU that is sold out can be had again. Nothing is held back for whoever asks.

    Each asking counts as a try of the client's, like a sign-in. A repeat changes nothing. No session is needed, and one
    that has ended is none.
    """
    await accounts.count_try(own.accounts, client(request, own))
    who = await session_of(request)
    locale = await _read_by(own, who) if data.locale is None else Languages(own.settings.languages).kept(data.locale)
    answer = await request_restock(own.pool, own.keyring, data.sku, data.mail, cause(request), locale)
    return answered(request, answer, 202)


async def _read_by(own: Resources, who: SignedIn | None) -> str:
    """The language that an account's person reads; of a guest the shop's own."""
    if who is None:
        return ""
    async with own.pool.acquire() as conn:
        return await accounts.locale_of(conn, who.account_id)


routes = [post_restock_request]
