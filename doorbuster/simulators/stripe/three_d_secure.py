"""The bank's page of 3-D Secure: two buttons, and back to the shop."""

from html import escape
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from .errors import StripeError
from .objects import Intent

WORDS = {"authorize": True, "succeed": True, "won": True, "fail": False, "lost": False}
PAGE = """<!doctype html><html lang="en"><title>3-D Secure test page</title>
<h1>Authorize {amount} {currency}?</h1>
<form method="post"><button name="outcome" value="authorize">Complete</button>
<button name="outcome" value="fail">Fail</button></form></html>"""


async def outcome_of(request: web.Request) -> tuple[bool, bool]:
    """Whether the answer is yes, and whether a form gave it."""
    by_form = request.content_type == "application/x-www-form-urlencoded"
    try:
        given = dict(await request.post()) if by_form else msgspec.json.decode(await request.read())
        return WORDS[str(given["outcome"])], by_form
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise StripeError(f"outcome must be one of {', '.join(WORDS)}", param="outcome") from error


def page_of(intent: Intent) -> str:
    """What the shopper sees at the bank."""
    return PAGE.format(amount=intent.amount, currency=escape(intent.currency.upper()))


def sent_back(before: Intent, after: Intent) -> web.Response:
    """To the shop's return URL, as Stripe sends the shopper there."""
    action = (before.next_action or {}).get("redirect_to_url") or {}
    if not action.get("return_url"):
        return web.Response(text="Done. You may close this page.")
    query = {
        "payment_intent": after.id,
        "payment_intent_client_secret": after.client_secret,
        "redirect_status": "failed" if after.last_payment_error else "succeeded",
    }
    glue = "&" if "?" in action["return_url"] else "?"
    return web.Response(status=303, headers={"Location": action["return_url"] + glue + urlencode(query)})
