"""Quotes and orders over HTTP. A guest's cart is opened by `Cart-Secret`, their order by `Order-Token`."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from shared.envelope import Metadata
from shared.http.described import Link, also, leads_to, refuses
from shared.http.problems import MISSING_SCOPE, UNAUTHORIZED
from shared.locales import PATTERN, Languages
from write_side import accounts, carts, customers, fraud
from write_side.accounts import TooManyAttempts
from write_side.commands import Answer
from write_side.commands import Call as KeyedCall
from write_side.customers import LONGEST_FIELD, AddressInput, BrokenAddress, BrokenMail, KeyringUnavailable
from write_side.gift_cards import Codes as GiftCodes
from write_side.gift_cards import Gifts, TooManyGiftCards
from write_side.group_commit import Overloaded
from write_side.http import (
    Answered,
    CartSecret,
    Device,
    IdempotencyKey,
    OptionalOrderToken,
    OrderToken,
    Shown,
    answered,
    cause,
    client,
    idempotent,
    requires_session,
    session,
    session_of,
    shown,
)
from write_side.inventory import OutOfStock, PurchaseLimitReached, UnknownStock
from write_side.invoices import CreditExceeded, InvoiceNotPermitted, PayBy
from write_side.opening_orders import who_opens
from write_side.orders import closing, handlers
from write_side.orders.claiming import Claimed, OrderTaken, claim_order, claim_orders_of
from write_side.orders.costing import Where
from write_side.orders.handlers import OrderState, QuoteState
from write_side.orders.opened import PlacedOrder, check_token, with_token
from write_side.orders.placing import PlaceOrder, place_order
from write_side.orders.quoting import Said, ShippingOptions, issue_quote, list_shipping
from write_side.orders.refusals import (
    AlreadyPaid,
    CartEmpty,
    NotSellable,
    QuoteExpired,
    QuoteStale,
    TotalOutOfRange,
    UnknownOrder,
)
from write_side.payments import Chosen, can
from write_side.promotions import Codes
from write_side.resources import Own, Resources
from write_side.sales import PassRequired
from write_side.shipping import ShippingUnavailable, UnknownDestination, UnknownShippingMethod
from write_side.taxes import TaxesUnavailable

Call = Request[Any, Any, Any]


class AskedQuote(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org", "address": {"name": "Ada", "line1": "Hill Road 1", "city": "Berlin",
    "postal_code": "10115", "country": "DE"}, "codes": ["SUMMER-15"], "gift_cards": ["7F3K-29QM-XW4H-PT8C"]}`: who buys,
    where it goes, and what they typed."""

    mail: str
    address: AddressInput
    codes: Codes = []
    shipping_method: Annotated[str, Meta(min_length=1, max_length=40)] | None = None  # the cheapest unless told
    gift_cards: GiftCodes = []
    payment_method: Chosen = "card"  # what gift cards leave
    # What the buyer reads, such as de-AT: mails are in it, and name the goods so. One that the shop doesn't offer is
    # its own; without any it is the account's.
    locale: Annotated[str, Meta(pattern=PATTERN)] | None = None


