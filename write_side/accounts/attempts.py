"""How often somebody may try, pure: buckets that time fills again, so nobody is locked out for ever.

Three for a sign-in: of the client at this very account, which is tight; of the account from everywhere, wide enough
that its owner gets in beside somebody who guesses from many places; and of the client whatever the account. Whoever is
kept out of their own account all the same asks for a link by mail: it signs them in and empties the buckets.
"""

from collections.abc import Callable
from typing import NamedTuple

Blind = Callable[[str], str]  # a keyed hash: neither addresses nor who came from where stand in a row


class Bucket(NamedTuple):
    """Whose tries are counted, how many there are at once, and after how many seconds there is one more."""

    key: str
    most: int
    seconds: float


def sign_in(blind: Blind, mail: str, client: str, per_client: int) -> list[Bucket]:
    """What a password tried for a mail address takes of; the first two are given back if it is right."""
    return [*_own(blind, mail, client), *client_only(blind, client, per_client)]


def letters(blind: Blind, mail: str, client: str, per_client: int) -> list[Bucket]:
    """What a mail to somebody takes of: a mailbox isn't ours to fill."""
    return [Bucket(f"letters:{blind(mail)}", 5, 600.0), *client_only(blind, client, per_client)]


def client_only(blind: Blind, client: str, per_minute: int) -> list[Bucket]:
    """What a link that is followed takes of, as everything that a client tries."""
    return [Bucket(f"client:{blind(client)}", per_minute, 60.0 / per_minute)] if per_minute else []


def own(blind: Blind, mail: str, client: str) -> list[str]:
    """The buckets of an account's owner at this client."""
    return [bucket.key for bucket in _own(blind, mail, client)]


def _own(blind: Blind, mail: str, client: str) -> list[Bucket]:
    whose = blind(mail)
    return [Bucket(f"sign_in:{whose}:{blind(client)}", 10, 30.0), Bucket(f"sign_in:{whose}", 100, 10.0)]
