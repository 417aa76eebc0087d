"""Turns in a waiting room: the signed ticket that holds one's place, and when its turn comes.

A ticket says the number its holder drew, and how many had come before the sale began (`early`), as soon as that is
known. Nothing else is needed to know its turn, so waiting costs no store anything, and no store that is lost takes a
place from anybody. Whoever came early is drawn by lot: the turns of the early ones are one another's, shuffled. Who
came later stands behind them, in order.
"""

from binascii import b2a_base64
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from hmac import digest as hmac
from typing import NamedTuple
from uuid import UUID

from shared.events.sales import Gate

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ROUNDS = 4
_MICROSECOND, _MINUTE = timedelta(microseconds=1), 60_000_000
_END = datetime(9999, 1, 1, tzinfo=UTC)  # and a year for what follows a turn


class BrokenTicket(ValueError):
    """It is not one that we signed."""


class Ticket(NamedTuple):
    """A place: the number drawn, from 0; `early` is None until the sale has begun."""

    sale_id: UUID
    number: int
    early: int | None

    def signed(self, secret: str) -> str:
        """As its holder carries it."""
        early = "" if self.early is None else self.early
        return _signed(secret, f"{self.sale_id}.{self.number}.{early}")

    def position(self, secret: str) -> int | None:
        """Its turn, from 0; None until it is known."""
        if self.early is None:
            return None
        if self.number >= self.early:
            return self.number
        return shuffled(self.number, self.early, hmac(secret.encode(), f"lot:{self.sale_id}".encode(), "sha256"))


def read_ticket(secret: str, token: str) -> Ticket:
    """What a token says; raises `BrokenTicket` unless we signed it."""
    said = token.rpartition(".")[0]
    try:
        good = compare_digest(token.encode(), _signed(secret, said).encode())
    except UnicodeEncodeError:
        good = False
    if not good:
        raise BrokenTicket
    sale_id, number, early = said.split(".")
    return Ticket(UUID(sale_id), int(number), int(early) if early else None)


def _signed(secret: str, said: str) -> str:
    signature = hmac(secret.encode(), f"ticket:{said}".encode("utf-8", "surrogateescape"), "sha256")
    text = b2a_base64(signature, newline=False).translate(_URL_SAFE, b"=").decode()
    return f"{said}.{text}"


def shuffled(number: int, count: int, key: bytes) -> int:
    """Where `number` of 0 … count-1 lands: a permutation that only the key's holder can tell.

    A Feistel network over the next power of four; what lands beyond `count` is sent through again until it lies within.
    """
    half = max(1, (max(count - 1, 1).bit_length() + 1) // 2)
    while True:
        number = _feistel(number, half, key)
        if number < count:
            return number


def _feistel(number: int, half: int, key: bytes) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for turn in range(_ROUNDS):
        mixed = blake2b(b"%d.%d" % (turn, right), key=key, digest_size=8).digest()
        left, right = right, left ^ (int.from_bytes(mixed) & mask)
    return left << half | right


def turns_until(gate: Gate, now: datetime) -> int:
    """How many turns have come."""
    # In whole numbers: three years at a million a minute are more than a timedelta holds.
    return gate.passed + max(now - gate.since, timedelta(0)) // _MICROSECOND * gate.per_minute // _MINUTE


def turn_at(gate: Gate, position: int) -> datetime | None:
    """When a position's turn comes; None: not as things are. For those that came before `since`, `since`."""
    before = position + 1 - gate.passed
    if before <= 0:
        return gate.since
    if not gate.per_minute:
        return None
    micros = -(-before * _MINUTE // gate.per_minute)  # up: never too early
    return gate.since + timedelta(microseconds=micros) if micros < (_END - gate.since) // _MICROSECOND else None
