"""Who takes the money and gives it back: one interface for every way to pay, and what each way says it can do.

Whatever a provider says is a fact (`Seen`, `SeenRefund`) that `orders.learn` and `refunds.learn` judge, so that a new
way to pay needs no new way of an order or of a refund. Which ways there are stands in methods.py.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from shared.settings import Settings
from write_side.payments.domain import Owed, Payment, Seen, SeenRefund


class Abilities(Struct, frozen=True, kw_only=True):
    """What a way to pay can do. Each can authorize, capture, void, refund all of it and tell what happened; whoever
    decides about the rest asks here, and never which way it is."""

    captures_less: bool = True  # a part of what is authorized can be let go of
    refunds_in_part: bool = True  # else once, and all that was captured
    exchanges: bool = True  # what it took can pay for goods that are sent instead of others
    on_credit: bool = False  # takes an account's credit as an order is placed, and an invoice is issued at its capture


class RefundProvider(Protocol):
    """Gives money back. Each call may be repeated, and raises `ProviderDown` (it may have happened or not),
    `ProviderRefused`."""

    async def create(self, owed: Owed) -> SeenRefund:
        """Make a refund. However often it is asked for, it is made once: our id is its key."""

    async def read(self, owed: Owed) -> SeenRefund:
        """One that it has made, as it is now."""

    async def find(self, owed: Owed) -> SeenRefund | None:
        """What became of a call that nobody heard the answer to; None if it never came about."""

    def made_since(self, since: datetime) -> AsyncIterator[SeenRefund]:
        """All refunds that it has made since then, for the time after a restore."""


class Provider(Protocol):
    """Takes money. Each call answers what the payment is like there afterwards, may be repeated, and raises
    `ProviderDown` (it may have happened or not), `ProviderRefused`."""

    @property
    def refunds(self) -> RefundProvider:
        """Who gives back what it took."""

    def room(self, wanted: int) -> int:
        """How many calls may begin now: what is due and has none waits in its row, untried."""

    async def create(self, payment: Payment) -> Seen:
        """Make what is to be authorized, or find what was made before."""

    async def look(self, payment: Payment) -> Seen:
        """As it is now."""

    async def retry(self, payment: Payment, method_id: str, number: int) -> Seen:
        """Try once more to authorize with what was declined. Who can't refuses it as impossible: then it stays so."""

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """Take what is due of what was authorized."""

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """Make sure that nothing can be taken any more."""

    def made_since(self, since: datetime) -> AsyncIterator[Seen]:
        """All that it was asked to make since then, for the time after a restore."""


class Method(NamedTuple):
    """A way to pay: what it can do, and how the way to its provider is opened. Who shares a provider shares that."""

    can: Abilities
    open: Callable[[Settings], AbstractAsyncContextManager[Provider]]


class Room(NamedTuple):
    """How many calls to one provider may begin now, and which ways to pay lead to it."""

    methods: Sequence[str]
    calls: int


class Providers:
    """The providers of all ways to pay, open."""

    def __init__(self, by_method: Mapping[str, Provider]) -> None:
        self._by_method = by_method

    def of(self, method: str) -> Provider:
        """Who takes the money of a way to pay, and gives it back."""
        return self._by_method[method]

    def each(self) -> Iterable[Provider]:
        """Every provider once."""
        return {id(provider): provider for provider in self._by_method.values()}.values()

    async def made_since(self, since: datetime) -> AsyncIterator[Seen]:
        """What all of them were asked to make since then."""
        for provider in self.each():
            async for seen in provider.made_since(since):
                yield seen

    async def refunds_since(self, since: datetime) -> AsyncIterator[SeenRefund]:
        """The refunds that all of them have made since then."""
        for provider in self.each():
            async for seen in provider.refunds.made_since(since):
                yield seen

    def rooms(self, wanted: int) -> list[Room]:
        """How much may be asked of each. Who is left alone keeps nobody else's work waiting."""
        return [
            Room([name for name, one in self._by_method.items() if one is provider], provider.room(wanted))
            for provider in self.each()
        ]


def due_within(rooms: Sequence[Room], due: str, method: str, first: int) -> tuple[str, list[object]]:
    """In SQL, the ids of what is due of each provider, the longest waiting first, as many as it has room for; and its
    parameters, numbered from `first` on. `due` is a query up to the end of its conditions, `method` what tells the way
    to pay in it."""
    arrays, values = [], list[object]()
    for room in rooms:
        n = first + len(values)
        which = f"{method} = ANY (${n}) ORDER BY next_attempt_at LIMIT ${n + 1} FOR UPDATE SKIP LOCKED"
        arrays.append(f"ARRAY({due} AND {which})")
        values += [room.methods, room.calls]
    return " || ".join(arrays), values
