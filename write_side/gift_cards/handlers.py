"""Gift card commands: load, decide, save."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import Metadata, as_json
from shared.events.orders import PricedLine, Totals
from shared.ids import uuid7
from shared.money import Money
from write_side import commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.event_log import Positions
from write_side.gift_cards import domain, sold, store
from write_side.gift_cards.domain import NOTHING, GiftCard, NewGiftCard, Spread, UnknownGiftCard


class GiftCardState(Struct, frozen=True):
    """A gift card as staff see it; orders that were placed hold what is not in the balance."""

    id: UUID
    state: str
    amount: Money
    balance: Money
    expires_at: datetime | None
    version: int
    order_id: UUID | None = None  # that it was bought by; null: staff issued it


class IssuedGiftCard(Struct, frozen=True):
    """A new gift card, and its code, which nobody can be told later."""

    gift_card: GiftCardState
    code: str


class GiftCardList(Struct, frozen=True):
    """Gift cards, the newest first; `next`: where the next page begins, null on the last one."""

    gift_cards: list[GiftCardState]
    next: UUID | None


class Balance(Struct, frozen=True):
    """What whoever has the code may know of it."""

    state: str
    balance: Money
    expires_at: datetime | None


_state = msgspec.json.Decoder(GiftCardState)


async def issue_gift_card(
    pool: Pool, secret: str, new: NewGiftCard, cause: Metadata, call: Call
) -> Answer[IssuedGiftCard]:
    """A new gift card with its code; the same call again tells the same code. Refuses `unknown_currency`,
    `expiry_out_of_range`."""
    id_ = uuid7()
    code = domain.new_code(secret, id_, call.key)
    event = domain.issue(new, id_, domain.mark_of(secret, code), datetime.now(UTC))

    async def decide(conn: Connection) -> tuple[GiftCardState, Positions]:
        return _shown(domain.evolve(None, event, 1)), await store.insert(conn, [event], cause)

    answer = await commands.run(pool, decide, call)
    issued = _state.decode(answer.body)
    told = IssuedGiftCard(issued, domain.new_code(secret, issued.id, call.key))  # put on here: the answer kept has none
    return Answer(as_json(told), answer.positions, answer.replayed)


async def block_gift_card(pool: Pool, gift_card_id: UUID, cause: Metadata) -> Answer[GiftCardState]:
    """It pays nothing any more. A repeat changes nothing; refuses `unknown_gift_card`."""

    async def decide(conn: Connection) -> tuple[GiftCardState, Positions]:
        card = _known(await store.lock(conn, gift_card_id))
        event = domain.block(card)
        if event is None:
            return _shown(card), {}
        [card], positions = await store.save(conn, [(card, event)], cause)
        return _shown(card), positions

    return await commands.run(pool, decide)


async def show_gift_card(pool: Pool, gift_card_id: UUID) -> GiftCardState:
    """As it stands now; refuses `unknown_gift_card`."""
    async with pool.acquire() as conn:
        return _shown(_known(await store.find(conn, gift_card_id)))


async def list_gift_cards(pool: Pool, after: UUID | None, limit: int) -> GiftCardList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    cards, last = first_of(found, limit)
    return GiftCardList([_shown(card) for card in cards], last.id if last else None)


async def balance_of(pool: Pool, secret: str, code: str) -> Balance:
    """What is on the card with this code; refuses `unknown_gift_card`."""
    async with pool.acquire() as conn:
        [found] = await behind(conn, secret, [code])
    card = _known(found)
    state = "over" if card.is_over(datetime.now(UTC)) else card.state
    return Balance(state, Money(card.balance_minor, card.currency), card.expires_at)


async def letter_of(pool: Pool, secret: str, gift_card_id: UUID) -> tuple[str, Money]:
    """The code of a card that was bought and is to be mailed, and what it is worth."""
    async with pool.acquire() as conn:
        card, key = _known(await store.find(conn, gift_card_id)), await store.key_of(conn, gift_card_id)
    assert key is not None, "it is kept until the mail is done"
    return domain.new_code(secret, card.id, key), Money(card.amount_minor, card.currency)


async def is_blocked(pool: Pool, gift_card_id: UUID) -> bool:
    """Whether it pays nothing any more, because of a refund or of staff."""
    async with pool.acquire() as conn:
        return _known(await store.find(conn, gift_card_id)).state == "blocked"


async def find_refundable(
    conn: Connection, order_id: UUID, lines: Sequence[PricedLine], failed: Collection[UUID]
) -> Mapping[str, Sequence[GiftCard]]:
    """What a refund of an order, whose row is held, may take back of its gift cards."""
    if not any(line.gift_card for line in lines):
        return {}
    return sold.refundable(lines, await store.of_order(conn, order_id), failed)


async def take_back(
    conn: Connection, cards: Mapping[str, Sequence[GiftCard]], wanted: Mapping[str, int], refund_id: UUID,
    cause: Metadata,
) -> Positions:  # fmt: skip
    """Block those that a refund pays back; they are held."""
    taken = sold.taken_back(cards, wanted, refund_id)
    return (await store.save(conn, taken, cause))[1] if taken else {}


class Gifts(NamedTuple):
    """The codes that were typed for a quote, and the secret that they are hashed with."""

    secret: str
    codes: Sequence[str]


async def paying(
    pool: Pool, gifts: Gifts | None, totals: Totals, lines: Sequence[PricedLine], now: datetime
) -> Spread:
    """What gift cards pay of a quote as they stand now; nothing is taken yet."""
    if gifts is None or not gifts.codes:
        return NOTHING
    async with pool.acquire() as conn:
        found = await behind(conn, gifts.secret, gifts.codes)
    return domain.spread(found, totals.total_minor, totals.currency, now, sold.cost(lines))


async def behind(conn: Connection, secret: str, codes: Sequence[str]) -> list[GiftCard | None]:
    """The cards behind codes that were typed; None for nobody's."""
    return await store.find_marked(conn, [domain.mark_of(secret, code) for code in codes])


def _known(found: GiftCard | None) -> GiftCard:
    if found is None:
        raise UnknownGiftCard("there is no such gift card")
    return found


def _shown(card: GiftCard) -> GiftCardState:
    amount, balance = Money(card.amount_minor, card.currency), Money(card.balance_minor, card.currency)
    return GiftCardState(card.id, card.state, amount, balance, card.expires_at, card.version, card.order_id)
