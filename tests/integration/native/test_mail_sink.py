"""The mail sink takes what a shop sends and shows it."""

from email.message import EmailMessage

import aiosmtplib
import httpx

from tests.fixtures.private_server import PrivateServer


def _mail(subject: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Shop <shop@doorbuster.example>", "bea@example.com", subject
    made["Message-ID"] = "<order-1@doorbuster.example>"
    made.set_content("Danke, Käthe")
    made.add_alternative("<p>Danke, <b>Käthe</b></p>", subtype="html")
    return made


async def _send(mail: PrivateServer, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname="127.0.0.1", port=int(mail.url.rpartition(":")[2]))


async def test_a_mail_is_shown_with_both_its_parts(mail: PrivateServer) -> None:
    await _send(mail, _mail("Bestellung № 1"))
    async with httpx.AsyncClient(base_url=mail.page) as page:
        (listed,) = (await page.get("/mails", params={"to": "BEA@example.com"})).json()["mails"]
        whole = (await page.get(f"/mails/{listed['number']}")).json()
    assert (listed["subject"], listed["message_id"]) == ("Bestellung № 1", "<order-1@doorbuster.example>")
    assert whole["text"].strip() == "Danke, Käthe"
    assert "<b>Käthe</b>" in whole["html"]


async def test_mails_outlive_a_kill_of_the_sink(mail: PrivateServer) -> None:
    await _send(mail, _mail("kept"))
    mail.kill()
    mail.start()
    async with httpx.AsyncClient(base_url=mail.page) as page:
        assert [found["subject"] for found in (await page.get("/mails")).json()["mails"]] == ["kept"]


async def test_a_subject_cannot_put_markup_on_the_page(mail: PrivateServer) -> None:
    await _send(mail, _mail("<script>alert(1)</script>"))
    async with httpx.AsyncClient(base_url=mail.page) as page:
        shown = (await page.get("/")).text
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


async def test_mails_to_others_are_not_listed(mail: PrivateServer) -> None:
    await _send(mail, _mail("for Bea"))
    async with httpx.AsyncClient(base_url=mail.page) as page:
        assert (await page.get("/mails", params={"to": "carl@example.com"})).json() == {"mails": []}
        assert (await page.get("/mails/999999")).status_code == 404
