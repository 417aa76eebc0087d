"""Why a row can't be taken."""

from typing import TypeVar

import msgspec

from write_side.errors import Refusal

T = TypeVar("T")


class Rejected(ValueError):
    """A row that can't be taken: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def told(refusal: Refusal) -> str:
    """What people are told of a refusal: the place of what can't be, where there is one, and why."""
    pointer = refusal.facts.get("pointer")
    return f"{pointer}: {refusal.detail}" if pointer else refusal.detail


def decoded(text: str, kind: type[T], code: str) -> T:
    """What a cell of JSON says; raises `Rejected`."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise Rejected(code, f"{text[:40]!r}: {error}") from error
