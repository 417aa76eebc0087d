"""An account keeps the language that its person reads: its mails are in it, and quotes that name none."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import structs

from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import PASSWORD, Customers
from tests.integration.checkout.shop import MAIL
from tests.integration.checkout.test_over_http import BUYER
from write_side import access, erasure
from write_side.accounts import show_account
from write_side.accounts.languages import choose_language
from write_side.app import create_app

NEW = "another horse battery"


async def kept(customers: Customers) -> str:
    return str(await customers.pool.fetchval("SELECT locale FROM account"))


async def test_a_german_customers_confirmation_reset_and_notes_are_german(customers: Customers) -> None:
    await customers.sign_up(locale="de")
    await customers.confirm(await customers.link())
    await customers.ask_for_reset()
    await customers.reset(await customers.link(), NEW)
    await customers.sign_up(locale="fr")  # by whoever it is: its owner is told as they read
    mails = {str(mail["Subject"]): mail for mail in await customers.mails()}  # those that wait together in any order
    assert mails.keys() == {
        "Bestätigen Sie Ihre Mailadresse", "Ein neues Passwort", "Ihr Passwort wurde geändert",
        "Sie haben schon ein Konto",
    }  # fmt: skip
    for mail in mails.values():
        assert mail["Content-Language"] == "de"
        assert mail.get_content().startswith("Guten Tag,\r\n\r\n")
    assert "/confirm#token=" in mails["Bestätigen Sie Ihre Mailadresse"].get_content()
    assert "/reset#token=" in mails["Ein neues Passwort"].get_content()
    assert "innerhalb einer Stunde" in mails["Ein neues Passwort"].get_content()
    assert await kept(customers) == "de"


async def test_each_who_signs_up_by_an_address_is_written_to_in_their_language_and_the_link_decides(
    customers: Customers,
) -> None:
    """Whoever signed others up first chose no language for them."""
    await customers.sign_up()
    await customers.link()
    await customers.sign_up(locale="de-AT")
    link = await customers.link()
    assert [mail["Content-Language"] for mail in await customers.mails()] == ["en", "de-AT"]
    assert await kept(customers) == ""
    await customers.confirm(link)
    assert await kept(customers) == "de-AT"
    assert await customers.history() == ["signed_up", "account_confirmed", "language_chosen"]


async def test_a_reset_by_whoever_has_the_mailbox_unsays_the_language_of_a_sign_up_that_nobody_confirmed(
    customers: Customers,
) -> None:
    await customers.sign_up(locale="de")
    await customers.link()
    await customers.ask_for_reset()
    await customers.reset(await customers.link(), NEW)
    assert await kept(customers) == ""
    assert [mail["Content-Language"] for mail in await customers.mails()][-1] == "en"


async def test_a_sign_up_without_a_language_is_written_as_it_was(customers: Customers) -> None:
    await customers.sign_up()
    payload = await customers.pool.fetchval("SELECT convert_from(payload, 'UTF8') FROM event_log")
    assert "locale" not in payload
    [mail] = await customers.mails()
    assert (mail["Subject"], mail["Content-Language"]) == ("Confirm your mail address", "en")


async def test_a_letter_that_waited_from_before_is_in_the_language_of_its_account(customers: Customers) -> None:
    await customers.sign_up(locale="de")
    await customers.pool.execute("UPDATE account_letter SET locale = NULL")
    await customers.confirm(await customers.link())
    [mail] = await customers.mails()
    assert (mail["Content-Language"], await kept(customers)) == ("de", "de")


async def test_languages_chosen_at_once_come_one_after_the_other(customers: Customers) -> None:
    who = await customers.who(await customers.customer())
    assert who is not None
    told = ("de", "fr", "it", "es", "pl", "nl")
    await asyncio.gather(*(choose_language(customers.pool, who, locale, CAUSE) for locale in told))
    assert (await customers.history()).count("language_chosen") == len(told)
    last = await customers.pool.fetchval(
        """SELECT convert_from(payload, 'UTF8')::jsonb->>'locale' FROM event_log
           WHERE type = 'accounts.language_chosen.v1' ORDER BY aggregate_version DESC LIMIT 1"""
    )
    assert await kept(customers) == last


async def quote(api: httpx.AsyncClient, session: dict[str, str], **said: Any) -> None:
    """Of the account's cart, with a lamp in it."""
    cart = (await api.post("/v1/account/cart", json={"currency": "EUR"}, headers=session)).json()
    headers = session | {"Cart-Secret": cart["secret"]}
    await api.post(f"/v1/carts/{cart['id']}/lines", json={"sku": "lamp", "quantity": 1}, headers=headers)
    answer = await api.post(f"/v1/carts/{cart['id']}/quotes", json=BUYER | said, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("asked", "locale"), [({}, ""), ({"locale": "de-CH"}, "de"), ({"locale": "it"}, ""), ({"locale": "en"}, "")]
)
async def test_a_language_is_asked_for_at_sign_up_and_in_the_profile_and_quotes_take_it(
    customers: Customers, asked: dict[str, str], locale: str
) -> None:
    await customers.shop.stock("lamp", 10)
    settings = structs.replace(customers.shop.settings, locales="en,de,de-AT")
    async with client_of(create_app(settings)) as api:
        signed_up = await api.post("/v1/accounts", json={"mail": MAIL, "password": PASSWORD} | asked)
        assert signed_up.status_code == 202, signed_up.text
        body = {"token": await customers.link(), "password": PASSWORD}
        token = (await api.post("/v1/accounts/confirmations", json=body)).json()["token"]
        session = {"Authorization": f"Bearer {token}"}
        assert (await api.get("/v1/account", headers=session)).json()["locale"] == (locale or None)
        await quote(api, session)
        for wanted, now in (("de-AT", "de-AT"), ("de-AT", "de-AT"), ("it", None)):
            chosen = await api.put("/v1/account/locale", json={"locale": wanted}, headers=session)
            assert (chosen.status_code, chosen.json()) == (200, {"locale": now})
            await quote(api, session)
        await api.put("/v1/account/locale", json={"locale": "de"}, headers=session)
        await quote(api, session, locale="en")
        broken = await api.put("/v1/account/locale", json={"locale": "German"}, headers=session)
        assert (broken.status_code, broken.json()["errors"][0]["pointer"]) == (400, "/locale")
    quotes = await customers.pool.fetch("SELECT locale FROM quote ORDER BY id")
    assert [row["locale"] for row in quotes] == [locale, "de-AT", "de-AT", "", ""]
    assert await kept(customers) == "de"
    assert (await customers.history()).count("language_chosen") == 3, "a repeat is nothing new"


