"""All that is held on a person, for that person: opened with their key, from the rows and the log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from shared.documents.orders import Address
from shared.envelope import Metadata, Recorded
from shared.events.erasure import PersonExported
from shared.events.gift_cards import GiftPart
from shared.events.orders import OrderTax, PricedLine, Shipping, Totals
from shared.ids import time_of
from shared.shards import account_key, cart_key, order_key, person_key
from write_side import (
    accounts,
    commands,
    customers,
    event_log,
    gift_cards,
    invoices,
    orders,
    refunds,
    restock_requests,
    returns,
)
from write_side.accounts import Account
from write_side.commands import Done
from write_side.customers import Keyring, SealedContact
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent, Positions
from write_side.gift_cards import GiftCard
from write_side.invoices import Credit, CreditNote, Invoice
from write_side.refunds import Refund
from write_side.returns import Return


class HeldContact(Struct, frozen=True):
    """Where and how somebody asked to be reached."""

    mail: str
    address: Address


class Happening(Struct, frozen=True):
    """One entry of the log: what happened, and when."""

    what: str
    at: datetime


class BoughtGiftCard(Struct, frozen=True):
    """A gift card that an order bought, and what is left of it; its code is known to nobody but who got the mail."""

    id: UUID
    sku: str
    amount_minor: int
    balance_minor: int
    currency: str
    state: str


class HeldOrder(Struct, frozen=True):
    """An order; amounts in minor units. Its payment, mails, parcels and stock are told by what happened."""

    id: UUID
    number: str
    state: str
    contact: HeldContact | None
    country: str
    lines: list[PricedLine]
    totals: Totals
    shipping: Shipping | None
    taxes: list[OrderTax]
    gift_cards: list[GiftPart]
    bought_gift_cards: list[BoughtGiftCard]
    returns: list[Return]
    refunds: list[Refund]
    happened: list[Happening]
    counted_as: UUID | None = None  # whom it counts for, where that is another person
    locale: str = ""  # that its buyer read; empty: the shop's own


class HeldQuote(Struct, frozen=True):
    """An offer that was made."""

    id: UUID
    cart_id: UUID
    contact: HeldContact | None
    country: str
    lines: list[PricedLine]
    totals: Totals
    expires_at: datetime
    happened: list[Happening]
    counted_as: UUID | None = None
    locale: str = ""


class HeldAccount(Struct, frozen=True):
    """An account; of its password only a hash is kept."""

    id: UUID
    mail: str | None
    state: str
    groups: list[str]
    addresses: list[Address]
    credit: Credit | None
    invoices: list[Invoice]
    credit_notes: list[CreditNote]
    happened: list[Happening]
    locale: str = ""  # the language of its mails; empty: the shop's own


class AwaitedSku(Struct, frozen=True):
    """Something they asked to be told of, once, when it can be had again."""

    sku: str
    asked_at: datetime
    state: str
    counted_as: UUID | None = None
    locale: str = ""


class PersonExport(Struct, frozen=True):
    """Everything: who they are to us, what they asked for, and what they bought."""

    person_id: UUID
    orders: list[HeldOrder]
    quotes: list[HeldQuote]
    account: HeldAccount | None
    awaited: list[AwaitedSku]
    counted_as: UUID | None = None  # who stands for their mailbox, where that is another spelling of it (decision 97)


async def export(pool: Pool, keyring: Keyring, person_id: UUID) -> PersonExport:
    """Of a person that `find_person` found; raises `KeyringUnavailable`."""
    stands_for = await keyring.stands_for(person_id)
    async with pool.acquire() as conn:
        placed = await orders.of_person(conn, person_id)
        quoted = await orders.quotes_of_person(conn, person_id)
        account = await accounts.of_person(conn, person_id)
        awaited = await restock_requests.awaited_by(conn, person_id)
        returned = [await returns.of_order(conn, order.id) for order in placed]
        refunded = [await refunds.of_order(conn, order.id) for order in placed]
        bought = [[_bought(card) for card in await gift_cards.of_order(conn, order.id)] for order in placed]
        credit = None if account is None else await invoices.find_credit(conn, account.id)
        invoiced = [] if account is None else await invoices.of_account(conn, account.id)
        noted = [] if account is None else await invoices.notes_of_account(conn, account.id)
        of_account = await _happened(conn, [account_key(account.id)] if account else [])
        of_orders = await _happened(conn, [order_key(order.id) for order in placed])
        of_carts = await _happened(conn, [cart_key(quote.cart_id) for quote in quoted])
    return PersonExport(
        person_id,
        [
            HeldOrder(o.id, o.number, o.state, await _contact(keyring, o), o.country, o.sold, o.totals, o.shipping,
                      o.taxes, o.gift_cards, cards, back, paid_back, of_orders.get(order_key(o.id), []), o.counted_as,
                      o.locale)
            for o, cards, back, paid_back in zip(placed, bought, returned, refunded, strict=True)
        ],
        [
            HeldQuote(q.id, q.cart_id, await _contact(keyring, q), q.country, q.sold, q.totals, q.expires_at,
                      of_carts.get(cart_key(q.cart_id), []), q.counted_as, q.locale)
            for q in quoted
        ],
        None if account is None else await _account(
            keyring, account, credit, invoiced, noted, of_account.get(account_key(account.id), [])
        ),
        [AwaitedSku(one.sku, time_of(one.id), one.state, one.counted_as, one.locale) for one in awaited], stands_for,
    )  # fmt: skip


async def hand_out(pool: Pool, keyring: Keyring, person_id: UUID, cause: Metadata) -> PersonExport:
    """The same for whoever asks for it: that they did stands in the log before they have it. Raises
    `KeyringUnavailable`, and `TryAgain` where many ask for the same person at once."""
    held = await export(pool, keyring, person_id)

    async def note(conn: Connection) -> tuple[Done, Positions]:
        before = (await event_log.latest_of(conn, "person", [person_id])).get(person_id)
        version = 1 if before is None else before.version + 1  # there is no row: nothing hangs on it
        new = NewEvent("person", person_id, version, person_key(person_id), PersonExported(person_id))
        return Done(changed=True), await event_log.append(conn, [new], cause)

    await commands.run(pool, note)
    return held


def _bought(card: GiftCard) -> BoughtGiftCard:
    return BoughtGiftCard(card.id, card.sku, card.amount_minor, card.balance_minor, card.currency, card.state)


async def _account(
    keyring: Keyring, account: Account, credit: Credit | None, invoiced: list[Invoice], noted: list[CreditNote],
    happened: list[Happening],
) -> HeldAccount:  # fmt: skip
    opened = await accounts.open_account(keyring, account)
    return HeldAccount(
        account.id, opened.mail, account.state, account.groups, opened.addresses, credit, invoiced, noted, happened,
        account.locale,
    )  # fmt: skip


async def _contact(keyring: Keyring, held: Any) -> HeldContact | None:
    """Of an order or a quote; None once the person was erased."""
    if not held.mail:
        return None
    found = await customers.open_contact(keyring, SealedContact(held.person_id, held.mail, held.address))
    return None if found is None else HeldContact(found.mail, found.address)


async def _happened(conn: Connection, keys: list[str]) -> dict[str, list[Happening]]:
    found: dict[str, list[Happening]] = {}
    for recorded in await event_log.read_keys(conn, keys):
        found.setdefault(recorded.key, []).append(_told(recorded))
    return found


def _told(recorded: Recorded) -> Happening:
    return Happening(recorded.type, recorded.recorded_at)
