"""VAT ids of the European Union: how one is spelled, and whether its check digits are right, by each state's own rule.

Offline, by python-stdnum. That a business is registered under it can't be told so: only the Commission's VIES knows.
"""

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

# Of stdnum's only those that are registered somewhere: EU and IM stand for the one-stop shop. XI: Northern Ireland.
_ISSUERS = {"EL" if state == "gr" else state.upper() for state in vat.MEMBER_STATES}


def usable_vat_id(typed: str) -> str | None:
    """A VAT id without spaces and signs, in capitals; None if it can be none."""
    if not typed.isascii() or typed.strip()[:2].upper() not in _ISSUERS:
        return None
    try:
        return vat.validate(typed)
    except ValidationError:
        return None
