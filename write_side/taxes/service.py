"""The tax service behind TAX_SERVICE_URL, over HTTP. Nobody else knows what it says.

It is asked outside of any transaction, once a quote, and left alone for a while where it doesn't answer. What it says
is checked like every answer; where TAX_FALLBACK says so, our own tables answer for it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import msgspec
from msgspec import Struct

from shared.breaker import Breaker, Withheld
from shared.settings import Settings
from write_side import metrics
from write_side.database import Pool
from write_side.outside import NoAnswer
from write_side.shipping import UnknownDestination
from write_side.taxes.computing import Question, Taxable, Taxed, Taxes
from write_side.taxes.providers import TableTaxes, TaxRates, check
from write_side.taxes.vat_checks import NobodyAsked, open_vat_checks

LARGEST_ANSWER = 1_000_000  # bytes; an order of a thousand lines takes a tenth of it

log = logging.getLogger(__name__)


class _Tax(Struct):
    name: str
    rate_ppm: int
    tax_minor: int


class _Answer(Struct):
    lines: list[list[_Tax]]
    shipping: list[_Tax]
    duties_due: bool = False
    reverse_charge: bool = False


class _Asked(Struct):
    """How a part of the question goes over the wire."""

    amount_minor: int
    tax_class: str
    included: bool


_answer = msgspec.json.Decoder(_Answer)


class WebTaxes:
    """The service; each question is asked once, and has so many seconds."""

    def __init__(self, client: httpx.AsyncClient, seconds: float) -> None:
        self._client, self._seconds, self._breaker = client, seconds, Breaker()

    async def taxes(self, question: Question) -> Taxes:
        """What it says. Raises `NoAnswer`, `UnknownDestination`."""
        try:
            permit = self._breaker.admit(time.monotonic())
        except Withheld as withheld:
            raise NoAnswer("it is left alone, since it did not answer") from withheld
        try:
            async with asyncio.timeout(self._seconds):
                status, body = await self._asked(question)
        except asyncio.CancelledError:
            self._breaker.given_up(permit)
            raise
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            self._breaker.failed(permit, time.monotonic())
            raise NoAnswer(f"it could not be asked: {type(error).__name__}") from error
        if status >= 500:
            self._breaker.failed(permit, time.monotonic())
        else:
            self._breaker.succeeded(permit)
        return _read(question, status, body)

    async def _asked(self, question: Question) -> tuple[int, bytes]:
        asked = msgspec.structs.asdict(question) | {
            "lines": [_Asked(*part) for part in question.lines], "shipping": _Asked(*question.shipping),
        }  # fmt: skip
        content = msgspec.json.encode(asked)
        headers = {"Content-Type": "application/json"}
        async with self._client.stream("POST", "/v1/taxes", content=content, headers=headers) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise ValueError("an answer longer than any")
            return answer.status_code, bytes(body)


def _read(question: Question, status: int, body: bytes) -> Taxes:
    if status == 422:
        detail = f"orders do not go to {question.country}"
        raise UnknownDestination(detail, country=question.country, pointer="/address/country")
    if status != 200:
        raise NoAnswer(f"status {status}")
    try:
        said = _answer.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NoAnswer("no answer to this question") from error
    if len(said.lines) != len(question.lines):
        raise NoAnswer("other lines than were asked about")
    lines = [_taxed(part, each) for part, each in zip(question.lines, said.lines, strict=True)]
    shipping = [_taxed(question.shipping, said.shipping)] if said.shipping else []
    return Taxes(lines, shipping, said.duties_due, said.reverse_charge)


def _taxed(part: Taxable, said: Sequence[_Tax]) -> Taxed:
    shares = tuple(tax.tax_minor for tax in said)
    base = part.amount_minor - (sum(shares) if part.included else 0)
    return Taxed(tuple((tax.name, tax.rate_ppm) for tax in said), shares, base, part.included)


class OrElse:
    """One that is asked first, and another one for when it has no answer that can be used."""

    def __init__(self, first: TaxRates, second: TaxRates) -> None:
        self._first, self._second = first, second

    async def taxes(self, question: Question) -> Taxes:
        """What the first says, else the second."""
        try:
            taxes = await self._first.taxes(question)
            check(question, taxes)
        except NoAnswer as error:
            log.error("the tables answer for the tax service", extra={"fields": {"why": str(error)}})
            metrics.TAXES_ANSWERED.labels("tables").inc()
            return await self._second.taxes(question)
        metrics.TAXES_ANSWERED.labels("service").inc()
        return taxes


@asynccontextmanager
async def open_taxes(settings: Settings, pool: Pool) -> AsyncIterator[TaxRates]:
    """Who says what tax there is: our tables, unless TAX_SERVICE_URL names a service, which looks VAT ids up by itself.
    It may be down at start."""
    if not settings.tax_service_url:
        async with open_vat_checks(settings) as checks:
            yield TableTaxes(pool, settings.vat_country, checks)
        return
    # There is no time left to look VAT ids up while they stand in: whoever wants that sees which ones were not.
    tables = TableTaxes(pool, settings.vat_country, NobodyAsked() if settings.vat_check_url else None)
    headers = {"Authorization": f"Bearer {settings.tax_service_key}"}
    seconds = settings.tax_timeout_seconds
    async with httpx.AsyncClient(
        base_url=settings.tax_service_url, headers=headers, timeout=seconds, trust_env=False, follow_redirects=False
    ) as client:
        if settings.tax_fallback == "refuse":
            yield WebTaxes(client, seconds * 0.9)  # before the quote gives up: else nobody counts it as a failure
        else:  # the tables get what is left of the time
            yield OrElse(WebTaxes(client, seconds * 0.75), tables)
