"""Gift cards over HTTP: for staff (scopes gift_cards:read and gift_cards:write), and for whoever has a code."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from shared.http.described import Link, leads_to, refuses
from write_side import accounts
from write_side.accounts import TooManyAttempts
from write_side.gift_cards import handlers
from write_side.gift_cards.domain import ExpiryOutOfRange, NewGiftCard, Typed, UnknownCurrency, UnknownGiftCard
from write_side.gift_cards.handlers import Balance, GiftCardList, GiftCardState, IssuedGiftCard
from write_side.http import After, Answered, IdempotencyKey, Shown, answered, cause, client, idempotent, requires, shown
from write_side.resources import Own

READ, WRITE = [requires("gift_cards:read")], [requires("gift_cards:write")]
Call = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Gift cards per page.")]


class AskedBalance(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"code": "7F3K-29QM-XW4H-PT8C"}`, however it is spaced."""

    code: Typed


@post("/v1/gift-cards", guards=WRITE)
@refuses(UnknownCurrency, ExpiryOutOfRange)
@leads_to(
    Link("get_gift_card", {"gift_card_id": "/gift_card/id"}), Link("post_block", {"gift_card_id": "/gift_card/id"})
)
async def post_gift_card(
    request: Call, data: JSONBody[NewGiftCard], own: Own, key: IdempotencyKey = None
) -> Answered[IssuedGiftCard]:
    """Issue a gift card. Its code is told here alone, and to whoever repeats the call within a day."""
    call = idempotent(request, key, data)
    answer = await handlers.issue_gift_card(own.pool, own.settings.master_key, data, cause(request), call)
    return answered(request, answer, 201)


@get("/v1/gift-cards", guards=READ)
async def get_gift_cards(own: Own, after: After = None, limit: Limit = 20) -> Shown[GiftCardList]:
    """All gift cards, the newest first."""
    return shown(await handlers.list_gift_cards(own.pool, after, limit))


@get("/v1/gift-cards/{gift_card_id:uuid}", guards=READ)
@refuses(UnknownGiftCard)
async def get_gift_card(gift_card_id: FromPath[UUID], own: Own) -> Shown[GiftCardState]:
    """A gift card and what is left on it."""
    return shown(await handlers.show_gift_card(own.pool, gift_card_id))


@post("/v1/gift-cards/{gift_card_id:uuid}/block", status_code=200, guards=WRITE)
@refuses(UnknownGiftCard)
async def post_block(request: Call, gift_card_id: FromPath[UUID], own: Own) -> Answered[GiftCardState]:
    """Block it for good; what orders hold of it they keep, and give back if they don't go through. A repeat changes
    nothing."""
    return answered(request, await handlers.block_gift_card(own.pool, gift_card_id, cause(request)))


@post("/v1/gift-cards/balance", status_code=200)
@refuses(UnknownGiftCard, TooManyAttempts)
async def post_balance(request: Call, data: JSONBody[AskedBalance], own: Own) -> Shown[Balance]:
    """What is left on the card with this code. Each asking counts as a try of the client's, like a sign-in."""
    await accounts.count_try(own.accounts, client(request, own))
    return shown(await handlers.balance_of(own.pool, own.settings.master_key, data.code))


routes = [post_gift_card, get_gift_cards, get_gift_card, post_block, post_balance]
