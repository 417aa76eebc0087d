"""The simulators as programs: the mail sink, Stripe's, and the carrier's."""

import importlib.metadata
import os
import sys

from doorbuster.home import Home
from doorbuster.processes import Program

PACE_SECONDS = "2"  # between two places where a parcel is seen


def mail_sink(home: Home) -> Program:
    """The mail sink; its address is the SMTP URL, its page answers at `mail_page(home)`."""
    smtp, page = home.port("mail"), home.port("mail-page")
    command = [sys.executable, "-m", "doorbuster.simulators.mail", "--smtp-port", str(smtp), "--http-port", str(page)]
    return Program(
        name="mail",
        command=[*command, "--folder", str(home.folder / "mails")],
        address=f"smtp://127.0.0.1:{smtp}",
        probe=f"smtp://127.0.0.1:{smtp}",
        version=importlib.metadata.version("aiosmtpd"),
    )


def mail_page(home: Home) -> str:
    """Where the mails can be looked at."""
    return f"http://127.0.0.1:{home.port('mail-page')}"


def stripe_simulator(home: Home) -> Program:
    """Stripe's simulator; its address is what STRIPE_API_BASE names."""
    return _simulator(home, "stripe", {"STRIPE_DATA": str(home.folder / "stripe")})


def carrier_simulator(home: Home) -> Program:
    """The carrier's simulator; its address is what CARRIER_URL names. Parcels move on, a step every few seconds."""
    pace = os.environ.get("CARRIER_PACE_SECONDS", PACE_SECONDS)
    return _simulator(home, "carrier", {"CARRIER_DATA": str(home.folder / "carrier"), "CARRIER_PACE_SECONDS": pace})


def _simulator(home: Home, name: str, environment: dict[str, str]) -> Program:
    """One that is asked with a key and tells the write API by signed webhooks."""
    port, secrets, of = home.port(name), home.secrets(), name.upper()
    address = f"http://127.0.0.1:{port}"
    return Program(
        name=name,
        command=[sys.executable, "-m", f"doorbuster.simulators.{name}"],
        address=address,
        probe=f"{address}/health/live",
        version=importlib.metadata.version("doorbuster"),
        environment={
            "HOST": "127.0.0.1",
            "PORT": str(port),
            f"{of}_API_KEY": secrets[f"{of}_API_KEY"],
            f"{of}_WEBHOOK_SECRET": secrets[f"{of}_WEBHOOK_SECRET"],
            f"{of}_WEBHOOK_URL": webhook_url(home, name),
            **environment,
        },
    )


def webhook_url(home: Home, whose: str) -> str:
    """Where the write API takes the webhooks of `stripe`, or of the `carrier`."""
    return f"http://127.0.0.1:{home.port('write-api')}/v1/webhooks/{whose}"
