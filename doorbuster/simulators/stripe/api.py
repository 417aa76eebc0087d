"""Stripe's HTTP: keys, form bodies, idempotency, errors, headers. One request is executed in one event loop step."""

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from msgspec import Struct

from . import forms, idempotency, lists, params
from .bank import Bank
from .errors import StripeError
from .ledger import Ledger, Saved
from .objects import API_VERSION, Change, Intent, Moment, StripeObject
from .operations import OPERATIONS, Call, Operation, shown
from .outage import Outage
from .settings import Settings
from .webhooks import Courier

log = logging.getLogger("stripe.api")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
    "Access-Control-Expose-Headers": "Request-Id, Stripe-Manage-Version, X-Stripe-External-Auth-Required",
    "Access-Control-Max-Age": "300",
}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """A fresh id: prefix and 22 letters nobody guesses."""
    number, letters = secrets.randbits(131), []
    for _ in range(22):
        number, digit = divmod(number, 62)
        letters.append(ALPHABET[digit])
    return prefix + ("" if prefix.endswith("_") or prefix[-1].isdigit() else "_") + "".join(letters)


class Origin(Struct, frozen=True):
    """Which request caused something, and what its idempotency key stands for; all empty for the simulator itself."""

    id: str | None = None
    key: str | None = None
    scope: str = ""
    fingerprint: str = ""


NOBODY = Origin()


class Api:
    """The routes under /v1."""

    def __init__(self, settings: Settings, ledger: Ledger, courier: Courier, outage: Outage, bank: Bank) -> None:
        self._settings, self._ledger, self._courier, self._outage = settings, ledger, courier, outage
        self._bank = bank
        self._in_flight = idempotency.InFlight()

    def routes(self) -> list[web.RouteDef]:
        """One route per operation."""
        return [web.route(each.method, each.path, self._handler(each)) for each in OPERATIONS]

    def moment(self) -> Moment:
        """Now."""
        return Moment(int(time.time()), new_id, self._settings.public_url, self._bank.trouble)

    def record(self, change: Change, origin: Origin = NOBODY, saved: Saved | None = None) -> None:
        """Make a change true, then tell the webhooks."""
        told = {"id": origin.id, "idempotency_key": origin.key}
        self._courier.send(self._ledger.record(change, self.moment(), told, saved))

    def _handler(self, operation: Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            await self._outage.before(request)
            response = await self._serve(request, operation)
            self._outage.after(request)
            return response

        return handle

    async def _serve(self, request: web.Request, operation: Operation) -> web.Response:
        given = forms.decode(await _pairs(request))
        credential = _credential(request, given)
        publishable = self._authenticate(credential, operation)
        typed = params.read(given, operation.spec, operation.required)
        call = Call(self._ledger, self.moment(), typed, request.match_info.get("id", ""), publishable)
        key = request.headers.get("Idempotency-Key") if operation.method == "POST" else None
        if not key:
            await self._outage.during()
            return self._execute(operation, call, Origin(request["id"]))
        account = hashlib.sha256(credential.encode()).hexdigest()[:12]  # the journal holds no keys
        print_ = idempotency.fingerprint(operation.method, request.path, given)
        origin = Origin(request["id"], idempotency.checked_key(key), f"{account} {key}", print_)
        return await self._execute_once(operation, call, origin)

    async def _execute_once(self, operation: Operation, call: Call, origin: Origin) -> web.Response:
        assert origin.key is not None
        first = self._ledger.answers.get(origin.scope)
        if first := idempotency.replay(first, origin.key, origin.fingerprint, call.at.now):
            replayed = {"Idempotent-Replayed": "true", "Original-Request": first.request_id}
            return _json(first.body(), first.status, {**replayed, "Idempotency-Key": origin.key})
        self._in_flight.begin(origin.scope, origin.key)
        try:
            await self._outage.during()
            return self._execute(operation, call, origin)
        finally:
            self._in_flight.end(origin.scope)

    def _execute(self, operation: Operation, call: Call, origin: Origin) -> web.Response:
        """Run, record, answer: without an await, so that a request happens wholly or not at all."""
        result, error = _run(operation, call)
        change = result if isinstance(result, Change) else None
        error = error or (change.error if change else None) or self._outage.instead()
        answer = _error_seen(error, call) if error else self._seen(result, call)
        status = error.status if error else 200
        saved = _saved(answer, status, call, origin) if origin.key and (not error or error.kept) else None
        if change:
            self.record(change, origin, saved)
        elif saved:
            self._ledger.remember(saved)
        return _json(msgspec.json.encode(answer), status, {"Idempotency-Key": origin.key} if origin.key else {})

    def _seen(self, result: Any, call: Call) -> Any:
        answer, fresh = (result.answer, result.objects) if isinstance(result, Change) else (result, [])
        if call.publishable and isinstance(answer, Intent):
            answer = shown(answer)
        if not call.params.get("expand"):
            return answer
        # Expanded before it is recorded: a path that can't be expanded must refuse the whole request.
        return lists.expanded(answer, call.params["expand"], self._ledger, fresh)

    def _authenticate(self, credential: str, operation: Operation) -> bool:
        """Whether the key is the publishable one; 401 for no or a wrong key, 403 where it takes the secret one."""
        if not credential:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
            )
        if hmac.compare_digest(credential.encode(), self._settings.api_key.encode()):
            return False
        if not hmac.compare_digest(credential.encode(), self._settings.publishable_key.encode()):
            masked = f"{credential[:8]}{'*' * 8}{credential[-4:]}" if len(credential) > 16 else "*" * 8
            raise StripeError(f"Invalid API Key provided: {masked}", status=401)
        if not operation.publishable:
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise StripeError(message, status=403, code="secret_key_required")
        return True


