"""Asking to be told of lamps, and telling, as the worker does."""

from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, TEXTS, new_call
from tests.integration.checkout.shop import Shop
from write_side.inventory import handlers as inventory
from write_side.inventory.domain import MoveStock
from write_side.notifications.gateway import MailServer
from write_side.restock_requests import handlers
from write_side.restock_requests.reactions import reactions as restock_reactions

ADA, BOB = "ada@example.org", "bob@example.org"


async def receive(shop: Shop, quantity: int, sku: str = "lamp") -> None:
    """A delivery."""
    await inventory.receive_stock(shop.pool, MoveStock(sku, "BER", quantity, "delivery"), CAUSE, new_call())


async def ask(shop: Shop, mail: str = ADA, sku: str = "lamp") -> None:
    """To be told when it can be had again."""
    await handlers.request_restock(shop.pool, shop.keyring, sku, mail, CAUSE)


async def work_off_the_log(shop: Shop) -> None:
    """As if the relay had got to its end."""
    await react_to_all(shop.pool, *restock_reactions(), workers=3)


async def tell(shop: Shop, server: MailServer) -> int:
    """Once; answers how many requests were tried."""
    return await handlers.tell_due(shop.pool, shop.keyring, server, TEXTS, shop.settings)


async def work(shop: Shop, server: MailServer) -> int:
    """All that is to be done; answers how many requests were tried."""
    await work_off_the_log(shop)
    tried = 0
    while found := await tell(shop, server):
        tried += found
    return tried


async def states(shop: Shop) -> list[tuple[str, bool]]:
    """State, and whether an address is still kept, of every request."""
    return [tuple(r) for r in await shop.pool.fetch("SELECT state, mail <> '' FROM restock_request ORDER BY id")]
