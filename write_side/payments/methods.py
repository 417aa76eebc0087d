"""The ways to pay that there are. A new one is a file with its provider, a line here, and, if customers may choose it,
its name in `Chosen` (docs/payment-methods.md)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, get_args

from shared.settings import Settings
from write_side.payments.gateway import CARD, Gateway
from write_side.payments.our_books import EXCHANGE, GIFT_CARD, INVOICE
from write_side.payments.providers import Abilities, Method, Provider, Providers

Chosen = Literal["card", "invoice"]  # what a quote may be asked with, for what gift cards leave to pay
_CHOSEN: tuple[Chosen, ...] = get_args(Chosen)

# None is taken away while orders stand that were paid so: refunds of years ago ask here.
METHODS: dict[str, Method] = {
    "card": CARD,
    "invoice": INVOICE,
    "gift_card": GIFT_CARD,  # pays all of it
    "exchange": EXCHANGE,  # goods that come back pay all of it
}


def chosen_like(method: str) -> Chosen:
    """The same way once more, if customers may choose it, else by card."""
    return next((name for name in _CHOSEN if name == method), "card")


def can(method: str) -> Abilities:
    """What a way to pay can do."""
    return METHODS[method].can


def stripe_of(providers: Providers) -> Gateway:
    """Stripe among them, for what only it does: it calls us."""
    gateway = providers.of("card")
    assert isinstance(gateway, Gateway)
    return gateway


@asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Providers]:
    """All of them, each provider opened once; it may be down at start."""
    opened: dict[Callable[..., Any], Provider] = {}
    async with AsyncExitStack() as stack:
        for method in METHODS.values():
            if method.open not in opened:
                opened[method.open] = await stack.enter_async_context(method.open(settings))
        yield Providers({name: opened[method.open] for name, method in METHODS.items()})
