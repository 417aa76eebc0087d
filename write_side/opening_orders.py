"""Who asks about an order: staff by their scope, its customer by their session, whoever holds its token."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request

from shared.http.problems import forbidden, unauthorized
from write_side.http import CALLER, caller_of, session_of
from write_side.orders import check_token, find_head
from write_side.resources import Resources

By = Literal["customer", "staff"]
Opened = Literal["account", "token", "staff"]


async def who_opens(request: Request[Any, Any, Any], own: Resources, order_id: UUID, token: str | None) -> By:
    """Staff need `orders:write`; a customer the order's token, or the session of the account that it belongs to.

    Raises `unauthorized`, `missing_scope`, `OrderTokenRequired`, `WrongOrderToken`, `OrderTokenEnded`.
    """
    opened = await opened_by(request, own, order_id, token)
    return "staff" if opened == "staff" else "customer"


async def opened_by(request: Request[Any, Any, Any], own: Resources, order_id: UUID, token: str | None) -> Opened:
    """The same, and whether a customer has shown more than the token: that stands in the link of every mail, which is
    forwarded, so it says nothing of who pays. Raises what `who_opens` raises."""
    if "authorization" in request.headers:
        caller = await caller_of(request)
        if caller is not None:
            if "orders:write" not in caller.scopes:
                raise forbidden("orders:write")
            request.scope["state"][CALLER] = caller
            return "staff"
        signed_in = await session_of(request)
        if signed_in is None:
            raise unauthorized()
        async with own.pool.acquire() as conn:
            order = await find_head(conn, order_id)
        if order is not None and order.account_id == signed_in.account_id:
            return "account"
    await check_token(own.pool, own.settings, order_id, token)
    return "token"


def key_owner(by: By | Opened, order_id: UUID) -> str | None:
    """Whose an Idempotency-Key is (`idempotent`): of whoever holds the order, or of the caller, told by the request."""
    return None if by == "staff" else f"order:{order_id}"
