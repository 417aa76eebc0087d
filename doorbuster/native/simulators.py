"""The simulators as programs: the mail sink, and Stripe's."""

import importlib.metadata
import sys

from doorbuster.home import Home
from doorbuster.processes import Program


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
    port, secrets = home.port("stripe"), home.secrets()
    address = f"http://127.0.0.1:{port}"
    return Program(
        name="stripe",
        command=[sys.executable, "-m", "doorbuster.simulators.stripe"],
        address=address,
        probe=f"{address}/health/live",
        version=importlib.metadata.version("doorbuster"),
        environment={
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "STRIPE_API_KEY": secrets["STRIPE_API_KEY"],
            "STRIPE_WEBHOOK_SECRET": secrets["STRIPE_WEBHOOK_SECRET"],
            "STRIPE_WEBHOOK_URL": webhook_url(home),
            "STRIPE_DATA": str(home.folder / "stripe"),
        },
    )


def webhook_url(home: Home) -> str:
    """Where the write API takes Stripe's webhooks."""
    return f"http://127.0.0.1:{home.port('write-api')}/v1/webhooks/stripe"
