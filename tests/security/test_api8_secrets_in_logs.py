"""OWASP API8: with every process at DEBUG, and failures on the way, no secret and no personal data gets into a log."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from doorbuster import running, state, tokens
from doorbuster.demo import stampede
from doorbuster.demo.shop import ADDRESS, DECLINED_CARD, Shop
from doorbuster.home import Home
from shared.ids import uuid7
from tests.e2e.conftest import SCOPES
from tests.e2e.programs import pid_of

pytestmark = pytest.mark.slow

PERSON = {"mail": "grace.hopper@navy.example", "name": "Grace Brewster Hopper", "line1": "1 Arlington Cemetery Drive"}
OURS = ("write-api", "worker", "projector", "read-api")


@pytest.fixture(scope="module")
def talkative_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A stack whose processes write down all they can."""
    home = Home(Path(tmp_path_factory.mktemp("talkative")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOG_LEVEL", "DEBUG")
        running.up(home, "all")
    yield home
    running.down(home)


@pytest.fixture
async def environment(talkative_home: Home) -> dict[str, str]:
    """The way to it."""
    found = state.read(talkative_home)
    assert found is not None
    return found.environment


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Shop]:
    """A web client."""
    async with Shop(environment) as shop:
        yield shop


async def test_no_log_holds_a_secret_or_a_persons_data(
    talkative_home: Home, environment: dict[str, str], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for field in ("name", "line1"):
        monkeypatch.setitem(ADDRESS, field, PERSON[field])
    bearer = await tokens.issue(environment["DATABASE_URL"], "security", [*SCOPES, "access:write"])
    issued, _ = await shop.command(
        "POST", "/v1/tokens", {"name": "n", "scopes": ["stock:read"]}, Authorization=f"Bearer {bearer}"
    )
    sku = await stampede.offer(shop, bearer, 5)
    secrets = {"bearer": bearer, "issued": issued["token"]}
    for paid in (True, False):
        cart_id, cart_secret = await shop.cart(sku, 1, "EUR")
        quote = await shop.quote(cart_id, cart_secret, PERSON["mail"])
        order, position = await shop.place(quote["id"], cart_secret)
        session, _ = await shop.command(
            "POST", f"/v1/payments/{order['payment']['id']}/session", Order_Token=order["order_token"]
        )
        secrets |= {f"cart {paid}": cart_secret, f"order {paid}": order["order_token"].partition(".")[2]}
        secrets |= {f"client {paid}": session["client_secret"]}
        await shop.order(order, position)
        await shop.follow(f"{shop.read}/v1/orders/{order['id']}?token={order['order_token']}")
        if paid:
            await shop.pay(order, DECLINED_CARD)
            await shop.pay(order)
            await shop.complete(order)
            await shop.until_order(order, "payment_state", "captured")
            await shop.mail_to(PERSON["mail"])
        await _fail_in_every_way(shop, order, secrets)
    secrets |= {name: environment[name] for name in ("MASTER_KEY", "LINK_SECRET", "STRIPE_WEBHOOK_SECRET")}
    secrets |= {"STRIPE_API_KEY": environment["STRIPE_API_KEY"]} | PERSON
    for name in OURS:
        log = talkative_home.log(name).read_text()
        assert "LOG_LEVEL=DEBUG" in environment_of(pid_of(talkative_home, name))
        assert log, f"{name} said nothing at all"
        found = {what for what, secret in secrets.items() if secret in log}
        told = [line for line in log.splitlines() if any(secrets[what] in line for what in found)]
        assert not found, (name, found, told[:3])


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


async def _fail_in_every_way(shop: Shop, order: dict[str, object], secrets: dict[str, str]) -> None:
    """Requests that are refused, with all secrets in all places that a mistake may put them."""
    async with httpx.AsyncClient(timeout=10) as client:
        for secret in secrets.values():
            given = {"Authorization": f"Bearer {secret}", "Cart-Secret": secret, "Order-Token": secret,
                     "Stripe-Signature": f"t=1,v1={secret}", "Idempotency-Key": str(uuid7())}  # fmt: skip
            for base in (shop.write, shop.read):
                await client.get(f"{base}/v1/orders/{order['id']}", params={"token": secret, "tokn": secret})
                await client.get(f"{base}/v1/nothing/{secret}", headers=given)
                for path in ("/v1/carts", "/v1/orders", "/v1/tokens", "/v1/webhooks/stripe"):
                    await client.post(f"{base}{path}", headers=given, json={"secret": secret, "mail": PERSON["mail"]})
                    await client.post(f"{base}{path}", headers=given, content=f'{{"broken": "{secret}')
