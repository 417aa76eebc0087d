"""A German buyer's mails, to a real SMTP server; and what a merchant's file says instead."""

import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.fixtures.write_side import CAUSE, TEXTS, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react
from tests.integration.checkout.test_names_in_mails import name
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_returns import ask, receive
from tests.integration.checkout.waiting import receive as restock
from tests.integration.checkout.waiting import work as tell_of_stock
from write_side.fulfilment import handlers as fulfilment
from write_side.notifications import MailServer, MailTexts, read_mail_texts
from write_side.notifications.handlers import send_due
from write_side.orders.handlers import OrderState
from write_side.restock_requests.handlers import request_restock


async def bought(shop: Shop, locale: str = "de") -> OrderState:
    """Two dear lamps, paid."""
    await shop.stock("lamp", 10, price=61_725)
    basket = await shop.basket(lamp=2)
    order = await shop.place(basket, (await shop.quote(basket, locale=locale)).id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    await shop.work()
    return order


async def told(
    shop: Shop, inbox: tuple[Inbox, MailServer], order: OrderState, texts: MailTexts = TEXTS
) -> dict[str, EmailMessage]:
    """All that was sent, by subject; the order is N."""
    received, server = inbox
    await react(shop)
    while await send_due(shop.pool, shop.keyring, server, texts, shop.settings):
        pass
    return {str(mail["Subject"]).replace(order.number, "N"): mail for mail in received.mails}


def parts_of(mail: EmailMessage) -> list[str]:
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return [plain.get_content(), html.get_content()]


async def test_from_the_confirmation_to_the_refund_a_german_buyer_reads_german(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    order = await bought(shop)
    parcel = await ship(shop, order, "P1")
    await fulfilment.deliver_parcel(shop.pool, parcel.id, CAUSE, new_call())
    each = await ask(shop, order, 1)
    await receive(shop, each)
    await shop.refund_work()
    mails = await told(shop, inbox, order)
    assert mails.keys() == {
        "Ihre Bestellung N ist bestätigt", "Ein Paket Ihrer Bestellung N ist unterwegs",
        "Ein Paket Ihrer Bestellung N ist angekommen", "Ihre Rücksendung zu Bestellung N ist genehmigt",
        "Ihre Rücksendung zu Bestellung N", "Ihre Rücksendung zu Bestellung N ist angekommen",
        "Eine Erstattung zu Ihrer Bestellung N",
    }  # fmt: skip
    for mail in mails.values():
        assert mail["Content-Language"] == "de"
        plain, html = parts_of(mail)
        assert plain.startswith("Guten Tag Ada Lovelace,\r\n\r\n")
        assert "<html lang='de'>" in html
    for part in parts_of(mails["Ihre Bestellung N ist bestätigt"]):
        assert "1.234,50\xa0€" in part
        assert "Zwischensumme" in part
        assert "Lieferadresse:" in part
    for part in parts_of(mails["Eine Erstattung zu Ihrer Bestellung N"]):
        assert "Je nach Bank dauert das einige Tage" in part
    assert "DHL P1" in parts_of(mails["Ein Paket Ihrer Bestellung N ist unterwegs"])[0]
    approved = parts_of(mails["Ihre Rücksendung zu Bestellung N ist genehmigt"])[0]
    assert "bis zum" in approved
    assert "an unser Lager BER" in approved


async def test_a_merchants_sentence_stands_in_place_of_ours(
    shop: Shop, inbox: tuple[Inbox, MailServer], tmp_path: Path
) -> None:
    sentences = 'subject = "Danke! {number}"\ntext = "eins\\nzwei {number}"'
    (tmp_path / "de.toml").write_text(f"[order_confirmation]\n{sentences}")
    mails = await told(shop, inbox, await bought(shop, "de-AT"), read_mail_texts(str(tmp_path), "en"))
    plain, html = parts_of(mails["Danke! N"])
    assert "eins\r\nzwei" in plain
    assert "eins<br>zwei <b>" in html
    assert "Zwischensumme" in plain, "the rest is ours"
    assert "€\xa01.234,50" in plain
    assert mails["Danke! N"]["Content-Language"] == "de-AT"


async def test_whoever_waits_is_told_in_the_language_they_asked_in(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 1)
    await name(shop, "lamp", 1, de="Leuchte")
    await shop.order(lamp=1)
    await tell_of_stock(shop, server)
    for mail, locale in (("ada@example.org", "de-AT"), ("bob@example.org", "")):
        await request_restock(shop.pool, shop.keyring, "lamp", mail, CAUSE, locale)
    payloads = await shop.pool.fetch(
        """SELECT convert_from(payload, 'UTF8') AS said FROM event_log
           WHERE type = 'restock_requests.restock_requested.v1' ORDER BY position"""
    )
    assert ["locale" in row["said"] for row in payloads] == [True, False]
    await restock(shop, 2)
    assert await tell_of_stock(shop, server) == 2
    german, english = sorted(received.mails, key=lambda mail: str(mail["To"]))  # sent at once, they come in any order
    assert (german["Subject"], german["Content-Language"]) == ("Leuchte red ist wieder da", "de-AT")
    assert "Wir legen nichts für Sie zurück" in german.get_content()
    assert (english["Subject"], english["Content-Language"]) == ("Lamp red is back in stock", "en")


@pytest.mark.parametrize("program", ["worker", "api"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[parcel_shipped]\ntext = "{number} {carrier} {tracking}"',
         "text: {tracking} is no placeholder of it; it has {carrier}, {number}, {tracking_number}"),
        ('[parcel_shipped]\ntext = "{number} {carrier}"',
         "de.toml: parcel_shipped.text: the placeholder {tracking_number} is missing"),
        ('[parcel_sent]\ntext = "{number}"', "de.toml: parcel_sent.text: there is no such key"),
    ],
)  # fmt: skip
def test_who_has_a_broken_file_does_not_start(tmp_path: Path, text: str, said: str, program: str) -> None:
    (tmp_path / "de.toml").write_text(text)
    settings = os.environ | NOWHERE | {"MAIL_TEXTS": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "write_side", program], env=settings, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"{tmp_path}/de.toml: " in ended.stderr
    assert said in ended.stderr.splitlines()[-1]
