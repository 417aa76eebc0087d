"""The hottest paths, answered ahead of Litestar: product page, shopper stock, order status, one's turn in a sale.

Pages and orders that are kept are answered at once: nothing is waited for, so there is no coroutine to run. A page by
its id, or an order, that isn't kept is one read away, and what led there isn't looked at again. For the others:
Litestar's routing, dependencies and responses cost more than the read itself. This dispatcher calls the very query
functions that the routes call and leaves whatever is unusual (other methods, further parameters, odd paths) to them;
refusals are raised as `Problem` and answered by the frame around both. One set of tests runs against all ways.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qsl

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from read_side.answers import Answer, outgoing, send_answer
from read_side.compressed import Compressed
from read_side.documents import Documents, parse_position
from read_side.orders.queries import Ticket, order_at_once, order_soon, order_status
from read_side.products.queries import AsAsked, Name, Pages
from read_side.sales.queries import Sales
from read_side.stock.queries import shopper_stock
from shared.http.frame import Soon
from shared.http.replies import Outgoing, header
from shared.http.slashes import SLASH
from shared.links import OrderLinks
from shared.locales import Languages
from shared.position import Position

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAMES: dict[str, Name] = {"by-slug": "slug", "by-sku": "sku", "by-ean": "ean"}
_ORDERS, _ORDER = "/v1/orders/", "/v1/orders/{order_id}"
_PRODUCTS, _PRODUCT = "/v1/products/", "/v1/products/{product_id}"
_NAMED = {given: f"{_PRODUCTS}{given}/{{{name}}}" for given, name in _NAMES.items()}
_UUID_LENGTH = 36  # whoever asks by anything else of that length finds nothing that is kept

Matched = tuple[str, Callable[[Position | None], Awaitable[Answer[Any]]]]  # route template, query


class Front:
    """An ASGI app in front of another."""

    def __init__(
        self,
        app: ASGIApp,
        documents: Documents,
        pages: Pages,
        sales: Sales,
        languages: Languages,
        links: OrderLinks,
    ) -> None:
        self._app, self._languages = app, languages
        self._documents, self._pages, self._sales = documents, pages, sales
        self._links, self._compressed = links, Compressed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        matched = self._match(cast(HTTPScope, scope)) if scope["type"] == "http" else None  # type: ignore[comparison-overlap]
        if matched is None:
            await self._app(scope, receive, send)
            return
        asked = cast(HTTPScope, scope)
        asked["path_template"], query = matched
        token = header(asked, b"position")
        position = parse_position(token.decode("latin-1")) if token is not None else None
        await send_answer(asked, send, await query(position), self._compressed)

    def at_once(self, scope: HTTPScope) -> Outgoing | Soon | None:
        """The answer to what is plain to answer: the document is kept, nothing is waited for, nobody is refused; or,
        of a page by its id and an order by its token, how to come by it. None: the app answers."""
        if scope["method"] != "GET" or scope["query_string"] or header(scope, b"position") is not None:
            return None
        path = scope["path"]
        if path.startswith(_PRODUCTS):
            return self._product_at_once(scope, path[len(_PRODUCTS) :])
        if path.startswith(_ORDERS) and len(path) == len(_ORDERS) + _UUID_LENGTH:
            token = header(scope, b"order-token")
            return self._order_at_once(scope, path[len(_ORDERS) :], token) if token else None
        return None

    def _order_at_once(self, scope: HTTPScope, order_id: str, token: bytes) -> Outgoing | Soon | None:
        order = self._said(scope, _ORDER, order_at_once(self._documents, self._links, order_id, token))
        if order is not None or not _UUID.fullmatch(order_id):
            return order
        return partial(self._soon, scope, _ORDER, partial(order_soon, self._documents, self._links, order_id, token))

    def _product_at_once(self, scope: HTTPScope, rest: str) -> Outgoing | Soon | None:
        if self._languages.of(None, _text(header(scope, b"accept-language"))) is not None:
            return None
        given, _, value = rest.partition("/")
        if not value:
            if len(rest) != _UUID_LENGTH:
                return None
            page = self._said(scope, _PRODUCT, self._pages.at_once(rest))
            if page is not None or not _UUID.fullmatch(rest):
                return page
            return partial(self._soon, scope, _PRODUCT, partial(self._pages.soon, rest))
        name = _NAMES.get(given)
        if name is None or "/" in value or SLASH in value:
            return None
        return self._said(scope, _NAMED[given], self._pages.named_at_once(name, value))

    def _said(self, scope: HTTPScope, template: str, answer: Answer[Any] | None) -> Outgoing | None:
        if answer is None:
            return None
        scope["path_template"] = template
        return outgoing(scope, answer, self._compressed)

    async def _soon(
        self, scope: HTTPScope, template: str, query: Callable[[], Awaitable[Answer[Any]]]
    ) -> Outgoing:
        scope["path_template"] = template
        return outgoing(scope, await query(), self._compressed)

    def _match(self, scope: HTTPScope) -> Matched | None:
        if scope["method"] != "GET":
            return None
        parts = scope["path"].split("/")
        if not 4 <= len(parts) <= 5 or parts[1] != "v1" or not parts[-1] or SLASH in parts[-1]:
            return None
        if parts[2] == "orders":
            return self._order(scope, parts)
        if scope["query_string"]:
            return None
        if parts[2] == "sales":
            return self._turn(scope, parts)
        return self._product(scope, parts) if parts[2] == "products" else self._stock(parts)

    def _product(self, scope: HTTPScope, parts: list[str]) -> Matched | None:
        pages, last = self._pages, parts[-1]
        as_asked = AsAsked(self._languages.of(None, _text(header(scope, b"accept-language"))))
        if len(parts) == 4:
            if not _UUID.fullmatch(last):
                return None
            return _PRODUCT, lambda position: pages.by_id(last, position, as_asked)
        name = _NAMES.get(parts[3])
        if name is None:
            return None
        return _NAMED[parts[3]], lambda position: pages.by_name(name, last, position, as_asked)

    def _stock(self, parts: list[str]) -> Matched | None:
        if len(parts) != 4 or parts[2] != "stock":
            return None
        return "/v1/stock/{sku}", lambda position: shopper_stock(self._documents, parts[3], position)

    def _turn(self, scope: HTTPScope, parts: list[str]) -> Matched | None:
        if len(parts) != 5 or parts[4] != "turn" or not _UUID.fullmatch(parts[3]):
            return None
        ticket = _text(header(scope, b"ticket"))
        return "/v1/sales/{sale_id}/turn", lambda position: self._sales.turn(parts[3], ticket, position)

    def _order(self, scope: HTTPScope, parts: list[str]) -> Matched | None:
        if len(parts) != 4 or not _UUID.fullmatch(parts[3]):
            return None
        token = _text(header(scope, b"order-token"))
        if scope["query_string"]:
            given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if [name for name, _ in given] != ["token"]:
                return None
            token = token or given[0][1]
        ticket = Ticket(token, _text(header(scope, b"authorization")))
        return _ORDER, lambda position: order_status(
            self._documents, self._links, parts[3], ticket, position
        )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