class AskedShipping(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"country": "DE", "postal_code": "10115", "codes": ["SUMMER-15"]}`: where it goes, and what they typed."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2")]
    region: Annotated[str, Meta(max_length=LONGEST_FIELD)] = ""
    postal_code: Annotated[str, Meta(max_length=LONGEST_FIELD)] = ""
    codes: Codes = []


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"quote_id": "0198f0c0-0000-7000-8000-000000000001"}`."""

    quote_id: UUID


_state = msgspec.json.Decoder(OrderState)


_PAY = {"payment_id": "/payment/id", "Order-Token": "/order_token"}


@post("/v1/carts/{cart_id:uuid}/quotes")
@refuses(
    CartEmpty, carts.CartOrderedAlready, NotSellable, BrokenMail, BrokenAddress, UnknownDestination, TotalOutOfRange,
    UnknownShippingMethod, ShippingUnavailable, TaxesUnavailable, KeyringUnavailable, PassRequired,
    PurchaseLimitReached, TooManyGiftCards, TooManyAttempts, InvoiceNotPermitted, CreditExceeded,
)  # fmt: skip
@leads_to(Link("post_order", {"Cart-Secret": "$request.header.Cart-Secret"}, {"quote_id": "/id"}))
async def post_quote(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[AskedQuote], own: Own, secret: CartSecret = None,
    device: Device = "",
) -> Answered[QuoteState]:  # fmt: skip
    """Price the cart for an address, with promotions, tax and shipping; good for a quarter of an hour.

    A code that takes nothing off is no error: `refused_codes` says why; nor is a gift card that pays nothing
    (`refused_gift_cards`). A quote with gift cards counts as a try of the client's, like a sign-in. One on invoice
    needs the session of the cart's account.
    """
    gifts = None
    if data.gift_cards:
        await accounts.count_try(own.accounts, client(request, own))
        gifts = Gifts(own.settings.master_key, data.gift_cards)
    contact, ttl = customers.contact(data.mail, data.address), own.settings.quote_ttl_seconds
    visit = fraud.visit_if_looked_at(own.settings, contact.mail, contact.address, device, client(request, own))
    pay_by = await _pay_by(request, own, data.payment_method)  # ahead of the cause, which names who is signed in
    locale = None if data.locale is None else Languages(own.settings.languages).kept(data.locale)
    answer = await issue_quote(
        own.pool, own.keyring, cart_id, secret, contact, ttl, own.outside, cause(request),
        Said(_typed(data.codes), data.shipping_method, gifts, pay_by, locale), visit, own.settings.allocation,
    )
    return answered(request, answer, 201)


async def _pay_by(request: Call, own: Resources, method: Chosen) -> PayBy:
    """Who is signed in is asked where it matters: what is charged at once is paid by whoever orders."""
    who = await session_of(request) if can(method).on_credit else None
    return PayBy(method, own.settings.invoicing, who.account_id if who else None)


@post("/v1/carts/{cart_id:uuid}/shipping-options", status_code=200)
@refuses(CartEmpty, carts.CartOrderedAlready, NotSellable, PassRequired, ShippingUnavailable)
async def post_shipping_options(
    cart_id: FromPath[UUID], data: JSONBody[AskedShipping], own: Own, secret: CartSecret = None
) -> Shown[ShippingOptions]:
    """How the cart can be sent to an address, and for what. Changes nothing; a quote takes one as `shipping_method`.

    An empty list: nothing of this goes there.
    """
    where = Where(data.country, customers.known_region(data.country, data.region), data.postal_code)
    return shown(await list_shipping(own.pool, cart_id, secret, where, own.outside, _typed(data.codes)))


def _typed(codes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(code.strip().upper() for code in codes))


@post("/v1/orders")
@refuses(
    QuoteExpired, QuoteStale, OutOfStock, UnknownStock, carts.CartOrderedAlready, NotSellable, Overloaded,
    PassRequired, PurchaseLimitReached, InvoiceNotPermitted, CreditExceeded,
)  # fmt: skip
@leads_to(
    Link("post_session", _PAY),
    Link("post_complete", _PAY),
    Link("post_cancel", {"order_id": "/id", "Order-Token": "/order_token"}),
)
async def post_order(
    request: Call, data: JSONBody[NewOrder], own: Own, secret: CartSecret = None, key: IdempotencyKey = None,
) -> Answered[PlacedOrder]:  # fmt: skip
    """Place the order of a quote: its stock is held, its payment requested. The same quote is always the same order.

    A new quote is the way back from one that is expired or stale. Want of stock tells what is left of each line.
    """
    call = idempotent(request, key, data, actor=carts.guest_of(secret))
    return answered(request, await placed(own, data.quote_id, secret, cause(request), call), 201)


async def placed(
    own: Resources, quote_id: UUID, secret: str | None, cause: Metadata, call: KeyedCall
) -> Answer[PlacedOrder]:
    """The order of a quote with its token, as `post_order` answers and refuses it."""
    ttl, strategy = own.settings.payment_ttl_seconds, own.settings.allocation
    command = PlaceOrder(quote_id, secret, ttl, cause, call, strategy)
    return with_token(await place_order(own.placements, own.pool, command), own.settings)


@post("/v1/orders/{order_id:uuid}/cancel", status_code=200, security=[{"bearer": ["orders:write"]}])
@refuses(AlreadyPaid, UnknownOrder, UNAUTHORIZED, MISSING_SCOPE)
@also(202, "It is `closing`: the payment provider has not confirmed yet that nothing will be charged.")
async def post_cancel(
    request: Call, order_id: FromPath[UUID], own: Own, token: OptionalOrderToken = None, key: IdempotencyKey = None,
) -> Answered[OrderState]:  # fmt: skip
    """Cancel an order that is not captured yet: by its Order-Token, its account's session, or the scope
    orders:write."""
    await who_opens(request, own, order_id, token)
    idempotent(request, key, NewOrder(order_id))  # asked for, though the order's state makes a repeat harmless
    await closing.cancel_order(own.pool, own.providers, order_id, cause(request))
    answer = await handlers.show_order(own.pool, order_id)
    return answered(request, answer, 202 if _state.decode(answer.body).state == "closing" else 200)


@post("/v1/account/orders/{order_id:uuid}/claim", status_code=200, guards=[requires_session])
@refuses(UnknownOrder, OrderTaken)
async def post_order_claim(
    request: Call, order_id: FromPath[UUID], own: Own, token: OrderToken = None
) -> Answered[Claimed]:
    """An order that was placed as a guest comes to the account, by its Order-Token."""
    await check_token(own.pool, own.settings, order_id, token)
    return answered(request, await claim_order(own.pool, order_id, session(request).account_id, cause(request)))


@post("/v1/account/orders/claims", status_code=200, guards=[requires_session])
async def post_order_claims(request: Call, own: Own) -> Answered[Claimed]:
    """All orders that were placed as a guest with the account's mail address come to it, a hundred at a time."""
    who = session(request)
    return answered(request, await claim_orders_of(own.pool, who.person_id, who.account_id, cause(request)))


routes = [post_shipping_options, post_quote, post_order, post_cancel, post_order_claim, post_order_claims]