def _run(operation: Operation, call: Call) -> tuple[Any, StripeError | None]:
    try:
        return operation.run(call), None
    except StripeError as error:
        return None, error


def _saved(answer: Any, status: int, call: Call, origin: Origin) -> Saved:
    shared = answer if isinstance(answer, StripeObject) else None
    raw = msgspec.Raw(b"null" if shared else msgspec.json.encode(answer))
    return Saved(
        scope=origin.scope,
        fingerprint=origin.fingerprint,
        status=status,
        created=call.at.now,
        request_id=origin.id or "",
        answer=shared,
        raw=raw,
    )


def _error_seen(error: StripeError, call: Call) -> dict[str, Any]:
    details = error.details()
    if call.publishable and "payment_intent" in details:
        details["payment_intent"] = shown(details["payment_intent"])
    return {"error": details}


async def _pairs(request: web.Request) -> list[tuple[str, str]]:
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    body = await request.read()
    if not body:
        return pairs
    if request.content_type != "application/x-www-form-urlencoded":
        raise StripeError("Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
    return pairs + parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def _credential(request: web.Request, given: dict[str, Any]) -> str:
    """The key from the Authorization header or the `key` field, which is removed."""
    given.pop("_stripe_version", None)
    field = given.pop("key", "")
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            value = ""
    return value.strip() or (field if isinstance(field, str) else "")


def _json(body: bytes, status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


async def preflight(request: web.Request) -> web.Response:
    """Any page may ask: this is the API of shoppers' browsers."""
    asked = request.headers.get("Access-Control-Request-Headers", "Authorization, Content-Type, Idempotency-Key")
    return web.Response(headers={"Access-Control-Allow-Headers": asked})


def refused(error: StripeError) -> web.Response:
    """An error that was raised before execution."""
    headers = {"WWW-Authenticate": 'Bearer realm="Stripe"'} if error.status == 401 else {}
    return _json(msgspec.json.encode({"error": error.details()}), error.status, headers)


def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer under /v1."""
    response.headers.update(CORS)
    response.headers["Request-Id"] = request["id"]
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
