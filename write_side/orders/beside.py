"""What is quoted beside an order, for the same customer and address, at today's prices: what adds to it (adding.py), or
takes the place of what comes back of it (replacing.py)."""

from datetime import UTC, datetime
from typing import NamedTuple

from shared.events.orders import QuoteIssued, Shipping
from shared.ids import uuid7
from write_side import accounts, customers
from write_side.customers import Contact, Keyring, SealedContact
from write_side.database import Connection
from write_side.orders.costing import Priced, Where
from write_side.orders.domain import Order, Quote
from write_side.orders.quotes import store as quotes
from write_side.orders.refusals import UnknownOrder
from write_side.pricing import Asked


class First(NamedTuple):
    """The order beside which another one is quoted. `contact`: whose it is, opened; `before`: its own quote; `asked`:
    who asks for today's prices."""

    order: Order
    contact: Contact
    before: Quote
    asked: Asked

    @property
    def where(self) -> Where:
        """Where it goes."""
        return Where.of(self.order.country, self.contact.address)


async def contact_of(keyring: Keyring, order: Order) -> Contact:
    """Whose order it is, opened. Refuses `unknown_order` (of somebody who was erased), `keyring_unavailable`."""
    contact = await customers.open_contact(keyring, SealedContact(order.person_id, order.mail, order.address))
    if contact is None:
        raise UnknownOrder("whose order this is was erased")
    return contact


async def read_first(conn: Connection, order: Order, contact: Contact) -> First:
    """The order with what is known of it, by the groups that its account is in by now."""
    before = await quotes.find_quote(conn, order.quote_id)
    groups = await accounts.groups_of(conn, order.account_id)
    return First(order, contact, before, Asked(order.totals.currency, before.channel, groups, datetime.now(UTC)))


def beside(
    first: First, priced: Priced, shipping: Shipping, until: datetime, method: str, nearest: list[str],
    names: dict[str, str],
) -> QuoteIssued:  # fmt: skip
    """A quote beside it: for whom, where to and from which cart as the first, and paid by this method."""
    order, before, asked = first.order, first.before, first.asked
    return QuoteIssued(
        uuid7(), order.cart_id, before.cart_version, order.person_id, order.mail, order.address, order.country, 0,
        priced.lines, priced.totals, until, [], priced.discounts, before.channel, sorted(asked.groups),
        order.account_id, shipping, priced.taxes, priced.duties_due, payment_method=method, bundles=priced.bundles,
        nearest=nearest, counted_as=order.counted_as, locale=order.locale, names=names,
    )  # fmt: skip
