"""What a trace is: the tries to pay of a few people over days or months, each with the truth about it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from shared.documents.orders import Address

BEGIN = datetime(2026, 5, 1, 6, tzinfo=UTC)
DAYS = 210  # how long the shop is watched: a little more than what its checks remember
SEED = 20261127

Half = Literal["tuning", "kept back"]
HALVES: tuple[Half, Half] = ("tuning", "kept back")


class Card(Struct, frozen=True):
    """A card as the provider tells of it; the checks as Stripe words them."""

    fingerprint: str
    country: str
    cvc: str = "pass"
    postal: str = "unavailable"


class Buyer(Struct, frozen=True):
    """All that a shop sees of whoever orders. `device` is empty for a client that names none."""

    mail: str
    address: Address
    card: Card
    device: str
    client: str  # the address they call from


class Try(Struct, frozen=True):
    """One try to pay, as the provider answered it, and the truth."""

    at: datetime
    order: int  # its number within the trace
    buyer: Buyer
    amount_minor: int
    codes: tuple[str, ...]
    decline_code: str  # empty: authorized
    attack: bool
    opening: bool  # among the first of its attack, which look like anybody's order
    money_back: timedelta | None  # once it was let through: after this time the shop gives money back


class Trace(Struct, frozen=True):
    """`kind` is "good" or a kind of attack. An attack may hold good orders too: those of a victim."""

    kind: str
    variant: str
    number: int
    tries: list[Try]

    @property
    def name(self) -> str:
        """By which it is told from all others, in every run."""
        return f"{self.kind}/{self.variant}/{self.number}"

    @property
    def half(self) -> Half:
        """Which half of the suite it is in; the seed has no say in it."""
        return HALVES[sha256(self.name.encode()).digest()[0] % 2]


class Declined(NamedTuple):
    """A try that the bank refuses; with another card than the buyer's own if one is given."""

    code: str
    card: Card | None = None


class Diary:
    """Takes down who tried to pay what, and when."""

    def __init__(self) -> None:
        self.tries: list[Try] = []
        self._orders = 0
        self._attacks = 0

    def order(
        self, at: datetime, buyer: Buyer, amount_minor: int, *, codes: Sequence[str] = (),
        declined: Sequence[Declined] = (), paid: bool = True, attack: bool = False, opening: int = 0,
        money_back: timedelta | None = None,
    ) -> None:  # fmt: skip
        """One order: the declined tries a minute and a half apart, then the one that went through, if any did.

        `opening`: so many of the attack's orders, paid or not, look like anybody's.
        """
        early = attack and self._attacks < opening
        answers = [*declined, *([Declined("")] if paid else [])]
        for number, answer in enumerate(answers):
            card = answer.card or buyer.card
            if answer.code == "incorrect_cvc":
                card = structs.replace(card, cvc="fail")
            used = structs.replace(buyer, card=card)
            self.tries.append(Try(
                at + number * timedelta(seconds=90), self._orders, used, amount_minor, tuple(codes), answer.code,
                attack, early, money_back if not answer.code else None,
            ))  # fmt: skip
        self._orders += 1
        self._attacks += attack


class Variant(NamedTuple):
    """One way to shop or to attack, told so many times with different people."""

    kind: str
    write: Callable[..., None]  # (people, diary)
    traces: int

    @property
    def name(self) -> str:
        return self.write.__name__
