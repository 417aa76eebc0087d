"""A tax service: one question over HTTP, and `/simulator` to make it slow, dead or wrong.

    POST /v1/taxes          {"country": "DE", "region": "", "postcode": "10115", "currency": "EUR", "vat_id": "",
                             "lines": [{"amount_minor": 1000, "tax_class": "standard", "included": false}],
                             "shipping": {"amount_minor": 490, "tax_class": "standard", "included": false}}
                            answers for each line, and for the shipping, which taxes are on it and what each comes to:
                            {"lines": [[{"name": "VAT", "rate_ppm": 190000, "tax_minor": 190}]], "shipping": [...],
                             "duties_due": false, "reverse_charge": false}; 422 where nothing goes
    POST /simulator/outage  {"mode": "off" | "error500" | "hang" | "wrong" | "away"}

It plays VIES, too, by which every VAT id is registered but those that it was told are not:

    POST /vies/check-vat-number   {"countryCode": "AT", "vatNumber": "U13585627"} answers {"valid": true, …}; a member
                                  state that is `away` is told of as VIES does, with 200 and a list of errors
    POST /simulator/unregistered  {"vat_ids": ["ATU13585627"]}

Its rates are its own, so that a test sees who answered: 25 % of everything, two taxes in Canada, nothing outside.
"""

import asyncio
from typing import Any, Literal

from aiohttp import web

Mode = Literal["off", "error500", "hang", "wrong", "away"]
HANGS_SECONDS = 30
VAT = [("Simulated VAT", 250_000)]
RATES = {"AT": VAT, "DE": VAT, "FR": VAT, "CA": [("GST", 50_000), ("QST", 99_750)], "US": []}


def create_app(api_key: str) -> web.Application:
    """The whole service as an aiohttp application."""
    service = TaxService(api_key)
    app = web.Application()
    app.add_routes([
        web.post("/v1/taxes", service.answer), web.post("/simulator/outage", service.break_down),
        web.post("/vies/check-vat-number", service.check_vat_id),
        web.post("/simulator/unregistered", service.strike_off), web.get("/health/ready", service.healthy),
    ])  # fmt: skip
    return app


class TaxService:
    """How well it is, and how often it was asked."""

    def __init__(self, api_key: str) -> None:
        self._api_key, self._mode = api_key, "off"
        self._asked = 0
        self._unregistered: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """What taxes there are, as well or badly as it was told to answer."""
        self._asked += 1
        if request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return web.json_response({"code": "unauthorized"}, status=401)
        if self._mode == "hang":
            await asyncio.sleep(HANGS_SECONDS)
        if self._mode == "error500":
            return web.json_response({"code": "internal"}, status=500)
        asked = await request.json()
        rates = RATES.get(asked["country"])
        if rates is None:
            return web.json_response({"code": "unknown_destination"}, status=422)
        wrong = 1_000_000 if self._mode == "wrong" else 0
        owed = bool(asked["vat_id"]) and not asked["vat_id"].startswith(asked["country"])
        rates = [(name, 0) for name, _ in rates] if owed else rates
        return web.json_response({
            "lines": [_taxes(line, rates, wrong) for line in asked["lines"]],
            "shipping": _taxes(asked["shipping"], rates, 0),
            "duties_due": asked["country"] == "US",
            "reverse_charge": owed,
        })  # fmt: skip

    async def check_vat_id(self, request: web.Request) -> web.Response:
        """Whether somebody is registered, as VIES says it."""
        self._asked += 1
        if self._mode == "hang":
            await asyncio.sleep(HANGS_SECONDS)
        if self._mode == "error500":
            return web.Response(text="<html>down</html>", status=500)
        if self._mode == "wrong":
            return web.Response(text="<html>maintenance</html>")
        if self._mode == "away":
            return web.json_response({"actionSucceed": False, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]})
        asked = await request.json()
        valid = asked["countryCode"] + asked["vatNumber"] not in self._unregistered
        return web.json_response({**asked, "valid": valid, "name": "---", "address": "---"})

    async def strike_off(self, request: web.Request) -> web.Response:
        """Nobody is registered under these any more."""
        self._unregistered = set((await request.json())["vat_ids"])
        return web.json_response({})

    async def break_down(self, request: web.Request) -> web.Response:
        """Behave otherwise from now on; answers how often it was asked."""
        self._mode = (await request.json())["mode"]
        return web.json_response({"mode": self._mode, "asked": self._asked})

    async def healthy(self, _: web.Request) -> web.Response:
        """It is there."""
        return web.json_response({"status": "ok"})


def _taxes(part: dict[str, Any], rates: list[tuple[str, int]], wrong: int) -> list[dict[str, Any]]:
    """Each tax rounded down by itself: that is this service's rule, and ours takes it as it comes."""
    whole = 1_000_000 + (sum(rate for _, rate in rates) if part["included"] else 0)
    amount = part["amount_minor"]
    return [{"name": name, "rate_ppm": rate, "tax_minor": amount * rate // whole - wrong} for name, rate in rates]
