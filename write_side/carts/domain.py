"""Carts, pure. A guest's cart is opened by a secret that only its holder and a hash here know."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.carts import (
    DEFAULT_CHANNEL,
    CartEmptied,
    CartEvent,
    CartLineChanged,
    CartLinesTaken,
    CartOpened,
    CartOrdered,
)
from shared.money import EXPONENTS, is_known
from write_side.errors import Invalid, Refusal

MOST_LINES = 2000
MOST_OF_ONE = 9_999
Sku = Annotated[str, Meta(min_length=1, max_length=100)]


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class NotSold(Refusal):
    """It is not sold at the moment, or not in the cart's currency."""

    code = "not_sold"


class CartOrderedAlready(Refusal):
    """An order was placed from this cart; it takes no more changes."""

    code = "cart_ordered"


class TooManyLines(Refusal):
    """The cart has as many lines as it may have."""

    status = 422
    code = "too_many_lines"


class TooMany(Refusal):
    """More of one SKU than a cart may hold."""

    status = 422
    code = "too_many"


class SecretRequired(Refusal):
    """The request carries no secret."""

    status = 401
    code = "cart_secret_required"


class WrongSecret(Refusal):
    """The secret opens no such cart, whether there is one or not."""

    status = 403
    code = "wrong_cart_secret"


class OtherPlace(Refusal):
    """The two carts are of different currencies or channels, or one and the same."""

    code = "other_currency_or_channel"


class NewCart(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"currency": "EUR", "channel": "web"}`: where it is shopped in may decide which price lists are asked."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$", extra_json_schema={"enum": sorted(EXPONENTS)})]
    channel: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$", examples=["web"])] = DEFAULT_CHANNEL


class AddLine(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "quantity": 2}`: so many more."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)]


class SetLine(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"quantity": 2}`: so many from now on."""

    quantity: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)]


class Cart(Struct, frozen=True):
    """A cart; `lines` is SKU → quantity in the order in which they were put in."""

    id: UUID
    currency: str
    lines: dict[str, int]
    order_id: UUID | None
    version: int
    channel: str = DEFAULT_CHANNEL
    account_id: UUID | None = None


class CartHead(NamedTuple):
    """A cart as placing an order needs it: who may, which version a quote was made for, and whether it is over."""

    id: UUID
    secret_sha256: str
    version: int
    order_id: UUID | None

    def check(self, secret: str | None) -> None:
        """Raises `SecretRequired`, `WrongSecret`."""
        check_secret(secret, self.secret_sha256)


def new_secret(random: bytes) -> str:
    """The secret as its holder carries it: 256 random bits."""
    return urlsafe_b64encode(random).decode().rstrip("=")


def hash_of(secret: str) -> str:
    """What is kept of it: plain SHA-256 is enough for 256 random bits."""
    return sha256(secret.encode()).hexdigest()


def check_secret(secret: str | None, kept_hash: str | None) -> None:
    """Raises what `unopened` says for a missing or wrong secret, and for a cart that is not there all the same."""
    if not secret or not compare_digest(hash_of(secret), kept_hash or ""):
        raise unopened(secret)


def guest_of(secret: str | None) -> str:
    """One guest among all guests, for their idempotency keys."""
    return f"guest:{hash_of(secret or '')[:32]}"


def unopened(secret: str | None) -> Refusal:
    """Why no cart is opened: `SecretRequired`, or `WrongSecret`, which doesn't tell whether there is such a cart."""
    if not secret:
        return SecretRequired("This needs the cart's secret in the header Cart-Secret.")
    return WrongSecret("The Cart-Secret does not open this cart.")


def open_cart(cart_id: UUID, command: NewCart, account_id: UUID | None = None) -> CartOpened:
    """The event of a new cart; raises `UnknownCurrency`."""
    if not is_known(command.currency):
        raise UnknownCurrency(f"{command.currency} is no currency we know", pointer="/currency")
    return CartOpened(cart_id, command.currency, command.channel, account_id)


def refusal(outcome: str, sku: str) -> Refusal:
    """What `carts_change_line` says no to, as a refusal."""
    match outcome:
        case "cart_ordered":
            return CartOrderedAlready("an order was placed from this cart; open another one")
        case "too_many":
            return TooMany(f"a cart holds at most {MOST_OF_ONE} of {sku}", sku=sku, most=MOST_OF_ONE)
        case "too_many_lines":
            return TooManyLines(f"a cart holds at most {MOST_LINES} lines", most=MOST_LINES)
    raise AssertionError(outcome)


def evolve(cart: Cart | None, event: CartEvent, version: int) -> Cart:
    """A cart after an event."""
    if isinstance(event, CartOpened):
        return Cart(event.cart_id, event.currency, {}, None, version, event.channel, event.account_id)
    assert cart is not None, "a cart's history begins with CartOpened"
    match event:
        case CartLineChanged():
            lines = cart.lines | {event.sku: event.quantity}
            return structs.replace(cart, lines={sku: n for sku, n in lines.items() if n}, version=version)
        case CartLinesTaken():
            return structs.replace(cart, lines=cart.lines | event.lines, version=version)
        case CartEmptied():
            return structs.replace(cart, lines={}, version=version)
        case CartOrdered():
            return structs.replace(cart, order_id=event.order_id, version=version)


def take_over(guests: Cart, own: Cart) -> tuple[CartLinesTaken, CartEmptied] | None:
    """A guest's lines put to those of an account's cart; None if there are none (any more).

    Raises `CartOrderedAlready`, `OtherPlace`, `TooManyLines`; of one SKU it never becomes more than a cart may hold.
    """
    if guests.order_id is not None:
        raise CartOrderedAlready("an order was placed from this cart")
    if (guests.currency, guests.channel) != (own.currency, own.channel):
        raise OtherPlace("carts of several currencies or channels don't go together")
    if not guests.lines:
        return None
    lines = {sku: min(own.lines.get(sku, 0) + n, MOST_OF_ONE) for sku, n in guests.lines.items()}
    if len(own.lines | lines) > MOST_LINES:
        raise TooManyLines(f"a cart holds at most {MOST_LINES} lines", most=MOST_LINES)
    return CartLinesTaken(own.id, guests.id, lines), CartEmptied(guests.id, own.id)
