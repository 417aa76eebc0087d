"""Passwords: hashed in threads, a few at a time, and no more of them than can be in time."""

import asyncio
from collections.abc import Iterator

import pytest

from write_side.accounts.passwords import LONGEST_LINE, HashingBusy, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_a_password_fits_its_hash_however_its_letters_were_typed(passwords: Passwords) -> None:
    kept = await passwords.hash("Gr\u00fc\u00dfe aus Ulm")
    assert kept.startswith("$argon2id$")
    assert await passwords.fits(kept, "Gru\u0308\u00dfe aus Ulm")
    assert not await passwords.fits(kept, "Gruesse aus Ulm")
    assert not await passwords.fits(None, "nobody's"), "nobody has this password"


async def test_while_passwords_are_hashed_others_go_on(passwords: Passwords) -> None:
    hashing = asyncio.ensure_future(passwords.hash("correct horse battery"))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10, "the loop turned meanwhile"


async def test_a_line_that_is_too_long_is_told_at_once(passwords: Passwords) -> None:
    done = await asyncio.gather(
        *(passwords.hash("correct horse battery") for _ in range(LONGEST_LINE + 3)), return_exceptions=True
    )
    assert sum(isinstance(each, HashingBusy) for each in done) == 3
    assert await passwords.hash("and then it goes on")
