"""What is kept of a visitor's words and session: nothing that leads to anybody. Pure."""

import re
from datetime import date
from hashlib import blake2b

from shared.ean import normalized

MASK = "#"
LONGEST_TEXT = 100
_NUMBER = re.compile(r"\+?\d(?:[\d/().-]|\s(?=[\d/().-]))*\d|\d")
_SUSPICIOUS_DIGITS = 7  # a telephone number, a card, an order of ours; fewer are a model or a size


def anonymous(text: str) -> str:
    """Words in lower case, single spaces between them; what may be a person's address or number is `#`."""
    words = [MASK if "@" in word else word for word in text.lower().split()]
    return _NUMBER.sub(_masked, " ".join(words))[:LONGEST_TEXT]


def anonymous_name(name: str) -> str:
    """A name as it is spelt, or `#`: names come from whoever asks, too."""
    return MASK if MASK in anonymous(name) else name[:LONGEST_TEXT]


def _masked(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    is_somebodys = len(digits) >= _SUSPICIOUS_DIGITS and normalized(found[0]) is None
    return MASK if is_somebodys else found[0]


def mark_of(session: str, day: date, secret: str) -> str:
    """A session's mark on a day. Keyed and of that day: whoever has two days of marks can't join them, and nobody gets
    from a mark to a session."""
    told, key = f"{day} {session}".encode(), secret.encode()[:64]
    return blake2b(told, key=key, digest_size=12, person=b"behaviour").hexdigest()