async def test_who_is_signed_in_is_told_in_their_language_that_something_is_there_again(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 1)
    await shop.order(lamp=1)
    await customers.sign_up(locale="de")
    session = await customers.confirm(await customers.link())
    signed_in, ended = {"Authorization": f"Bearer {session.token}"}, {"Authorization": f"Bearer {session.token[:-1]}"}
    asked: list[tuple[dict[str, str], dict[str, str]]] = [
        (signed_in, {}), (signed_in, {"locale": "en"}), (signed_in, {"locale": "de-AT"}), ({}, {}), (ended, {}),
    ]  # fmt: skip
    async with client_of(create_app(structs.replace(shop.settings, locales="en,de,de-AT"))) as api:
        for number, (headers, said) in enumerate(asked):
            body = {"sku": "lamp", "mail": f"ada{number}@example.org"} | said
            answer = await api.post("/v1/restock-requests", json=body, headers=headers)
            assert answer.status_code == 202, answer.text
    rows = await customers.pool.fetch(
        """SELECT r.locale, convert_from(e.metadata, 'UTF8')::jsonb->>'actor' AS actor
           FROM restock_request r JOIN event_log e ON e.aggregate_id = r.id ORDER BY r.id"""
    )
    ada = f"account:{session.account_id}"
    assert [tuple(row) for row in rows] == [("de", ada), ("", ada), ("de-AT", ada), ("", "guest"), ("", "guest")]


async def test_staff_see_what_language_an_account_is_written_to_in(customers: Customers) -> None:
    session = await customers.customer()
    assert (await show_account(customers.pool, session.account_id)).locale is None
    who = await customers.who(session)
    assert who is not None
    await choose_language(customers.pool, who, "de-AT", CAUSE)
    issued = (await access.issue_token(customers.pool, "desk", ["accounts:read"], None, CAUSE)).body
    staff = {"Authorization": f"Bearer {msgspec.json.decode(issued)['token']}"}
    async with client_of(create_app(customers.shop.settings)) as api:
        shown = (await api.get(f"/v1/accounts/{session.account_id}", headers=staff)).json()
        found = (await api.post("/v1/accounts/lookups", json={"mail": MAIL}, headers=staff)).json()
    assert shown["locale"] == "de-AT"
    assert shown == found


async def test_who_asks_what_is_held_on_them_is_told_their_language(customers: Customers) -> None:
    await customers.sign_up(locale="de")
    await customers.confirm(await customers.link())
    person_id = await erasure.find_person(customers.pool, customers.desk.keyring, MAIL)
    held = (await erasure.export(customers.pool, customers.desk.keyring, person_id)).account
    assert held is not None
    assert held.locale == "de"
