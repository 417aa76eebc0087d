"""Who is signed in sends their own goods back, and nobody else's."""

from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.test_parcels import ship
from write_side.app import create_app
from write_side.orders.claiming import claim_order


async def test_a_return_opens_to_the_session_of_the_orders_account_and_to_no_other(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=2)
    await ship(shop, order, "1")
    mine, others = await customers.customer(), await customers.customer("eve@example.org")
    await claim_order(shop.pool, order.id, mine.account_id, CAUSE)
    body = {"lines": [{"sku": "lamp", "quantity": 1}], "reason": "other"}
    async with client_of(create_app(shop.settings)) as api:

        async def asked(token: str) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid7())}
            answer = await api.post(f"/v1/orders/{order.id}/returns", json=body, headers=headers)
            return answer.status_code, str(answer.json().get("code") or answer.json()["requested_by"])

        assert await asked(others.token) == (401, "order_token_required")
        assert await asked("ds_made_up") == (401, "unauthorized")
        assert await asked(mine.token) == (201, "customer")
