"""A mail sink: takes every mail over SMTP, delivers none, and shows them on a page.

`python -m doorbuster.simulators.mail --smtp-port N --http-port N --folder DIR`. Each mail is a file `<number>.eml`
in the folder, as it came. `GET /` lists them, `GET /mails` does so in JSON (`?to=` filters by recipient), `GET
/mails/{number}` is one mail with its parts, `DELETE /mails` forgets all (or `?to=`), `GET /health/live` answers 200.
"""

import argparse
import asyncio
import email
import email.policy
import html
import signal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

_TO, _FROM = "X-Envelope-To", "X-Envelope-From"


class Mailbox:
    """The mails received, oldest first: files of a folder, so a restart keeps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # mails are personal data
        self._last = max((int(path.stem) for path in folder.glob("*.eml")), default=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # aiosmtpd's name
        """Keep a mail. The answer says 250 only when it stands in its file."""
        header = f"{_FROM}: {envelope.mail_from}\r\n{_TO}: {', '.join(envelope.rcpt_tos)}\r\n"
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        self._last += 1
        path = self._folder / f"{self._last}.eml"
        half = path.with_suffix(".half")
        half.write_bytes(header.encode() + content)
        half.rename(path)
        return f"250 kept as {self._last}"

    def read(self, number: int) -> EmailMessage | None:
        """One mail, None if there is none of that number."""
        try:
            content = (self._folder / f"{number}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return email.message_from_bytes(content, policy=email.policy.default)

    def summaries(self, to: str | None) -> list[dict[str, Any]]:
        """What the mails are, without their bodies; only those to one recipient if asked."""
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.eml"))
        found = ((number, self.read(number)) for number in numbers)
        listed = [_summary(number, mail) for number, mail in found if mail]
        return [mail for mail in listed if to is None or to.lower() in map(str.lower, mail["to"])]

    def clear(self, to: str | None = None) -> None:
        """Forget all mails, or those to one recipient; numbers go on."""
        for mail in self.summaries(to):
            (self._folder / f"{mail['number']}.eml").unlink(missing_ok=True)


def _summary(number: int, mail: EmailMessage) -> dict[str, Any]:
    return {
        "number": number,
        "message_id": str(mail.get("Message-ID", "")),
        "from": str(mail[_FROM]),
        "to": [address.strip() for address in str(mail[_TO]).split(",")],
        "subject": str(mail.get("Subject", "")),
        "date": str(mail.get("Date", "")),
    }


def _whole(number: int, mail: EmailMessage) -> dict[str, Any]:
    bodies = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    return {
        **_summary(number, mail),
        "headers": [[name, str(value)] for name, value in mail.items()],
        "text": bodies["plain"].get_content() if bodies["plain"] else None,
        "html": bodies["html"].get_content() if bodies["html"] else None,
    }


def application(mailbox: Mailbox) -> web.Application:
    """The page and its JSON."""

    async def listing(request: web.Request) -> web.Response:
        return web.json_response({"mails": mailbox.summaries(request.query.get("to"))})

    async def one(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        mail = mailbox.read(number)
        if mail is None:
            raise web.HTTPNotFound(text=f"no mail {number}")
        return web.json_response(_whole(number, mail))

    async def forget(request: web.Request) -> web.Response:
        mailbox.clear(request.query.get("to"))
        return web.Response(status=204)

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=_page(mailbox), content_type="text/html")

    async def live(request: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    made = web.Application()
    made.add_routes([web.get("/", page), web.get("/mails", listing), web.get(r"/mails/{number:\d+}", one)])
    made.add_routes([web.delete("/mails", forget), web.get("/health/live", live)])
    return made


def _page(mailbox: Mailbox) -> str:
    rows = "".join(
        f'<tr><td><a href="/mails/{mail["number"]}">{mail["number"]}</a><td>{html.escape(", ".join(mail["to"]))}'
        f"<td>{html.escape(mail['subject'])}<td>{html.escape(mail['date'])}"
        for mail in reversed(mailbox.summaries(None))
    )
    head = '<!doctype html><meta charset="utf-8"><title>Mails</title><style>td{padding:.2em 1em}</style>'
    return f"{head}<h1>Mails</h1><table>{rows or '<tr><td>none yet'}</table>"


async def serve(host: str, smtp_port: int, http_port: int, folder: Path) -> None:
    """Serve both ports until SIGTERM or SIGINT."""
    mailbox = Mailbox(folder)
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: SMTP(mailbox, enable_SMTPUTF8=True, loop=loop), host, smtp_port)
    runner = web.AppRunner(application(mailbox), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, http_port).start()
    await stopped.wait()
    server.close()
    await runner.cleanup()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="a mail sink")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.smtp_port, given.http_port, given.folder))


if __name__ == "__main__":
    main()
