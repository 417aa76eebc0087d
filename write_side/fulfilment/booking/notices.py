"""The carrier's webhooks: who sent them, and what they say. Pure, but for the clock that is handed in."""

import hashlib
import hmac

import msgspec

from write_side.errors import Refusal
from write_side.fulfilment.booking.carrier import Scan

TOLERANCE = 300  # seconds that a webhook may have been on its way

_scan = msgspec.json.Decoder(Scan)


class BadCarrierSignature(Refusal):
    """The webhook does not come from the carrier, or is an old one sent again."""

    status = 400
    code = "bad_signature"


class BrokenScan(Refusal):
    """Signed, but not of the shape that we read."""

    status = 400
    code = "broken_notice"


def scan_in(body: bytes, signature: str, secret: str, now: float) -> Scan:
    """A webhook's content once its signature (`t=…,v1=…`) holds; raises `BadCarrierSignature`, `BrokenScan`."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    sent_at = parts.get("t", "")
    expected = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
    fits = hmac.compare_digest(parts.get("v1", "").encode(), expected.encode())
    recent = sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 12 and abs(now - int(sent_at)) <= TOLERANCE
    if not (secret and fits and recent):
        raise BadCarrierSignature("the Carrier-Signature does not fit this body")
    try:
        return _scan.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BrokenScan("the webhook is no scan as the carrier sends it") from error
