"""The carrier's webhook."""

import time
from datetime import timedelta
from typing import Annotated, Any

from litestar import Request, post
from litestar.params import HeaderParameter
from msgspec import Struct

from shared.http.described import Asked, reads, refuses
from write_side import returns
from write_side.fulfilment.booking import handlers
from write_side.fulfilment.booking.carrier import Scan
from write_side.fulfilment.booking.notices import BadCarrierSignature, BrokenScan, scan_in
from write_side.http import Shown, cause, shown
from write_side.resources import Own

Call = Request[Any, Any, Any]
Signature = Annotated[
    str,
    HeaderParameter(name="Carrier-Signature", description="The carrier's, over the body."),
    Asked((BadCarrierSignature,)),
]


class Received(Struct, frozen=True):
    """What the carrier wants to hear."""

    received: bool = True


@post("/v1/webhooks/carrier", status_code=200)
@reads(Scan)
@refuses(BrokenScan)
async def post_scan(request: Call, own: Own, signature: Signature = "") -> Shown[Received]:
    """The carrier saw a parcel, or a return. Whatever carries a good signature is taken; what is known changes
    nothing."""
    settings = own.settings
    scan = scan_in(await request.body(), signature, settings.carrier_webhook_secret, time.time())
    await handlers.learn(own.pool, settings.carrier_name, scan, cause(request))
    look = timedelta(seconds=settings.carrier_poll_seconds)
    await returns.learn(own.pool, settings.carrier_name, scan, look, cause(request))
    return shown(Received())


routes = [post_scan]
