"""How the simulators sign their webhooks: the way that Stripe does, which others have taken over."""

import hashlib
import hmac


def signature(payload: bytes, secret: str, now: int) -> str:
    """The header of a payload, `t=…,v1=…`: an HMAC over the time and the bytes."""
    digest = hmac.new(secret.encode(), f"{now}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"
