"""Doorbuster sales: what shoppers may know of one, a place in its waiting room, and when one's turn comes."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from read_side.answers import CATALOG, TURN, Answer
from read_side.documents import Documents, not_ready
from read_side.sales.waiting_room import Count, WaitingRooms
from shared.documents.sales import MODEL, Sale
from shared.http.problems import Told, not_found
from shared.position import Position
from shared.shards import sale_key
from shared.tickets import BrokenTicket, Ticket, read_ticket, turn_at, turns_until

NOT_OPEN_YET = Told(409, "not_open_yet", "The waiting room of this sale has not opened yet.")
SALE_OVER = Told(409, "sale_over", "The sale is over.")
TICKET_REQUIRED = Told(401, "ticket_required", "This needs the header Ticket, as the waiting room answered it.")
BAD_TICKET = Told(403, "bad_ticket", "This is no ticket of this waiting room.")

OFTEN, SELDOM = 1, 20  # seconds between two polls: below what a waiting room that lost its count waits for
SPREAD = 5  # seconds over which all who came early ask again once it has begun: not all at one moment

_sale = msgspec.json.Decoder(Sale)


class Turn(Struct, frozen=True):
    """A place in line. `ticket` takes the place of the one that was shown; with it the turn is taken, at the command
    API (`POST /v1/carts/{cart_id}/passes`). `ahead`: so many turns come before; `turn_at`: when it comes, as things
    are. Both are null while nobody can know: before the sale begins all who came are equal, and a sale may be held."""

    sale_id: UUID
    state: Literal["early", "waiting", "your_turn", "missed", "over"]
    ticket: str
    ahead: int | None
    turn_at: datetime | None
    take_it_until: datetime | None
    ask_again_after: int  # seconds


class Sales:
    """Sales as they lie in Redis, decoded once a version, and their waiting rooms."""

    def __init__(self, documents: Documents, rooms: WaitingRooms, link_secret: str) -> None:
        self._documents, self._rooms, self._secret = documents, rooms, link_secret
        self._decoded: dict[str, tuple[str, Sale]] = {}  # by id: ETag, sale

    async def show(self, sale_id: str, position: Position | None = None) -> Answer[Sale]:
        """A sale; answers 404 if there is none."""
        found = await self._documents.find(MODEL, sale_id, sale_key(sale_id), position)
        if found is None:
            raise not_found("sale")
        return Answer.of(found, CATALOG)

    async def show_by_sku(self, sku: str, position: Position | None = None) -> Answer[Sale]:
        """The running sale of a SKU; answers 404 if there is none, 503 if it may only not be there yet."""
        stale = None if position is None else await self._documents.behind(MODEL, None, position)
        sale_id = await self._documents.look_up(MODEL, "sku", sku)
        if sale_id is None:
            raise not_ready() if stale else not_found("sale")
        answer = await self.show(sale_id)
        return msgspec.structs.replace(answer, stale=answer.stale or stale)

    async def draw(self, sale_id: str) -> Turn:
        """A new place; answers 404, 409 `not_open_yet`, `sale_over`, 503 `waiting_room_gathers`."""
        sale, now = await self.find(sale_id), datetime.now(UTC)
        if _is_over(sale, now):
            raise SALE_OVER.problem()
        if now < sale.waiting_from:
            wait = min(3600, int((sale.waiting_from - now).total_seconds()) + 1)
            raise NOT_OPEN_YET.problem(headers={"Retry-After": str(wait)})
        return turn_of(sale, await self._rooms.draw(sale), now, self._secret)

    async def turn(self, sale_id: str, token: str | None, position: Position | None = None) -> Answer[Turn]:
        """Whose ticket it is and when their turn comes; answers 401 `ticket_required`, 403 `bad_ticket`, 404."""
        if not token:
            raise TICKET_REQUIRED.problem()
        try:
            ticket = read_ticket(self._secret, token)
        except BrokenTicket:
            raise BAD_TICKET.problem() from None
        if str(ticket.sale_id) != sale_id:
            raise BAD_TICKET.problem()
        sale = await self.find(sale_id, position)
        count = self._rooms.known(sale, ticket)
        return Answer.made(turn_of(sale, _told(ticket, count), datetime.now(UTC), self._secret), TURN)

    async def find(self, sale_id: str, position: Position | None = None) -> Sale:
        """A sale to work with; answers 404 if there is none."""
        found = await self._documents.find(MODEL, sale_id, sale_key(sale_id), position)
        if found is None:
            raise not_found("sale")
        kept = self._decoded.get(sale_id)
        if kept is None or kept[0] != found.etag:
            kept = self._decoded[sale_id] = found.etag, _sale.decode(found.body)
        return kept[1]


def _told(ticket: Ticket, count: Count) -> Ticket:
    return ticket if ticket.early is not None else ticket._replace(early=count.early)


def _is_over(sale: Sale, now: datetime) -> bool:
    return sale.state == "ended" or (sale.ends_at is not None and sale.ends_at <= now)


def turn_of(sale: Sale, ticket: Ticket, now: datetime, secret: str) -> Turn:
    """Where a ticket stands now."""
    position = ticket.position(secret)

    def turn(state: Literal["early", "waiting", "your_turn", "missed", "over"], again: int, **facts: object) -> Turn:
        told: dict[str, object] = {"ahead": None, "turn_at": None, "take_it_until": None} | facts
        return Turn(sale.id, state, ticket.signed(secret), ask_again_after=again, **told)  # type: ignore[arg-type]

    if _is_over(sale, now):
        return turn("over", SELDOM)
    if position is None:
        left = (sale.starts_at - now).total_seconds() + ticket.number % SPREAD + 1
        return turn("early", _between(left))
    if position < sale.gate.missed:
        return turn("missed", SELDOM, ahead=0)
    at = turn_at(sale.gate, position)
    if at is None or at > now:
        ahead = max(0, position - turns_until(sale.gate, now))
        left = SELDOM if at is None else (at - now).total_seconds() / 4
        return turn("waiting", _between(left), ahead=ahead, turn_at=at)
    until = at + timedelta(seconds=sale.pass_seconds)
    return turn("missed" if until <= now else "your_turn", SELDOM, ahead=0, turn_at=at, take_it_until=until)


def _between(seconds: float) -> int:
    return max(OFTEN, min(SELDOM, int(seconds)))
