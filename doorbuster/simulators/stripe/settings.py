"""The simulator's settings: environment first, flags over it."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class Settings(Struct, frozen=True):
    """Where it listens, the keys it takes, where webhooks go and where it keeps its journal."""

    host: str = "127.0.0.1"
    port: int = 12111
    api_key: str = "sk_test_simulator"
    publishable_key: str = "pk_test_simulator"
    webhook_secret: str = "whsec_simulator"
    webhook_url: str | None = None
    data: Path | None = None
    control_open: bool = False  # let others than loopback use /simulator, as between containers
    log_level: str = "INFO"

    @property
    def public_url(self) -> str:
        """Where a shopper's browser finds the bank's 3-D Secure page."""
        return f"http://{'127.0.0.1' if self.host in ('0.0.0.0', '::') else self.host}:{self.port}"


def read(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags and environment (HOST, PORT, STRIPE_…); exits with a message on a wrong flag."""
    env = os.environ if environ is None else environ
    parser = argparse.ArgumentParser(prog="doorbuster.simulators.stripe", description="Plays Stripe's test mode.")
    parser.add_argument("--host", default=env.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env.get("PORT", "12111")))
    parser.add_argument("--api-key", default=env.get("STRIPE_API_KEY", "sk_test_simulator"))
    parser.add_argument("--publishable-key", default=env.get("STRIPE_PUBLISHABLE_KEY", "pk_test_simulator"))
    parser.add_argument("--webhook-secret", default=env.get("STRIPE_WEBHOOK_SECRET", "whsec_simulator"))
    parser.add_argument("--webhook-url", default=env.get("STRIPE_WEBHOOK_URL") or None)
    parser.add_argument("--data", type=Path, default=env.get("STRIPE_DATA") or None, help="folder of the journal")
    parser.add_argument("--control-open", action="store_true", default=env.get("STRIPE_CONTROL_OPEN") == "1")
    parser.add_argument("--log-level", default=env.get("LOG_LEVEL", "INFO"))
    return Settings(**vars(parser.parse_args(argv)))
