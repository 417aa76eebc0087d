"""Accounts of customers: what other contexts may ask of them.

`signed_in` tells who a session stands for, with the customer groups that prices, limits and rules go by; routes get it
from `write_side.http`.
"""

from write_side.accounts.counting import counted_as
from write_side.accounts.desk import Desk, count_letter, count_try, open_desk
from write_side.accounts.domain import Account, SignedIn, TooManyAttempts
from write_side.accounts.erasing import named_among, of_person, open_account, redact
from write_side.accounts.sessions import signed_in
from write_side.accounts.staff import UnknownAccount, show_account
from write_side.accounts.store import groups_of, locale_of

__all__ = [
    "Account", "Desk", "SignedIn", "TooManyAttempts", "UnknownAccount", "count_letter", "count_try",
    "counted_as", "groups_of", "locale_of", "named_among", "of_person", "open_account", "open_desk", "redact",
    "show_account", "signed_in",
]  # fmt: skip
