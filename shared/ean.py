"""EANs (GTINs) in the one form in which they are kept and looked up.

8, 12, 13 and 14 digits are the same number with more or fewer leading zeros: kept with 8, 13 or 14 digits.
"""

LENGTHS = (8, 12, 13, 14)


def normalized(ean: str) -> str | None:
    """The kept form of an EAN, None if it has another length or a wrong check digit: `036000291452` → 13 digits."""
    if len(ean) not in LENGTHS or not (ean.isascii() and ean.isdigit()) or check_digit(ean[:-1]) != int(ean[-1]):
        return None
    digits = ean.lstrip("0")
    return ean.zfill(14)[-8:] if len(digits) <= 8 else digits.zfill(13)


def check_digit(digits: str) -> int:
    """The digit that makes `digits` an EAN: weights 3 and 1 from the right, up to the next ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighted % 10
