"""What people call an order."""

_SPOKEN = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is mistaken for something else on the phone


def spoken_number(random: bytes) -> str:
    """The number people use, like `7F3K-29QM`, from eight random bytes; tells nothing of how many there are."""
    letters = "".join(_SPOKEN[byte % len(_SPOKEN)] for byte in random[:8])
    return f"{letters[:4]}-{letters[4:]}"
