"""The one place that wires: ledger, webhooks, outage, API, control, health, the log line of each request."""

import logging
import time

from aiohttp import web

from .api import Api, Handler, new_id, preflight, refused, stamp
from .bank import Bank
from .control import Control
from .errors import StripeError
from .ledger import Ledger
from .outage import Dropped, Outage
from .settings import Settings
from .webhooks import Courier

log = logging.getLogger("stripe.api")


def create_app(settings: Settings) -> web.Application:
    """The whole simulator as an aiohttp application; opens its journal at once, its connections at start."""
    ledger = Ledger(settings.data)
    courier = Courier(ledger, settings.webhook_secret, settings.webhook_url)
    outage = Outage()
    bank = Bank()
    api = Api(settings, ledger, courier, outage, bank)
    control = Control(settings, ledger, courier, outage, api, bank)

    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        request["id"], began = new_id("req"), time.perf_counter()
        if request.path.startswith("/simulator"):
            control.admit(request)
        response = await _shaped(request, handler)
        if request.path.startswith("/v1"):
            stamp(request, response)
        _log(request, response, time.perf_counter() - began)
        return response

    async def opened(app: web.Application) -> None:
        await courier.open()

    async def closed(app: web.Application) -> None:
        await courier.close()
        ledger.close()

    app = web.Application(middlewares=[answered])
    app.add_routes([*api.routes(), *control.routes()])
    app.add_routes([web.get("/health/live", _healthy), web.get("/health/ready", _healthy)])
    app.on_startup.append(opened)
    app.on_cleanup.append(closed)
    return app


async def _shaped(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's answer, or what went wrong in Stripe's shape."""
    try:
        # Not a route of its own: a catch-all for OPTIONS would answer 405 where nothing is.
        if request.method == "OPTIONS" and request.path.startswith("/v1"):
            return await preflight(request)
        return await handler(request)
    except StripeError as error:
        return refused(error)
    except Dropped:
        return web.Response(status=499)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return refused(StripeError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404))
    except web.HTTPException as error:
        return refused(StripeError(error.reason, status=error.status))
    except Exception:
        log.exception("failed request=%s", request["id"])
        return refused(StripeError("The simulator failed; see its log.", status=500, type="api_error"))


def _log(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    # The path only: queries carry client secrets, bodies carry cards.
    replayed = " replayed" if "Idempotent-Replayed" in response.headers else ""
    fields = (request["id"], request.method, request.path, response.status, seconds * 1000, replayed)
    log.info("%s %s %s %d %.1fms%s", *fields)


async def _healthy(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
