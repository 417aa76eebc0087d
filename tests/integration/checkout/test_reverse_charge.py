"""A business of another member state is charged no VAT: from the quote to the refund, with its VAT id sealed."""

import pytest
from msgspec import structs

from shared.events.orders import OrderTax
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_personal_data import everything_in
from write_side import customers
from write_side.customers import AddressInput, SealedContact
from write_side.fulfilment.editing import handlers as editing
from write_side.fulfilment.editing.domain import AddressChangesPrice
from write_side.notifications.gateway import MailServer
from write_side.orders import quoting
from write_side.orders.handlers import OrderState, QuoteState

VIENNA = AddressInput("Ada Lovelace", "Ring 1", "Wien", "1010", "AT", vat_id="atu 1358 5627")


async def quoted(shop: Shop, address: AddressInput) -> tuple[QuoteState, OrderState]:
    basket = await shop.basket(lamp=2)
    args = (shop.pool, shop.keyring, basket.id, basket.secret, customers.contact(MAIL, address), 900, shop.outside)
    quote = shop.quote_of(await quoting.issue_quote(*args, CAUSE))
    return quote, await shop.place(basket, quote.id)


async def test_a_business_abroad_is_charged_no_tax_and_told_why(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    await shop.stock("lamp", 10)
    received, server = inbox
    quote, order = await quoted(shop, VIENNA)
    shipping = quote.totals.shipping.amount_minor
    told = [OrderTax("VAT", 0, 2000 + shipping, 0, included=False, note="reverse_charge")]
    assert (quote.totals.tax.amount_minor, quote.totals.total.amount_minor) == (0, 2000 + shipping)
    assert quote.taxes == (await shop.now(order)).taxes == told
    await shop.pay(order)
    await shop.complete(order)
    await react(shop)
    await send(shop, server)
    [mail] = [mail for mail in received.mails if "confirmed" in str(mail["Subject"])]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "reverse charge" in plain.get_content()
    assert "ATU13585627" not in await everything_in(shop.settings.database_url)
    await shop.work()
    assert (await shop.refund(order)).amount.amount_minor == 2000 + shipping
    await shop.refund_work()
    await nothing_is_wrong(shop)


async def test_a_consumer_there_and_a_business_here_pay_as_ever(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    consumer, _ = await quoted(shop, structs.replace(VIENNA, vat_id=""))
    here = AddressInput("Ada Lovelace", "Hill Road 1", "Berlin", "10115", "DE", vat_id="ATU13585627")
    business, _ = await quoted(shop, here)
    assert [(tax.rate_ppm, tax.note) for tax in (*consumer.taxes, *business.taxes)] == [(200_000, ""), (190_000, "")]


async def test_a_new_address_keeps_the_vat_id_by_which_it_was_taxed(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    _, order = await quoted(shop, VIENNA)
    await shop.pay(order)
    await shop.complete(order)
    moved = structs.replace(VIENNA, line1="Ring 2", vat_id="")
    await editing.change_address(shop.pool, shop.keyring, order.id, moved, shop.settings, CAUSE, new_call())
    now = await shop.now(order)
    contact = await customers.open_contact(shop.keyring, SealedContact(now.person_id, now.mail, now.address))
    assert contact is not None
    assert (contact.address.line1, contact.address.vat_id) == ("Ring 2", "ATU13585627")
    with pytest.raises(AddressChangesPrice):
        other = structs.replace(moved, vat_id="FR40303265045")
        await editing.change_address(shop.pool, shop.keyring, order.id, other, shop.settings, CAUSE, new_call())
